// Which parameters a function assigns: the others can stand for their arguments without a copy.

import { Rewriter } from "../semantic/rewrite";
import { LocalSymbol, ScriptSymbol, SymbolKind } from "../semantic/symbols";
import { AssignmentExpression, Expression, Identifier, NodeKind, Statement, UpdateExpression } from "../syntax/ast";
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
