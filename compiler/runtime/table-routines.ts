// The routines of arrays (table.ts has the layout). Keys of up to three words are passed in registers, so that a
// handler that counts by tid() needs no frame. The handler leaves longer keys in the frame, at the array's own place.
// The routines return an element's number. They need the lock, like all work on arrays that change while other handlers
// run.

import { Builder } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { buildUnlock, LOCK } from "./claim";
import { Driver } from "./loop";
import { Routine, RoutineBuilder } from "./routine";
import { Element, Table, TableHeader } from "./table";
import { zeroWords } from "./words";

/**
 * Limit of a chain's length. An element that would make the chain of its bucket longer is refused, as in a full array.
 * There are as many buckets as elements, so chains of ten are rare. The verifier walks the loop to its bound.
 */
const MOST_CHAINED: i64 = 256;

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

/** (keys' words or frame offset) -> number of a new element with these keys, or FULL. */
const INSERT = new KeyedRoutine("insert", 0, buildInsert);

/** (keys' words or frame offset, create) -> number of the element with these keys; 0 if there is none; FULL. */
export const TABLE_FIND = new KeyedRoutine("find", 1, buildFind, chained);

/**
 * (keys' words or frame offset) -> number of the element with these keys, or FULL or SKIPPED. Inserts a missing
 * element. It is for handlers that run without the lock and did not find the element.
 */
export const GROW = new KeyedRoutine("grow", 0, buildGrow);

/** (0) -> 0, or 1 if there was no element to remove. */
const CLEAR_ONE = new Routine<Table>("clear_one", 1, buildClearOne);

/** () -> 0. Removes all elements. */
export const CLEAR = new Routine<Table>("clear", 0, buildClear);

function buildFind(table: Table, b: RoutineBuilder): void {
  const words = table.keyWords(b);
  const hash = table.hashOf(b, words, NoRef);
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
    const same = b.callFunction(SAME_KEYS.of(table), [b.parameter(0), b.getVar(number), hash]);
    b.branchIf(Op.Ne, same, b.constant(0), match, next);
  }
  b.setBlock(match);
  b.ret(b.getVar(number));
  b.setBlock(next);
  b.setVar(number, b.load(Op.Load32u, table.element(b, b.getVar(number)), Element.Chain));
  chain.again();
  b.ret(b.constant(FULL));
  b.setBlock(missing);
  answerMissing(table, b);
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
  b.ret(b.callFunction(INSERT.of(table), table.passKeys(b)));
}

/** Goes to `differ` unless an element has the keys. Otherwise control continues in a new block. */
function branchOnKeys(b: Builder, element: Ref, words: Ref[], differ: i32): void {
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
  const mine = b.newBlock("mine");
  const busy = b.newBlock("busy");
  b.branch(b.callFunction(LOCK.of(table.runtime), []), busy, mine);
  b.setBlock(busy);
  b.ret(b.constant(SKIPPED));
  b.setBlock(mine);
  const passed = table.passKeys(b);
  passed.push(b.constant(1));
  const number = b.callFunction(TABLE_FIND.of(table), passed);
  buildUnlock(table.runtime, b);
  b.ret(number);
}

function buildInsert(table: Table, b: RoutineBuilder): void {
  const header = table.header(b);
  const number = b.variable("number");
  takeElement(table, b, header, number);
  const element = table.element(b, b.getVar(number));
  const hash = table.hashOf(b, table.keyWords(b), element);
  zeroWords(b, element, table.valueOffset, table.valueBytes >> 3);
  b.store(Op.Store32, element, Element.Hash, hash);
  const head = table.headAddress(b, hash);
  b.store(Op.Store32, element, Element.Chain, b.load(Op.Load32u, head, 0));
  // A handler may read the chain without the lock, so the element must be complete by now. On x86, stores stay in
  // order.
  if (table.shape.isCounted && table.runtime.fetchingAtomics) b.atomicXchg(4, head, 0, b.getVar(number));
  else b.store(Op.Store32, head, 0, b.getVar(number));
  append(table, b, element, number);
  b.ret(b.getVar(number));
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
  b.store(Op.Store32, table.element(b, last), Element.After, b.getVar(number));
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
  const head = table.headAddress(b, b.load(Op.Load32u, element, Element.Hash));
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

function buildClear(table: Table, b: RoutineBuilder): void {
  new Driver(table.runtime.unit, b).drive(CLEAR_ONE.of(table), b.constant(0), table.buckets + 1);
  b.ret(b.constant(0));
}

function buildClearOne(table: Table, b: RoutineBuilder): void {
  const some = b.newBlock("some");
  const empty = b.newBlock("empty");
  const first = table.first(b);
  b.setCold(empty);
  b.branchIf(Op.Eq, first, b.constant(0), empty, some);
  b.setBlock(some);
  b.callFunction(REMOVE.of(table), [first]);
  b.ret(b.constant(0));
  b.setBlock(empty);
  b.ret(b.constant(1));
}
