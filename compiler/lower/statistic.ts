// Statistics in expressions: `<<<`, the extractors, `delete`. runtime/accumulate.ts and extract.ts implement them.

import { Extractor, StatisticField } from "../../common/as/statistic";
import { Helper } from "../../common/format/helpers";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { AGGREGATE, addSample } from "../runtime/accumulate";
import { CLEAR_STATISTIC, extract, readWord } from "../runtime/extract";
import { Cell, StatisticStore } from "../runtime/store";
import { extractorOf, statisticOf } from "../semantic/statistics";
import { GlobalSymbol } from "../semantic/symbols";
import { Range } from "../source/source";
import { AssignmentExpression, Expression, IndexExpression, NodeKind, StatisticExpression } from "../syntax/ast";
import { operatorText } from "../syntax/token";
import { findElement, lowerKeys, makeNumbered } from "./element";
import { SoftError } from "./exits";
import { Lowering } from "./lowering";

/** `target <<< value`. The value of the expression is the value that was added. */
export function lowerAggregate(lowering: Lowering, e: AssignmentExpression): Ref {
  const store = storeOf(lowering, e.target);
  const b = lowering.b;
  let value: Ref;
  let cell: Cell;
  if (e.target.kind == NodeKind.Index) {
    const target = <IndexExpression>e.target;
    const keys = lowerKeys(lowering, target.base, target.keys, target.range);
    value = lowering.long(e.value);
    lowering.at(e.range);
    const made = makeNumbered(lowering, keys);
    cell = store.cellAt(made.number, made.address);
  } else {
    value = lowering.long(e.value);
    lowering.at(e.range);
    const copies = store.copies;
    if (copies !== null && store.shape.hasVariance) {
      b.callFunction(AGGREGATE.of(store), [ownCopy(lowering), value]);
      return value;
    }
    cell = store.cell(b, copies !== null ? ownCopy(lowering) : NoRef);
  }
  addSample(b, cell, value);
  return value;
}

/** The number of the copy that a handler adds to. */
function ownCopy(lowering: Lowering): Ref {
  return lowering.constantHelper(Helper.GetSmpProcessorId);
}

/** `@count(s)` and the other extractors. */
export function lowerStatistic(lowering: Lowering, e: StatisticExpression): Ref {
  const b = lowering.b;
  const extractor = extractorOf(e.op);
  const mayBeEmpty = extractor == Extractor.Count || extractor == Extractor.Sum;
  if (!mayBeEmpty) {
    const cell = filledCell(lowering, e.operand, e.range, `operator '${operatorText(e.op)}'`);
    return extract(b, cell, extractor);
  }
  const store = storeOf(lowering, e.operand);
  if (!store.shape.isArray) return extract(b, store.cell(b, NoRef), extractor);
  const number = numberOf(lowering, e.operand);
  const value = b.variable("extract");
  b.setVar(value, b.constant(0));
  const some = b.newBlock("some");
  const done = b.newBlock("done");
  b.branchIf(Op.Sgt, number, b.constant(0), some, done);
  b.setBlock(some);
  b.setVar(value, extract(b, store.cell(b, number), extractor));
  b.jump(done);
  b.setBlock(done);
  return b.getVar(value);
}

/** The number of an operand's element; 0 for a scalar or if there is no such element. */
export function numberOf(lowering: Lowering, operand: Expression): Ref {
  if (operand.kind != NodeKind.Index) return lowering.constant(0);
  const index = <IndexExpression>operand;
  return findElement(lowering, lowerKeys(lowering, index.base, index.keys, index.range));
}

/** The statistic of an operand. Nothing added to it yet is an error. */
export function filledCell(lowering: Lowering, operand: Expression, range: Range, near: string): Cell {
  const b = lowering.b;
  const exits = lowering.exits;
  const store = storeOf(lowering, operand);
  const number = numberOf(lowering, operand);
  lowering.at(range);
  const isArray = store.shape.isArray;
  if (isArray) exits.failIf(Op.Sle, number, b.constant(0), new SoftError("empty aggregate", range, near));
  const cell = store.cell(b, number);
  // Under the lock an existing element is never empty.
  if (isArray && !store.shape.isCounted) return cell;
  cell.count = readWord(b, cell, StatisticField.Count);
  exits.failIf(Op.Eq, cell.count, b.constant(0), new SoftError("empty aggregate", range, near));
  return cell;
}

/** Where an operand's statistic lies: in a variable, or in an element of an array. */
export function storeOf(lowering: Lowering, operand: Expression): StatisticStore {
  const store = lowering.shared.storageOf(statisticOf(operand)!).statistics;
  assert(store !== null, "every statistic is placed");
  return store!;
}

/** `delete s` for a scalar. */
export function clearStatistic(lowering: Lowering, global: GlobalSymbol): void {
  lowering.b.callFunction(CLEAR_STATISTIC.of(lowering.shared.storageOf(global).statistics!), []);
}
