// A priority queue of an array's elements, from which a sorted foreach takes them. It is a binary heap of element
// numbers in a scratch area that the lock guards. It is built at once, and each round removes the root. So `limit 10`
// costs ten removals. Equal elements keep their insertion order.
//
// The area is in .bss: a header, and entries of u32 x (2 x buckets), of which the first is unused. For an array with a
// map of its own, the entries are values of another map, one entry for each value.

import { Extractor } from "../../common/as/statistic";
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
export const QUEUE_HEADER_BYTES: i32 = 16;
/** Arrays with more buckets are walked by two nested loops, because the verifier walks each loop to its bound. */
const MOST_IN_ONE_LOOP: i32 = 2048;

/** Bytes of .bss for sorting an array with that many buckets. */
export function queueBytes(buckets: i32): i32 {
  return QUEUE_HEADER_BYTES + 8 * buckets;
}

/** Offsets of u32 in a queue's header. */
const enum QueueWord {
  Count = 0,
  /** The current position of the entry that moves down. */
  Place = 4,
  /** How many times the queue was built. */
  Generation = 8,
  /** In loops over all entries: the current element or entry, or the number of entries left. */
  Cursor = 12,
}

/** The place of a queue. */
export class QueueArea {
  constructor(
    /** Offset in .bss. */
    public offset: i32,
    /** Number of the map that holds the entries, or -1. */
    public map: i32,
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

/** A queue of element numbers. */
export class ElementQueue {
  constructor(
    public table: Table,
    public area: QueueArea,
    public by: SortKey,
    /** The statistics, if the array holds any. */
    public statistics: StatisticStore | null,
  ) {}

  get runtime(): Runtime {
    return this.table.runtime;
  }

  /** The end of the names of its routines. */
  get suffix(): string {
    return `_${this.area.offset}`;
  }

  /** Whether the loops over all entries must be split in two levels. */
  get isLong(): bool {
    return this.table.buckets > MOST_IN_ONE_LOOP || this.table.isStriped;
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

  /** The address of entry `index`, from 1. */
  entry(b: Builder, index: Ref): Ref {
    if (this.area.map >= 0) return lookUp(this.runtime, b, this.area.map, index);
    const bounded = b.binary(Op.And, index, b.constant(this.table.buckets * 2 - 1));
    const distance = b.binary(Op.Shl, bounded, b.constant(2));
    return b.binary(Op.Add, b.addressOf(AddressKind.Bss, this.area.offset + QUEUE_HEADER_BYTES), distance);
  }

  /** The maximum depth of the heap. */
  get levels(): i32 {
    return 33 - clz<i32>(this.table.buckets);
  }

  /** How many times the queue was built. It may be built again while a loop takes elements from it. */
  generation(b: Builder): Ref {
    return this.word(b, QueueWord.Generation);
  }

  setGeneration(b: Builder, number: Ref): void {
    this.setWord(b, QueueWord.Generation, number);
  }

  // --------------------------------------------------------------------------------------------- for loops in scripts

  /** Fills the queue with all elements. */
  build(b: Builder): void {
    if (!this.isLong) {
      b.callFunction(FILL.of(this), []);
      return;
    }
    // The loops are split, so their state between rounds is in memory.
    const fill = FILL_LONG.of(this);
    const heapify = HEAPIFY_LONG.of(this);
    this.setWord(b, QueueWord.Cursor, this.table.first(b));
    this.setCount(b, b.constant(0));
    b.callFunction(fill, []);
    this.setWord(b, QueueWord.Cursor, b.binary(Op.Shr, this.count(b), b.constant(1)));
    b.callFunction(heapify, []);
  }

  /** Removes `count` elements. */
  skip(b: Builder, count: Ref): void {
    if (this.isLong) {
      const skip = SKIP_LONG.of(this);
      this.setWord(b, QueueWord.Cursor, count);
      b.callFunction(skip, []);
      return;
    }
    b.callFunction(SKIP.of(this), [count]);
  }

  /** Removes the first element and returns its number; 0 if the queue is empty. */
  pop(b: Builder): Ref {
    return b.callFunction(POP.of(this), []);
  }
}

// ----------------------------------------------------------------------------------------------------------- routines

/** (number, number) -> 1 if the first element comes before the second, else 0. */
const BEFORE = new Routine<ElementQueue>("before", 2, buildBefore);

/** (index) -> 0. Moves an entry down to its position in the heap. */
const SIFT = new Routine<ElementQueue>("sift", 1, buildSift, everyLevel);

/** () -> 0. Turns the entries into a heap. */
const HEAPIFY = new Routine<ElementQueue>("heapify", 0, buildHeapify, everyParent);

/** () -> 0. Fills the queue with all elements and turns it into a heap. */
const FILL = new Routine<ElementQueue>("fill", 0, buildFill, everyElement);

/** () -> the first element's number. Removes it; 0 if the queue is empty. */
const POP = new Routine<ElementQueue>("pop", 0, buildPop);

/** (count) -> 0. Removes that many elements. */
const SKIP = new Routine<ElementQueue>("skip", 1, buildSkip, everyElement);

const FILL_ONE = new Routine<ElementQueue>("fill_one", 1, buildFillStep);

// For a long queue: a loop () -> 0, and its step (0) -> 0, or 1 when nothing is left to do.
const FILL_LONG = new Routine<ElementQueue>("fill", 0, buildFillLong);

const HEAPIFY_ONE = new Routine<ElementQueue>("heapify_one", 1, buildHeapifyStep);

const HEAPIFY_LONG = new Routine<ElementQueue>("heapify", 0, buildHeapifyLong);

const SKIP_ONE = new Routine<ElementQueue>("skip_one", 1, buildSkipStep);

const SKIP_LONG = new Routine<ElementQueue>("skip", 0, buildSkipLong);

function buildFillLong(queue: ElementQueue, b: RoutineBuilder): void {
  callForAll(queue, b, FILL_ONE.of(queue));
}

function buildHeapifyLong(queue: ElementQueue, b: RoutineBuilder): void {
  callForAll(queue, b, HEAPIFY_ONE.of(queue));
}

function buildSkipLong(queue: ElementQueue, b: RoutineBuilder): void {
  callForAll(queue, b, SKIP_ONE.of(queue));
}

/** Calls `step` until it returns something other than 0. */
function callForAll(queue: ElementQueue, b: Builder, step: i32): void {
  new Driver(queue.runtime.unit, b).drive(step, b.constant(0), queue.table.buckets + 1);
  b.ret(b.constant(0));
}

function buildFillStep(queue: ElementQueue, b: RoutineBuilder): void {
  const number = queue.word(b, QueueWord.Cursor);
  leaveAtZero(b, number);
  const element = queue.table.element(b, number);
  queue.setWord(b, QueueWord.Cursor, queue.table.next(b, number, element));
  if (queue.table.isStriped) passIfUnused(b, element);
  const count = b.binary(Op.Add, queue.count(b), b.constant(1));
  queue.setCount(b, count);
  b.store(Op.Store32, queue.entry(b, count), 0, number);
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

function buildHeapifyStep(queue: ElementQueue, b: RoutineBuilder): void {
  const at = queue.word(b, QueueWord.Cursor);
  leaveAtZero(b, at);
  b.callFunction(SIFT.of(queue), [at]);
  queue.setWord(b, QueueWord.Cursor, b.binary(Op.Sub, at, b.constant(1)));
  b.ret(b.constant(0));
}

function buildSkipStep(queue: ElementQueue, b: RoutineBuilder): void {
  const left = queue.word(b, QueueWord.Cursor);
  leaveAtZero(b, left);
  b.callFunction(POP.of(queue), []);
  queue.setWord(b, QueueWord.Cursor, b.binary(Op.Sub, left, b.constant(1)));
  b.ret(b.constant(0));
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

function buildFill(queue: ElementQueue, b: RoutineBuilder): void {
  const table = queue.table;
  const number = b.variable("number");
  const count = b.variable("count");
  b.setVar(number, table.first(b));
  b.setVar(count, b.constant(0));
  const each = b.loop();
  const end = each.leaveIf(Op.Eq, b.getVar(number), b.constant(0));
  const next = b.binary(Op.Add, each.index, b.constant(1));
  b.store(Op.Store32, queue.entry(b, next), 0, b.getVar(number));
  b.setVar(number, b.load(Op.Load32u, table.element(b, b.getVar(number)), Element.After));
  b.setVar(count, next);
  each.again();
  b.jump(end);
  b.setBlock(end);
  // The verifier walks the code after the loop once for each possible length, so that code is short: a call.
  queue.setCount(b, b.getVar(count));
  b.ret(b.callFunction(HEAPIFY.of(queue), []));
}

/** Rounds of a loop over all elements. */
function everyElement(queue: ElementQueue): i64 {
  return queue.table.buckets;
}

function buildHeapify(queue: ElementQueue, b: RoutineBuilder): void {
  const last = queue.table.buckets >> 1;
  const each = b.loop();
  b.callFunction(SIFT.of(queue), [b.binary(Op.Sub, b.constant(last), each.index)]);
  each.again();
  b.ret(b.constant(0));
}

/** Rounds of a loop over the entries that have children. */
function everyParent(queue: ElementQueue): i64 {
  return queue.table.buckets >> 1;
}

function buildSift(queue: ElementQueue, b: RoutineBuilder): void {
  const at = b.variable("at");
  keepPlace(queue, b, b.parameter(0));
  const count = queue.count(b);
  const down = b.loop();
  b.setVar(at, keptPlace(queue, b));
  const left = b.binary(Op.Shl, b.getVar(at), b.constant(1));
  const done = down.leaveIf(Op.Ugt, left, count);
  const child = chooseChild(queue, b, left, count);
  const here = queue.entry(b, b.getVar(at));
  const below = queue.entry(b, child);
  const mine = b.load(Op.Load32u, here, 0);
  const its = b.load(Op.Load32u, below, 0);
  const ends = down.leaveIf(Op.Eq, b.callFunction(BEFORE.of(queue), [its, mine]), b.constant(0));
  b.store(Op.Store32, here, 0, its);
  b.store(Op.Store32, below, 0, mine);
  keepPlace(queue, b, child);
  down.again();
  b.jump(done);
  b.setBlock(ends);
  b.jump(done);
  b.setBlock(done);
  b.ret(b.constant(0));
}

/** Rounds of a loop from the root of the heap down. */
function everyLevel(queue: ElementQueue): i64 {
  return queue.levels;
}

/**
 * The current position of the moving entry is kept in memory. In a register, the verifier would learn a different value
 * on each side of each choice, and follow all 2^18 paths.
 */
function keepPlace(queue: ElementQueue, b: Builder, at: Ref): void {
  queue.setWord(b, QueueWord.Place, at);
}

function keptPlace(queue: ElementQueue, b: Builder): Ref {
  return queue.word(b, QueueWord.Place);
}

/** The child that comes first of two. */
function chooseChild(queue: ElementQueue, b: Builder, left: Ref, count: Ref): Ref {
  const child = b.variable("child");
  const two = b.newBlock("two");
  const one = b.newBlock("one");
  const right = b.binary(Op.Add, left, b.constant(1));
  b.setVar(child, left);
  b.branchIf(Op.Ule, right, count, two, one);
  b.setBlock(two);
  const x = b.load(Op.Load32u, queue.entry(b, right), 0);
  const y = b.load(Op.Load32u, queue.entry(b, left), 0);
  b.setVar(child, b.binary(Op.Add, left, b.callFunction(BEFORE.of(queue), [x, y])));
  b.jump(one);
  b.setBlock(one);
  return b.getVar(child);
}

function buildSkip(queue: ElementQueue, b: RoutineBuilder): void {
  const each = b.loop();
  const end = each.leaveIf(Op.Uge, each.index, b.parameter(0));
  b.callFunction(POP.of(queue), []);
  each.again();
  b.jump(end);
  b.setBlock(end);
  b.ret(b.constant(0));
}

function buildPop(queue: ElementQueue, b: RoutineBuilder): void {
  const count = queue.count(b);
  const some = b.newBlock("some");
  const none = b.newBlock("none");
  b.branch(count, some, none);
  b.setBlock(none);
  b.ret(b.constant(0));
  b.setBlock(some);
  const root = b.load(Op.Load32u, queue.entry(b, b.constant(1)), 0);
  const last = b.load(Op.Load32u, queue.entry(b, count), 0);
  b.store(Op.Store32, queue.entry(b, b.constant(1)), 0, last);
  queue.setCount(b, b.binary(Op.Sub, count, b.constant(1)));
  b.callFunction(SIFT.of(queue), [b.constant(1)]);
  b.ret(root);
}

function buildBefore(queue: ElementQueue, b: RoutineBuilder): void {
  const yes = b.newBlock("yes");
  const no = b.newBlock("no");
  const equal = b.newBlock("equal");
  const table = queue.table;
  const by = queue.by;
  const x = table.element(b, b.parameter(0));
  const y = table.element(b, b.parameter(1));
  if (by.key == BY_TIME) {
    b.ret(b.binary(Op.Ult, table.made(b, x), table.made(b, y)));
    return;
  }
  const offset = by.key < 0 ? table.valueOffset : table.keyOffsets[by.key];
  const bytes = by.key < 0 ? table.valueBytes : table.keyCapacities[by.key];
  const kind = by.key < 0 ? table.shape.value.kind : table.shape.keys[by.key].kind;
  if (kind == ValueKind.String) {
    const left = new Place(Base.Pointer, x, offset, bytes);
    const right = new Place(Base.Pointer, y, offset, bytes);
    // The call reads two elements and needs no frame.
    const reader = new Frame(queue.runtime, new FrameVariables(b), null, false);
    branchOnPlaces(reader, new StringPair(left, right), by.rises, [yes, no, equal]);
  } else {
    const differ = b.newBlock("differ");
    const p = numberOf(queue, b, x, offset);
    const q = numberOf(queue, b, y, offset);
    b.branchIf(Op.Ne, p, q, differ, equal);
    b.setBlock(differ);
    b.branchIf(by.rises ? Op.Slt : Op.Sgt, p, q, yes, no);
  }
  b.setBlock(equal);
  b.ret(b.binary(Op.Ult, table.made(b, x), table.made(b, y)));
  b.setBlock(yes);
  b.ret(b.constant(1));
  b.setBlock(no);
  b.ret(b.constant(0));
}

/** The number by which an element is sorted. */
function numberOf(queue: ElementQueue, b: Builder, element: Ref, offset: i32): Ref {
  const store = queue.statistics;
  if (store === null || queue.by.key >= 0) return b.load(Op.Load64, element, offset);
  return extract(b, new Cell(store, NoRef, element, offset), queue.by.extractor);
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
