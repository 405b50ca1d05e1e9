// The routines of arrays (table.ts has the layout). Keys of up to three words are passed in registers, so that a
// handler that counts by tid() needs no frame. The handler leaves longer keys in the frame, at the array's own place.
// The routines return an element's number. Their callers hold the array's lock if other handlers may run meanwhile;
// only GROW takes one itself.

import { Helper } from "../../common/format/helpers";
import { Builder } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { buildAcquire, buildOwner, buildReleaseLock, Lock, TRY_LOCK, UNLOCK } from "./lock";
import { Driver, innerRounds } from "./loop";
import { Routine, RoutineBuilder } from "./routine";
import { Element, Share, Table, TableHeader } from "./table";
import { Targets } from "./targets";
import { zeroWords } from "./words";

/**
 * Limit of a chain's length. An element that would make the chain of its bucket longer is refused, as in a full array.
 * There are as many buckets as elements, so chains of ten are rare. The verifier walks the loop to its bound.
 */
const MOST_CHAINED: i64 = 64;

/** How often a share whose lock is taken is looked at before the array counts as full. */
const STEAL_ROUNDS: i64 = 4;

/** The result of `find` if the array is full. */
const FULL: i64 = -1;
/** The result of `grow` if the lock could not be taken. The handler is counted as skipped. */
export const SKIPPED: i64 = -2;

/** A routine whose first parameters are the keys: their words, or a frame's offset. */
class KeyedRoutine extends Routine<Table> {
  /** `parameters` counts the parameters after the keys. */
  override arity(table: Table): i32 {
    return table.keyArguments + this.parameters;
  }
}

/** (frame offset, number, hash) -> 1 if the element has the keys in the frame, else 0. */
const SAME_KEYS = new Routine<Table>("same", 3, buildSameKeys);

/** (number) -> 0. Removes an element; the number 0 has no effect. */
export const REMOVE = new Routine<Table>("remove", 1, buildRemove, chained);

/** Whether `find` inserts an element that is missing. */
export const enum Create {
  No = 0,
  Yes = 1,
  /** In a striped table: the caller holds one of the locks only. */
  WithStripe = 2,
}

/** (stripe, create) -> number of an element of that stripe's share; 0: it has none, or its lock is taken. */
const STEAL_FROM = new Routine<Table>("steal_from", 2, buildStealFrom);

/** (stripe, create) -> number of an element that another stripe's share had, or FULL. Looks at each several times. */
const STEAL = new Routine<Table>("steal", 2, buildSteal, (table: Table): i64 => <i64>table.stripes * STEAL_ROUNDS);

/** (keys' words or frame offset, create) -> number of a new element with these keys, or FULL. */
const INSERT = new KeyedRoutine("insert", 1, buildInsert);

/** (keys' words or frame offset, create) -> number of the element with these keys; 0 if there is none; FULL. */
export const TABLE_FIND = new KeyedRoutine("find", 1, buildFind, chained);

/** The same where nothing is inserted: a report of many arrays has no functions for that. */
export const TABLE_LOOK = new KeyedRoutine("look", 1, buildLook, chained);

/**
 * (keys' words or frame offset) -> number of the element with these keys, or FULL or SKIPPED. Inserts a missing
 * element. It is for handlers that run without the lock and did not find the element.
 */
export const GROW = new KeyedRoutine("grow", 0, buildGrow);

/** (0) -> 0. Removes many elements; 1 if none is left. */
const CLEAR_MANY = new Routine<Table>("clear", 1, buildClearMany, (table: Table): i64 => innerRounds(table.buckets));

/** Removes all elements. */
export function clearTable(table: Table, b: Builder): void {
  if (table.isStriped) table.setCursor(b, table.first(b));
  const inner = innerRounds(table.buckets);
  new Driver(table.runtime.unit, b).drive(CLEAR_MANY.of(table), b.constant(0), table.buckets / inner + 1);
}

function buildFind(table: Table, b: RoutineBuilder): void {
  findInChain(table, b);
  answerMissing(table, b);
}

function buildLook(table: Table, b: RoutineBuilder): void {
  findInChain(table, b);
  b.ret(b.constant(0));
}

/** Returns the number of the element with the keys. Otherwise control continues in a new block. */
function findInChain(table: Table, b: RoutineBuilder): void {
  const words = table.keyWords(b);
  const hash = table.passedHash(b, NoRef);
  const stored = table.keysInRegisters ? NoRef : b.binary(Op.Shr, hash, b.constant(32));
  const number = b.variable("number");
  b.setVar(number, b.load(Op.Load32u, table.headAddress(b, hash), 0));
  const chain = b.loop();
  const missing = chain.leaveIf(Op.Eq, b.getVar(number), b.constant(0));
  const next = b.newBlock("next");
  const match = b.newBlock("match");
  b.setCold(match);
  if (table.keysInRegisters) {
    branchOnKeys(b, table.element(b, b.getVar(number)), words, next);
    b.jump(match);
  } else {
    const same = b.callFunction(SAME_KEYS.of(table), [b.parameter(0), b.getVar(number), stored]);
    b.branchIf(Op.Ne, same, b.constant(0), match, next);
  }
  b.setBlock(match);
  b.ret(b.getVar(number));
  b.setBlock(next);
  b.setVar(number, b.load(Op.Load32u, table.element(b, b.getVar(number)), Element.Chain));
  chain.again();
  b.ret(b.constant(FULL));
  b.setBlock(missing);
}

/** Rounds of a loop along a bucket's chain. */
function chained(table: Table): i64 {
  return min<i64>(table.buckets, MOST_CHAINED) + 1;
}

function answerMissing(table: Table, b: Builder): void {
  const create = b.newBlock("create");
  const none = b.newBlock("none");
  b.branch(b.parameter(table.keyArguments), create, none);
  b.setBlock(none);
  b.ret(b.constant(0));
  b.setBlock(create);
  const passed = table.passKeys(b);
  passed.push(b.parameter(table.keyArguments));
  b.ret(b.callFunction(INSERT.of(table), passed));
}

/** Goes to `differ` unless an element has the keys. Otherwise control continues in a new block. */
export function branchOnKeys(b: Builder, element: Ref, words: Ref[], differ: i32): void {
  for (let i = 0, n = words.length; i < n; ++i) {
    const same = b.newBlock("same");
    b.branchIf(Op.Eq, b.load(Op.Load64, element, Element.Keys + i * 8), words[i], same, differ);
    b.setBlock(same);
  }
}

function buildSameKeys(table: Table, b: RoutineBuilder): void {
  const element = table.element(b, b.parameter(1));
  const differ = b.newBlock("differ");
  b.setCold(differ);
  const hashed = b.newBlock("hashed");
  const same = b.newBlock("same");
  b.branchIf(Op.Eq, b.load(Op.Load32u, element, Element.Hash), b.unary(Op.Extu32, b.parameter(2)), hashed, differ);
  b.setBlock(hashed);
  const keys = table.keysInFrame(b);
  for (let at = 0; at < table.keyBytes; at += 8) {
    const next = at + 8 < table.keyBytes ? b.newBlock("same") : same;
    b.branchIf(Op.Eq, b.load(Op.Load64, element, Element.Keys + at), b.load(Op.Load64, keys, at), next, differ);
    b.setBlock(next);
  }
  b.ret(b.constant(1));
  b.setBlock(differ);
  b.ret(b.constant(0));
}

function buildGrow(table: Table, b: RoutineBuilder): void {
  const runtime = table.runtime;
  const mine = b.newBlock("mine");
  const busy = b.newBlock("busy");
  const owner = buildOwner(runtime, b, runtime.fetchingAtomics ? b.callHelper(Helper.GetCurrentPidTgid, []) : NoRef);
  const lock = new Lock(table.shape.growLock, owner);
  buildAcquire(runtime, b, lock, new Targets(mine, busy));
  b.setBlock(busy);
  b.ret(b.constant(SKIPPED));
  b.setBlock(mine);
  const passed = table.passKeys(b);
  passed.push(b.constant(<i64>Create.Yes));
  const number = b.callFunction(TABLE_FIND.of(table), passed);
  buildReleaseLock(runtime, b, lock);
  b.ret(number);
}

function buildInsert(table: Table, b: RoutineBuilder): void {
  const number = b.variable("number");
  if (table.isStriped) takeFromShare(table, b, number);
  else takeElement(table, b, table.header(b), number);
  const element = table.element(b, b.getVar(number));
  const hash = table.passedHash(b, element);
  zeroWords(b, element, table.valueOffset, table.valueBytes >> 3);
  b.store(Op.Store32, element, Element.Hash, b.binary(Op.Shr, hash, b.constant(32)));
  const head = table.headAddress(b, hash);
  b.store(Op.Store32, element, Element.Chain, b.load(Op.Load32u, head, 0));
  publish(table, b, head, number);
  if (table.isStriped) table.stamp(b, element);
  else append(table, b, element, number);
  b.ret(b.getVar(number));
}

/**
 * Links a new element. Others may read the link without the lock, so the element must be complete by now. On x86,
 * stores stay in order.
 */
function publish(table: Table, b: Builder, link: Ref, number: i32): void {
  if (table.shape.isCounted && table.runtime.fetchingAtomics) b.atomicXchg(4, link, 0, b.getVar(number));
  else b.store(Op.Store32, link, 0, b.getVar(number));
}

/** Sets `number` to a free element. Returns FULL from the routine if there is none. */
function takeElement(table: Table, b: Builder, header: Ref, number: i32): void {
  const again = b.newBlock("again");
  const fresh = b.newBlock("fresh");
  const taken = b.newBlock("taken");
  const unused = b.newBlock("unused");
  const full = b.newBlock("full");
  const free = b.load(Op.Load32u, header, TableHeader.Free);
  b.branchIf(Op.Ne, free, b.constant(0), again, fresh);
  b.setBlock(again);
  b.setVar(number, free);
  b.store(Op.Store32, header, TableHeader.Free, b.load(Op.Load32u, table.element(b, free), Element.Chain));
  b.jump(taken);
  b.setBlock(fresh);
  const used = b.load(Op.Load32u, header, TableHeader.Fresh);
  b.branchIf(Op.Ult, used, b.constant(table.capacity), unused, full);
  b.setBlock(unused);
  const next = b.binary(Op.Add, used, b.constant(1));
  b.setVar(number, next);
  b.store(Op.Store32, header, TableHeader.Fresh, next);
  b.jump(taken);
  b.setBlock(full);
  if (table.shape.wraps) {
    // The oldest element is removed. Its place is then the first free one.
    const oldest = b.load(Op.Load32u, header, TableHeader.First);
    b.callFunction(REMOVE.of(table), [oldest]);
    const freed = b.load(Op.Load32u, header, TableHeader.Free);
    b.setVar(number, freed);
    b.store(Op.Store32, header, TableHeader.Free, b.load(Op.Load32u, table.element(b, freed), Element.Chain));
    b.jump(taken);
  } else {
    b.ret(b.constant(FULL));
  }
  b.setBlock(taken);
}

/** Sets `number` to a free element of a striped table. Returns FULL from the routine if there is none. */
function takeFromShare(table: Table, b: Builder, number: i32): void {
  const stripe = table.stripeOf(b, table.passedHash(b, NoRef));
  const steal = b.newBlock("steal");
  const taken = b.newBlock("taken");
  b.setCold(steal);
  b.setVar(number, takeOwn(table, b, stripe));
  b.branch(b.getVar(number), taken, steal);
  b.setBlock(steal);
  b.setVar(number, b.callFunction(STEAL.of(table), [stripe, b.parameter(table.keyArguments)]));
  const full = b.newBlock("full");
  b.branchIf(Op.Sgt, b.getVar(number), b.constant(0), taken, full);
  b.setBlock(full);
  b.ret(b.constant(FULL));
  b.setBlock(taken);
}

/** Takes an element out of a stripe's share; 0 if it is used up. */
function takeOwn(table: Table, b: Builder, stripe: Ref): Ref {
  const share = table.share(b, stripe);
  const number = b.variable("own");
  const again = b.newBlock("again");
  const fresh = b.newBlock("fresh");
  const unused = b.newBlock("unused");
  const done = b.newBlock("done");
  b.setVar(number, b.load(Op.Load32u, share, Share.Free));
  b.branch(b.getVar(number), again, fresh);
  b.setBlock(again);
  const link = b.load(Op.Load32u, table.element(b, b.getVar(number)), Element.Chain);
  b.store(Op.Store32, share, Share.Free, link);
  b.jump(done);
  b.setBlock(fresh);
  const used = b.load(Op.Load32u, share, Share.Used);
  const next = b.binary(Op.Add, b.binary(Op.Mul, used, b.constant(table.stripes)), stripe);
  b.branchIf(Op.Ult, next, b.constant(table.capacity), unused, done);
  b.setBlock(unused);
  b.store(Op.Store32, share, Share.Used, b.binary(Op.Add, used, b.constant(1)));
  b.setVar(number, b.binary(Op.Add, next, b.constant(1)));
  b.jump(done);
  b.setBlock(done);
  return b.getVar(number);
}

function buildSteal(table: Table, b: RoutineBuilder): void {
  const rounds = b.loop();
  const stripe = b.binary(Op.Add, b.binary(Op.Add, b.parameter(0), rounds.index), b.constant(1));
  const number = b.callFunction(STEAL_FROM.of(table), [stripe, b.parameter(1)]);
  const found = rounds.leaveIf(Op.Ne, number, b.constant(0));
  rounds.again();
  b.ret(b.constant(FULL));
  b.setBlock(found);
  b.ret(number);
}

function buildStealFrom(table: Table, b: RoutineBuilder): void {
  const runtime = table.runtime;
  const stripe = b.binary(Op.And, b.parameter(0), b.constant(table.stripes - 1));
  const lock = b.binary(Op.Add, stripe, b.constant(table.shape.firstLock));
  const locks = b.newBlock("locks");
  const mine = b.newBlock("mine");
  const taken = b.newBlock("taken");
  const held = b.newBlock("held");
  b.branchIf(Op.Eq, b.parameter(1), b.constant(<i64>Create.WithStripe), locks, held);
  b.setBlock(locks);
  b.branch(b.callFunction(TRY_LOCK.of(runtime), [lock]), taken, mine);
  b.setBlock(taken);
  b.ret(b.constant(0));
  b.setBlock(mine);
  const number = takeOwn(table, b, stripe);
  b.callFunction(UNLOCK.of(runtime), [lock]);
  b.ret(number);
  b.setBlock(held);
  b.ret(takeOwn(table, b, stripe));
}

/** Links an element after all others. */
function append(table: Table, b: Builder, element: Ref, number: i32): void {
  const header = table.header(b);
  const seq = b.binary(Op.Add, b.load(Op.Load32u, header, TableHeader.Seq), b.constant(1));
  b.store(Op.Store32, header, TableHeader.Seq, seq);
  // Never 0, because 0 marks free elements.
  b.store(Op.Store32, element, Element.Seq, b.binary(Op.Or, seq, b.constant(<i64>0x80000000)));
  const last = b.load(Op.Load32u, header, TableHeader.Last);
  b.store(Op.Store32, element, Element.Before, last);
  b.store(Op.Store32, element, Element.After, b.constant(0));
  b.store(Op.Store32, header, TableHeader.Last, b.getVar(number));
  const count = b.binary(Op.Add, b.load(Op.Load32u, header, TableHeader.Count), b.constant(1));
  b.store(Op.Store32, header, TableHeader.Count, count);
  const behind = b.newBlock("behind");
  const only = b.newBlock("only");
  const done = b.newBlock("done");
  b.branch(last, behind, only);
  b.setBlock(behind);
  publish(table, b, b.binary(Op.Add, table.element(b, last), b.constant(Element.After)), number);
  b.jump(done);
  b.setBlock(only);
  b.store(Op.Store32, header, TableHeader.First, b.getVar(number));
  b.jump(done);
  b.setBlock(done);
}

function buildRemove(table: Table, b: RoutineBuilder): void {
  const number = b.parameter(0);
  const some = b.newBlock("some");
  const none = b.newBlock("none");
  b.branchIf(Op.Sgt, number, b.constant(0), some, none);
  b.setBlock(none);
  b.ret(b.constant(0));
  b.setBlock(some);
  const element = table.element(b, number);
  unchain(table, b, element, number);
  if (table.isStriped) {
    const share = table.share(b, table.stripeOfElement(b, element));
    b.store(Op.Store32, element, Element.Seq, b.constant(0));
    b.store(Op.Store32, element, Element.Chain, b.load(Op.Load32u, share, Share.Free));
    b.store(Op.Store32, share, Share.Free, number);
    b.ret(b.constant(0));
    return;
  }
  unlink(table, b, element);
  const header = table.header(b);
  b.store(Op.Store32, element, Element.Seq, b.constant(0));
  b.store(Op.Store32, element, Element.Chain, b.load(Op.Load32u, header, TableHeader.Free));
  b.store(Op.Store32, header, TableHeader.Free, number);
  const count = b.binary(Op.Sub, b.load(Op.Load32u, header, TableHeader.Count), b.constant(1));
  b.store(Op.Store32, header, TableHeader.Count, count);
  b.ret(b.constant(0));
}

/** Removes an element from its bucket's chain. */
function unchain(table: Table, b: RoutineBuilder, element: Ref, number: Ref): void {
  const head = table.headOf(b, element);
  const after = b.load(Op.Load32u, element, Element.Chain);
  const leads = b.newBlock("leads");
  const follows = b.newBlock("follows");
  const done = b.newBlock("unchained");
  const first = b.load(Op.Load32u, head, 0);
  b.branchIf(Op.Eq, first, number, leads, follows);
  b.setBlock(leads);
  b.store(Op.Store32, head, 0, after);
  b.jump(done);
  b.setBlock(follows);
  const before = b.variable("before");
  b.setVar(before, first);
  const chain = b.loop();
  const link = b.load(Op.Load32u, table.element(b, b.getVar(before)), Element.Chain);
  const found = chain.leaveIf(Op.Eq, link, number);
  b.setVar(before, link);
  chain.again();
  b.jump(done);
  b.setBlock(found);
  b.store(Op.Store32, table.element(b, b.getVar(before)), Element.Chain, after);
  b.jump(done);
  b.setBlock(done);
}

/** A neighbour, in insertion order, of an element that is removed. */
class Neighbour {
  constructor(
    /** Its number; 0 if there is none. */
    public number: Ref,
    /** The neighbour's field that links to the element. */
    public field: i32,
    /** The header's field that links to the element if there is no neighbour. */
    public end: i32,
  ) {}
}

/** Removes an element from the insertion order. */
function unlink(table: Table, b: Builder, element: Ref): void {
  const before = b.load(Op.Load32u, element, Element.Before);
  const after = b.load(Op.Load32u, element, Element.After);
  link(table, b, new Neighbour(before, Element.After, TableHeader.First), after);
  link(table, b, new Neighbour(after, Element.Before, TableHeader.Last), before);
}

/** Sets a neighbour's link, or the header's if there is no neighbour. */
function link(table: Table, b: Builder, neighbour: Neighbour, value: Ref): void {
  const inner = b.newBlock("inner");
  const outer = b.newBlock("outer");
  const done = b.newBlock("linked");
  b.branch(neighbour.number, inner, outer);
  b.setBlock(inner);
  b.store(Op.Store32, table.element(b, neighbour.number), neighbour.field, value);
  b.jump(done);
  b.setBlock(outer);
  b.store(Op.Store32, table.header(b), neighbour.end, value);
  b.jump(done);
  b.setBlock(done);
}

function buildClearMany(table: Table, b: RoutineBuilder): void {
  const each = b.loop();
  const first = table.isStriped ? table.cursor(b) : table.first(b);
  const empty = each.leaveIf(Op.Eq, first, b.constant(0));
  if (table.isStriped) {
    const element = table.element(b, first);
    const used = b.newBlock("used");
    const passed = b.newBlock("passed");
    table.setCursor(b, table.next(b, first, element));
    b.branch(b.load(Op.Load32u, element, Element.Seq), used, passed);
    b.setBlock(used);
    b.callFunction(REMOVE.of(table), [first]);
    b.jump(passed);
    b.setBlock(passed);
  } else {
    b.callFunction(REMOVE.of(table), [first]);
  }
  each.again();
  b.ret(b.constant(0));
  b.setBlock(empty);
  b.ret(b.constant(1));
}
