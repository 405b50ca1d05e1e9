// Long expressions: values, conditions, assignments.

import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Range } from "../source/source";
import {
  AssignmentExpression,
  BinaryExpression,
  CallExpression,
  Expression,
  HistogramExpression,
  Identifier,
  IndexExpression,
  InExpression,
  NodeKind,
  NumberLiteral,
  StatisticExpression,
  TernaryExpression,
  UnaryExpression,
  UpdateExpression,
} from "../syntax/ast";
import { Operator, OperatorFlags, operatorIs, operatorRow, operatorText } from "../syntax/token";
import { Type } from "../syntax/type";
import { isSimpleCall, lowerLongCall } from "./call";
import { addToElement, lowerIn, lowerKeys, makeElement, readElement, readLongOf, writeElement } from "./element";
import { lowerBucket } from "./histogram";
import { Lowering } from "./lowering";
import { beforeMaybe } from "./printing";
import { branchOnMatch } from "./regex";
import { lowerAggregate, lowerStatistic } from "./stats";
import { branchOnStrings, lowerString } from "./string";
import { addLong, readLong, writeLong } from "./variable";

/** Evaluates an expression whose value nobody asks for. */
export function lowerDropped(l: Lowering, e: Expression): void {
  l.at(e.range);
  switch (e.kind) {
    case NodeKind.PreUpdate:
    case NodeKind.PostUpdate:
      addTo(l, (<UpdateExpression>e).operand, null, (<UpdateExpression>e).op == Operator.Increment);
      return;
    case NodeKind.Assignment: {
      const assignment = <AssignmentExpression>e;
      if (assignment.target.type != Type.String && dropsIntoAdd(l, assignment)) return;
      break;
    }
    default:
  }
  if (e.type == Type.String) lowerString(l, e);
  else lowerLong(l, e);
}

/** `x += v` and `x -= v` as one atomic step. */
function dropsIntoAdd(l: Lowering, e: AssignmentExpression): bool {
  if (e.op != Operator.AddAssign && e.op != Operator.SubtractAssign) return false;
  addTo(l, e.target, e.value, e.op == Operator.AddAssign);
  return true;
}

/** Adds (or subtracts) a value, or one, to what a variable or element holds. */
function addTo(l: Lowering, target: Expression, value: Expression | null, positive: bool): void {
  if (target.kind == NodeKind.Index) {
    const index = <IndexExpression>target;
    const keys = lowerKeys(l, index.base, index.keys, index.range);
    addToElement(l, keys, summand(l, value, positive));
    return;
  }
  addLong(l, <Identifier>target, summand(l, value, positive));
}

function summand(l: Lowering, value: Expression | null, positive: bool): Ref {
  if (value === null) return l.constant(positive ? 1 : -1);
  const ref = lowerLong(l, value);
  return positive ? ref : l.b.unary(Op.Neg, ref);
}

/** Evaluates a long expression. */
export function lowerLong(l: Lowering, e: Expression): Ref {
  l.at(e.range);
  switch (e.kind) {
    case NodeKind.NumberLiteral:
      return l.constant((<NumberLiteral>e).value);
    case NodeKind.Identifier:
      return readLong(l, <Identifier>e);
    case NodeKind.Call:
      return lowerLongCall(l, <CallExpression>e);
    case NodeKind.Statistic:
      return lowerStatistic(l, <StatisticExpression>e);
    case NodeKind.Index: {
      const index = <IndexExpression>e;
      if (index.base.kind == NodeKind.Identifier) return readElement(l, index);
      return lowerBucket(l, <HistogramExpression>index.base, index.keys[0]);
    }
    case NodeKind.In: {
      const test = <InExpression>e;
      if (test.array.kind == NodeKind.Histogram) {
        return lowerBucket(l, <HistogramExpression>test.array, test.keys[0]);
      }
      return lowerIn(l, test.keys, test.array, test.range);
    }
    case NodeKind.Unary:
      return lowerUnary(l, <UnaryExpression>e);
    case NodeKind.PreUpdate:
    case NodeKind.PostUpdate:
      return lowerUpdate(l, <UpdateExpression>e);
    case NodeKind.Assignment:
      return lowerAssignment(l, <AssignmentExpression>e);
    case NodeKind.Ternary:
      return lowerTernary(l, <TernaryExpression>e);
    default:
      assert(e.kind == NodeKind.Binary, "semantic analysis refuses what lowering does not know");
      return lowerBinary(l, <BinaryExpression>e);
  }
}

function lowerUnary(l: Lowering, e: UnaryExpression): Ref {
  if (e.op == Operator.Not) return valueOfCondition(l, e);
  const operand = lowerLong(l, e.operand);
  switch (e.op) {
    case Operator.Subtract:
      return l.b.unary(Op.Neg, operand);
    case Operator.BitNot:
      return l.b.unary(Op.Not, operand);
    default:
      return operand;
  }
}

function lowerUpdate(l: Lowering, e: UpdateExpression): Ref {
  const one = l.constant(e.op == Operator.Increment ? 1 : -1);
  let before: Ref;
  let after: Ref;
  if (e.operand.kind == NodeKind.Index) {
    const index = <IndexExpression>e.operand;
    const keys = lowerKeys(l, index.base, index.keys, index.range);
    const element = makeElement(l, keys);
    before = l.b.load(Op.Load64, element, keys.table.valueOffset);
    after = l.b.binary(Op.Add, before, one);
    l.b.store(Op.Store64, element, keys.table.valueOffset, after);
  } else {
    const target = <Identifier>e.operand;
    before = readLong(l, target);
    after = l.b.binary(Op.Add, before, one);
    writeLong(l, target, after);
  }
  return e.kind == NodeKind.PreUpdate ? after : before;
}

function lowerAssignment(l: Lowering, e: AssignmentExpression): Ref {
  if (e.op == Operator.Aggregate) return lowerAggregate(l, e);
  if (e.target.kind == NodeKind.Index) return lowerElementAssignment(l, e, <IndexExpression>e.target);
  const target = <Identifier>e.target;
  let value: Ref;
  const base = operatorRow(e.op).base;
  if (base == Operator.None) {
    value = lowerLong(l, e.value);
  } else {
    // As in stap: what is on the right comes first, and may have changed the variable.
    const right = lowerLong(l, e.value);
    const before = readLong(l, target);
    value = arithmetic(l, base, before, right, e.value, e.opRange, operatorText(e.op));
  }
  l.at(e.range);
  writeLong(l, target, value);
  return value;
}

function lowerElementAssignment(l: Lowering, e: AssignmentExpression, target: IndexExpression): Ref {
  const keys = lowerKeys(l, target.base, target.keys, target.range);
  const right = lowerLong(l, e.value);
  const base = operatorRow(e.op).base;
  if (base == Operator.None) {
    l.at(e.range);
    writeElement(l, keys, right);
    return right;
  }
  if (base == Operator.Divide || base == Operator.Modulo) {
    // A division that fails makes no element.
    const quotient = arithmetic(l, base, readLongOf(l, keys), right, e.value, e.opRange, operatorText(e.op));
    writeElement(l, keys, quotient);
    return quotient;
  }
  const element = makeElement(l, keys);
  const before = l.b.load(Op.Load64, element, keys.table.valueOffset);
  const value = arithmetic(l, base, before, right, e.value, e.opRange, operatorText(e.op));
  l.b.store(Op.Store64, element, keys.table.valueOffset, value);
  return value;
}

function lowerTernary(l: Lowering, e: TernaryExpression): Ref {
  const b = l.b;
  const yes = b.newBlock("then");
  const no = b.newBlock("else");
  const join = b.newBlock("join");
  const result = b.variable("ternary");
  beforeMaybe(l, e);
  lowerCondition(l, e.condition, yes, no);
  lowerArm(l, e.whenTrue, yes, result, join);
  lowerArm(l, e.whenFalse, no, result, join);
  b.setBlock(join);
  return b.getVar(result);
}

function lowerArm(l: Lowering, e: Expression, block: i32, result: i32, join: i32): void {
  l.b.setBlock(block);
  l.memo.open();
  l.b.setVar(result, lowerLong(l, e));
  l.memo.close();
  l.b.jump(join);
}

function lowerBinary(l: Lowering, e: BinaryExpression): Ref {
  if (operatorIs(e.op, OperatorFlags.Logical) || e.left.type == Type.String) return valueOfCondition(l, e);
  const left = lowerLong(l, e.left);
  const right = lowerLong(l, e.right);
  l.at(e.range);
  if (operatorIs(e.op, OperatorFlags.Comparison)) return l.b.binary(compareOp(e.op), left, right);
  return arithmetic(l, e.op, left, right, e.right, e.opRange, operatorText(e.op));
}

/** One arithmetic operator; a division checks its divisor first. */
function arithmetic(
  l: Lowering,
  op: Operator,
  left: Ref,
  right: Ref,
  divisor: Expression,
  range: Range,
  text: string,
): Ref {
  if (op == Operator.Divide || op == Operator.Modulo) {
    l.at(range);
    const known = divisor.kind == NodeKind.NumberLiteral && (<NumberLiteral>divisor).value != 0;
    if (!known) l.failIf(Op.Eq, right, l.constant(0), "division by 0", range, `operator '${text}'`);
  }
  return l.b.binary(arithmeticOp(op), left, right);
}

function arithmeticOp(op: Operator): Op {
  switch (op) {
    case Operator.Add:
      return Op.Add;
    case Operator.Subtract:
      return Op.Sub;
    case Operator.Multiply:
      return Op.Mul;
    case Operator.Divide:
      return Op.Sdiv;
    case Operator.Modulo:
      return Op.Smod;
    case Operator.BitAnd:
      return Op.And;
    case Operator.BitOr:
      return Op.Or;
    case Operator.BitXor:
      return Op.Xor;
    case Operator.ShiftLeft:
      return Op.Shl;
    case Operator.ShiftRight:
      return Op.Sar;
    default:
      assert(op == Operator.ShiftRightLogical, "an arithmetic operator");
      return Op.Shr;
  }
}

/** The compare of an operator on numbers, or on the order of two strings. */
export function compareOp(op: Operator): Op {
  switch (op) {
    case Operator.Less:
      return Op.Slt;
    case Operator.LessEqual:
      return Op.Sle;
    case Operator.Greater:
      return Op.Sgt;
    case Operator.GreaterEqual:
      return Op.Sge;
    case Operator.Equal:
      return Op.Eq;
    default:
      assert(op == Operator.NotEqual, "a comparison");
      return Op.Ne;
  }
}

/** Evaluates a condition to 0 or 1. */
function valueOfCondition(l: Lowering, e: Expression): Ref {
  const b = l.b;
  const yes = b.newBlock("true");
  const no = b.newBlock("false");
  const join = b.newBlock("join");
  const result = b.variable("condition");
  lowerCondition(l, e, yes, no);
  b.setBlock(yes);
  b.setVar(result, l.constant(1));
  b.jump(join);
  b.setBlock(no);
  b.setVar(result, l.constant(0));
  b.jump(join);
  b.setBlock(join);
  return b.getVar(result);
}

/** Evaluates an expression for a branch: to `yes` if it is not zero. */
export function lowerCondition(l: Lowering, e: Expression, yes: i32, no: i32): void {
  l.at(e.range);
  if (e.kind == NodeKind.Unary && (<UnaryExpression>e).op == Operator.Not) {
    lowerCondition(l, (<UnaryExpression>e).operand, no, yes);
    return;
  }
  if (e.kind == NodeKind.Binary && conditionOfBinary(l, <BinaryExpression>e, yes, no)) return;
  l.b.branch(lowerLong(l, e), yes, no);
}

/** Logical operators and comparisons branch directly; returns false for the others. */
function conditionOfBinary(l: Lowering, e: BinaryExpression, yes: i32, no: i32): bool {
  if (operatorIs(e.op, OperatorFlags.Logical)) {
    const next = l.b.newBlock("next");
    beforeMaybe(l, e);
    if (e.op == Operator.LogicalAnd) lowerCondition(l, e.left, next, no);
    else lowerCondition(l, e.left, yes, next);
    l.b.setBlock(next);
    l.memo.open();
    lowerCondition(l, e.right, yes, no);
    l.memo.close();
    return true;
  }
  if (operatorIs(e.op, OperatorFlags.Match)) {
    branchOnMatch(l, e, yes, no);
    return true;
  }
  if (!operatorIs(e.op, OperatorFlags.Comparison)) return false;
  if (e.left.type == Type.String) {
    branchOnStrings(l, e, yes, no);
    return true;
  }
  const left = lowerLong(l, e.left);
  const right = lowerLong(l, e.right);
  l.at(e.range);
  l.b.branchIf(compareOp(e.op), left, right, yes, no);
  return true;
}

/** Whether evaluating an expression can neither fail, nor change, nor print anything. */
export function isSimple(e: Expression): bool {
  switch (e.kind) {
    case NodeKind.NumberLiteral:
    case NodeKind.StringLiteral:
    case NodeKind.Identifier:
      return true;
    case NodeKind.Unary:
      return isSimple((<UnaryExpression>e).operand);
    case NodeKind.Binary: {
      const binary = <BinaryExpression>e;
      if (operatorIs(binary.op, OperatorFlags.Match)) return false;
      if (binary.op == Operator.Divide || binary.op == Operator.Modulo || binary.op == Operator.Concat) return false;
      return isSimple(binary.left) && isSimple(binary.right);
    }
    case NodeKind.Call:
      return isSimpleCall(<CallExpression>e);
    default:
      return false;
  }
}
