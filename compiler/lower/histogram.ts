// Histograms in expressions: reading and iterating buckets. print.ts puts whole histograms into records.

import { Helper } from "../../common/format/helpers";
import { HistogramArgument } from "../../common/format/record";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { BUCKET } from "../runtime/buckets";
import { bucketsAt } from "../runtime/drawing";
import { Place } from "../runtime/place";
import { statisticOf } from "../semantic/statistics";
import { GlobalSymbol } from "../semantic/symbols";
import { Range } from "../source/source";
import { Expression, ForeachStatement, HistogramExpression } from "../syntax/ast";
import { operatorText } from "../syntax/token";
import { SoftError } from "./exits";
import { LoopShape, lowerLoop } from "./loop";
import { Lowering } from "./lowering";
import { filledCell, numberOf, storeOf } from "./statistic";
import { writeLong } from "./variable";

/** `@hist_log(s)[i]`, and `i in @hist_log(s)`, which has the same value. */
export function lowerBucket(lowering: Lowering, e: HistogramExpression, index: Expression): Ref {
  const near = `operator '${operatorText(e.op)}'`;
  const at = lowering.long(index);
  const cell = filledCell(lowering, e.operand, e.range, near);
  const count = lowering.constant(cell.statistic.buckets);
  lowering.exits.failIf(Op.Uge, at, count, new SoftError("histogram index out of range", e.range, near));
  return lowering.b.callFunction(BUCKET.of(cell.store), [cell.number, at]);
}

/** The address of all buckets, for printing. */
export function lowerHistogram(lowering: Lowering, e: HistogramExpression, range: Range, near: string): Ref {
  return bucketsAt(lowering.frame, filledCell(lowering, e.operand, range, near));
}

/** Bytes of a histogram in a record. */
export function histogramBytes(e: HistogramExpression): i32 {
  return HistogramArgument.Buckets + 8 * statisticOf(e.operand)!.statistic.buckets;
}

/** Writes a histogram, whose buckets lie at `from`, into a record. */
export function fillHistogram(lowering: Lowering, e: HistogramExpression, from: Ref, to: Ref): void {
  const b = lowering.b;
  const statistic = statisticOf(e.operand)!.statistic;
  b.store(Op.Store64, to, HistogramArgument.Low, lowering.constant(statistic.low));
  b.store(Op.Store64, to, HistogramArgument.Width, lowering.constant(statistic.width));
  const buckets = b.binary(Op.Add, to, lowering.constant(HistogramArgument.Buckets));
  b.callHelper(Helper.ProbeReadKernel, [buckets, lowering.constant(8 * statistic.buckets), from]);
}

// ---------------------------------------------------------------------------------------------------------- iterating

/** `foreach (bucket in @hist_log(s))`: walks all buckets in order. */
export function lowerBuckets(lowering: Lowering, s: ForeachStatement): void {
  const shape = new BucketLoop(s);
  shape.begin(lowering);
  lowerLoop(lowering, shape);
}

class BucketLoop extends LoopShape {
  private histogram: HistogramExpression;
  private global: GlobalSymbol;
  /** In the frame: the next bucket, the end of the loop, the element. */
  private next: Place | null = null;
  private end: Place | null = null;
  private number: Place | null = null;

  constructor(private s: ForeachStatement) {
    super(s.range, "foreach", s.body);
    const histogram = <HistogramExpression>s.array;
    this.histogram = histogram;
    this.global = statisticOf(histogram.operand)!;
  }

  /** The code that runs once, before the first iteration. */
  begin(lowering: Lowering): void {
    this.number = keep(lowering, numberOf(lowering, this.histogram.operand));
    this.next = keep(lowering, lowering.constant(0));
    const limit = this.s.limit;
    if (limit !== null) this.end = keep(lowering, lowering.long(limit));
  }

  override condition(lowering: Lowering, yes: i32, no: i32, _skip: i32): void {
    const b = lowering.b;
    const at = lowering.frame.word(this.next!, 0);
    const within = b.newBlock("within");
    const more = b.newBlock("more");
    b.branchIf(Op.Ult, at, lowering.constant(this.global.statistic.buckets), within, no);
    b.setBlock(within);
    const end = this.end;
    if (end !== null) b.branchIf(Op.Slt, at, lowering.frame.word(end, 0), more, no);
    else b.jump(more);
    b.setBlock(more);
    lowering.frame.storeWord(this.next!, 0, b.binary(Op.Add, at, lowering.constant(1)));
    writeLong(lowering, this.s.keys[0].variable, at);
    const value = this.s.value;
    if (value !== null) {
      const number = lowering.frame.word(this.number!, 0);
      writeLong(lowering, value, b.callFunction(BUCKET.of(storeOf(lowering, this.histogram.operand)), [number, at]));
    }
    b.jump(yes);
  }

  override step(lowering: Lowering): void {
    lowering.at(this.range);
  }
}

function keep(lowering: Lowering, value: Ref): Place {
  const place = lowering.frame.newFramePlace(8);
  lowering.frame.storeWord(place, 0, value);
  return place;
}
