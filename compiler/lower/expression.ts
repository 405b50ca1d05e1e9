// Long expressions: values, conditions, assignments.

import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Range } from "../source/source";
import {
  AssignmentExpression,
  BinaryExpression,
  CallExpression,
  DerefExpression,
  Expression,
  HistogramExpression,
  Identifier,
  IndexExpression,
  InExpression,
  NodeKind,
  NumberLiteral,
  RegisterExpression,
  StatisticExpression,
  TernaryExpression,
  UnaryExpression,
  UpdateExpression,
} from "../syntax/ast";
import { Operator, OperatorFlags, operatorIs, operatorRow, operatorText } from "../syntax/token";
import { Type } from "../syntax/type";
import { lowerLongCall } from "./call";
import { addToElement, lowerIn, lowerKeys, makeElement, readElement, readLongOf, writeElement } from "./element";
import { SoftError } from "./exits";
import { lowerBucket } from "./histogram";
import { Lowering } from "./lowering";
import { lowerDeref, lowerDerefAddress, readDeref, writeDeref } from "./memory";
import { arithmeticOp, compareOp } from "./operators";
import { branchOnMatch } from "./regex";
import { lowerNumberedRegister } from "./registers";
import { beforeMaybe } from "./simple";
import { lowerAggregate, lowerStatistic } from "./statistic";
import { branchOnStrings } from "./string";
import { addLong, readLong, writeLong } from "./variable";

/** Evaluates an expression whose value is not used. */
export function lowerDropped(lowering: Lowering, e: Expression): void {
  lowering.at(e.range);
  switch (e.kind) {
    case NodeKind.PreUpdate:
    case NodeKind.PostUpdate:
      if ((<UpdateExpression>e).operand.kind == NodeKind.Deref) break;
      addTo(lowering, (<UpdateExpression>e).operand, null, (<UpdateExpression>e).op == Operator.Increment);
      return;
    case NodeKind.Assignment: {
      const assignment = <AssignmentExpression>e;
      if (assignment.target.type != Type.String && dropsIntoAdd(lowering, assignment)) return;
      break;
    }
    default:
  }
  if (e.type == Type.String) lowering.string(e);
  else lowering.long(e);
}

/** `x += v` and `x -= v` as one atomic step. */
function dropsIntoAdd(lowering: Lowering, e: AssignmentExpression): bool {
  if (e.op != Operator.AddAssign && e.op != Operator.SubtractAssign) return false;
  if (e.target.kind == NodeKind.Deref) return false;
  addTo(lowering, e.target, e.value, e.op == Operator.AddAssign);
  return true;
}

/** Adds or subtracts a value, or 1, at a variable or element. */
function addTo(lowering: Lowering, target: Expression, value: Expression | null, positive: bool): void {
  if (target.kind == NodeKind.Index) {
    const index = <IndexExpression>target;
    const keys = lowerKeys(lowering, index.base, index.keys, index.range);
    addToElement(lowering, keys, summand(lowering, value, positive));
    return;
  }
  addLong(lowering, <Identifier>target, summand(lowering, value, positive));
}

function summand(lowering: Lowering, value: Expression | null, positive: bool): Ref {
  if (value === null) return lowering.constant(positive ? 1 : -1);
  const ref = lowering.long(value);
  return positive ? ref : lowering.b.unary(Op.Neg, ref);
}

/** Evaluates a long expression. */
export function lowerLong(lowering: Lowering, e: Expression): Ref {
  lowering.at(e.range);
  switch (e.kind) {
    case NodeKind.NumberLiteral:
      return lowering.constant((<NumberLiteral>e).value);
    case NodeKind.Identifier:
      return readLong(lowering, <Identifier>e);
    case NodeKind.Call:
      return lowerLongCall(lowering, <CallExpression>e);
    case NodeKind.Statistic:
      return lowerStatistic(lowering, <StatisticExpression>e);
    case NodeKind.Index: {
      const index = <IndexExpression>e;
      if (index.base.kind == NodeKind.Identifier) return readElement(lowering, index);
      return lowerBucket(lowering, <HistogramExpression>index.base, index.keys[0]);
    }
    case NodeKind.In: {
      const test = <InExpression>e;
      if (test.array.kind == NodeKind.Histogram) {
        return lowerBucket(lowering, <HistogramExpression>test.array, test.keys[0]);
      }
      return lowerIn(lowering, test.keys, test.array, test.range);
    }
    case NodeKind.Unary:
      return lowerUnary(lowering, <UnaryExpression>e);
    case NodeKind.PreUpdate:
    case NodeKind.PostUpdate:
      return lowerUpdate(lowering, <UpdateExpression>e);
    case NodeKind.Assignment:
      return lowerAssignment(lowering, <AssignmentExpression>e);
    case NodeKind.Ternary:
      return lowerTernary(lowering, <TernaryExpression>e);
    case NodeKind.Deref:
      return lowerDeref(lowering, <DerefExpression>e);
    case NodeKind.Register:
      return lowerNumberedRegister(lowering, <RegisterExpression>e);
    default:
      assert(e.kind == NodeKind.Binary, "semantic analysis refuses what lowering does not know");
      return lowerBinary(lowering, <BinaryExpression>e);
  }
}

function lowerUnary(lowering: Lowering, e: UnaryExpression): Ref {
  if (e.op == Operator.Not) return valueOfCondition(lowering, e);
  const operand = lowering.long(e.operand);
  switch (e.op) {
    case Operator.Subtract:
      return lowering.b.unary(Op.Neg, operand);
    case Operator.BitNot:
      return lowering.b.unary(Op.Not, operand);
    default:
      return operand;
  }
}

function lowerUpdate(lowering: Lowering, e: UpdateExpression): Ref {
  const one = lowering.constant(e.op == Operator.Increment ? 1 : -1);
  let before: Ref;
  let after: Ref;
  if (e.operand.kind == NodeKind.Index) {
    const index = <IndexExpression>e.operand;
    const keys = lowerKeys(lowering, index.base, index.keys, index.range);
    const element = makeElement(lowering, keys);
    before = lowering.b.load(Op.Load64, element, keys.table.valueOffset);
    after = lowering.b.binary(Op.Add, before, one);
    lowering.b.store(Op.Store64, element, keys.table.valueOffset, after);
  } else if (e.operand.kind == NodeKind.Deref) {
    const target = <DerefExpression>e.operand;
    const address = lowerDerefAddress(lowering, target);
    before = readDeref(lowering, target, address);
    after = lowering.b.binary(Op.Add, before, one);
    writeDeref(lowering, target, address, after);
  } else {
    const target = <Identifier>e.operand;
    before = readLong(lowering, target);
    after = lowering.b.binary(Op.Add, before, one);
    writeLong(lowering, target, after);
  }
  return e.kind == NodeKind.PreUpdate ? after : before;
}

function lowerAssignment(lowering: Lowering, e: AssignmentExpression): Ref {
  if (e.op == Operator.Aggregate) return lowerAggregate(lowering, e);
  if (e.target.kind == NodeKind.Index) return lowerElementAssignment(lowering, e, <IndexExpression>e.target);
  if (e.target.kind == NodeKind.Deref) return lowerMemoryAssignment(lowering, e, <DerefExpression>e.target);
  const target = <Identifier>e.target;
  let value: Ref;
  const base = operatorRow(e.op).base;
  if (base == Operator.None) {
    value = lowering.long(e.value);
  } else {
    // As in stap, the right side is evaluated first and may have changed the variable.
    const right = lowering.long(e.value);
    const before = readLong(lowering, target);
    value = arithmetic(lowering, new Arithmetic(base, before, right, e.value, e.opRange, operatorText(e.op)));
  }
  lowering.at(e.range);
  writeLong(lowering, target, value);
  return value;
}

/** `@uderef(size, address) = value` and the like. */
function lowerMemoryAssignment(lowering: Lowering, e: AssignmentExpression, target: DerefExpression): Ref {
  const address = lowerDerefAddress(lowering, target);
  let value = lowering.long(e.value);
  const base = operatorRow(e.op).base;
  if (base != Operator.None) {
    const before = readDeref(lowering, target, address);
    value = arithmetic(lowering, new Arithmetic(base, before, value, e.value, e.opRange, operatorText(e.op)));
  }
  writeDeref(lowering, target, address, value);
  return value;
}

function lowerElementAssignment(lowering: Lowering, e: AssignmentExpression, target: IndexExpression): Ref {
  const keys = lowerKeys(lowering, target.base, target.keys, target.range);
  const right = lowering.long(e.value);
  const base = operatorRow(e.op).base;
  if (base == Operator.None) {
    lowering.at(e.range);
    writeElement(lowering, keys, right);
    return right;
  }
  if (base == Operator.Divide || base == Operator.Modulo) {
    // A division that fails inserts no element.
    const before = readLongOf(lowering, keys);
    const quotient = arithmetic(lowering, new Arithmetic(base, before, right, e.value, e.opRange, operatorText(e.op)));
    writeElement(lowering, keys, quotient);
    return quotient;
  }
  const element = makeElement(lowering, keys);
  const before = lowering.b.load(Op.Load64, element, keys.table.valueOffset);
  const value = arithmetic(lowering, new Arithmetic(base, before, right, e.value, e.opRange, operatorText(e.op)));
  lowering.b.store(Op.Store64, element, keys.table.valueOffset, value);
  return value;
}

function lowerTernary(lowering: Lowering, e: TernaryExpression): Ref {
  const b = lowering.b;
  const yes = b.newBlock("then");
  const no = b.newBlock("else");
  const join = b.newBlock("join");
  const result = b.variable("ternary");
  beforeMaybe(lowering, e);
  lowering.condition(e.condition, yes, no);
  lowerArm(lowering, e.whenTrue, yes, result);
  b.jump(join);
  lowerArm(lowering, e.whenFalse, no, result);
  b.jump(join);
  b.setBlock(join);
  return b.getVar(result);
}

function lowerArm(lowering: Lowering, e: Expression, block: i32, result: i32): void {
  lowering.b.setBlock(block);
  lowering.scope.memo.open();
  lowering.b.setVar(result, lowering.long(e));
  lowering.scope.memo.close();
}

function lowerBinary(lowering: Lowering, e: BinaryExpression): Ref {
  if (operatorIs(e.op, OperatorFlags.Logical) || e.left.type == Type.String) return valueOfCondition(lowering, e);
  const left = lowering.long(e.left);
  const right = lowering.long(e.right);
  lowering.at(e.range);
  if (operatorIs(e.op, OperatorFlags.Comparison)) return lowering.b.binary(compareOp(e.op), left, right);
  return arithmetic(lowering, new Arithmetic(e.op, left, right, e.right, e.opRange, operatorText(e.op)));
}

/** An arithmetic operator and its operands. */
class Arithmetic {
  constructor(
    public op: Operator,
    public left: Ref,
    public right: Ref,
    /** The expression behind `right`. */
    public divisor: Expression,
    /** The operator's position and spelling in the script. */
    public range: Range,
    public text: string,
  ) {}
}

/** Lowers one arithmetic operator. A division checks its divisor first. */
function arithmetic(lowering: Lowering, e: Arithmetic): Ref {
  if (e.op == Operator.Divide || e.op == Operator.Modulo) {
    lowering.at(e.range);
    const known = e.divisor.kind == NodeKind.NumberLiteral && (<NumberLiteral>e.divisor).value != 0;
    const error = new SoftError("division by 0", e.range, `operator '${e.text}'`);
    if (!known) lowering.exits.failIf(Op.Eq, e.right, lowering.constant(0), error);
  }
  return lowering.b.binary(arithmeticOp(e.op), e.left, e.right);
}

/** Evaluates a condition as the number 0 or 1. */
function valueOfCondition(lowering: Lowering, e: Expression): Ref {
  const b = lowering.b;
  const yes = b.newBlock("true");
  const no = b.newBlock("false");
  const join = b.newBlock("join");
  const result = b.variable("condition");
  lowering.condition(e, yes, no);
  b.setBlock(yes);
  b.setVar(result, lowering.constant(1));
  b.jump(join);
  b.setBlock(no);
  b.setVar(result, lowering.constant(0));
  b.jump(join);
  b.setBlock(join);
  return b.getVar(result);
}

/** Evaluates an expression for a branch: goes to `yes` if the value is not zero, else to `no`. */
export function lowerCondition(lowering: Lowering, e: Expression, yes: i32, no: i32): void {
  lowering.at(e.range);
  if (e.kind == NodeKind.Unary && (<UnaryExpression>e).op == Operator.Not) {
    lowering.condition((<UnaryExpression>e).operand, no, yes);
    return;
  }
  if (e.kind == NodeKind.Binary && conditionOfBinary(lowering, <BinaryExpression>e, yes, no)) return;
  lowering.b.branch(lowering.long(e), yes, no);
}

/** Logical operators and comparisons branch directly. Returns false for other operators. */
function conditionOfBinary(lowering: Lowering, e: BinaryExpression, yes: i32, no: i32): bool {
  if (operatorIs(e.op, OperatorFlags.Logical)) {
    const next = lowering.b.newBlock("next");
    beforeMaybe(lowering, e);
    if (e.op == Operator.LogicalAnd) lowering.condition(e.left, next, no);
    else lowering.condition(e.left, yes, next);
    lowering.b.setBlock(next);
    lowering.scope.memo.open();
    lowering.condition(e.right, yes, no);
    lowering.scope.memo.close();
    return true;
  }
  if (operatorIs(e.op, OperatorFlags.Match)) {
    branchOnMatch(lowering, e, yes, no);
    return true;
  }
  if (!operatorIs(e.op, OperatorFlags.Comparison)) return false;
  if (e.left.type == Type.String) {
    branchOnStrings(lowering, e, yes, no);
    return true;
  }
  const left = lowering.long(e.left);
  const right = lowering.long(e.right);
  lowering.at(e.range);
  lowering.b.branchIf(compareOp(e.op), left, right, yes, no);
  return true;
}
