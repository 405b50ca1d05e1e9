// A priority queue of an array's elements, from which a sorted foreach takes them. When it is built, each element
// leaves there what decides its place: a number that orders as the values do, its own number, and when it was made.
// So only filling the queue depends on the array, and comparing strings of more than eight bytes that begin alike. All
// the rest is the same code for all arrays.
//
//   kernel   a binary heap. It is built at once, and each round removes the root: `limit 10` costs ten removals
//   agent    a helper of its machine sorts the entries, and each round takes the next
//
// The loops of a handler that are not inside one another share a pool, which is one area and one family of routines.
// The verifier walks each routine once, however many arrays there are. Equal elements keep their insertion order.

import { Extractor } from "../../common/as/statistic";
import { Helper } from "../../common/format/helpers";
import { QueueEntry, SORT_FALLS } from "../../common/format/runtime";
import { AddressKind, Builder } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { branchOnPlaces, StringPair } from "./copy";
import { extract } from "./extract";
import { Frame, FrameVariables } from "./frame";
import { lookUp } from "./lookup";
import { Driver } from "./loop";
import { Base, Place } from "./place";
import { Routine, RoutineBuilder } from "./routine";
import { Runtime } from "./runtime";
import { ValueKind } from "./shape";
import { Cell, StatisticStore } from "./store";
import { Element, Table } from "./table";

/** Bytes of a queue's header. If the entries are in a map, only the header is in .bss. */
export const QUEUE_HEADER_BYTES: i32 = 32;
/** Loops over elements of more rounds than this have two levels, so that the verifier walks few of them. */
const MOST_ROUNDS: i32 = 64;
/** The bytes of a string that an entry's key holds. */
const KEY_BYTES: i32 = 8;
/** The result of `earlier` if two elements are equal. */
const EQUAL: i64 = 2;

/** Bytes of .bss for a queue of that many entries, a power of two. */
export function queueBytes(entries: i32): i32 {
  return QUEUE_HEADER_BYTES + QueueEntry.Size * entries;
}

/** Offsets of u32 in a queue's header. */
const enum QueueWord {
  Count = 0,
  /** Heap: the current position of the entry that moves down. Sorted entries: how many were taken. */
  Place = 4,
  /** How many times the queue was built. */
  Generation = 8,
  /** In loops over all entries: the current element or entry, or the number of entries left. */
  Cursor = 12,
  /** Which loop of the pool has built it. */
  Member = 16,
}

/** The place of a queue. */
export class QueueArea {
  constructor(
    /** Offset in .bss. */
    public offset: i32,
    /** Number of the map that holds the entries, or -1. */
    public map: i32,
    /** How many there can be; a power of two if they are in .bss. */
    public entries: i32,
  ) {}
}

/** A sort key: when the elements were made. */
export const BY_TIME: i32 = -2;

/** The value by which elements are sorted. */
export class SortKey {
  constructor(
    /** Number of the key, -1 for the value, or BY_TIME. */
    public key: i32,
    public rises: bool,
    /** Extractor, if the value is a statistic. */
    public extractor: Extractor,
  ) {}
}

/** The queue of loops of which only one runs at a time. */
export class QueuePool {
  members: ElementQueue[] = [];

  constructor(
    public runtime: Runtime,
    public area: QueueArea,
    /** Only handlers in the agent use it. */
    public isForAgent: bool,
  ) {}

  /** The end of the names of its routines. */
  get suffix(): string {
    return `_${this.area.offset}`;
  }

  /** Some elements with equal keys are not equal. */
  get hasLongStrings(): bool {
    for (let i = 0, n = this.members.length; i < n; ++i) if (this.members[i].isLongString) return true;
    return false;
  }

  word(b: Builder, at: i32): Ref {
    return b.load(Op.Load32u, b.addressOf(AddressKind.Bss, this.area.offset + at), 0);
  }

  setWord(b: Builder, at: i32, value: Ref): void {
    b.store(Op.Store32, b.addressOf(AddressKind.Bss, this.area.offset + at), 0, value);
  }

  count(b: Builder): Ref {
    return this.word(b, QueueWord.Count);
  }

  setCount(b: Builder, value: Ref): void {
    this.setWord(b, QueueWord.Count, value);
  }

  /** The address of entry `number`, from 1. */
  entry(b: Builder, number: Ref): Ref {
    const index = b.binary(Op.Sub, number, b.constant(1));
    if (this.area.map >= 0) return lookUp(this.runtime, b, this.area.map, index);
    const bounded = b.binary(Op.And, index, b.constant(this.area.entries - 1));
    const distance = b.binary(Op.Mul, bounded, b.constant(QueueEntry.Size));
    return b.binary(Op.Add, b.addressOf(AddressKind.Bss, this.area.offset + QUEUE_HEADER_BYTES), distance);
  }

  /** The maximum depth of the heap. */
  get levels(): i32 {
    return 33 - clz<i32>(this.area.entries);
  }

  /** Calls `step` until it returns something other than 0, at most so many times. */
  drive(b: Builder, step: i32, argument: Ref, times: i32): void {
    new Driver(this.runtime.unit, b).drive(step, argument, times, MOST_ROUNDS);
  }
}

/** A sorted loop's queue. */
export class ElementQueue {
  /** Its number among the members of the pool. */
  private index: i32;

  constructor(
    public pool: QueuePool,
    public table: Table,
    public by: SortKey,
    /** The statistics, if the array holds any. */
    public statistics: StatisticStore | null,
  ) {
    this.index = pool.members.length;
    pool.members.push(this);
  }

  /** Where in an element the value lies by which it is sorted, how many bytes it has, and of what kind it is. */
  get offset(): i32 {
    return this.by.key < 0 ? this.table.valueOffset : this.table.keyOffsets[this.by.key];
  }

  get bytes(): i32 {
    return this.by.key < 0 ? this.table.valueBytes : this.table.keyCapacities[this.by.key];
  }

  get isString(): bool {
    const shape = this.table.shape;
    return (
      this.by.key != BY_TIME && (this.by.key < 0 ? shape.value.kind : shape.keys[this.by.key].kind) == ValueKind.String
    );
  }

  /** Strings may differ behind what an entry's key holds. */
  get isLongString(): bool {
    return this.isString && this.bytes > KEY_BYTES;
  }

  /** Fills the queue with all elements. */
  build(b: Builder): void {
    b.callFunction(BUILD.of(this.pool), [b.constant(this.index), this.table.first(b)]);
  }

  /** Removes `count` elements. */
  skip(b: Builder, count: Ref): void {
    b.callFunction(SKIP.of(this.pool), [count]);
  }

  /** Removes the first element and returns its number; 0 if the queue is empty. */
  pop(b: Builder): Ref {
    return b.callFunction(POP.of(this.pool), []);
  }

  /** How many times the queue was built. It may be built again while a loop takes elements from it. */
  generation(b: Builder): Ref {
    return this.pool.word(b, QueueWord.Generation);
  }

  setGeneration(b: Builder, number: Ref): void {
    this.pool.setWord(b, QueueWord.Generation, number);
  }
}

// ----------------------------------------------------------------------------------------------------------- routines

/** (number, number) -> 1 if the first element comes before the second, 0 if after it, or EQUAL. */
const EARLIER = new Routine<QueuePool>("earlier", 2, buildEarlier);

/** (entry, entry) -> 1 if the first entry comes before the second, else 0. */
const BEFORE = new Routine<QueuePool>("before", 2, buildBefore);

/** (entry) -> 0. Moves an entry down to its position in the heap. */
const SIFT = new Routine<QueuePool>("sift", 1, buildSift, (pool: QueuePool): i64 => pool.levels);

/** (member) -> 0. Adds the element at the cursor; 1 if there is none. */
const FILL_ONE = new Routine<QueuePool>("fill_one", 1, buildFillStep);

/** (0) -> 0. Moves the entry at the cursor down; 1 if there is none. */
const HEAPIFY_ONE = new Routine<QueuePool>("heapify_one", 1, buildHeapifyStep);

/** (member, its first element) -> 0. Fills the queue with all elements. */
const BUILD = new Routine<QueuePool>("build", 2, buildQueue);

/** () -> the first element's number. Removes it; 0 if the queue is empty. */
const POP = new Routine<QueuePool>("pop", 0, buildPop);

/** (0) -> 0. Removes an element; 1 if enough were removed. */
const SKIP_ONE = new Routine<QueuePool>("skip_one", 1, buildSkipStep);

/** (count) -> 0. Removes that many elements. */
const SKIP = new Routine<QueuePool>("skip", 1, buildSkip);

function buildQueue(pool: QueuePool, b: RoutineBuilder): void {
  const member = b.parameter(0);
  pool.setWord(b, QueueWord.Member, member);
  pool.setWord(b, QueueWord.Cursor, b.parameter(1));
  pool.setWord(b, QueueWord.Place, b.constant(0));
  pool.setCount(b, b.constant(0));
  pool.drive(b, FILL_ONE.of(pool), member, pool.area.entries + 1);
  if (pool.isForAgent) {
    sortAtOnce(pool, b);
    return;
  }
  pool.setWord(b, QueueWord.Cursor, b.binary(Op.Shr, pool.count(b), b.constant(1)));
  pool.drive(b, HEAPIFY_ONE.of(pool), b.constant(0), (pool.area.entries >> 1) + 1);
  b.ret(b.constant(0));
}

/** Sorts the entries by the helper, which needs to know where the strings are. */
function sortAtOnce(pool: QueuePool, b: Builder): void {
  const some = b.newBlock("some");
  const none = b.newBlock("none");
  b.branch(pool.count(b), some, none);
  b.setBlock(none);
  b.ret(b.constant(0));
  b.setBlock(some);
  const members = pool.members;
  const blocks = choose(b, b.parameter(0), members.length);
  for (let i = 0, n = members.length; i < n; ++i) {
    b.setBlock(blocks[i]);
    const queue = members[i];
    const args: Ref[] = [pool.entry(b, b.constant(1)), pool.count(b)];
    if (queue.isLongString) {
      const first = queue.table.element(b, b.constant(1));
      args.push(b.binary(Op.Add, first, b.constant(queue.offset)));
      args.push(b.constant(queue.table.elementBytes));
      args.push(b.constant(queue.bytes | (queue.by.rises ? 0 : SORT_FALLS)));
    } else {
      for (let k = 0; k < 3; ++k) args.push(b.constant(0));
    }
    b.callHelper(Helper.AgentSort, args);
    b.ret(b.constant(0));
  }
}

/** Ends a step with 1 if nothing is left. */
function leaveAtZero(b: Builder, left: Ref): void {
  const end = b.newBlock("end");
  const more = b.newBlock("more");
  b.setCold(end);
  b.branchIf(Op.Eq, left, b.constant(0), end, more);
  b.setBlock(end);
  b.ret(b.constant(1));
  b.setBlock(more);
}

function buildFillStep(pool: QueuePool, b: RoutineBuilder): void {
  leaveAtZero(b, pool.word(b, QueueWord.Cursor));
  const members = pool.members;
  const blocks = choose(b, b.parameter(0), members.length);
  for (let i = 0, n = members.length; i < n; ++i) {
    b.setBlock(blocks[i]);
    fillFrom(members[i], b);
  }
}

/** Branches to one of `count` blocks by a number, in few steps. A number that is too large goes to the last. */
function choose(b: Builder, number: Ref, count: i32): i32[] {
  const blocks: i32[] = [];
  for (let i = 0; i < count; ++i) blocks.push(b.newBlock("member"));
  chooseBetween(b, number, blocks, 0);
  return blocks;
}

/** `first`: the number that belongs to the first of the blocks. */
function chooseBetween(b: Builder, number: Ref, blocks: i32[], first: i32): void {
  if (blocks.length == 1) {
    b.jump(blocks[0]);
    return;
  }
  const half = blocks.length / 2;
  const low = b.newBlock("low");
  const high = b.newBlock("high");
  b.branchIf(Op.Ult, number, b.constant(first + half), low, high);
  b.setBlock(low);
  chooseBetween(b, number, blocks.slice(0, half), first);
  b.setBlock(high);
  chooseBetween(b, number, blocks.slice(half), first + half);
}

/** Stores the element at the cursor in the last entry, and moves the cursor on. */
function fillFrom(queue: ElementQueue, b: Builder): void {
  const pool = queue.pool;
  const number = pool.word(b, QueueWord.Cursor);
  const table = queue.table;
  const element = table.element(b, number);
  pool.setWord(b, QueueWord.Cursor, table.next(b, number, element));
  if (table.isStriped) passIfUnused(b, element);
  const key = keyOf(queue, b, element);
  const made = table.made(b, element);
  const count = b.binary(Op.Add, pool.count(b), b.constant(1));
  pool.setCount(b, count);
  const entry = pool.entry(b, count);
  b.store(Op.Store64, entry, QueueEntry.Key, key);
  b.store(Op.Store64, entry, QueueEntry.Made, made);
  b.store(Op.Store64, entry, QueueEntry.Number, number);
  b.ret(b.constant(0));
}

/** Ends a step with 0 at an element that is not used. */
function passIfUnused(b: Builder, element: Ref): void {
  const used = b.newBlock("used");
  const unused = b.newBlock("unused");
  b.branch(b.load(Op.Load32u, element, Element.Seq), used, unused);
  b.setBlock(unused);
  b.ret(b.constant(0));
  b.setBlock(used);
}

/** A signed number that is smaller, the earlier an element comes. */
function keyOf(queue: ElementQueue, b: Builder, element: Ref): Ref {
  let key = NoRef;
  const store = queue.statistics;
  if (queue.by.key == BY_TIME) return queue.table.made(b, element);
  if (queue.isString) {
    // Bytes order like big-endian words without a sign.
    const word = b.load(Op.Load64, element, queue.offset);
    key = b.binary(Op.Xor, b.unary(Op.Bswap64, word), b.constant(i64.MIN_VALUE));
  } else if (store !== null && queue.by.key < 0) {
    key = extract(b, new Cell(store, NoRef, element, queue.offset), queue.by.extractor);
  } else {
    key = b.load(Op.Load64, element, queue.offset);
  }
  return queue.by.rises ? key : b.binary(Op.Xor, key, b.constant(-1));
}

function buildHeapifyStep(pool: QueuePool, b: RoutineBuilder): void {
  const at = pool.word(b, QueueWord.Cursor);
  leaveAtZero(b, at);
  b.callFunction(SIFT.of(pool), [at]);
  pool.setWord(b, QueueWord.Cursor, b.binary(Op.Sub, at, b.constant(1)));
  b.ret(b.constant(0));
}

function buildSkip(pool: QueuePool, b: RoutineBuilder): void {
  pool.setWord(b, QueueWord.Cursor, b.parameter(0));
  pool.drive(b, SKIP_ONE.of(pool), b.constant(0), pool.area.entries + 1);
  b.ret(b.constant(0));
}

function buildSkipStep(pool: QueuePool, b: RoutineBuilder): void {
  const left = pool.word(b, QueueWord.Cursor);
  leaveAtZero(b, left);
  b.callFunction(POP.of(pool), []);
  pool.setWord(b, QueueWord.Cursor, b.binary(Op.Sub, left, b.constant(1)));
  b.ret(b.constant(0));
}

function buildSift(pool: QueuePool, b: RoutineBuilder): void {
  const at = b.variable("at");
  keepPlace(pool, b, b.parameter(0));
  const count = pool.count(b);
  const down = b.loop();
  b.setVar(at, keptPlace(pool, b));
  const left = b.binary(Op.Shl, b.getVar(at), b.constant(1));
  const done = down.leaveIf(Op.Ugt, left, count);
  const child = chooseChild(pool, b, left, count);
  const ends = down.leaveIf(Op.Eq, b.callFunction(BEFORE.of(pool), [child, b.getVar(at)]), b.constant(0));
  swap(b, pool.entry(b, b.getVar(at)), pool.entry(b, child));
  keepPlace(pool, b, child);
  down.again();
  b.jump(done);
  b.setBlock(ends);
  b.jump(done);
  b.setBlock(done);
  b.ret(b.constant(0));
}

function swap(b: Builder, x: Ref, y: Ref): void {
  for (let at = 0; at < QueueEntry.Size; at += 8) {
    const kept = b.load(Op.Load64, x, at);
    b.store(Op.Store64, x, at, b.load(Op.Load64, y, at));
    b.store(Op.Store64, y, at, kept);
  }
}

/**
 * The current position of the moving entry is kept in memory. In a register, the verifier would learn a different value
 * on each side of each choice, and follow all 2^18 paths.
 */
function keepPlace(pool: QueuePool, b: Builder, at: Ref): void {
  pool.setWord(b, QueueWord.Place, at);
}

function keptPlace(pool: QueuePool, b: Builder): Ref {
  return pool.word(b, QueueWord.Place);
}

/** The child that comes first of two. */
function chooseChild(pool: QueuePool, b: Builder, left: Ref, count: Ref): Ref {
  const child = b.variable("child");
  const two = b.newBlock("two");
  const one = b.newBlock("one");
  const right = b.binary(Op.Add, left, b.constant(1));
  b.setVar(child, left);
  b.branchIf(Op.Ule, right, count, two, one);
  b.setBlock(two);
  b.setVar(child, b.binary(Op.Add, left, b.callFunction(BEFORE.of(pool), [right, left])));
  b.jump(one);
  b.setBlock(one);
  return b.getVar(child);
}

function buildPop(pool: QueuePool, b: RoutineBuilder): void {
  if (pool.isForAgent) {
    takeNext(pool, b);
    return;
  }
  const count = pool.count(b);
  leaveEmpty(b, count);
  const first = pool.entry(b, b.constant(1));
  const root = b.load(Op.Load32u, first, QueueEntry.Number);
  const last = pool.entry(b, count);
  for (let at = 0; at < QueueEntry.Size; at += 8) b.store(Op.Store64, first, at, b.load(Op.Load64, last, at));
  pool.setCount(b, b.binary(Op.Sub, count, b.constant(1)));
  b.callFunction(SIFT.of(pool), [b.constant(1)]);
  b.ret(root);
}

/** The number in the next of the sorted entries. */
function takeNext(pool: QueuePool, b: Builder): void {
  const taken = pool.word(b, QueueWord.Place);
  leaveEmpty(b, b.binary(Op.Sub, pool.count(b), taken));
  const next = b.binary(Op.Add, taken, b.constant(1));
  pool.setWord(b, QueueWord.Place, next);
  b.ret(b.load(Op.Load32u, pool.entry(b, next), QueueEntry.Number));
}

/** Returns 0 if nothing is left. */
function leaveEmpty(b: Builder, left: Ref): void {
  const some = b.newBlock("some");
  const none = b.newBlock("none");
  b.branch(left, some, none);
  b.setBlock(none);
  b.ret(b.constant(0));
  b.setBlock(some);
}

function buildBefore(pool: QueuePool, b: RoutineBuilder): void {
  const x = pool.entry(b, b.parameter(0));
  const y = pool.entry(b, b.parameter(1));
  const p = b.load(Op.Load64, x, QueueEntry.Key);
  const q = b.load(Op.Load64, y, QueueEntry.Key);
  const differ = b.newBlock("differ");
  const same = b.newBlock("same");
  b.branchIf(Op.Ne, p, q, differ, same);
  b.setBlock(differ);
  b.ret(b.binary(Op.Slt, p, q));
  b.setBlock(same);
  const first = b.load(Op.Load64, x, QueueEntry.Made);
  const second = b.load(Op.Load64, y, QueueEntry.Made);
  if (pool.hasLongStrings) {
    const mine = b.load(Op.Load32u, x, QueueEntry.Number);
    const its = b.load(Op.Load32u, y, QueueEntry.Number);
    const order = b.callFunction(EARLIER.of(pool), [mine, its]);
    const decided = b.newBlock("decided");
    const equal = b.newBlock("equal");
    b.branchIf(Op.Ne, order, b.constant(EQUAL), decided, equal);
    b.setBlock(decided);
    b.ret(order);
    b.setBlock(equal);
  }
  b.ret(b.binary(Op.Ult, first, second));
}

/** Compares whole strings. */
function buildEarlier(pool: QueuePool, b: RoutineBuilder): void {
  const yes = b.newBlock("yes");
  const no = b.newBlock("no");
  const equal = b.newBlock("equal");
  const members = pool.members;
  const blocks = choose(b, pool.word(b, QueueWord.Member), members.length);
  // The code reads two elements and needs no frame.
  const reader = new Frame(pool.runtime, new FrameVariables(b), null, false);
  for (let i = 0, n = members.length; i < n; ++i) {
    b.setBlock(blocks[i]);
    if (members[i].isLongString) compareStrings(members[i], reader, [yes, no, equal]);
    else b.jump(equal);
  }
  b.setBlock(equal);
  b.ret(b.constant(EQUAL));
  b.setBlock(yes);
  b.ret(b.constant(1));
  b.setBlock(no);
  b.ret(b.constant(0));
}

function compareStrings(queue: ElementQueue, reader: Frame, targets: StaticArray<i32>): void {
  const b = reader.b;
  const x = queue.table.element(b, b.parameter(0));
  const y = queue.table.element(b, b.parameter(1));
  const left = new Place(Base.Pointer, x, queue.offset, queue.bytes);
  const right = new Place(Base.Pointer, y, queue.offset, queue.bytes);
  branchOnPlaces(reader, new StringPair(left, right), queue.by.rises, targets);
}

/**
 * A queue that the same statement may build again in a recursive call. If the queue was rebuilt meanwhile, this
 * statement builds its own again and removes the elements that it had already taken.
 */
export class SharedQueue {
  /** In the record: the number of the queue built here, and how many elements were taken. */
  private built: Place;
  private taken: Place;

  constructor(
    frame: Frame,
    private queue: ElementQueue,
  ) {
    this.built = frame.newFramePlace(8);
    this.taken = frame.newFramePlace(8);
    frame.storeWord(this.taken, 0, frame.b.constant(0));
    this.renew(frame);
  }

  /** Builds the queue and numbers it. */
  private renew(frame: Frame): void {
    const b = frame.b;
    this.queue.build(b);
    const number = b.binary(Op.Add, this.queue.generation(b), b.constant(1));
    this.queue.setGeneration(b, number);
    frame.storeWord(this.built, 0, b.unary(Op.Extu32, number));
  }

  pop(frame: Frame): Ref {
    const b = frame.b;
    const stale = b.newBlock("stale");
    const fresh = b.newBlock("fresh");
    b.setCold(stale);
    b.branchIf(Op.Ne, this.queue.generation(b), frame.word(this.built, 0), stale, fresh);
    b.setBlock(stale);
    this.renew(frame);
    this.queue.skip(b, frame.word(this.taken, 0));
    b.jump(fresh);
    b.setBlock(fresh);
    frame.storeWord(this.taken, 0, b.binary(Op.Add, frame.word(this.taken, 0), b.constant(1)));
    return this.queue.pop(b);
  }
}
