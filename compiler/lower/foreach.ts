// foreach. An unsorted one walks the elements in insertion order. One sorted by a key or by the value takes them one by
// one from a queue (runtime/queue.ts).

import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { copyPadded } from "../runtime/copy";
import { Place } from "../runtime/place";
import { ElementQueue, SharedQueue } from "../runtime/queue";
import { Element, Table } from "../runtime/table";
import { GlobalSymbol } from "../semantic/symbols";
import { Expression, ForeachStatement, NodeKind } from "../syntax/ast";
import { Type } from "../syntax/type";
import { tableOf } from "./element";
import { lowerBuckets } from "./histogram";
import { LoopShape, lowerLoop } from "./loop";
import { Lowering } from "./lowering";
import { arrayOf } from "./names";
import { assignPlace } from "./variable";

/** Lowers `foreach`. */
export function lowerForeach(lowering: Lowering, s: ForeachStatement): void {
  if (s.array.kind == NodeKind.Histogram) {
    lowerBuckets(lowering, s);
    return;
  }
  const table = tableOf(lowering, s.array);
  const shape = new ForeachLoop(s, arrayOf(s.array), table);
  shape.begin(lowering);
  lowerLoop(lowering, shape);
}

/** The shape of a foreach. */
class ForeachLoop extends LoopShape {
  private queue: ElementQueue | null = null;
  private sharedQueue: SharedQueue | null = null;
  /** Unsorted: the next element's number. With a limit: the iterations that remain. In the frame. */
  private cursor: Place | null = null;
  private left: Place | null = null;
  /** Values that keys must have, evaluated once; null for a key that may have any value. */
  private slice: (Place | null)[] = [];

  constructor(
    private s: ForeachStatement,
    private symbol: GlobalSymbol,
    private table: Table,
  ) {
    super(s.range, "foreach", s.body);
  }

  /** The code that runs once, before the first iteration. */
  begin(lowering: Lowering): void {
    const s = this.s;
    const limit = s.limit;
    if (limit !== null) {
      const left = lowering.frame.newFramePlace(8);
      lowering.frame.storeWord(left, 0, lowering.long(limit));
      this.left = left;
    }
    this.evaluateSlice(lowering);
    const queues = lowering.shared.queues;
    if (queues.has(s)) {
      const queue = queues.get(s);
      this.queue = queue;
      const activation = lowering.root.activation;
      if (activation !== null && activation.mayRecur) this.sharedQueue = new SharedQueue(lowering.frame, queue);
      else queue.build(lowering.b);
    } else {
      const cursor = lowering.frame.newFramePlace(8);
      lowering.frame.storeWord(cursor, 0, this.table.first(lowering.b));
      this.cursor = cursor;
    }
  }

  private evaluateSlice(lowering: Lowering): void {
    const slice = this.s.slice;
    if (slice === null) return;
    for (let i = 0, n = slice.length; i < n; ++i) {
      const e: Expression = slice[i];
      if (e.kind == NodeKind.Wildcard) {
        this.slice.push(null);
        continue;
      }
      const place = lowering.frame.newFramePlace(this.table.keyCapacities[i]);
      if (e.type == Type.String) copyPadded(lowering.frame, lowering.string(e), place);
      else lowering.frame.storeWord(place, 0, lowering.long(e));
      this.slice.push(place);
    }
  }

  override condition(lowering: Lowering, yes: i32, no: i32, skip: i32): void {
    const b = lowering.b;
    const left = this.left;
    if (left !== null) {
      const more = b.newBlock("more");
      b.branchIf(Op.Sgt, lowering.frame.word(left, 0), lowering.constant(0), more, no);
      b.setBlock(more);
    }
    const number = this.next(lowering);
    const some = b.newBlock("some");
    b.branch(number, some, no);
    b.setBlock(some);
    const element = this.table.element(b, number);
    // An element that the body has deleted meanwhile is skipped. It still holds the number of its successor.
    const cursor = this.cursor;
    if (cursor !== null) {
      lowering.frame.storeWord(cursor, 0, b.load(Op.Load32u, element, Element.After));
    }
    const alive = b.newBlock("alive");
    b.branch(b.load(Op.Load32u, element, Element.Seq), alive, skip);
    b.setBlock(alive);
    this.match(lowering, element, skip);
    if (left !== null)
      lowering.frame.storeWord(left, 0, b.binary(Op.Sub, lowering.frame.word(left, 0), lowering.constant(1)));
    this.bind(lowering, element);
    b.jump(yes);
  }

  private next(lowering: Lowering): Ref {
    const cursor = this.cursor;
    const shared = this.sharedQueue;
    if (shared !== null) return shared.pop(lowering.frame);
    if (cursor === null) return this.queue!.pop(lowering.b);
    const number = lowering.frame.word(cursor, 0);
    lowering.frame.storeWord(cursor, 0, lowering.constant(0));
    return number;
  }

  /** Skips elements whose keys do not match the slice. */
  private match(lowering: Lowering, element: Ref, skip: i32): void {
    const b = lowering.b;
    for (let i = 0, n = this.slice.length; i < n; ++i) {
      const wanted = this.slice[i];
      if (wanted === null) continue;
      const key = this.table.placeIn(element, this.table.keyOffsets[i], this.table.keyCapacities[i]);
      for (let k = 0, words = wanted.capacity >> 3; k < words; ++k) {
        const next = b.newBlock("match");
        b.branchIf(Op.Eq, lowering.frame.word(key, k), lowering.frame.word(wanted, k), next, skip);
        b.setBlock(next);
      }
    }
  }

  /** Assigns the loop's variables. */
  private bind(lowering: Lowering, element: Ref): void {
    const table = this.table;
    for (let i = 0, n = this.s.keys.length; i < n; ++i) {
      const place = table.placeIn(element, table.keyOffsets[i], table.keyCapacities[i]);
      assignPlace(lowering, this.s.keys[i].variable, place, this.symbol.keyTypes[i]);
    }
    const value = this.s.value;
    if (value === null) return;
    assignPlace(lowering, value, table.placeIn(element, table.valueOffset, table.valueBytes), this.symbol.type);
  }

  override step(lowering: Lowering): void {
    lowering.at(this.range);
  }
}
