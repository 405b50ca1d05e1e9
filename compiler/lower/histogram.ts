// Histograms: which bucket a value falls into, reading buckets, iterating them; print.ts puts whole ones into records.

import { Helper } from "../../common/format/helpers";
import { HistogramArgument } from "../../common/format/record";
import { Builder } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { LOG_BUCKETS, LOG_ZERO, Statistic, StatisticField } from "../semantic/statistic";
import { statisticOf } from "../semantic/statistics";
import { GlobalSymbol } from "../semantic/symbols";
import { Range } from "../source/source";
import { Expression, ForeachStatement, HistogramExpression } from "../syntax/ast";
import { Operator, operatorText } from "../syntax/token";
import { lowerLong } from "./expression";
import { LoopShape, lowerLoop } from "./loop";
import { Lowering, Shared } from "./lowering";
import { Place } from "./place";
import { buildMergeBuckets, mergedBuckets, sumOfCopies } from "./shards";
import { Cell, cellOf, filledCell, numberOf, routinesOf, statsRoutine } from "./stats";
import { writeLong } from "./variable";

// -------------------------------------------------------------------------------------------------------------- adding

/** Counts a value in its bucket. */
export function addToBucket(b: Builder, cell: Cell, value: Ref): void {
  const statistic = cell.statistic;
  const bucket = statistic.histogram == Operator.AtHistLog ? logBucket(b, value) : linearBucket(b, statistic, value);
  const address = b.binary(Op.Add, cell.base, b.binary(Op.Shl, bucket, b.constant(3)));
  b.atomicAdd(8, address, cell.word(StatisticField.Buckets), b.constant(1));
}

/** 64 plus the number of bits of the value, or minus that of a negative one's magnitude. */
function logBucket(b: Builder, value: Ref): Ref {
  const rest = b.variable("rest");
  const bits = b.variable("bits");
  const negative = b.newBlock("negative");
  const counted = b.newBlock("magnitude");
  b.setVar(bits, b.constant(0));
  b.setVar(rest, value);
  b.branchIf(Op.Slt, value, b.constant(0), negative, counted);
  b.setBlock(negative);
  b.setVar(rest, b.unary(Op.Neg, value));
  b.jump(counted);
  b.setBlock(counted);
  for (let step = 32; step > 0; step >>= 1) {
    const high = b.newBlock("high");
    const low = b.newBlock("low");
    b.branchIf(Op.Uge, b.getVar(rest), b.constant((<i64>1) << step), high, low);
    b.setBlock(high);
    b.setVar(rest, b.binary(Op.Shr, b.getVar(rest), b.constant(step)));
    b.setVar(bits, b.binary(Op.Add, b.getVar(bits), b.constant(step)));
    b.jump(low);
    b.setBlock(low);
  }
  // What is left is 1, or 0 of zero.
  b.setVar(bits, b.binary(Op.Add, b.getVar(bits), b.getVar(rest)));
  const below = b.newBlock("below");
  const placed = b.newBlock("placed");
  b.branchIf(Op.Slt, value, b.constant(0), below, placed);
  b.setBlock(below);
  b.setVar(bits, b.unary(Op.Neg, b.getVar(bits)));
  b.jump(placed);
  b.setBlock(placed);
  const bucket = b.binary(Op.Add, b.getVar(bits), b.constant(LOG_ZERO));
  return b.binary(Op.And, bucket, b.constant(LOG_BUCKETS - 1));
}

/** 0 below the range, the last one above it. */
function linearBucket(b: Builder, statistic: Statistic, value: Ref): Ref {
  const result = b.variable("bucket");
  const inside = b.newBlock("inside");
  const above = b.newBlock("above");
  const within = b.newBlock("within");
  const placed = b.newBlock("placed");
  const last = b.constant(statistic.buckets - 1);
  b.setVar(result, b.constant(0));
  b.branchIf(Op.Sge, value, b.constant(statistic.low), inside, placed);
  b.setBlock(inside);
  // Unsigned: the difference of two signed numbers may need all 64 bits.
  const distance = b.binary(Op.Sub, value, b.constant(statistic.low));
  const interval = b.binary(Op.Udiv, distance, b.constant(statistic.width));
  // Compared is the very number that becomes an offset: the verifier learns nothing of others.
  const bucket = b.binary(Op.Add, interval, b.constant(1));
  b.branchIf(Op.Ult, bucket, last, within, above);
  b.setBlock(above);
  b.setVar(result, last);
  b.jump(placed);
  b.setBlock(within);
  b.setVar(result, bucket);
  b.jump(placed);
  b.setBlock(placed);
  return b.getVar(result);
}

// ------------------------------------------------------------------------------------------------------------- reading

/** `@hist_log(s)[i]`, and `i in @hist_log(s)`, which is the same. */
export function lowerBucket(l: Lowering, e: HistogramExpression, index: Expression): Ref {
  const near = `operator '${operatorText(e.op)}'`;
  const at = lowerLong(l, index);
  const cell = filledCell(l, e.operand, e.range, near);
  const count = l.constant(cell.statistic.buckets);
  l.failIf(Op.Uge, at, count, "histogram index out of range", e.range, near);
  return l.b.callFunction(bucketRoutine(l.shared, cell.global), [cell.number, at]);
}

/** (element or 0, bucket) -> its count; 0 of a bucket or element that is not there */
function bucketRoutine(shared: Shared, global: GlobalSymbol): i32 {
  const routines = routinesOf(shared, global);
  if (routines.bucket >= 0) return routines.bucket;
  const fn = statsRoutine(shared, "bucket", global, 2);
  routines.bucket = fn.index;
  const b = new Builder(fn);
  const there = b.newBlock("there");
  const inside = b.newBlock("inside");
  const none = b.newBlock("none");
  if (global.isArray) b.branchIf(Op.Sgt, b.parameter(0), b.constant(0), there, none);
  else b.jump(there);
  b.setBlock(none);
  b.ret(b.constant(0));
  b.setBlock(there);
  const cell = cellOf(shared, b, global, global.isArray ? b.parameter(0) : NoRef);
  const at = b.parameter(1);
  b.branchIf(Op.Ult, at, b.constant(global.statistic.buckets), inside, none);
  b.setBlock(inside);
  const address = b.binary(Op.Add, cell.base, b.binary(Op.Shl, at, b.constant(3)));
  const shards = shared.shards[global.index];
  if (shards !== null && !global.isArray) b.ret(sumOfCopies(b, shards, address, cell.word(StatisticField.Buckets)));
  else b.ret(b.load(Op.Load64, address, cell.word(StatisticField.Buckets)));
  return fn.index;
}

/** (offset in the arena) -> 0: adds up the buckets of all copies there */
function mergeRoutine(shared: Shared, global: GlobalSymbol): i32 {
  const routines = routinesOf(shared, global);
  if (routines.mergeBuckets >= 0) return routines.mergeBuckets;
  const fn = statsRoutine(shared, "merge_buckets", global, 1);
  routines.mergeBuckets = fn.index;
  buildMergeBuckets(shared, new Builder(fn), global);
  return fn.index;
}

/** The address of all buckets, to print them. */
export function lowerHistogram(l: Lowering, e: HistogramExpression, range: Range, near: string): Ref {
  const cell = filledCell(l, e.operand, range, near);
  const global = cell.global;
  if (!global.isArray && l.shared.shards[global.index] !== null) {
    return mergedBuckets(l, global, mergeRoutine(l.shared, global));
  }
  return l.b.binary(Op.Add, cell.base, l.constant(cell.word(StatisticField.Buckets)));
}

/** Bytes of a histogram in a record. */
export function histogramBytes(e: HistogramExpression): i32 {
  return HistogramArgument.Buckets + 8 * statisticOf(e.operand)!.statistic.buckets;
}

/** Writes a histogram, whose buckets lie at `from`, into a record. */
export function fillHistogram(l: Lowering, e: HistogramExpression, from: Ref, to: Ref): void {
  const b = l.b;
  const statistic = statisticOf(e.operand)!.statistic;
  b.store(Op.Store64, to, HistogramArgument.Low, l.constant(statistic.low));
  b.store(Op.Store64, to, HistogramArgument.Width, l.constant(statistic.width));
  const buckets = b.binary(Op.Add, to, l.constant(HistogramArgument.Buckets));
  b.callHelper(Helper.ProbeReadKernel, [buckets, l.constant(8 * statistic.buckets), from]);
}

// ----------------------------------------------------------------------------------------------------------- iterating

/** `foreach (bucket in @hist_log(s))`: all of them, in their order. */
export function lowerBuckets(l: Lowering, s: ForeachStatement): void {
  const shape = new BucketLoop(s);
  shape.begin(l);
  lowerLoop(l, shape);
}

class BucketLoop extends LoopShape {
  private histogram: HistogramExpression;
  private global: GlobalSymbol;
  /** In the frame: the next bucket, where the loop ends, the element. */
  private next: Place | null = null;
  private end: Place | null = null;
  private number: Place | null = null;

  constructor(private s: ForeachStatement) {
    super(s.range, "foreach", s.body);
    const histogram = <HistogramExpression>s.array;
    this.histogram = histogram;
    this.global = statisticOf(histogram.operand)!;
  }

  /** What happens once, before the first iteration. */
  begin(l: Lowering): void {
    this.number = keep(l, numberOf(l, this.histogram.operand));
    this.next = keep(l, l.constant(0));
    const limit = this.s.limit;
    if (limit !== null) this.end = keep(l, lowerLong(l, limit));
  }

  override condition(l: Lowering, yes: i32, no: i32, _skip: i32): void {
    const b = l.b;
    const at = l.word(this.next!, 0);
    const within = b.newBlock("within");
    const more = b.newBlock("more");
    b.branchIf(Op.Ult, at, l.constant(this.global.statistic.buckets), within, no);
    b.setBlock(within);
    const end = this.end;
    if (end !== null) b.branchIf(Op.Slt, at, l.word(end, 0), more, no);
    else b.jump(more);
    b.setBlock(more);
    l.storeWord(this.next!, 0, b.binary(Op.Add, at, l.constant(1)));
    writeLong(l, this.s.keys[0].variable, at);
    const value = this.s.value;
    if (value !== null) {
      const number = l.word(this.number!, 0);
      writeLong(l, value, b.callFunction(bucketRoutine(l.shared, this.global), [number, at]));
    }
    b.jump(yes);
  }

  override step(l: Lowering): void {
    l.at(this.range);
  }
}

function keep(l: Lowering, value: Ref): Place {
  const place = l.newFramePlace(8);
  l.storeWord(place, 0, value);
  return place;
}
