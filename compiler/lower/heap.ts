// What a sorted foreach takes its elements from: a heap of their numbers, in a scratch area that the lock guards. It is
// built at once, and its root taken out at each iteration: `limit 10` pays for ten. Equal elements keep the order of
// insertion.
//
// The area is in .bss, u32 count and u32 x (2 x capacity + 1) of entries, of which the first is not used; for an array with
// a map of its own the entries are in another map, one a value.

import { AddressKind, Builder } from "../ir/build";
import { Func, Linkage, NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { ForeachStatement, SortOrder } from "../syntax/ast";
import { Type } from "../syntax/type";
import { lookUp, repeat } from "./cells";
import { Lowering } from "./lowering";
import { Base, Place } from "./place";
import { Cell, extract } from "./stats";
import { branchOnPlaces } from "./string";
import { Element, Table } from "./table";

/** Bytes of .bss that sorting an array of so many buckets needs. */
export function heapBytes(buckets: i32): i32 {
  return 4 * (buckets * 2 + 2);
}

/** The same where the entries are in a map. */
export const HEAP_HEADER_BYTES: i32 = 24;

/** Offsets of u32 in a heap's area. */
const enum HeapWord {
  Count = 0,
  /** Where the entry that is moved down has come to; of a heap in .bss, entry 0, which it does not use. */
  Place = 4,
  // Only where the entries are in a map:
  Generation = 8,
  /** Of the loops over all entries: the element or entry whose turn it is, or how many are left. */
  Cursor = 12,
}

/** Where a heap lies. */
export class HeapArea {
  constructor(
    /** In .bss. */
    public offset: i32,
    /** Number of the map with the entries, or -1. */
    public map: i32,
  ) {}
}

/** A heap of element numbers. */
export class Heap {
  private before: i32 = -1;
  private siftFunction: i32 = -1;
  /** In .bss. */
  private offset: i32;

  constructor(
    private l: Lowering,
    private table: Table,
    private area: HeapArea,
    /** Key to sort by, or -1: by value. */
    private key: i32,
    private s: ForeachStatement,
  ) {
    this.offset = area.offset;
  }

  private get order(): SortOrder {
    return this.key < 0 ? this.s.valueSort : this.s.keys[this.key].sort;
  }

  private word(b: Builder, at: i32): Ref {
    return b.load(Op.Load32u, b.addressOf(AddressKind.Bss, this.offset + at), 0);
  }

  private setWord(b: Builder, at: i32, value: Ref): void {
    b.store(Op.Store32, b.addressOf(AddressKind.Bss, this.offset + at), 0, value);
  }

  private count(b: Builder): Ref {
    return this.word(b, HeapWord.Count);
  }

  private setCount(b: Builder, value: Ref): void {
    this.setWord(b, HeapWord.Count, value);
  }

  /** The address of entry `index`, from 1. */
  private entry(b: Builder, index: Ref): Ref {
    if (this.area.map >= 0) return lookUp(this.l.shared, b, this.area.map, index);
    const bounded = b.binary(Op.And, index, b.constant(this.table.buckets * 2 - 1));
    const distance = b.binary(Op.Shl, bounded, b.constant(2));
    return b.binary(Op.Add, b.addressOf(AddressKind.Bss, this.offset + 4), distance);
  }

  private routine(what: string, parameters: i32): Func {
    const fn = new Func(`stp_${what}_${this.offset}`, Linkage.Subprogram, parameters);
    this.l.unit.ir.add(fn);
    return fn;
  }

  private fillFunction: i32 = -1;

  /** Fills the heap with all elements. */
  build(l: Lowering): void {
    if (this.area.map >= 0) {
      this.buildLarge(l);
      return;
    }
    if (this.fillFunction < 0) this.fillFunction = this.makeFill();
    l.b.callFunction(this.fillFunction, []);
  }

  private heapifyFunction: i32 = -1;

  /** The same for a heap in a map: the loops are too long for one, and what they know between iterations is in memory. */
  private buildLarge(l: Lowering): void {
    if (this.fillFunction < 0) {
      this.fillFunction = this.makeLoop("fill", this.makeFillStep());
      this.heapifyFunction = this.makeLoop("heapify", this.makeHeapifyStep());
    }
    const b = l.b;
    this.setWord(b, HeapWord.Cursor, this.table.first(b));
    this.setCount(b, b.constant(0));
    b.callFunction(this.fillFunction, []);
    this.setWord(b, HeapWord.Cursor, b.binary(Op.Shr, this.count(b), b.constant(1)));
    b.callFunction(this.heapifyFunction, []);
  }

  /** () -> 0: calls `step` until it answers otherwise than 0 */
  private makeLoop(name: string, step: i32): i32 {
    const fn = this.routine(name, 0);
    const b = new Builder(fn);
    repeat(this.l.shared, b, step, b.constant(0), this.table.buckets + 1);
    b.ret(b.constant(0));
    return fn.index;
  }

  /** (0) -> 0, or 1 when all are in the heap */
  private makeFillStep(): i32 {
    const fn = this.routine("fill_one", 1);
    const b = new Builder(fn);
    const number = this.word(b, HeapWord.Cursor);
    this.leaveAtZero(b, number);
    const count = b.binary(Op.Add, this.count(b), b.constant(1));
    this.setCount(b, count);
    b.store(Op.Store32, this.entry(b, count), 0, number);
    this.setWord(b, HeapWord.Cursor, b.load(Op.Load32u, this.table.element(b, number), Element.After));
    b.ret(b.constant(0));
    return fn.index;
  }

  /** (0) -> 0, or 1 when all are where they belong */
  private makeHeapifyStep(): i32 {
    const fn = this.routine("heapify_one", 1);
    const b = new Builder(fn);
    const at = this.word(b, HeapWord.Cursor);
    this.leaveAtZero(b, at);
    b.callFunction(this.sift, [at]);
    this.setWord(b, HeapWord.Cursor, b.binary(Op.Sub, at, b.constant(1)));
    b.ret(b.constant(0));
    return fn.index;
  }

  /** Ends a step with 1 when there is nothing left. */
  private leaveAtZero(b: Builder, left: Ref): void {
    const end = b.newBlock("end");
    const more = b.newBlock("more");
    b.setCold(end);
    b.branchIf(Op.Eq, left, b.constant(0), end, more);
    b.setBlock(end);
    b.ret(b.constant(1));
    b.setBlock(more);
  }

  private makeFill(): i32 {
    const fn = this.routine("fill", 0);
    const b = new Builder(fn);
    const number = b.variable("number");
    const count = b.variable("count");
    b.setVar(number, this.table.first(b));
    b.setVar(count, b.constant(0));
    const head = b.newBlock("each");
    const end = b.newBlock("end");
    const some = b.newBlock("some");
    b.jump(head);
    b.setBlock(head);
    b.setCold(end);
    b.branchIf(Op.Eq, b.getVar(number), b.constant(0), end, some);
    b.setBlock(some);
    const next = b.binary(Op.Add, b.getVar(count), b.constant(1));
    b.store(Op.Store32, this.entry(b, next), 0, b.getVar(number));
    b.setVar(number, b.load(Op.Load32u, this.table.element(b, b.getVar(number)), Element.After));
    b.setVar(count, next);
    b.branchIf(Op.Ult, next, b.constant(this.table.buckets), head, end);
    b.setBlock(end);
    // The verifier comes here once for each length the loop may have: what follows must be short, so it is a call.
    this.setCount(b, b.getVar(count));
    b.ret(b.callFunction(this.makeHeapify(), []));
    return fn.index;
  }

  /** () -> 0: makes a heap of the entries */
  private makeHeapify(): i32 {
    const fn = this.routine("heapify", 0);
    const b = new Builder(fn);
    const at = b.variable("at");
    const head = b.newBlock("sift");
    const done = b.newBlock("sifted");
    b.setVar(at, b.constant(this.table.buckets >> 1));
    b.jump(head);
    b.setBlock(head);
    b.callFunction(this.sift, [b.getVar(at)]);
    const less = b.binary(Op.Sub, b.getVar(at), b.constant(1));
    b.setVar(at, less);
    b.branchIf(Op.Ne, less, b.constant(0), head, done);
    b.setBlock(done);
    b.ret(b.constant(0));
    return fn.index;
  }

  /** How deep a heap may be. */
  private get levels(): i32 {
    return this.area.map < 0 ? 18 : 33 - clz<i32>(this.table.buckets);
  }

  /** (index) -> 0: moves an entry down to where it belongs */
  private get sift(): i32 {
    if (this.siftFunction >= 0) return this.siftFunction;
    const fn = this.routine("sift", 1);
    this.siftFunction = fn.index;
    const b = new Builder(fn);
    const at = b.variable("at");
    const round = b.variable("round");
    this.keepPlace(b, b.parameter(0));
    b.setVar(round, b.constant(0));
    const head = b.newBlock("down");
    const done = b.newBlock("done");
    const childBlock = b.newBlock("child");
    const count = this.count(b);
    b.jump(head);
    b.setBlock(head);
    b.setVar(at, this.keptPlace(b));
    const left = b.binary(Op.Shl, b.getVar(at), b.constant(1));
    const child = b.variable("child");
    b.setVar(child, left);
    b.setCold(done);
    b.branchIf(Op.Ugt, left, count, done, childBlock);
    b.setBlock(childBlock);
    this.chooseChild(b, child, left, count);
    const here = this.entry(b, b.getVar(at));
    const below = this.entry(b, b.getVar(child));
    const mine = b.load(Op.Load32u, here, 0);
    const its = b.load(Op.Load32u, below, 0);
    const swap = b.newBlock("swap");
    const ends = b.newBlock("ends");
    b.setCold(ends);
    b.branchIf(Op.Eq, b.callFunction(this.isBefore, [its, mine]), b.constant(0), ends, swap);
    b.setBlock(ends);
    b.ret(b.constant(0));
    b.setBlock(swap);
    b.store(Op.Store32, here, 0, its);
    b.store(Op.Store32, below, 0, mine);
    this.keepPlace(b, b.getVar(child));
    const next = b.binary(Op.Add, b.getVar(round), b.constant(1));
    b.setVar(round, next);
    b.branchIf(Op.Ult, next, b.constant(this.levels), head, done);
    b.setBlock(done);
    b.ret(b.constant(0));
    return this.siftFunction;
  }

  /**
   * Where an entry has come to waits in memory: in a register the verifier would
   * learn something else of it on either side of each choice, and follow all 2^18 ways down.
   */
  private keepPlace(b: Builder, at: Ref): void {
    this.setWord(b, HeapWord.Place, at);
  }

  private keptPlace(b: Builder): Ref {
    return this.word(b, HeapWord.Place);
  }

  /** Of two children, the one that comes first. */
  private chooseChild(b: Builder, child: i32, left: Ref, count: Ref): void {
    const two = b.newBlock("two");
    const one = b.newBlock("one");
    const right = b.binary(Op.Add, left, b.constant(1));
    b.branchIf(Op.Ule, right, count, two, one);
    b.setBlock(two);
    const x = b.load(Op.Load32u, this.entry(b, right), 0);
    const y = b.load(Op.Load32u, this.entry(b, left), 0);
    b.setVar(child, b.binary(Op.Add, left, b.callFunction(this.isBefore, [x, y])));
    b.jump(one);
    b.setBlock(one);
  }

  /** (number, number) -> 1 if the first element comes before the second, else 0 */
  private get isBefore(): i32 {
    if (this.before >= 0) return this.before;
    // A lowering, for its string comparisons; it needs no frame.
    const inner = new Lowering(this.l.shared, `stp_before_${this.offset}`, false, null, 2);
    this.before = this.l.unit.ir.add(inner.fn);
    const b = inner.b;
    const yes = b.newBlock("yes");
    const no = b.newBlock("no");
    const equal = b.newBlock("equal");
    const table = this.table;
    const x = table.element(b, b.parameter(0));
    const y = table.element(b, b.parameter(1));
    const offset = this.key < 0 ? table.valueOffset : table.keyOffsets[this.key];
    const bytes = this.key < 0 ? table.valueBytes : table.keyCapacities[this.key];
    const type = this.key < 0 ? table.symbol.type : table.symbol.keyTypes[this.key];
    const up = this.order == SortOrder.Ascending;
    if (type == Type.String) {
      const left = new Place(Base.Pointer, x, offset, bytes);
      const right = new Place(Base.Pointer, y, offset, bytes);
      branchOnPlaces(inner, left, right, up, [yes, no, equal]);
    } else {
      const differ = b.newBlock("differ");
      const p = this.number(b, x, offset, type);
      const q = this.number(b, y, offset, type);
      b.branchIf(Op.Ne, p, q, differ, equal);
      b.setBlock(differ);
      b.branchIf(up ? Op.Slt : Op.Sgt, p, q, yes, no);
    }
    b.setBlock(equal);
    const earlier = b.binary(Op.Ult, b.load(Op.Load32u, x, Element.Seq), b.load(Op.Load32u, y, Element.Seq));
    b.ret(earlier);
    b.setBlock(yes);
    b.ret(b.constant(1));
    b.setBlock(no);
    b.ret(b.constant(0));
    return this.before;
  }

  /** What decides of an element. */
  private number(b: Builder, element: Ref, offset: i32, type: Type): Ref {
    if (type != Type.Stats) return b.load(Op.Load64, element, offset);
    const cell = new Cell(this.table.symbol, NoRef, element, offset);
    return extract(this.l.shared, b, cell, this.s.valueExtractor);
  }

  /** How often it was built where that may happen again meanwhile; in .bss, behind the entries. */
  generation(b: Builder): Ref {
    return this.word(b, this.generationAt);
  }

  setGeneration(b: Builder, number: Ref): void {
    this.setWord(b, this.generationAt, number);
  }

  private get generationAt(): i32 {
    return this.area.map < 0 ? 4 + this.table.buckets * 8 : HeapWord.Generation;
  }

  private skipFunction: i32 = -1;

  /** Takes out so many elements. */
  skip(l: Lowering, count: Ref): void {
    if (this.area.map >= 0) {
      if (this.skipFunction < 0) this.skipFunction = this.makeLoop("skip", this.makeSkipStep());
      this.setWord(l.b, HeapWord.Cursor, count);
      l.b.callFunction(this.skipFunction, []);
      return;
    }
    if (this.skipFunction < 0) {
      const fn = this.routine("skip", 1);
      this.skipFunction = fn.index;
      const b = new Builder(fn);
      const done = b.variable("done");
      const head = b.newBlock("each");
      const end = b.newBlock("end");
      const more = b.newBlock("more");
      b.setVar(done, b.constant(0));
      b.jump(head);
      b.setBlock(head);
      b.setCold(end);
      b.branchIf(Op.Uge, b.getVar(done), b.parameter(0), end, more);
      b.setBlock(more);
      b.callFunction(this.takeFirst, []);
      const next = b.binary(Op.Add, b.getVar(done), b.constant(1));
      b.setVar(done, next);
      b.branchIf(Op.Ult, next, b.constant(this.table.buckets), head, end);
      b.setBlock(end);
      b.ret(b.constant(0));
    }
    l.b.callFunction(this.skipFunction, [count]);
  }

  /** (0) -> 0, or 1 when enough were taken out */
  private makeSkipStep(): i32 {
    const fn = this.routine("skip_one", 1);
    const b = new Builder(fn);
    const left = this.word(b, HeapWord.Cursor);
    this.leaveAtZero(b, left);
    b.callFunction(this.takeFirst, []);
    this.setWord(b, HeapWord.Cursor, b.binary(Op.Sub, left, b.constant(1)));
    b.ret(b.constant(0));
    return fn.index;
  }

  private popFunction: i32 = -1;

  /** () -> the first element's number, taken out; 0 when the heap is empty */
  private get takeFirst(): i32 {
    if (this.popFunction >= 0) return this.popFunction;
    const fn = this.routine("pop", 0);
    this.popFunction = fn.index;
    const b = new Builder(fn);
    const count = this.count(b);
    const some = b.newBlock("some");
    const none = b.newBlock("none");
    b.branch(count, some, none);
    b.setBlock(none);
    b.ret(b.constant(0));
    b.setBlock(some);
    const root = b.load(Op.Load32u, this.entry(b, b.constant(1)), 0);
    const last = b.load(Op.Load32u, this.entry(b, count), 0);
    b.store(Op.Store32, this.entry(b, b.constant(1)), 0, last);
    this.setCount(b, b.binary(Op.Sub, count, b.constant(1)));
    b.callFunction(this.sift, [b.constant(1)]);
    b.ret(root);
    return this.popFunction;
  }

  /** The first element's number, taken out; 0 when the heap is empty. */
  pop(l: Lowering): Ref {
    return l.b.callFunction(this.takeFirst, []);
  }
}

/**
 * A heap that the same statement may build again meanwhile, in a recursive call: who finds it so builds it anew and takes
 * out what it has had.
 */
export class SharedHeap {
  /** In the record: the heap's number when it was built here, and how many elements were taken. */
  private built: Place;
  private taken: Place;

  constructor(
    l: Lowering,
    private heap: Heap,
  ) {
    this.built = l.newFramePlace(8);
    this.taken = l.newFramePlace(8);
    l.storeWord(this.taken, 0, l.constant(0));
    this.renew(l);
  }

  /** Builds the heap and numbers it. */
  private renew(l: Lowering): void {
    const b = l.b;
    this.heap.build(l);
    const number = b.binary(Op.Add, this.heap.generation(b), b.constant(1));
    this.heap.setGeneration(b, number);
    l.storeWord(this.built, 0, b.unary(Op.Extu32, number));
  }

  pop(l: Lowering): Ref {
    const b = l.b;
    const stale = b.newBlock("stale");
    const fresh = b.newBlock("fresh");
    b.setCold(stale);
    b.branchIf(Op.Ne, this.heap.generation(b), l.word(this.built, 0), stale, fresh);
    b.setBlock(stale);
    this.renew(l);
    this.heap.skip(l, l.word(this.taken, 0));
    b.jump(fresh);
    b.setBlock(fresh);
    l.storeWord(this.taken, 0, b.binary(Op.Add, l.word(this.taken, 0), l.constant(1)));
    return this.heap.pop(l);
  }
}
