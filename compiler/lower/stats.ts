// Statistics: `<<<`, the extractors, `delete`.
//
// A scalar one is a row of words in .bss, one in an array is the value of an element (semantic/statistic.ts has the
// words). Sums are added atomically, so that what keeps nothing else needs no lock; extremes, variances and elements of
// arrays change under the lock. What takes more than a few instructions is a routine for each statistic: a global function that
// gets the number of the element, or 0.

import { AddressKind, Builder } from "../ir/build";
import { Func, Linkage, NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { MAX_BIAS, MIN_BIAS, Statistic, StatisticField } from "../semantic/statistic";
import { statisticOf } from "../semantic/statistics";
import { GlobalSymbol } from "../semantic/symbols";
import { AssignmentExpression, Expression, IndexExpression, NodeKind, StatisticExpression } from "../syntax/ast";
import { Range } from "../syntax/source";
import { Operator, operatorText } from "../syntax/token";
import { findElement, lowerKeys, makeNumber } from "./element";
import { lowerLong } from "./expression";
import { addToBucket } from "./histogram";
import { Lowering, MAX_OFFSET, Shared } from "./lowering";

/** The routines of one statistic, by their index in the module; -1 not made. */
export class StatsRoutines {
  add: i32 = -1;
  variance: i32 = -1;
  bucket: i32 = -1;
  clear: i32 = -1;
}

/** A statistic in memory. */
export class Cell {
  constructor(
    public global: GlobalSymbol,
    /** 0: not in an array. */
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

/** Where a scalar statistic, or that of element `number`, lies. */
export function cellOf(shared: Shared, b: Builder, global: GlobalSymbol, number: Ref): Cell {
  const table = shared.tables[global.index];
  if (table !== null) return new Cell(global, number, table.element(b, number), table.valueOffset);
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
    cell = cellOf(l.shared, l.b, global, NoRef);
  }
  addWords(l.b, cell, value);
  const statistic = global.statistic;
  if (statistic.has(StatisticField.Squares) || statistic.buckets > 0) {
    l.b.callFunction(addRoutine(l.shared, global), [cell.number, value]);
  }
  return value;
}

/** Count, sum, extremes. */
function addWords(b: Builder, cell: Cell, value: Ref): void {
  const statistic = cell.statistic;
  if (statistic.has(StatisticField.Count)) addTo(b, cell, StatisticField.Count, b.constant(1));
  if (statistic.has(StatisticField.Sum)) addTo(b, cell, StatisticField.Sum, value);
  if (statistic.has(StatisticField.Greatest)) keepGreater(b, cell, StatisticField.Greatest, value, MAX_BIAS);
  if (statistic.has(StatisticField.Least)) keepGreater(b, cell, StatisticField.Least, value, MIN_BIAS);
}

/** Adds to a word: plainly where the lock guards it. */
function addTo(b: Builder, cell: Cell, field: StatisticField, value: Ref): void {
  const at = cell.word(field);
  if (!cell.global.isArray || cell.global.isCounted) b.atomicAdd(8, cell.base, at, value);
  else b.store(Op.Store64, cell.base, at, b.binary(Op.Add, b.load(Op.Load64, cell.base, at), value));
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

/** (element or 0, value) -> 0: what `<<<` does to variance and histogram, the count being one higher already */
function addRoutine(shared: Shared, global: GlobalSymbol): i32 {
  const routines = routinesOf(shared, global);
  if (routines.add >= 0) return routines.add;
  const fn = statsRoutine(shared, "aggregate", global, 2);
  routines.add = fn.index;
  const b = new Builder(fn);
  const cell = cellOf(shared, b, global, b.parameter(0));
  if (global.statistic.has(StatisticField.Squares)) addToVariance(b, cell, b.parameter(1));
  if (global.statistic.buckets > 0) addToBucket(b, cell, b.parameter(1));
  b.ret(b.constant(0));
  return fn.index;
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
  const count = b.load(Op.Load64, cell.base, cell.word(StatisticField.Count));
  l.failIf(Op.Eq, count, l.constant(0), "empty aggregate", range, near);
  return cell;
}

/** What an extractor says of a statistic that is not empty; count and sum also of one that is. */
export function extract(shared: Shared, b: Builder, cell: Cell, op: Operator): Ref {
  switch (op) {
    case Operator.AtCount:
      return b.load(Op.Load64, cell.base, cell.word(StatisticField.Count));
    case Operator.AtSum:
      return b.load(Op.Load64, cell.base, cell.word(StatisticField.Sum));
    case Operator.AtMin: {
      const least = b.load(Op.Load64, cell.base, cell.word(StatisticField.Least));
      return b.binary(Op.Xor, least, b.constant(MIN_BIAS));
    }
    case Operator.AtMax: {
      const greatest = b.load(Op.Load64, cell.base, cell.word(StatisticField.Greatest));
      return b.binary(Op.Xor, greatest, b.constant(MAX_BIAS));
    }
    case Operator.AtAvg: {
      const sum = b.load(Op.Load64, cell.base, cell.word(StatisticField.Sum));
      return b.binary(Op.Sdiv, sum, b.load(Op.Load64, cell.base, cell.word(StatisticField.Count)));
    }
    default:
      assert(op == Operator.AtVariance, "an extractor");
      return b.callFunction(varianceRoutine(shared, cell.global), [cell.number]);
  }
}

/**
 * (element or 0) -> the variance. As in stap, what the running average lost by dividing whole numbers is made up for by
 * the difference between it and the average of the sum: (squares + count * difference^2) / (count - 1), scaled back.
 */
function varianceRoutine(shared: Shared, global: GlobalSymbol): i32 {
  const routines = routinesOf(shared, global);
  if (routines.variance >= 0) return routines.variance;
  const fn = statsRoutine(shared, "variance", global, 1);
  routines.variance = fn.index;
  const b = new Builder(fn);
  const cell = cellOf(shared, b, global, b.parameter(0));
  const shift = <i64>max(global.statistic.shift, 0);
  const count = b.load(Op.Load64, cell.base, cell.word(StatisticField.Count));
  const few = b.newBlock("few");
  const enough = b.newBlock("enough");
  b.branchIf(Op.Ule, count, b.constant(1), few, enough);
  b.setBlock(few);
  b.ret(b.constant(-1));
  b.setBlock(enough);
  const others = b.binary(Op.Sub, count, b.constant(1));
  const squares = b.load(Op.Load64, cell.base, cell.word(StatisticField.Squares));
  const within = b.binary(Op.Mul, b.binary(Op.Sdiv, squares, others), others);
  const sum = b.binary(Op.Shl, b.load(Op.Load64, cell.base, cell.word(StatisticField.Sum)), b.constant(shift));
  const average = b.load(Op.Load64, cell.base, cell.word(StatisticField.Average));
  const off = b.binary(Op.Sub, average, b.binary(Op.Sdiv, sum, count));
  const between = b.binary(Op.Mul, b.binary(Op.Mul, count, off), off);
  const variance = b.binary(Op.Sdiv, b.binary(Op.Add, within, between), others);
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
    zeroWords(b, cell.base, cell.offset, global.statistic.bytes >> 3);
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
