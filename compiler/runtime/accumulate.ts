// `<<<`: adding a sample to a statistic.
//
// Sums are added atomically. A new extreme is rare: the code at the place of use compares, and a routine stores a new
// extreme. Work of more than a few instructions is a routine of the statistic. Its argument is the number of the
// element or copy, or 0.

import { MAX_BIAS, MIN_BIAS, StatisticField } from "../../common/as/statistic";
import { BssHeader } from "../../common/format/runtime";
import { AddressKind, Builder } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { addToBucket } from "./buckets";
import { buildRelease, buildTryClaim, ClaimWord } from "./claim";
import { COPIES } from "./copies";
import { Routine, RoutineBuilder } from "./routine";
import { Cell, StatisticStore } from "./store";
import { Targets } from "./targets";

/**
 * Attempts to acquire a claim. Claims are held for about ten instructions. In an array, an interrupt may find the claim
 * of its own element taken.
 */
const COPY_TRIES: i64 = 4 * COPIES;
const STRIPE_TRIES: i64 = 500;

/**
 * (element or 0, value) -> 0. Updates variance and histogram; the count has been incremented before. For a variance in
 * copies: (copy, value) -> 0 or 1. Does all that `<<<` does; 1 means that nothing was added, and that it was counted.
 */
export const AGGREGATE = new Routine<StatisticStore>("aggregate", 2, buildAggregate, triesOf);

/**
 * (element or copy, value) -> 0 or 1. Stores the value where it is a new extreme; 1: it could not, and counted that.
 */
const EXTREMES = new Routine<StatisticStore>("extremes", 2, buildExtremes, triesOf);

/** Rounds of a routine that claims the copy or element that it changes. */
function triesOf(store: StatisticStore): i64 {
  return store.shape.isArray ? STRIPE_TRIES : COPY_TRIES;
}

/** Adds a sample, in the order on which readers rely: a count that is not zero implies extremes. */
export function addSample(b: Builder, cell: Cell, value: Ref): void {
  const statistic = cell.statistic;
  const skipped = b.newBlock("skipped");
  const guarded = cell.store.copies === null;
  if (statistic.hasExtremes) {
    if (guarded) keepExtremes(b, cell, value);
    else noteExtremes(b, cell, value, skipped);
  }
  addSums(b, cell, value);
  if (statistic.has(StatisticField.Squares) || statistic.buckets > 0) {
    b.callFunction(AGGREGATE.of(cell.store), [cell.number, value]);
  }
  b.jump(skipped);
  b.setBlock(skipped);
}

/** Adds to count and sum. */
function addSums(b: Builder, cell: Cell, value: Ref): void {
  const statistic = cell.statistic;
  if (statistic.has(StatisticField.Count)) addTo(b, cell, StatisticField.Count, b.constant(1));
  if (statistic.has(StatisticField.Sum)) addTo(b, cell, StatisticField.Sum, value);
}

/** Adds to a word: atomically, or plainly if the lock guards it. */
function addTo(b: Builder, cell: Cell, field: StatisticField, value: Ref): void {
  const at = cell.word(field);
  if (!cell.store.shape.isArray || cell.store.shape.isCounted) b.atomicAdd(8, cell.base, at, value);
  else b.store(Op.Store64, cell.base, at, b.binary(Op.Add, b.load(Op.Load64, cell.base, at), value));
}

/** Updates maximum and minimum, while no other handler can change them. */
function keepExtremes(b: Builder, cell: Cell, value: Ref): void {
  if (cell.statistic.has(StatisticField.Greatest)) keepGreater(b, cell, StatisticField.Greatest, value);
  if (cell.statistic.has(StatisticField.Least)) keepGreater(b, cell, StatisticField.Least, value);
}

/** A value in the form in which an extreme is stored, in which the greater one wins. */
function biased(b: Builder, field: StatisticField, value: Ref): Ref {
  return b.binary(Op.Xor, value, b.constant(field == StatisticField.Greatest ? MAX_BIAS : MIN_BIAS));
}

function keepGreater(b: Builder, cell: Cell, field: StatisticField, value: Ref): void {
  const at = cell.word(field);
  const extreme = biased(b, field, value);
  const greater = b.newBlock("greater");
  const kept = b.newBlock("kept");
  b.branchIf(Op.Ugt, extreme, b.load(Op.Load64, cell.base, at), greater, kept);
  b.setBlock(greater);
  b.store(Op.Store64, cell.base, at, extreme);
  b.jump(kept);
  b.setBlock(kept);
}

/** Calls the routine that stores extremes if the value is one. Goes to `skipped` if the routine fails. */
function noteExtremes(b: Builder, cell: Cell, value: Ref, skipped: i32): void {
  const fresh = b.newBlock("extreme");
  const known = b.newBlock("noted");
  b.setCold(fresh);
  for (let field = StatisticField.Greatest; field <= StatisticField.Least; ++field) {
    if (!cell.statistic.has(field)) continue;
    const lesser = b.newBlock("lesser");
    const extreme = biased(b, field, value);
    b.branchIf(Op.Ugt, extreme, b.load(Op.Load64, cell.base, cell.word(field)), fresh, lesser);
    b.setBlock(lesser);
  }
  b.jump(known);
  b.setBlock(fresh);
  b.branch(b.callFunction(EXTREMES.of(cell.store), [cell.number, value]), skipped, known);
  b.setBlock(known);
}

function buildExtremes(store: StatisticStore, b: RoutineBuilder): void {
  if (store.shape.isArray) workOnElement(store, b, keepExtremes);
  else workOnCopy(store, b, keepExtremes);
}

function buildAggregate(store: StatisticStore, b: RoutineBuilder): void {
  const hasVariance = store.shape.hasVariance;
  if (hasVariance && store.copies !== null) {
    workOnCopy(store, b, addAll);
    return;
  }
  const cell = store.cell(b, b.parameter(0));
  if (hasVariance) addToVariance(b, cell, b.parameter(1));
  if (store.statistic.buckets > 0) addToBucket(b, cell, b.parameter(1));
  b.ret(b.constant(0));
}

/** Does all that `<<<` does, on a claimed copy. */
function addAll(b: Builder, cell: Cell, value: Ref): void {
  keepExtremes(b, cell, value);
  addSums(b, cell, value);
  addToVariance(b, cell, value);
  if (cell.statistic.buckets > 0) addToBucket(b, cell, value);
}

/** Welford's algorithm on integers: average += (v - average) / count; squares += (v - old) * (v - new). */
function addToVariance(b: Builder, cell: Cell, value: Ref): void {
  const scaled = b.binary(Op.Shl, value, b.constant(<i64>max(cell.statistic.shift, 0)));
  const average = cell.word(StatisticField.Average);
  const squares = cell.word(StatisticField.Squares);
  const count = b.load(Op.Load64, cell.base, cell.word(StatisticField.Count));
  const first = b.newBlock("first");
  const more = b.newBlock("more");
  const done = b.newBlock("done");
  b.branchIf(Op.Ule, count, b.constant(1), first, more);
  b.setBlock(first);
  b.store(Op.Store64, cell.base, average, scaled);
  b.jump(done);
  b.setBlock(more);
  const before = b.load(Op.Load64, cell.base, average);
  const difference = b.binary(Op.Sub, scaled, before);
  const after = b.binary(Op.Add, before, b.binary(Op.Sdiv, difference, count));
  b.store(Op.Store64, cell.base, average, after);
  const product = b.binary(Op.Mul, difference, b.binary(Op.Sub, scaled, after));
  b.store(Op.Store64, cell.base, squares, b.binary(Op.Add, b.load(Op.Load64, cell.base, squares), product));
  b.jump(done);
  b.setBlock(done);
}

// ------------------------------------------------------------------------------------------------------------- claims

/** The change to a claimed copy or element. */
type ClaimedWork = (b: Builder, cell: Cell, value: Ref) => void;

/**
 * The body of (copy, value) -> 0 or 1. Changes the copy, or the next free one; 1: none was free, counted as skipped.
 */
function workOnCopy(store: StatisticStore, b: RoutineBuilder, work: ClaimedWork): void {
  const copies = store.copies!;
  const tries = b.loop();
  const base = copies.address(b, b.binary(Op.Add, b.parameter(0), tries.index));
  const claim = new ClaimWord(base, copies.claim);
  const mine = b.newBlock("mine");
  const taken = b.newBlock("taken");
  b.setCold(mine);
  buildTryClaim(store.runtime, b, claim, new Targets(mine, taken));
  b.setBlock(mine);
  work(b, new Cell(store, NoRef, base, 0), b.parameter(1));
  buildRelease(store.runtime, b, claim);
  b.ret(b.constant(0));
  b.setBlock(taken);
  tries.again();
  countSkipped(b);
}

/** The body of (element's number, value) -> 0 or 1, for an array. */
function workOnElement(store: StatisticStore, b: RoutineBuilder, work: ClaimedWork): void {
  const stripes = store.copies!;
  const table = store.table!;
  const tries = b.loop();
  const claim = stripes.address(b, b.parameter(0));
  const mine = b.newBlock("mine");
  const taken = b.newBlock("taken");
  b.setCold(mine);
  buildTryClaim(store.runtime, b, new ClaimWord(claim, 0), new Targets(mine, taken));
  b.setBlock(mine);
  work(b, new Cell(store, NoRef, table.element(b, b.parameter(0)), table.valueOffset), b.parameter(1));
  buildRelease(store.runtime, b, new ClaimWord(stripes.address(b, b.parameter(0)), 0));
  b.ret(b.constant(0));
  b.setBlock(taken);
  tries.again();
  countSkipped(b);
}

function countSkipped(b: Builder): void {
  b.atomicAdd(8, b.addressOf(AddressKind.Bss, 0), BssHeader.SkippedLock, b.constant(1));
  b.ret(b.constant(1));
}
