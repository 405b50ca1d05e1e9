// What a handler decides before it takes a lock or a frame: conditions of the probe, and `if (…) next` and
// `if (…) { … }` at the beginning of its body, if they read only who is running and compare small values.

import { Handler } from "../semantic/script";
import { ScriptSymbol, SymbolKind } from "../semantic/symbols";
import {
  BinaryExpression,
  BlockStatement,
  CallExpression,
  Expression,
  IfStatement,
  NodeKind,
  Statement,
  StringLiteral,
  UnaryExpression,
} from "../syntax/ast";
import { Operator, OperatorFlags, operatorIs } from "../syntax/token";
import { Type } from "../syntax/type";
import { Lowering } from "./lowering";
import { lengthOf } from "./names";
import { matchesInRegisters } from "./regex";
import { isSimple } from "./simple";

/** Comparing with a longer literal may need a frame. */
const EARLY_STRING_BYTES: i32 = 16;

/** The conditions of a handler, and what it does if they hold. */
export class Guards {
  /** All must hold. They are to be checked first. */
  early: Expression[] = [];
  /** All must hold. They need the lock or a frame. */
  late: Expression[] = [];
  bodies: BlockStatement[] = [];

  constructor(
    private lowering: Lowering,
    handler: Handler,
  ) {
    const conditions = conjuncts(handler.conditions);
    let first = 0;
    while (first < conditions.length && isEarly(lowering, conditions[first])) ++first;
    this.early = conditions.slice(0, first);
    this.late = conditions.slice(first);
    // oneshot: exit() follows whatever the body does.
    const mayMove = this.late.length == 0 && !handler.exits;
    for (let i = 0, n = handler.bodies.length; i < n; ++i) {
      const rest = mayMove && this.bodies.length == 0 ? this.guarded(handler.bodies[i], i + 1 == n) : handler.bodies[i];
      if (rest.statements.length > 0 || i + 1 == n) this.bodies.push(rest);
    }
  }

  /** Takes the guards from the beginning of a body; returns what is left. */
  private guarded(body: BlockStatement, isLast: bool): BlockStatement {
    let statements = body.statements;
    let at = 0;
    let rest: Statement | null = null;
    while (at < statements.length && rest === null && isGuard(statements[at])) rest = this.takeNext(statements[at++]);
    statements = statements.slice(at);
    if (rest !== null) statements.unshift(rest);
    if (isLast && statements.length == 1) statements = this.withoutIf(statements[0]);
    return new BlockStatement(body.range, statements);
  }

  /** Takes the first alternatives of `if (a || b) next` that are early; returns what is left of the statement. */
  private takeNext(s: Statement): Statement | null {
    if (s.kind == NodeKind.Empty) return null;
    const choice = <IfStatement>s;
    const parts = split(choice.condition, Operator.LogicalOr);
    let taken = 0;
    while (taken < parts.length && isEarly(this.lowering, parts[taken])) this.early.push(negated(parts[taken++]));
    if (taken == parts.length) return null;
    let left = parts[taken];
    for (let i = taken + 1, n = parts.length; i < n; ++i) {
      left = new BinaryExpression(left.range, Operator.LogicalOr, left, parts[i], left.range);
      left.type = Type.Long;
    }
    return new IfStatement(choice.range, left, choice.whenTrue, null);
  }

  /** The statements in an `if` without `else`, whose condition is taken as far as it is early. */
  private withoutIf(s: Statement): Statement[] {
    if (s.kind != NodeKind.If || (<IfStatement>s).whenFalse !== null) return [s];
    const choice = <IfStatement>s;
    const parts = conjuncts([choice.condition]);
    for (let i = 0, n = parts.length; i < n; ++i) {
      if (!isEarly(this.lowering, parts[i])) return [s];
    }
    this.early = this.early.concat(parts);
    if (choice.whenTrue.kind == NodeKind.Block) return (<BlockStatement>choice.whenTrue).statements;
    return [choice.whenTrue];
  }
}

/** Whether a statement is `if (…) next`, or nothing. */
function isGuard(s: Statement): bool {
  if (s.kind == NodeKind.Empty) return true;
  return s.kind == NodeKind.If && (<IfStatement>s).whenFalse === null && isNext((<IfStatement>s).whenTrue);
}

/** Whether a statement is `next` or `{ next }`. */
function isNext(s: Statement): bool {
  if (s.kind == NodeKind.Next) return true;
  if (s.kind != NodeKind.Block) return false;
  const statements = (<BlockStatement>s).statements;
  return statements.length == 1 && statements[0].kind == NodeKind.Next;
}

function negated(e: Expression): Expression {
  const not = new UnaryExpression(e.range, Operator.Not, e);
  not.type = Type.Long;
  return not;
}

/** Splits conditions at `&&`. */
function conjuncts(conditions: Expression[]): Expression[] {
  let parts: Expression[] = [];
  for (let i = 0, n = conditions.length; i < n; ++i) parts = parts.concat(split(conditions[i], Operator.LogicalAnd));
  return parts;
}

/** Splits a condition at an operator. */
function split(condition: Expression, op: Operator): Expression[] {
  const parts: Expression[] = [];
  const open: Expression[] = [condition];
  while (open.length > 0) {
    const e = open.pop();
    if (e.kind == NodeKind.Binary && (<BinaryExpression>e).op == op) {
      open.push((<BinaryExpression>e).right);
      open.push((<BinaryExpression>e).left);
    } else {
      parts.push(e);
    }
  }
  return parts;
}

/** Whether a condition needs neither the lock nor a frame: it reads only who is running and compares small values. */
function isEarly(lowering: Lowering, e: Expression): bool {
  if (lowering.claimsFirst) return false;
  switch (e.kind) {
    case NodeKind.NumberLiteral:
      return true;
    case NodeKind.StringLiteral:
      return (<StringLiteral>e).value.length < EARLY_STRING_BYTES;
    case NodeKind.Unary:
      return isEarly(lowering, (<UnaryExpression>e).operand);
    case NodeKind.Binary: {
      const binary = <BinaryExpression>e;
      if (operatorIs(binary.op, OperatorFlags.Match)) {
        return matchesInRegisters(lowering, lengthOf(lowering.runtime, binary.left)) && isEarly(lowering, binary.left);
      }
      const equality = binary.op == Operator.Equal || binary.op == Operator.NotEqual;
      if (binary.left.type == Type.String && !equality) return false;
      return isSimple(e) && isEarly(lowering, binary.left) && isEarly(lowering, binary.right);
    }
    case NodeKind.Call: {
      const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
      return symbol !== null && symbol.kind == SymbolKind.Builtin && isSimple(e);
    }
    default:
      return false;
  }
}
