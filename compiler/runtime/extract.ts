// Reading statistics: the extractors, and adding up the copies of a scalar statistic.

import { Extractor, MAX_BIAS, MIN_BIAS, StatisticField } from "../../common/as/statistic";
import { AddressKind, Builder } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Copies } from "./copies";
import { BoundedLoop } from "./loop";
import { Routine, RoutineBuilder } from "./routine";
import { Runtime } from "./runtime";
import { Cell, StatisticStore } from "./store";
import { zeroWords } from "./words";

/** () -> 0. Clears a scalar statistic. */
export const CLEAR_STATISTIC = new Routine<StatisticStore>("clear", 0, buildClear);

/** One word of all copies of a statistic. It is the subject of the routine that combines them. */
class MergedWord {
  constructor(
    public store: StatisticStore,
    public field: StatisticField,
  ) {}

  get runtime(): Runtime {
    return this.store.runtime;
  }

  get suffix(): string {
    return `${this.store.suffix}_${<i32>this.field}`;
  }
}

/** () -> one word of all copies combined. Extremes give the greatest, other words the sum. */
const MERGE = new Routine<MergedWord>("merge", 0, buildMerge, roundsOfMerge);

/** (element or 0) -> the variance. */
const VARIANCE = new Routine<StatisticStore>("variance", 1, buildVariance);

/** A word of a statistic, combined over all copies if there are any. */
export function readWord(b: Builder, cell: Cell, field: StatisticField): Ref {
  if (field == StatisticField.Count && cell.count != NoRef) return cell.count;
  if (cell.store.rows === null) return b.load(Op.Load64, cell.base, cell.word(field));
  return b.callFunction(MERGE.of(new MergedWord(cell.store, field)), []);
}

function isExtreme(field: StatisticField): bool {
  return field == StatisticField.Greatest || field == StatisticField.Least;
}

function roundsOfMerge(word: MergedWord): i64 {
  return isExtreme(word.field) ? word.store.copies!.count : 0;
}

function buildMerge(word: MergedWord, b: RoutineBuilder): void {
  const copies = word.store.copies!;
  const base = b.addressOf(AddressKind.Bss, copies.offset);
  const offset = word.store.statistic.offset(word.field);
  if (!isExtreme(word.field)) {
    b.ret(copies.sum(b, base, offset));
    return;
  }
  const best = b.variable("best");
  b.setVar(best, b.constant(0));
  const each = b.loop();
  const at = b.binary(Op.Add, base, b.binary(Op.Mul, each.index, b.constant(copies.stride)));
  const greatest = b.load(Op.Load64, at, offset);
  const greater = b.newBlock("greater");
  const kept = b.newBlock("kept");
  b.branchIf(Op.Ugt, greatest, b.getVar(best), greater, kept);
  b.setBlock(greater);
  b.setVar(best, greatest);
  b.jump(kept);
  b.setBlock(kept);
  each.again();
  b.ret(b.getVar(best));
}

/** The value of an extractor. The statistic must not be empty, except for count and sum. */
export function extract(b: Builder, cell: Cell, extractor: Extractor): Ref {
  switch (extractor) {
    case Extractor.Count:
      return readWord(b, cell, StatisticField.Count);
    case Extractor.Sum:
      return readWord(b, cell, StatisticField.Sum);
    case Extractor.Min: {
      const least = readWord(b, cell, StatisticField.Least);
      return b.binary(Op.Xor, least, b.constant(MIN_BIAS));
    }
    case Extractor.Max: {
      const greatest = readWord(b, cell, StatisticField.Greatest);
      return b.binary(Op.Xor, greatest, b.constant(MAX_BIAS));
    }
    case Extractor.Avg: {
      const sum = readWord(b, cell, StatisticField.Sum);
      return b.binary(Op.Sdiv, sum, readWord(b, cell, StatisticField.Count));
    }
    default:
      assert(extractor == Extractor.Variance, "an extractor");
      return b.callFunction(VARIANCE.of(cell.store), [cell.number]);
  }
}

/**
 * As in stap: of an element squares / (count - 1), scaled back. Of a scalar the result corrects the rounding of the
 * running average, using its difference from the exact average of the sum: (squares + count * difference^2) / (count -
 * 1). The numerator is added up over all copies.
 */
function buildVariance(store: StatisticStore, b: RoutineBuilder): void {
  const cell = store.cell(b, store.shape.isArray ? b.parameter(0) : NoRef);
  const shift = <i64>max(store.statistic.shift, 0);
  const count = readWord(b, cell, StatisticField.Count);
  const few = b.newBlock("few");
  const enough = b.newBlock("enough");
  b.branchIf(Op.Ule, count, b.constant(1), few, enough);
  b.setBlock(few);
  b.ret(b.constant(-1));
  b.setBlock(enough);
  const others = b.binary(Op.Sub, count, b.constant(1));
  const squares = store.shape.isArray ? readWord(b, cell, StatisticField.Squares) : allSquares(b, cell, count);
  const variance = b.binary(Op.Sdiv, squares, others);
  // A shift by 64 or more leaves the sign.
  b.ret(b.binary(Op.Sar, variance, b.constant(min<i64>(2 * shift, 63))));
}

/** The sum of squares of a scalar around the average of all its samples. */
function allSquares(b: Builder, cell: Cell, count: Ref): Ref {
  const store = cell.store;
  const shift = <i64>max(store.statistic.shift, 0);
  const sum = b.binary(Op.Shl, readWord(b, cell, StatisticField.Sum), b.constant(shift));
  const average = b.binary(Op.Sdiv, sum, count);
  const rows = store.rows;
  return rows !== null ? mergedSquares(b, store, rows, average) : squaresOf(b, cell, average);
}

/**
 * The sum of squares around the average of all samples, merged as stap merges its CPUs. Each copy adds (its count - 1)
 * * its variance + its count * (its average - the common average)^2.
 */
function mergedSquares(b: Builder, store: StatisticStore, copies: Copies, average: Ref): Ref {
  const total = b.variable("total");
  b.setVar(total, b.constant(0));
  const each = new BoundedLoop(b, copies.count);
  const distance = b.binary(Op.Mul, each.index, b.constant(copies.stride));
  const base = b.binary(Op.Add, b.addressOf(AddressKind.Bss, copies.offset), distance);
  const part = squaresOf(b, new Cell(store, NoRef, base, 0), average);
  b.setVar(total, b.binary(Op.Add, b.getVar(total), part));
  each.again();
  return b.getVar(total);
}

/** The share of one copy's samples in the sum of squares around `average`. */
function squaresOf(b: Builder, cell: Cell, average: Ref): Ref {
  const count = b.load(Op.Load64, cell.base, cell.word(StatisticField.Count));
  const squares = b.load(Op.Load64, cell.base, cell.word(StatisticField.Squares));
  const others = b.binary(Op.Sub, count, b.constant(1));
  // One sample has no squares, and an empty copy has no count. In BPF a division by zero gives zero.
  const within = b.binary(Op.Mul, b.binary(Op.Sdiv, squares, others), others);
  const own = b.load(Op.Load64, cell.base, cell.word(StatisticField.Average));
  const off = b.binary(Op.Sub, own, average);
  return b.binary(Op.Add, within, b.binary(Op.Mul, b.binary(Op.Mul, count, off), off));
}

function buildClear(store: StatisticStore, b: RoutineBuilder): void {
  const cell = store.cell(b, NoRef);
  const copies = store.copies;
  const bytes = copies !== null ? copies.count * copies.stride : store.statistic.bytes;
  zeroWords(b, cell.base, cell.offset, bytes >> 3);
  b.ret(b.constant(0));
}
