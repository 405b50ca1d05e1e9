// Buckets of histograms: finding the bucket of a value, and reading buckets.

import { HistogramKind, LOG_BUCKETS, LOG_ZERO, Statistic, StatisticField } from "../../common/as/statistic";
import { AddressKind, Builder } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { addressInArena, arenaMask } from "./arena";
import { Routine, RoutineBuilder } from "./routine";
import { Cell, StatisticStore } from "./store";

/** (element or 0, bucket) -> its count. A bucket or element that does not exist has count 0. */
export const BUCKET = new Routine<StatisticStore>("bucket", 2, buildBucket);

/** (offset in the arena) -> 0. Adds up the buckets of all copies, into memory at the offset. */
export const MERGE_BUCKETS = new Routine<StatisticStore>("merge_buckets", 1, buildMergeBuckets, bucketsOf);

/** Rounds of a loop over the buckets of a histogram. */
export function bucketsOf(store: StatisticStore): i64 {
  return store.statistic.buckets;
}

/** Increments the bucket of a value. */
export function addToBucket(b: Builder, cell: Cell, value: Ref): void {
  const statistic = cell.statistic;
  const bucket = statistic.histogram == HistogramKind.Log ? logBucket(b, value) : linearBucket(b, statistic, value);
  const address = b.binary(Op.Add, cell.base, b.binary(Op.Shl, bucket, b.constant(3)));
  b.atomicAdd(8, address, cell.word(StatisticField.Buckets), b.constant(1));
}

/** 64 plus the number of bits of the value. For a negative value, 64 minus the number of bits of its magnitude. */
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
  // The remaining value is 1, or 0 if the value was zero.
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

/** The bucket of a linear histogram: 0 below the range, the last one above it. */
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
  // Unsigned, because the difference of two signed numbers may need all 64 bits.
  const distance = b.binary(Op.Sub, value, b.constant(statistic.low));
  const interval = b.binary(Op.Udiv, distance, b.constant(statistic.width));
  // The compare uses the register that becomes the offset, because the verifier learns a bound for that register only.
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

function buildBucket(store: StatisticStore, b: RoutineBuilder): void {
  const there = b.newBlock("there");
  const inside = b.newBlock("inside");
  const none = b.newBlock("none");
  if (store.shape.isArray) b.branchIf(Op.Sgt, b.parameter(0), b.constant(0), there, none);
  else b.jump(there);
  b.setBlock(none);
  b.ret(b.constant(0));
  b.setBlock(there);
  const cell = store.cell(b, store.shape.isArray ? b.parameter(0) : NoRef);
  const at = b.parameter(1);
  b.branchIf(Op.Ult, at, b.constant(store.statistic.buckets), inside, none);
  b.setBlock(inside);
  const address = b.binary(Op.Add, cell.base, b.binary(Op.Shl, at, b.constant(3)));
  const rows = store.rows;
  if (rows !== null) b.ret(rows.sum(b, address, cell.word(StatisticField.Buckets)));
  else b.ret(b.load(Op.Load64, address, cell.word(StatisticField.Buckets)));
}

function buildMergeBuckets(store: StatisticStore, b: RoutineBuilder): void {
  const copies = store.copies!;
  const to = addressInArena(store.runtime.unit, b, b.parameter(0), arenaMask(b));
  const from = b.addressOf(AddressKind.Bss, copies.offset);
  const buckets = b.loop();
  const distance = b.binary(Op.Shl, buckets.index, b.constant(3));
  const offset = store.statistic.offset(StatisticField.Buckets);
  const sum = copies.sum(b, b.binary(Op.Add, from, distance), offset);
  b.store(Op.Store64, b.binary(Op.Add, to, distance), 0, sum);
  buckets.again();
  b.ret(b.constant(0));
}
