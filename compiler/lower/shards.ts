// Copies of statistics, so that CPUs that add at the same time do not share a cache line (decision 0013).
//
// A scalar statistic that kernel handlers add to without the lock has several copies in .bss, each on cache lines of its
// own; a handler takes that of its CPU's number, reading adds them up. More CPUs than copies, preemption and interrupts do
// no harm: sums are added to atomically, and what takes more than one instruction claims the copy for that long.
//
//   copy: count | sum | greatest | least | ... | buckets ... | claim | padding          COPIES times
//
// A claim works as that of frames does: who makes the word 1 has it, who finds it taken goes on to the next copy, which
// does as well. The elements of arrays have one copy; of these the extremes are guarded by one of STRIPES claims, which
// the element's number chooses, and who finds it taken tries again.

import { Helper } from "../../common/format/helpers";
import { BssHeader } from "../../common/format/runtime";
import { AddressKind, Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Statistic, StatisticField } from "../semantic/statistic";
import { GlobalSymbol, GlobalUse } from "../semantic/symbols";
import { Type } from "../syntax/type";
import { addressInArena, arenaMask, BoundedLoop } from "./library";
import { Lowering, Shared } from "./lowering";
import { Place } from "./place";
import { buildRelease, buildTryClaim } from "./runtime";
import { offsetInArena } from "./string";

/** Most copies of a statistic. */
const COPIES: i32 = 16;
/** Bytes that the copies of one statistic may take: those of a long linear histogram are fewer. */
const MOST_BYTES: i32 = 20 << 10;
const LINE: i32 = 64;
/** Claims of an array. */
const STRIPES: i32 = 16;
/** Tries of claims. They are held for some ten instructions; in an array an interrupt may find its own element's taken. */
const COPY_TRIES: i64 = 4 * COPIES;
const STRIPE_TRIES: i64 = 500;

/** Where the copies of a scalar statistic lie, or the claims of an array. */
export class Shards {
  constructor(
    /** In .bss, of the first. */
    public offset: i32,
    /** How many there are, a power of two. */
    public count: i32,
    public stride: i32,
    /** Offset in a copy of its claim; -1: nothing needs one. */
    public claim: i32,
  ) {}

  /** The address of the copy of a number, of which only the low bits count. */
  address(b: Builder, number: Ref): Ref {
    const index = b.binary(Op.And, number, b.constant(this.count - 1));
    const distance = b.binary(Op.Mul, index, b.constant(this.stride));
    return b.binary(Op.Add, b.addressOf(AddressKind.Bss, this.offset), distance);
  }
}

/** Whether `<<<` may find something that one atomic instruction cannot do. */
function needsClaim(statistic: Statistic): bool {
  return statistic.hasExtremes || statistic.has(StatisticField.Squares);
}

/** Makes room for a scalar statistic; null: it has one copy, because the lock or the agent alone guards it. */
export function placeShards(shared: Shared, global: GlobalSymbol): Shards | null {
  if (global.type != Type.Stats) return null;
  if (!global.is(GlobalUse.WrittenByKernel | GlobalUse.WrittenWhileRunning) || global.is(GlobalUse.Guarded))
    return null;
  const statistic = global.statistic;
  const claim = needsClaim(statistic) ? statistic.bytes : -1;
  const bytes = max(8, statistic.bytes) + (claim >= 0 ? 8 : 0);
  const stride = (bytes + LINE - 1) & -LINE;
  let count = COPIES;
  while (count > 1 && count * stride > MOST_BYTES) count >>= 1;
  return new Shards(shared.unit.reserveLines(count * stride), count, stride, claim);
}

/** Makes room for the claims of an array of statistics whose elements are added to without the lock. */
export function placeStripes(shared: Shared, global: GlobalSymbol): Shards | null {
  if (global.type != Type.Stats || !global.isCounted || !global.statistic.hasExtremes) return null;
  return new Shards(shared.unit.reserveLines(STRIPES * LINE), STRIPES, LINE, 0);
}

/** The number of the copy that a handler adds to. */
export function ownShard(l: Lowering): Ref {
  return l.constantHelper(Helper.GetSmpProcessorId);
}

// ------------------------------------------------------------------------------------------------------------- claims

/** Work on a claimed copy or element whose address is given. */
export type ClaimedWork = (b: Builder, global: GlobalSymbol, base: Ref, offset: i32, value: Ref) => void;

/**
 * The body of a routine (copy, value) -> 0: the copy, or the next one that is not claimed by somebody else, is worked
 * on; 1: all of them were, which is counted as skipped.
 */
export function buildOnCopy(shared: Shared, b: Builder, global: GlobalSymbol, work: ClaimedWork): void {
  const shards = shared.shards[global.index]!;
  const tries = new BoundedLoop(b, COPY_TRIES);
  const base = shards.address(b, b.binary(Op.Add, b.parameter(0), tries.index));
  const mine = b.newBlock("mine");
  const taken = b.newBlock("taken");
  b.setCold(mine);
  buildTryClaim(shared, b, base, shards.claim, mine, taken);
  b.setBlock(mine);
  work(b, global, base, 0, b.parameter(1));
  buildRelease(shared, b, base, shards.claim);
  b.ret(b.constant(0));
  b.setBlock(taken);
  tries.again();
  countSkipped(b);
}

/** The same of (element's number, value), for an array: `base` and `offset` are the element's. */
export function buildOnElement(shared: Shared, b: Builder, global: GlobalSymbol, work: ClaimedWork): void {
  const stripes = shared.shards[global.index]!;
  const table = shared.tables[global.index]!;
  const tries = new BoundedLoop(b, STRIPE_TRIES);
  const claim = stripes.address(b, b.parameter(0));
  const mine = b.newBlock("mine");
  const taken = b.newBlock("taken");
  b.setCold(mine);
  buildTryClaim(shared, b, claim, 0, mine, taken);
  b.setBlock(mine);
  work(b, global, table.element(b, b.parameter(0)), table.valueOffset, b.parameter(1));
  buildRelease(shared, b, stripes.address(b, b.parameter(0)), 0);
  b.ret(b.constant(0));
  b.setBlock(taken);
  tries.again();
  countSkipped(b);
}

function countSkipped(b: Builder): void {
  b.atomicAdd(8, b.addressOf(AddressKind.Bss, 0), BssHeader.SkippedLock, b.constant(1));
  b.ret(b.constant(1));
}

// ------------------------------------------------------------------------------------------------------------ merging

/** Adds up the words at `offset` behind an address in the first copy. */
export function sumOfCopies(b: Builder, shards: Shards, base: Ref, offset: i32): Ref {
  let sum = b.load(Op.Load64, base, offset);
  for (let i = 1; i < shards.count; ++i) {
    sum = b.binary(Op.Add, sum, b.load(Op.Load64, base, offset + i * shards.stride));
  }
  return sum;
}

/** The body of a routine () -> a word of all copies together: the sum, or of extremes the greatest. */
export function buildMerge(b: Builder, shards: Shards, statistic: Statistic, field: StatisticField): void {
  const base = b.addressOf(AddressKind.Bss, shards.offset);
  const offset = statistic.offset(field);
  if (field != StatisticField.Greatest && field != StatisticField.Least) {
    b.ret(sumOfCopies(b, shards, base, offset));
    return;
  }
  const best = b.variable("best");
  b.setVar(best, b.constant(0));
  const copies = new BoundedLoop(b, shards.count);
  const at = b.binary(Op.Add, base, b.binary(Op.Mul, copies.index, b.constant(shards.stride)));
  const word = b.load(Op.Load64, at, offset);
  const greater = b.newBlock("greater");
  const kept = b.newBlock("kept");
  b.branchIf(Op.Ugt, word, b.getVar(best), greater, kept);
  b.setBlock(greater);
  b.setVar(best, word);
  b.jump(kept);
  b.setBlock(kept);
  copies.again();
  b.ret(b.getVar(best));
}

/**
 * The body of a routine () -> the variance, from the count of all samples and the average of all, as stap merges those of
 * its CPUs: each copy adds (its count - 1) * its variance + its count * (its average - that of all)^2.
 */
export function buildMergedVariance(b: Builder, shards: Shards, statistic: Statistic, average: Ref): Ref {
  const total = b.variable("total");
  b.setVar(total, b.constant(0));
  const copies = new BoundedLoop(b, shards.count);
  const distance = b.binary(Op.Mul, copies.index, b.constant(shards.stride));
  const base = b.binary(Op.Add, b.addressOf(AddressKind.Bss, shards.offset), distance);
  const part = varianceParts(b, statistic, base, 0, average);
  b.setVar(total, b.binary(Op.Add, b.getVar(total), part));
  copies.again();
  return b.getVar(total);
}

/** What the samples of one copy add to the sum of squares around `average`. */
export function varianceParts(b: Builder, statistic: Statistic, base: Ref, offset: i32, average: Ref): Ref {
  const count = b.load(Op.Load64, base, offset + statistic.offset(StatisticField.Count));
  const squares = b.load(Op.Load64, base, offset + statistic.offset(StatisticField.Squares));
  const others = b.binary(Op.Sub, count, b.constant(1));
  // Of one sample there are no squares, and of none no count: a division by zero is zero.
  const within = b.binary(Op.Mul, b.binary(Op.Sdiv, squares, others), others);
  const own = b.load(Op.Load64, base, offset + statistic.offset(StatisticField.Average));
  const off = b.binary(Op.Sub, own, average);
  return b.binary(Op.Add, within, b.binary(Op.Mul, b.binary(Op.Mul, count, off), off));
}

/** All buckets, added up in the frame; their address there. */
export function mergedBuckets(l: Lowering, global: GlobalSymbol, routine: i32): Ref {
  const place: Place = l.newFrameTemporary(8 * global.statistic.buckets);
  l.b.callFunction(routine, [offsetInArena(l, place)]);
  return l.pointer(place);
}

/** The body of a routine (offset in the arena) -> 0: adds up all buckets there. */
export function buildMergeBuckets(shared: Shared, b: Builder, global: GlobalSymbol): void {
  const shards = shared.shards[global.index]!;
  const to = addressInArena(shared, b, b.parameter(0), arenaMask(b));
  const from = b.addressOf(AddressKind.Bss, shards.offset);
  const buckets = new BoundedLoop(b, global.statistic.buckets);
  const distance = b.binary(Op.Shl, buckets.index, b.constant(3));
  const offset = global.statistic.offset(StatisticField.Buckets);
  const sum = sumOfCopies(b, shards, b.binary(Op.Add, from, distance), offset);
  b.store(Op.Store64, b.binary(Op.Add, to, distance), 0, sum);
  buckets.again();
  b.ret(b.constant(0));
}
