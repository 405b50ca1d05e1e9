// Statistics: `<<<`, the extractors, `delete`.
//
// A scalar one is a row of words in .bss, one in an array is the value of an element (semantic/statistic.ts has the
// words), or several such rows that reading adds up (shards.ts). Sums are added atomically. A new extreme is rare: the
// handler looks whether a sample is one, a routine stores it. What takes more than a few instructions is a routine for each
// statistic: a global function that gets the number of the element, or of the copy, or 0.

import { AddressKind, Builder } from "../ir/build";
import { Func, Linkage, NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { MAX_BIAS, MIN_BIAS, Statistic, StatisticField } from "../semantic/statistic";
import { statisticOf } from "../semantic/statistics";
import { GlobalSymbol } from "../semantic/symbols";
import { Range } from "../source/source";
import { AssignmentExpression, Expression, IndexExpression, NodeKind, StatisticExpression } from "../syntax/ast";
import { Operator, operatorText } from "../syntax/token";
import { findElement, lowerKeys, makeNumber } from "./element";
import { lowerLong } from "./expression";
import { addToBucket } from "./histogram";
import { Lowering, MAX_OFFSET, Shared } from "./lowering";
import { buildMerge, buildMergedVariance, buildOnCopy, buildOnElement, ownShard, varianceParts } from "./shards";

/** The routines of one statistic, by their index in the module; -1 not made. */
export class StatsRoutines {
  add: i32 = -1;
  extremes: i32 = -1;
  /** By StatisticField. */
  merges: i32[] = [-1, -1, -1, -1, -1, -1];
  mergeBuckets: i32 = -1;
  draw: i32 = -1;
  variance: i32 = -1;
  bucket: i32 = -1;
  clear: i32 = -1;
}

/** A statistic in memory. */
export class Cell {
  /** Of one that is read and not empty: its count, if that is known. */
  count: Ref = NoRef;

  constructor(
    public global: GlobalSymbol,
    /** Of the element, or of the copy that is added to; 0 of others. */
    public number: Ref,
    public base: Ref,
    public offset: i32,
  ) {}

  get statistic(): Statistic {
    return this.global.statistic;
  }

  word(field: StatisticField): i32 {
    return this.offset + this.statistic.offset(field);
  }
}

/** Where a scalar statistic, or copy or element `number`, lies. */
export function cellOf(shared: Shared, b: Builder, global: GlobalSymbol, number: Ref): Cell {
  const table = shared.tables[global.index];
  if (table !== null) return new Cell(global, number, table.element(b, number), table.valueOffset);
  const shards = shared.shards[global.index];
  if (shards !== null && number != NoRef) return new Cell(global, number, shards.address(b, number), 0);
  const offset = shared.globalOffsets[global.index];
  const near = offset + global.statistic.bytes <= MAX_OFFSET;
  const base = b.addressOf(AddressKind.Bss, near ? 0 : offset);
  return new Cell(global, b.constant(0), base, near ? offset : 0);
}

/** A new routine of a statistic. */
export function statsRoutine(shared: Shared, what: string, global: GlobalSymbol, parameters: i32): Func {
  const fn = new Func(`stp_${what}_${global.index}`, Linkage.Subprogram, parameters);
  shared.unit.ir.add(fn);
  return fn;
}

/** The routines of a statistic as far as they are made. */
export function routinesOf(shared: Shared, global: GlobalSymbol): StatsRoutines {
  const all = shared.statsRoutines;
  if (!all.has(global)) all.set(global, new StatsRoutines());
  return all.get(global);
}

// -------------------------------------------------------------------------------------------------------------- adding

/** `target <<< value`; its value is what was added. */
export function lowerAggregate(l: Lowering, e: AssignmentExpression): Ref {
  const global = statisticOf(e.target)!;
  let value: Ref;
  let cell: Cell;
  if (e.target.kind == NodeKind.Index) {
    const target = <IndexExpression>e.target;
    const keys = lowerKeys(l, target.base, target.keys, target.range);
    value = lowerLong(l, e.value);
    l.at(e.range);
    cell = cellOf(l.shared, l.b, global, makeNumber(l, keys));
  } else {
    value = lowerLong(l, e.value);
    l.at(e.range);
    const shards = l.shared.shards[global.index];
    if (shards !== null && global.statistic.has(StatisticField.Squares)) {
      l.b.callFunction(addRoutine(l.shared, global), [ownShard(l), value]);
      return value;
    }
    cell = cellOf(l.shared, l.b, global, shards !== null ? ownShard(l) : NoRef);
  }
  add(l, cell, value);
  return value;
}

/** Adds a sample, in the order that readers rely on: where there is a count, there are extremes. */
function add(l: Lowering, cell: Cell, value: Ref): void {
  const b = l.b;
  const statistic = cell.statistic;
  const skipped = b.newBlock("skipped");
  const guarded = l.shared.shards[cell.global.index] === null;
  if (statistic.hasExtremes) {
    if (guarded) keepExtremes(b, cell, value);
    else noteExtremes(l, cell, value, skipped);
  }
  addSums(b, cell, value);
  if (statistic.has(StatisticField.Squares) || statistic.buckets > 0) {
    b.callFunction(addRoutine(l.shared, cell.global), [cell.number, value]);
  }
  b.jump(skipped);
  b.setBlock(skipped);
}

/** Count and sum. */
function addSums(b: Builder, cell: Cell, value: Ref): void {
  const statistic = cell.statistic;
  if (statistic.has(StatisticField.Count)) addTo(b, cell, StatisticField.Count, b.constant(1));
  if (statistic.has(StatisticField.Sum)) addTo(b, cell, StatisticField.Sum, value);
}

/** Adds to a word: plainly where the lock guards it. */
function addTo(b: Builder, cell: Cell, field: StatisticField, value: Ref): void {
  const at = cell.word(field);
  if (!cell.global.isArray || cell.global.isCounted) b.atomicAdd(8, cell.base, at, value);
  else b.store(Op.Store64, cell.base, at, b.binary(Op.Add, b.load(Op.Load64, cell.base, at), value));
}

/** Greatest and least, of what nobody else changes now. */
function keepExtremes(b: Builder, cell: Cell, value: Ref): void {
  if (cell.statistic.has(StatisticField.Greatest)) keepGreater(b, cell, StatisticField.Greatest, value, MAX_BIAS);
  if (cell.statistic.has(StatisticField.Least)) keepGreater(b, cell, StatisticField.Least, value, MIN_BIAS);
}

function keepGreater(b: Builder, cell: Cell, field: StatisticField, value: Ref, bias: i64): void {
  const at = cell.word(field);
  const biased = b.binary(Op.Xor, value, b.constant(bias));
  const greater = b.newBlock("greater");
  const kept = b.newBlock("kept");
  b.branchIf(Op.Ugt, biased, b.load(Op.Load64, cell.base, at), greater, kept);
  b.setBlock(greater);
  b.store(Op.Store64, cell.base, at, biased);
  b.jump(kept);
  b.setBlock(kept);
}

/** Calls the routine that stores extremes if the value is one; goes to `skipped` if that does not succeed. */
function noteExtremes(l: Lowering, cell: Cell, value: Ref, skipped: i32): void {
  const b = l.b;
  const fresh = b.newBlock("extreme");
  const known = b.newBlock("noted");
  b.setCold(fresh);
  if (cell.statistic.has(StatisticField.Greatest)) branchIfGreater(b, cell, StatisticField.Greatest, value, fresh);
  if (cell.statistic.has(StatisticField.Least)) branchIfGreater(b, cell, StatisticField.Least, value, fresh);
  b.jump(known);
  b.setBlock(fresh);
  b.branch(b.callFunction(extremesRoutine(l.shared, cell.global), [cell.number, value]), skipped, known);
  b.setBlock(known);
}

function branchIfGreater(b: Builder, cell: Cell, field: StatisticField, value: Ref, fresh: i32): void {
  const biased = b.binary(Op.Xor, value, b.constant(field == StatisticField.Greatest ? MAX_BIAS : MIN_BIAS));
  const lesser = b.newBlock("lesser");
  b.branchIf(Op.Ugt, biased, b.load(Op.Load64, cell.base, cell.word(field)), fresh, lesser);
  b.setBlock(lesser);
}

/** (element or copy, value) -> 0: extremes that the value is are stored; 1: they could not be, which is counted */
function extremesRoutine(shared: Shared, global: GlobalSymbol): i32 {
  const routines = routinesOf(shared, global);
  if (routines.extremes >= 0) return routines.extremes;
  const fn = statsRoutine(shared, "extremes", global, 2);
  routines.extremes = fn.index;
  const b = new Builder(fn);
  if (global.isArray) buildOnElement(shared, b, global, storeExtremes);
  else buildOnCopy(shared, b, global, storeExtremes);
  return fn.index;
}

function storeExtremes(b: Builder, global: GlobalSymbol, base: Ref, offset: i32, value: Ref): void {
  keepExtremes(b, new Cell(global, NoRef, base, offset), value);
}

/**
 * (element or 0, value) -> 0: what `<<<` does to variance and histogram, the count being one higher already; of a variance
 * in copies, (copy, value) -> 0: all that it does, or 1: nothing, which is counted
 */
function addRoutine(shared: Shared, global: GlobalSymbol): i32 {
  const routines = routinesOf(shared, global);
  if (routines.add >= 0) return routines.add;
  const fn = statsRoutine(shared, "aggregate", global, 2);
  routines.add = fn.index;
  const b = new Builder(fn);
  const hasVariance = global.statistic.has(StatisticField.Squares);
  if (hasVariance && shared.shards[global.index] !== null) {
    buildOnCopy(shared, b, global, addAll);
    return fn.index;
  }
  const cell = cellOf(shared, b, global, b.parameter(0));
  if (hasVariance) addToVariance(b, cell, b.parameter(1));
  if (global.statistic.buckets > 0) addToBucket(b, cell, b.parameter(1));
  b.ret(b.constant(0));
  return fn.index;
}

/** All that `<<<` does, to a claimed copy. */
function addAll(b: Builder, global: GlobalSymbol, base: Ref, offset: i32, value: Ref): void {
  const cell = new Cell(global, NoRef, base, offset);
  keepExtremes(b, cell, value);
  addSums(b, cell, value);
  addToVariance(b, cell, value);
  if (global.statistic.buckets > 0) addToBucket(b, cell, value);
}

/** Welford's algorithm in whole numbers: average += (v - average) / count; squares += (v - old) * (v - new). */
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

// ------------------------------------------------------------------------------------------------------------- reading

/** `@count(s)` and its kin. */
export function lowerStatistic(l: Lowering, e: StatisticExpression): Ref {
  const mayBeEmpty = e.op == Operator.AtCount || e.op == Operator.AtSum;
  if (!mayBeEmpty) {
    const cell = filledCell(l, e.operand, e.range, `operator '${operatorText(e.op)}'`);
    return extract(l.shared, l.b, cell, e.op);
  }
  const global = statisticOf(e.operand)!;
  if (!global.isArray) return extract(l.shared, l.b, cellOf(l.shared, l.b, global, NoRef), e.op);
  const b = l.b;
  const number = numberOf(l, e.operand);
  const value = b.variable("extract");
  b.setVar(value, l.constant(0));
  const some = b.newBlock("some");
  const done = b.newBlock("done");
  b.branchIf(Op.Sgt, number, l.constant(0), some, done);
  b.setBlock(some);
  b.setVar(value, extract(l.shared, b, cellOf(l.shared, b, global, number), e.op));
  b.jump(done);
  b.setBlock(done);
  return b.getVar(value);
}

/** The number of the element that an operand names; 0 if there is none, or of a scalar. */
export function numberOf(l: Lowering, operand: Expression): Ref {
  if (operand.kind != NodeKind.Index) return l.constant(0);
  const index = <IndexExpression>operand;
  return findElement(l, lowerKeys(l, index.base, index.keys, index.range));
}

/** The statistic of an operand; it is an error if nothing was added to it. */
export function filledCell(l: Lowering, operand: Expression, range: Range, near: string): Cell {
  const b = l.b;
  const global = statisticOf(operand)!;
  const number = numberOf(l, operand);
  l.at(range);
  if (global.isArray) l.failIf(Op.Sle, number, l.constant(0), "empty aggregate", range, near);
  const cell = cellOf(l.shared, b, global, number);
  // Under the lock an element that is there is never empty.
  if (global.isArray && !global.isCounted) return cell;
  cell.count = readWord(l.shared, b, cell, StatisticField.Count);
  l.failIf(Op.Eq, cell.count, l.constant(0), "empty aggregate", range, near);
  return cell;
}

/** A word of a statistic; if there are copies, of all together. */
function readWord(shared: Shared, b: Builder, cell: Cell, field: StatisticField): Ref {
  if (field == StatisticField.Count && cell.count != NoRef) return cell.count;
  const shards = shared.shards[cell.global.index];
  if (shards === null || cell.global.isArray) return b.load(Op.Load64, cell.base, cell.word(field));
  const routines = routinesOf(shared, cell.global);
  if (routines.merges[field] < 0) {
    const fn = new Func(`stp_merge_${cell.global.index}_${<i32>field}`, Linkage.Subprogram, 0);
    shared.unit.ir.add(fn);
    routines.merges[field] = fn.index;
    buildMerge(new Builder(fn), shards, cell.statistic, field);
  }
  return b.callFunction(routines.merges[field], []);
}

/** What an extractor says of a statistic that is not empty; count and sum also of one that is. */
export function extract(shared: Shared, b: Builder, cell: Cell, op: Operator): Ref {
  switch (op) {
    case Operator.AtCount:
      return readWord(shared, b, cell, StatisticField.Count);
    case Operator.AtSum:
      return readWord(shared, b, cell, StatisticField.Sum);
    case Operator.AtMin: {
      const least = readWord(shared, b, cell, StatisticField.Least);
      return b.binary(Op.Xor, least, b.constant(MIN_BIAS));
    }
    case Operator.AtMax: {
      const greatest = readWord(shared, b, cell, StatisticField.Greatest);
      return b.binary(Op.Xor, greatest, b.constant(MAX_BIAS));
    }
    case Operator.AtAvg: {
      const sum = readWord(shared, b, cell, StatisticField.Sum);
      return b.binary(Op.Sdiv, sum, readWord(shared, b, cell, StatisticField.Count));
    }
    default:
      assert(op == Operator.AtVariance, "an extractor");
      return b.callFunction(varianceRoutine(shared, cell.global), [cell.number]);
  }
}

/**
 * (element or 0) -> the variance. As in stap, what the running average lost by dividing whole numbers is made up for by
 * the difference between it and the average of the sum: (squares + count * difference^2) / (count - 1), scaled back. The
 * numerator is added up over all copies.
 */
function varianceRoutine(shared: Shared, global: GlobalSymbol): i32 {
  const routines = routinesOf(shared, global);
  if (routines.variance >= 0) return routines.variance;
  const fn = statsRoutine(shared, "variance", global, 1);
  routines.variance = fn.index;
  const b = new Builder(fn);
  const cell = cellOf(shared, b, global, global.isArray ? b.parameter(0) : NoRef);
  const shift = <i64>max(global.statistic.shift, 0);
  const count = readWord(shared, b, cell, StatisticField.Count);
  const few = b.newBlock("few");
  const enough = b.newBlock("enough");
  b.branchIf(Op.Ule, count, b.constant(1), few, enough);
  b.setBlock(few);
  b.ret(b.constant(-1));
  b.setBlock(enough);
  const others = b.binary(Op.Sub, count, b.constant(1));
  const sum = b.binary(Op.Shl, readWord(shared, b, cell, StatisticField.Sum), b.constant(shift));
  const average = b.binary(Op.Sdiv, sum, count);
  const shards = shared.shards[global.index];
  let squares: Ref;
  if (shards !== null && !global.isArray) squares = buildMergedVariance(b, shards, global.statistic, average);
  else squares = varianceParts(b, global.statistic, cell.base, cell.offset, average);
  const variance = b.binary(Op.Sdiv, squares, others);
  // Shifting by 64 and more leaves the sign.
  b.ret(b.binary(Op.Sar, variance, b.constant(min<i64>(2 * shift, 63))));
  return fn.index;
}

// ------------------------------------------------------------------------------------------------------------ deleting

/** `delete s` of a scalar. */
export function clearStatistic(l: Lowering, global: GlobalSymbol): void {
  const routines = routinesOf(l.shared, global);
  if (routines.clear < 0) {
    const fn = statsRoutine(l.shared, "clear", global, 0);
    routines.clear = fn.index;
    const b = new Builder(fn);
    const cell = cellOf(l.shared, b, global, NoRef);
    const shards = l.shared.shards[global.index];
    const bytes = shards !== null ? shards.count * shards.stride : global.statistic.bytes;
    zeroWords(b, cell.base, cell.offset, bytes >> 3);
    b.ret(b.constant(0));
  }
  l.b.callFunction(routines.clear, []);
}

/** Words that are set to zero one by one; more in a loop. */
const MOST_STORES: i32 = 16;

/** Sets words to zero; what follows comes behind a loop, so it must be short. */
export function zeroWords(b: Builder, base: Ref, offset: i32, words: i32): void {
  if (words <= MOST_STORES) {
    for (let i = 0; i < words; ++i) b.store(Op.Store64, base, offset + i * 8, b.constant(0));
    return;
  }
  const at = b.variable("at");
  const each = b.newBlock("each");
  const done = b.newBlock("cleared");
  b.setVar(at, b.constant(0));
  b.jump(each);
  b.setBlock(each);
  b.store(Op.Store64, b.binary(Op.Add, base, b.getVar(at)), offset, b.constant(0));
  const next = b.binary(Op.Add, b.getVar(at), b.constant(8));
  b.setVar(at, next);
  b.branchIf(Op.Ult, next, b.constant(words * 8), each, done);
  b.setBlock(done);
}
