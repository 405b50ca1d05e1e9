// foreach: over the elements in the order of insertion, or by a key or the value through a heap.
//
// Sorting takes one element after the other from a heap (heap.ts).

import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Expression, ForeachStatement, NodeKind, SortOrder } from "../syntax/ast";
import { Type } from "../syntax/type";
import { tableOf } from "./element";
import { lowerLong } from "./expression";
import { Heap, SharedHeap } from "./heap";
import { lowerBuckets } from "./histogram";
import { LoopShape, lowerLoop } from "./loop";
import { Lowering } from "./lowering";
import { Place } from "./place";
import { copyPadded, lowerString } from "./string";
import { Element, Table } from "./table";
import { assignPlace } from "./variable";

/** Lowers `foreach`. */
export function lowerForeach(l: Lowering, s: ForeachStatement): void {
  if (s.array.kind == NodeKind.Histogram) {
    lowerBuckets(l, s);
    return;
  }
  const table = tableOf(l, s.array);
  const shape = new ForeachLoop(s, table);
  shape.begin(l);
  lowerLoop(l, shape);
}

/** The shape of a foreach. */
class ForeachLoop extends LoopShape {
  private heap: Heap | null = null;
  private sharedHeap: SharedHeap | null = null;
  /** Unsorted: the next element's number. With a limit: what is left of it. In the frame. */
  private cursor: Place | null = null;
  private left: Place | null = null;
  /** Values that keys must have, evaluated once; null where any will do. */
  private slice: (Place | null)[] = [];

  constructor(
    private s: ForeachStatement,
    private table: Table,
  ) {
    super(s.range, "foreach", s.body);
  }

  /** What happens once, before the first iteration. */
  begin(l: Lowering): void {
    const s = this.s;
    const limit = s.limit;
    if (limit !== null) {
      const left = l.newFramePlace(8);
      l.storeWord(left, 0, lowerLong(l, limit));
      this.left = left;
    }
    this.evaluateSlice(l);
    let key = -1;
    let order = s.valueSort;
    for (let i = 0, n = s.keys.length; i < n; ++i) {
      if (s.keys[i].sort != SortOrder.None) {
        key = i;
        order = s.keys[i].sort;
      }
    }
    if (order != SortOrder.None) {
      const heaps = l.shared.heaps;
      if (!heaps.has(s)) heaps.set(s, new Heap(l, this.table, l.shared.heapAreas.get(s), key, s));
      const heap = heaps.get(s);
      this.heap = heap;
      const activation = l.root.activation;
      if (activation !== null && activation.mayRecur) this.sharedHeap = new SharedHeap(l, heap);
      else heap.build(l);
    } else {
      const cursor = l.newFramePlace(8);
      l.storeWord(cursor, 0, this.table.first(l.b));
      this.cursor = cursor;
    }
  }

  private evaluateSlice(l: Lowering): void {
    const slice = this.s.slice;
    if (slice === null) return;
    for (let i = 0, n = slice.length; i < n; ++i) {
      const e: Expression = slice[i];
      if (e.kind == NodeKind.Wildcard) {
        this.slice.push(null);
        continue;
      }
      const place = l.newFramePlace(this.table.keyCapacities[i]);
      if (e.type == Type.String) copyPadded(l, lowerString(l, e), place);
      else l.storeWord(place, 0, lowerLong(l, e));
      this.slice.push(place);
    }
  }

  override condition(l: Lowering, yes: i32, no: i32, skip: i32): void {
    const b = l.b;
    const left = this.left;
    if (left !== null) {
      const more = b.newBlock("more");
      b.branchIf(Op.Sgt, l.word(left, 0), l.constant(0), more, no);
      b.setBlock(more);
    }
    const number = this.next(l);
    const some = b.newBlock("some");
    b.branch(number, some, no);
    b.setBlock(some);
    const element = this.table.element(b, number);
    // An element that the body deleted meanwhile is passed over; it still knows what followed it.
    const cursor = this.cursor;
    if (cursor !== null) {
      l.storeWord(cursor, 0, b.load(Op.Load32u, element, Element.After));
    }
    const alive = b.newBlock("alive");
    b.branch(b.load(Op.Load32u, element, Element.Seq), alive, skip);
    b.setBlock(alive);
    this.match(l, element, skip);
    if (left !== null) l.storeWord(left, 0, b.binary(Op.Sub, l.word(left, 0), l.constant(1)));
    this.bind(l, element);
    b.jump(yes);
  }

  private next(l: Lowering): Ref {
    const cursor = this.cursor;
    const shared = this.sharedHeap;
    if (shared !== null) return shared.pop(l);
    if (cursor === null) return this.heap!.pop(l);
    const number = l.word(cursor, 0);
    l.storeWord(cursor, 0, l.constant(0));
    return number;
  }

  /** Goes on only with elements whose keys the slice wants. */
  private match(l: Lowering, element: Ref, skip: i32): void {
    const b = l.b;
    for (let i = 0, n = this.slice.length; i < n; ++i) {
      const wanted = this.slice[i];
      if (wanted === null) continue;
      const key = this.table.placeIn(element, this.table.keyOffsets[i], this.table.keyCapacities[i]);
      for (let k = 0, words = wanted.capacity >> 3; k < words; ++k) {
        const next = b.newBlock("match");
        b.branchIf(Op.Eq, l.word(key, k), l.word(wanted, k), next, skip);
        b.setBlock(next);
      }
    }
  }

  /** Gives the loop's variables their values. */
  private bind(l: Lowering, element: Ref): void {
    const table = this.table;
    for (let i = 0, n = this.s.keys.length; i < n; ++i) {
      const place = table.placeIn(element, table.keyOffsets[i], table.keyCapacities[i]);
      assignPlace(l, this.s.keys[i].variable, place, table.symbol.keyTypes[i]);
    }
    const value = this.s.value;
    if (value === null) return;
    assignPlace(l, value, table.placeIn(element, table.valueOffset, table.valueBytes), table.symbol.type);
  }

  override step(l: Lowering): void {
    l.at(this.range);
  }
}
