// What bodies contain that lowering must know beforehand.

import { Rewriter } from "../semantic/rewrite";
import { Script } from "../semantic/script";
import { LocalSymbol, ScriptSymbol, SymbolKind } from "../semantic/symbols";
import {
  AssignmentExpression,
  Expression,
  Identifier,
  NodeKind,
  Statement,
  TryStatement,
  UpdateExpression,
} from "../syntax/ast";
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

/** Looks for `catch (variable)`. */
class Catches extends Rewriter {
  found: bool = false;

  override statement(s: Statement): Statement {
    if (s.kind == NodeKind.Try && (<TryStatement>s).variable !== null) this.found = true;
    this.parts(s);
    return s;
  }
}

/** Whether any handler or function of a script wants the message of an error that it catches. */
export function catchesMessages(script: Script): bool {
  const walk = new Catches();
  for (let i = 0, n = script.handlers.length; i < n; ++i) {
    const bodies = script.handlers[i].bodies;
    for (let k = 0, m = bodies.length; k < m; ++k) walk.statement(bodies[k]);
  }
  for (let i = 0, n = script.usedFunctions.length; i < n; ++i) {
    const body = script.usedFunctions[i].declaration.body;
    if (body !== null) walk.statement(body);
  }
  return walk.found;
}
