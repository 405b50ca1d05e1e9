// Constant folding: an operator with literal operands becomes a literal, and a branch that a literal decides
// disappears. This happens before types are inferred, so that, as in stap, code which cannot run may have types that do
// not match. A division by zero is not folded: it is an error at run time, not at compile time.

import { CoreKind } from "../../common/format/btf";
import { Builtin } from "../builtins/builtin";
import { Relocations } from "../kernel/relocations";
import {
  BinaryExpression,
  CallExpression,
  ChooseDefinedExpression,
  DefinedExpression,
  EmptyStatement,
  Expression,
  ExpressionStatement,
  ForStatement,
  IfStatement,
  NodeKind,
  NumberLiteral,
  Statement,
  StringLiteral,
  TernaryExpression,
  UnaryExpression,
  WhileStatement,
} from "../syntax/ast";
import { Operator, OperatorFlags, operatorIs } from "../syntax/token";
import { Type } from "../syntax/type";
import { Rewriter } from "./rewrite";
import { BuiltinSymbol, FunctionSymbol, PrintSymbol, ScriptSymbol, SymbolKind } from "./symbols";
import { Visitor } from "./visit";

/** Folds a tree. */
export class Folder extends Rewriter {
  /** In code that is relocated, what exists in the kernel that runs it is asked there. */
  constructor(private relocations: Relocations | null = null) {
    super();
  }

  override expression(e: Expression): Expression {
    this.children(e);
    switch (e.kind) {
      case NodeKind.Unary:
        return foldUnary(<UnaryExpression>e);
      case NodeKind.Binary: {
        const binary = <BinaryExpression>e;
        const isLogical = operatorIs(binary.op, OperatorFlags.Logical);
        if (this.relocations !== null && isLogical && hasTarget(binary.right)) {
          binary.left = this.decided(binary.left);
        }
        return foldBinary(binary);
      }
      case NodeKind.Ternary: {
        const ternary = <TernaryExpression>e;
        const asks = this.relocations !== null;
        if (asks && (hasTarget(ternary.whenTrue) || hasTarget(ternary.whenFalse))) {
          ternary.condition = this.decided(ternary.condition);
        }
        if (ternary.condition.kind != NodeKind.NumberLiteral) return e;
        return numberOf(ternary.condition) != 0 ? ternary.whenTrue : ternary.whenFalse;
      }
      case NodeKind.Defined: {
        const asked = <DefinedExpression>e;
        const isHere = isDefined(asked.operand);
        if (isHere && asked.exists !== null) return <Expression>asked.exists;
        if (asked.isTyped) this.pin();
        return new NumberLiteral(e.range, isHere ? 1 : 0);
      }
      case NodeKind.ChooseDefined:
        return this.choose(<ChooseDefinedExpression>e);
      default:
        return e;
    }
  }

  private choose(e: ChooseDefinedExpression): Expression {
    const isHere = isDefined(e.value);
    if (isHere && e.exists !== null && isDefined(e.fallback)) {
      return new TernaryExpression(e.range, <Expression>e.exists, e.value, e.fallback);
    }
    if (e.isTyped) this.pin();
    return isHere ? e.value : e.fallback;
  }

  private pin(): void {
    const relocations = this.relocations;
    if (relocations !== null) relocations.pin("@defined");
  }

  /** A question that is answered for this kernel alone, because one of the ways that it leads to exists here only. */
  private decided(condition: Expression): Expression {
    const answer = answerHere(condition, this.relocations!);
    if (answer < 0) return condition;
    this.pin();
    return new NumberLiteral(condition.range, answer);
  }

  override statement(s: Statement): Statement {
    this.parts(s);
    switch (s.kind) {
      case NodeKind.If: {
        const branch = <IfStatement>s;
        if (this.relocations !== null && hasTargetIn(branch)) branch.condition = this.decided(branch.condition);
        return foldIf(branch);
      }
      case NodeKind.Expression:
        return branchOf(<ExpressionStatement>s);
      case NodeKind.While: {
        const loop = <WhileStatement>s;
        return isZero(loop.condition) ? new EmptyStatement(s.range) : s;
      }
      case NodeKind.For: {
        const loop = <ForStatement>s;
        const condition = loop.condition;
        if (condition && isZero(condition) && !loop.initializer) return new EmptyStatement(s.range);
        return s;
      }
      default:
        return s;
    }
  }
}

/**
 * Whether an expression can be resolved: as long as target variables are not supported, nothing that contains one can.
 */
function isDefined(e: Expression): bool {
  return !hasTarget(e);
}

/** Whether some part of it needs the types and variables of the traced code. */
export function hasTarget(e: Expression): bool {
  const finder = new TargetFinder();
  finder.expression(e);
  return finder.found;
}

/** Whether a way of a branch needs them. */
function hasTargetIn(s: IfStatement): bool {
  const finder = new TargetFinder();
  finder.statement(s.whenTrue);
  const other = s.whenFalse;
  if (other) finder.statement(other);
  return finder.found;
}

/** What a question about existence is in this kernel, where everything that is asked about exists; -1: it is none. */
function answerHere(e: Expression, relocations: Relocations): i32 {
  if (e.kind == NodeKind.Unary && (<UnaryExpression>e).op == Operator.Not) {
    const answer = answerHere((<UnaryExpression>e).operand, relocations);
    return answer < 0 ? answer : 1 - answer;
  }
  if (e.kind == NodeKind.Binary && (<BinaryExpression>e).op == Operator.LogicalAnd) {
    const left = answerHere((<BinaryExpression>e).left, relocations);
    const right = answerHere((<BinaryExpression>e).right, relocations);
    return left == 0 || right == 0 ? 0 : min(left, right);
  }
  if (e.kind != NodeKind.Call) return -1;
  const call = <CallExpression>e;
  const symbol = <ScriptSymbol | null>call.symbol;
  if (symbol === null || symbol.kind != SymbolKind.Builtin) return -1;
  if ((<BuiltinSymbol>symbol).id != Builtin.Relocated) return -1;
  const number = <i32>numberOf(call.args[0]);
  return relocations.list[number].kind == CoreKind.FieldExists ? 1 : -1;
}

/** Looks for expressions that need the types and variables of the traced code. */
class TargetFinder extends Visitor {
  found: bool = false;

  override expression(e: Expression): void {
    switch (e.kind) {
      case NodeKind.TargetVariable:
      case NodeKind.Autocast:
      case NodeKind.AtVar:
      case NodeKind.Cast:
      case NodeKind.Entry:
      case NodeKind.Const:
        this.found = true;
        return;
      default:
        this.children(e);
        return;
    }
  }
}

function foldIf(s: IfStatement): Statement {
  if (s.condition.kind != NodeKind.NumberLiteral) return s;
  if (numberOf(s.condition) != 0) return s.whenTrue;
  const other = s.whenFalse;
  return other ? other : new EmptyStatement(s.range);
}

/** `c ? f() : g()` as a statement, where one of the calls gives no value, is an `if`. */
function branchOf(s: ExpressionStatement): Statement {
  const e = s.expression;
  if (e.kind != NodeKind.Ternary) return s;
  const ternary = <TernaryExpression>e;
  if (!isVoid(ternary.whenTrue) && !isVoid(ternary.whenFalse)) return s;
  return new IfStatement(s.range, ternary.condition, dropped(ternary.whenTrue), dropped(ternary.whenFalse));
}

function dropped(e: Expression): Statement {
  return branchOf(new ExpressionStatement(e.range, e));
}

/** Whether it is a call that gives no value, or a choice between such. */
function isVoid(e: Expression): bool {
  if (e.kind == NodeKind.Ternary)
    return isVoid((<TernaryExpression>e).whenTrue) || isVoid((<TernaryExpression>e).whenFalse);
  if (e.kind != NodeKind.Call) return false;
  const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
  if (!symbol) return false;
  if (symbol.kind == SymbolKind.Print) return !(<PrintSymbol>symbol).isValue;
  if (symbol.kind == SymbolKind.Builtin) return (<BuiltinSymbol>symbol).returnType == Type.Void;
  const overloads = (<FunctionSymbol>symbol).overloads;
  for (let i = 0, n = overloads.length; i < n; ++i) {
    if (overloads[i].hasValue || overloads[i].returnType != Type.Unknown) return false;
  }
  return true;
}

function isZero(e: Expression): bool {
  return e.kind == NodeKind.NumberLiteral && numberOf(e) == 0;
}

function numberOf(e: Expression): i64 {
  return (<NumberLiteral>e).value;
}

function foldUnary(e: UnaryExpression): Expression {
  if (e.operand.kind != NodeKind.NumberLiteral) return e;
  const value = numberOf(e.operand);
  switch (e.op) {
    case Operator.Not:
      return new NumberLiteral(e.range, value == 0 ? 1 : 0);
    case Operator.BitNot:
      return new NumberLiteral(e.range, ~value);
    case Operator.Subtract:
      return new NumberLiteral(e.range, -value);
    case Operator.Add:
      return new NumberLiteral(e.range, value);
    default:
      return e;
  }
}

function foldBinary(e: BinaryExpression): Expression {
  const left = e.left;
  const right = e.right;
  if (operatorIs(e.op, OperatorFlags.Logical)) return foldLogical(e);
  if (left.kind == NodeKind.NumberLiteral && right.kind == NodeKind.NumberLiteral) return foldNumbers(e);
  if (left.kind == NodeKind.StringLiteral && right.kind == NodeKind.StringLiteral) return foldStrings(e);
  return e;
}

/** `0 && x` is 0, `1 || x` is 1: the right side would never run. Everything else needs it. */
function foldLogical(e: BinaryExpression): Expression {
  if (e.left.kind != NodeKind.NumberLiteral) return e;
  const left = numberOf(e.left) != 0;
  const decides = e.op == Operator.LogicalAnd ? !left : left;
  if (decides) return new NumberLiteral(e.range, left ? 1 : 0);
  if (e.right.kind != NodeKind.NumberLiteral) return e;
  return new NumberLiteral(e.range, numberOf(e.right) != 0 ? 1 : 0);
}

function foldNumbers(e: BinaryExpression): Expression {
  const a = numberOf(e.left);
  const b = numberOf(e.right);
  switch (e.op) {
    case Operator.Add:
      return new NumberLiteral(e.range, a + b);
    case Operator.Subtract:
      return new NumberLiteral(e.range, a - b);
    case Operator.Multiply:
      return new NumberLiteral(e.range, a * b);
    case Operator.Divide:
    case Operator.Modulo:
      return foldDivision(e, a, b);
    case Operator.BitAnd:
      return new NumberLiteral(e.range, a & b);
    case Operator.BitOr:
      return new NumberLiteral(e.range, a | b);
    case Operator.BitXor:
      return new NumberLiteral(e.range, a ^ b);
    case Operator.ShiftLeft:
    case Operator.ShiftRight:
    case Operator.ShiftRightLogical:
      return new NumberLiteral(e.range, shift(e.op, a, b));
    default:
      return foldComparison(e, a < b ? -1 : a > b ? 1 : 0);
  }
}

/** A literal count that is negative or too large shifts by nothing, as in stap; at run time it is taken modulo 64. */
function shift(op: Operator, a: i64, count: i64): i64 {
  if (count < 0 || count > 63) return a;
  if (op == Operator.ShiftLeft) return a << count;
  return op == Operator.ShiftRight ? a >> count : <i64>(<u64>a >> <u64>count);
}

/** The least number divided by -1 would trap here, and is the least number there. */
function foldDivision(e: BinaryExpression, a: i64, b: i64): Expression {
  if (b == 0) return e;
  const divide = e.op == Operator.Divide;
  if (b == -1) return new NumberLiteral(e.range, divide ? -a : 0);
  return new NumberLiteral(e.range, divide ? a / b : a % b);
}

function foldComparison(e: BinaryExpression, order: i32): Expression {
  let holds = false;
  switch (e.op) {
    case Operator.Less:
      holds = order < 0;
      break;
    case Operator.Greater:
      holds = order > 0;
      break;
    case Operator.LessEqual:
      holds = order <= 0;
      break;
    case Operator.GreaterEqual:
      holds = order >= 0;
      break;
    case Operator.Equal:
      holds = order == 0;
      break;
    case Operator.NotEqual:
      holds = order != 0;
      break;
    default:
      return e;
  }
  return new NumberLiteral(e.range, holds ? 1 : 0);
}

/** Literals are not cut until they are stored, so a comparison of long ones is left to the code that cuts them. */
function foldStrings(e: BinaryExpression): Expression {
  const a = (<StringLiteral>e.left).value;
  const b = (<StringLiteral>e.right).value;
  if (a.length + b.length > 15) return e;
  if (e.op == Operator.Concat) return new StringLiteral(e.range, a + b);
  return foldComparison(e, a < b ? -1 : a > b ? 1 : 0);
}
