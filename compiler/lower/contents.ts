// What bodies contain that lowering must know beforehand.

import { Builtin } from "../builtins/builtin";
import { Rewriter } from "../semantic/rewrite";
import { Script } from "../semantic/script";
import { BuiltinSymbol, LocalSymbol, ScriptSymbol, SymbolKind } from "../semantic/symbols";
import {
  AssignmentExpression,
  BinaryExpression,
  CallExpression,
  DeleteStatement,
  Expression,
  ForeachStatement,
  Identifier,
  NodeKind,
  SortOrder,
  Statement,
  TryStatement,
  UpdateExpression,
} from "../syntax/ast";
import { OperatorFlags, operatorIs } from "../syntax/token";
import { symbolOf } from "./variable";

/** Collects the locals that a body assigns. */
class Assignments extends Rewriter {
  assigned: Set<LocalSymbol> = new Set<LocalSymbol>();

  expression(e: Expression): Expression {
    if (e.kind == NodeKind.Assignment) this.note((<AssignmentExpression>e).target);
    if (e.kind == NodeKind.PreUpdate || e.kind == NodeKind.PostUpdate) this.note((<UpdateExpression>e).operand);
    this.children(e);
    return e;
  }

  override statement(s: Statement): Statement {
    if (s.kind == NodeKind.Try) this.noteMaybe((<TryStatement>s).variable);
    if (s.kind == NodeKind.Delete) this.note((<DeleteStatement>s).target);
    if (s.kind == NodeKind.Foreach) {
      const loop = <ForeachStatement>s;
      this.noteMaybe(loop.value);
      for (let i = 0, n = loop.keys.length; i < n; ++i) this.note(loop.keys[i].variable);
    }
    this.parts(s);
    return s;
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

/** What all bodies of a script contain. */
export class Contents extends Rewriter {
  /** Some `catch` wants the message. */
  catchesMessages: bool = false;
  /** Some function calls error() with a message that is computed. */
  raisesMessages: bool = false;
  /** Every foreach that sorts, once. */
  sorted: ForeachStatement[] = [];
  /** Every `=~` and `!~`. */
  matches: BinaryExpression[] = [];
  /** Something asks for the groups of a match. */
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

  override statement(s: Statement): Statement {
    if (s.kind == NodeKind.Try && (<TryStatement>s).variable !== null) this.catchesMessages = true;
    if (s.kind == NodeKind.Foreach) this.noteForeach(<ForeachStatement>s);
    this.parts(s);
    return s;
  }

  override expression(e: Expression): Expression {
    if (e.kind == NodeKind.Binary && operatorIs((<BinaryExpression>e).op, OperatorFlags.Match)) {
      this.matches.push(<BinaryExpression>e);
    } else if (e.kind == NodeKind.Call) {
      this.noteCall(<CallExpression>e);
    }
    this.children(e);
    return e;
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
    if (!sorts || this.seen.has(s)) return;
    this.seen.add(s);
    this.sorted.push(s);
  }
}
