// What lowering must know of the bodies of a script in advance.

import { Builtin } from "../builtins/builtin";
import { Script } from "../semantic/script";
import { BuiltinSymbol, LocalSymbol, ScriptSymbol, SymbolKind } from "../semantic/symbols";
import { Visitor } from "../semantic/visit";
import {
  AssignmentExpression,
  BinaryExpression,
  BlockStatement,
  CallExpression,
  DeleteStatement,
  Expression,
  ExpressionStatement,
  ForeachStatement,
  Identifier,
  IfStatement,
  NodeKind,
  SortOrder,
  Statement,
  TryStatement,
  UpdateExpression,
} from "../syntax/ast";
import { OperatorFlags, operatorIs } from "../syntax/token";
import { arrayOf, symbolOf } from "./names";

/** Collects the locals that a body assigns. */
class Assignments extends Visitor {
  assigned: Set<LocalSymbol> = new Set<LocalSymbol>();

  expression(e: Expression): void {
    if (e.kind == NodeKind.Assignment) this.note((<AssignmentExpression>e).target);
    if (e.kind == NodeKind.PreUpdate || e.kind == NodeKind.PostUpdate) this.note((<UpdateExpression>e).operand);
    this.children(e);
  }

  override statement(s: Statement): void {
    if (s.kind == NodeKind.Try) this.noteMaybe((<TryStatement>s).variable);
    if (s.kind == NodeKind.Delete) this.note((<DeleteStatement>s).target);
    if (s.kind == NodeKind.Foreach) {
      const loop = <ForeachStatement>s;
      this.noteMaybe(loop.value);
      for (let i = 0, n = loop.keys.length; i < n; ++i) this.note(loop.keys[i].variable);
    }
    this.parts(s);
  }

  private noteMaybe(variable: Identifier | null): void {
    if (variable !== null) this.note(variable);
  }

  private note(target: Expression): void {
    if (target.kind != NodeKind.Identifier || (<Identifier>target).symbol === null) return;
    const symbol: ScriptSymbol = symbolOf(<Identifier>target);
    if (symbol.kind == SymbolKind.Local) this.assigned.add(<LocalSymbol>symbol);
  }
}

/** The locals assigned in a body. */
export function assignedLocals(body: Statement): Set<LocalSymbol> {
  const walk = new Assignments();
  walk.statement(body);
  return walk.assigned;
}

/** What the bodies of a script contain, taken together. */
export class Contents extends Visitor {
  /** Some `catch` stores the message. */
  catchesMessages: bool = false;
  /** Some function calls error() with a computed message. */
  raisesMessages: bool = false;
  /** Every foreach that needs a queue, once: it sorts, or its array keeps no list in the order of insertion. */
  sorted: ForeachStatement[] = [];
  /** Every `=~` and `!~`. */
  matches: BinaryExpression[] = [];
  /** Some call reads the groups of a match. */
  usesGroups: bool = false;
  private seen: Set<ForeachStatement> = new Set<ForeachStatement>();
  private inFunction: bool = false;

  constructor(script: Script) {
    super();
    for (let i = 0, n = script.handlers.length; i < n; ++i) {
      const conditions = script.handlers[i].conditions;
      for (let k = 0, m = conditions.length; k < m; ++k) this.expression(conditions[k]);
      const bodies = script.handlers[i].bodies;
      for (let k = 0, m = bodies.length; k < m; ++k) this.statement(bodies[k]);
    }
    this.inFunction = true;
    for (let i = 0, n = script.usedFunctions.length; i < n; ++i) {
      const body = script.usedFunctions[i].declaration.body;
      if (body !== null) this.statement(body);
    }
  }

  override statement(s: Statement): void {
    if (s.kind == NodeKind.Try && (<TryStatement>s).variable !== null) this.catchesMessages = true;
    if (s.kind == NodeKind.Foreach) this.noteForeach(<ForeachStatement>s);
    this.parts(s);
  }

  override expression(e: Expression): void {
    if (e.kind == NodeKind.Binary && operatorIs((<BinaryExpression>e).op, OperatorFlags.Match)) {
      this.matches.push(<BinaryExpression>e);
    } else if (e.kind == NodeKind.Call) {
      this.noteCall(<CallExpression>e);
    }
    this.children(e);
  }

  private noteCall(e: CallExpression): void {
    const symbol = <ScriptSymbol | null>e.symbol;
    if (symbol === null || symbol.kind != SymbolKind.Builtin) return;
    const id = (<BuiltinSymbol>symbol).id;
    if (id == Builtin.Matched || id == Builtin.Ngroups) this.usesGroups = true;
    if (id != Builtin.Error || !this.inFunction) return;
    if (e.args[0].kind != NodeKind.StringLiteral) this.raisesMessages = true;
  }

  private noteForeach(s: ForeachStatement): void {
    let sorts = s.valueSort != SortOrder.None;
    for (let i = 0, n = s.keys.length; i < n; ++i) sorts = sorts || s.keys[i].sort != SortOrder.None;
    if (s.array.kind == NodeKind.Identifier && arrayOf(s.array).stripes > 1) sorts = true;
    if (!sorts || this.seen.has(s)) return;
    this.seen.add(s);
    this.sorted.push(s);
  }
}

/** Whether an expression is a call of error(). */
function isError(e: Expression): bool {
  if (e.kind != NodeKind.Call) return false;
  const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
  return symbol !== null && symbol.kind == SymbolKind.Builtin && (<BuiltinSymbol>symbol).id == Builtin.Error;
}

/** Whether the code after a statement is unreachable. */
export function leaves(s: Statement): bool {
  switch (s.kind) {
    case NodeKind.Next:
    case NodeKind.Break:
    case NodeKind.Continue:
    case NodeKind.Return:
      return true;
    case NodeKind.Block: {
      const statements = (<BlockStatement>s).statements;
      for (let i = 0, n = statements.length; i < n; ++i) {
        if (leaves(statements[i])) return true;
      }
      return false;
    }
    case NodeKind.If: {
      const otherwise = (<IfStatement>s).whenFalse;
      return otherwise !== null && leaves((<IfStatement>s).whenTrue) && leaves(otherwise);
    }
    case NodeKind.Expression:
      return isError((<ExpressionStatement>s).expression);
    case NodeKind.Try:
      return leaves((<TryStatement>s).body) && leaves((<TryStatement>s).handler);
    default:
      return false;
  }
}
