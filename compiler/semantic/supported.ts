// Refuses the constructs of the language that the back end does not support yet; nothing else does. Everything that
// arrives here has been resolved and typed. When lowering supports a construct, delete it from the table below; pass 2
// needs no other change.

import { Reporter } from "../diagnostics/diagnostic";
import { Range } from "../source/source";
import {
  AssignmentExpression,
  DerefExpression,
  Expression,
  NodeKind,
  RegisterExpression,
  Statement,
  TargetExpression,
  UpdateExpression,
} from "../syntax/ast";
import { Operator } from "../syntax/token";
import { FunctionSymbol, GlobalSymbol } from "./symbols";
import { Visitor } from "./visit";

/** What an expression is, if it is refused; or nothing. */
function refusedExpression(e: Expression): string {
  switch (e.kind) {
    case NodeKind.Entry:
      return "'@entry'";
    case NodeKind.Perf:
      return "'@perf'";
    case NodeKind.Const:
      return "'@const'";
    case NodeKind.ProbeWrite:
      return "'@probewrite'";
    case NodeKind.Register:
      return (<RegisterExpression>e).op == Operator.AtUregister ? "registers of user space" : "";
    default:
      return "";
  }
}

/** Walks reachable code and refuses what is not supported. */
export class SupportCheck extends Visitor {
  constructor(private reporter: Reporter) {
    super();
  }

  override expression(e: Expression): void {
    if (e.kind == NodeKind.Assignment) this.changed((<AssignmentExpression>e).target);
    else if (e.kind == NodeKind.PreUpdate || e.kind == NodeKind.PostUpdate) this.changed((<UpdateExpression>e).operand);
    const isTarget = e.kind >= NodeKind.TargetVariable && e.kind <= NodeKind.Autocast;
    if (e.kind == NodeKind.EmbeddedExpression) this.refuseCode(e.range);
    else if (isTarget) this.refuseTarget(<TargetExpression>e);
    else if (!this.refuse(e.range, refusedExpression(e))) this.children(e);
  }

  override statement(s: Statement): void {
    if (s.kind == NodeKind.EmbeddedStatement) this.refuseCode(s.range);
    else this.parts(s);
  }

  /** Checks a function: its form, then its body. */
  body(symbol: FunctionSymbol): void {
    const declaration = symbol.declaration;
    const body = declaration.body;
    if (body) this.block(body);
    else this.refuseCode(symbol.range);
  }

  /** Checks a global that is used. */
  global(symbol: GlobalSymbol): void {
    if (symbol.arity == -2) this.refuse(symbol.range, "arrays that are never indexed");
  }

  private refuseTarget(e: TargetExpression): void {
    const unknown = "what the value points to is not known, so it has no members";
    const hint = 'name its type: @cast(x, "struct y")->member';
    if (e.problem.length > 0) this.reporter.error(e.range, e.problem, e.problemHint);
    else this.reporter.error(e.range, unknown, hint);
  }

  /** Memory of the kernel will stay as it is. */
  private changed(target: Expression): void {
    if (target.kind != NodeKind.Deref || (<DerefExpression>target).op == Operator.AtUderef) return;
    this.reporter.error(target.range, "BPF cannot change memory of the kernel");
  }

  /** Embedded C will stay unsupported. */
  private refuseCode(range: Range): void {
    this.reporter.error(range, "embedded C cannot be compiled to BPF");
  }

  private refuse(range: Range, what: string): bool {
    if (what.length == 0) return false;
    this.reporter.error(range, `not supported yet: ${what}`);
    return true;
  }
}
