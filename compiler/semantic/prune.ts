// Takes out what has no effect, as stap does before it infers types: assignments to locals that nothing reads,
// statements that only compute a value, loops and branches without a body, and the probes of which nothing is left. So
// types need not agree in such code. Each removal may make the next one possible; the walk repeats until nothing
// changes.
//
// A warning names what is taken out of a user's script. -u keeps everything.

import { Builtin, BuiltinFlags } from "../builtins/builtin";
import { Range, SourceKind } from "../source/source";
import {
  AssignmentExpression,
  BinaryExpression,
  BlockStatement,
  CallExpression,
  EmptyStatement,
  Expression,
  ExpressionStatement,
  ForStatement,
  Identifier,
  IfStatement,
  NodeKind,
  Statement,
  TryStatement,
  UpdateExpression,
  WhileStatement,
} from "../syntax/ast";
import { Operator, OperatorFlags, operatorIs } from "../syntax/token";
import { Analysis, CodeUnit } from "./analysis";
import { Rewriter } from "./rewrite";
import { Handler, ProbeSite } from "./script";
import { BuiltinSymbol, FunctionSymbol, LocalSymbol, PrintSymbol, ScriptSymbol, SymbolKind } from "./symbols";
import { Visitor } from "./visit";

/** Only a script written for that purpose needs more walks. */
const MOST_WALKS: i32 = 64;

/** Prunes everything that probes reach. Whether anything changed: then other functions are reached. */
export function prune(a: Analysis, functions: FunctionSymbol[]): bool {
  const acting = actingFunctions(functions);
  let pruned = false;
  for (let walk = 0; walk < MOST_WALKS; ++walk) {
    const pruner = new Pruner(a, acting, readLocals(a, functions));
    for (let i = 0, n = a.units.length; i < n; ++i) {
      const parts = a.units[i].parts;
      for (let j = 0, m = parts.length; j < m; ++j) pruner.block(parts[j].block);
    }
    for (let i = 0, n = functions.length; i < n; ++i) {
      const body = functions[i].declaration.body;
      if (body) pruner.block(body);
    }
    if (!pruner.changed) break;
    pruned = true;
  }
  return dropEmptyUnits(a) || pruned;
}

// ---------------------------------------------------------------------------------------------- what is read

/** Collects the locals whose values something uses; an update such as `x++` uses the old value. */
class Reads extends Visitor {
  found: Set<LocalSymbol> = new Set<LocalSymbol>();

  override expression(e: Expression): void {
    if (e.kind == NodeKind.Identifier) {
      const symbol = <ScriptSymbol | null>(<Identifier>e).symbol;
      if (symbol && symbol.kind == SymbolKind.Local) this.found.add(<LocalSymbol>symbol);
      return;
    }
    if (e.kind == NodeKind.Assignment) {
      const assignment = <AssignmentExpression>e;
      if (assignment.op == Operator.Assign && assignment.target.kind == NodeKind.Identifier) {
        this.expression(assignment.value);
        return;
      }
    }
    this.children(e);
  }
}

function readLocals(a: Analysis, functions: FunctionSymbol[]): Set<LocalSymbol> {
  const reads = new Reads();
  for (let i = 0, n = a.units.length; i < n; ++i) {
    const parts = a.units[i].parts;
    for (let j = 0, m = parts.length; j < m; ++j) reads.block(parts[j].block);
  }
  for (let i = 0, n = functions.length; i < n; ++i) {
    const body = functions[i].declaration.body;
    if (body) reads.block(body);
  }
  return reads.found;
}

// ---------------------------------------------------------------------------------------------- what acts

/** Looks for anything that is noticed beside the value: output, globals, control. */
class Action extends Visitor {
  found: bool = false;

  constructor(
    private acting: Set<FunctionSymbol>,
    /** In the body of a function its locals are nobody's business. */
    private localsCount: bool,
  ) {
    super();
  }

  override statement(s: Statement): void {
    if (this.found) return;
    if (s.kind == NodeKind.Delete || s.kind == NodeKind.EmbeddedStatement) this.found = true;
    else this.parts(s);
  }

  override expression(e: Expression): void {
    if (this.found) return;
    switch (e.kind) {
      case NodeKind.Assignment:
        if (this.isNoticed((<AssignmentExpression>e).target)) this.found = true;
        break;
      case NodeKind.PreUpdate:
      case NodeKind.PostUpdate:
        if (this.isNoticed((<UpdateExpression>e).operand)) this.found = true;
        break;
      case NodeKind.Call:
        if (this.acts(<CallExpression>e)) this.found = true;
        break;
      case NodeKind.EmbeddedExpression:
      case NodeKind.ProbeWrite:
        this.found = true;
        break;
      case NodeKind.Binary:
        // A match leaves its groups for matched().
        if (operatorIs((<BinaryExpression>e).op, OperatorFlags.Match)) this.found = true;
        break;
      default:
        break;
    }
    this.children(e);
  }

  /** Whether a change of a variable is. */
  private isNoticed(target: Expression): bool {
    if (this.localsCount || target.kind != NodeKind.Identifier) return true;
    const symbol = <ScriptSymbol | null>(<Identifier>target).symbol;
    return !symbol || symbol.kind != SymbolKind.Local;
  }

  private acts(call: CallExpression): bool {
    const symbol = <ScriptSymbol | null>call.symbol;
    if (!symbol) return true;
    if (symbol.kind == SymbolKind.Print) return !(<PrintSymbol>symbol).isValue;
    if (symbol.kind == SymbolKind.Function) return this.acting.has((<FunctionSymbol>symbol).overloads[0]);
    const builtin = <BuiltinSymbol>symbol;
    return (builtin.flags & (BuiltinFlags.Controls | BuiltinFlags.Tokenizes)) != 0 || builtin.id == Builtin.Random;
  }
}

/** The functions that do something themselves or through others; of overloads, the first stands for all. */
function actingFunctions(functions: FunctionSymbol[]): Set<FunctionSymbol> {
  const acting = new Set<FunctionSymbol>();
  // Callers are found again until nothing changes: there may be circles.
  const none = new Set<FunctionSymbol>();
  for (let i = 0, n = functions.length; i < n; ++i) {
    const symbol = functions[i];
    const action = new Action(none, false);
    const body = symbol.declaration.body;
    if (body) action.block(body);
    if (!body || action.found) acting.add(symbol.overloads[0]);
  }
  let changed = true;
  while (changed) {
    changed = false;
    for (let i = 0, n = functions.length; i < n; ++i) {
      const first = functions[i].overloads[0];
      if (acting.has(first) || !callsAny(functions[i], acting)) continue;
      acting.add(first);
      changed = true;
    }
  }
  return acting;
}

function callsAny(symbol: FunctionSymbol, acting: Set<FunctionSymbol>): bool {
  for (let i = 0, n = symbol.callees.length; i < n; ++i) {
    if (acting.has(symbol.callees[i].overloads[0])) return true;
  }
  return false;
}

// ---------------------------------------------------------------------------------------------- the walk

class Pruner extends Rewriter {
  changed: bool = false;
  /** Assignments taken out. */
  private elided: i32 = 0;

  constructor(
    private a: Analysis,
    private acting: Set<FunctionSymbol>,
    private reads: Set<LocalSymbol>,
  ) {
    super();
  }

  override expression(e: Expression): Expression {
    this.children(e);
    if (e.kind != NodeKind.Assignment) return e;
    const assignment = <AssignmentExpression>e;
    if (assignment.op != Operator.Assign || assignment.target.kind != NodeKind.Identifier) return e;
    const symbol = <ScriptSymbol | null>(<Identifier>assignment.target).symbol;
    if (!symbol || symbol.kind != SymbolKind.Local || this.reads.has(<LocalSymbol>symbol)) return e;
    this.warn(assignment.target.range, `eliding assignment to unused variable '${symbol.name}'`);
    this.changed = true;
    ++this.elided;
    return assignment.value;
  }

  override statement(s: Statement): Statement {
    const before = this.elided;
    this.parts(s);
    switch (s.kind) {
      case NodeKind.Expression: {
        const value = (<ExpressionStatement>s).expression;
        if (this.acts(value)) return s;
        // Of `x = 1;` the assignment is gone already, and was spoken about.
        if (this.elided == before) this.warn(s.range, "eliding side-effect-free expression");
        return this.nothing(s);
      }
      case NodeKind.If: {
        const branch = <IfStatement>s;
        if (!isEmpty(branch.whenTrue) || !isEmpty(branch.whenFalse)) return s;
        if (!this.acts(branch.condition)) return this.nothing(s);
        this.changed = true;
        return new ExpressionStatement(branch.condition.range, branch.condition);
      }
      case NodeKind.While:
        return isEmpty((<WhileStatement>s).body) && !this.acts((<WhileStatement>s).condition) ? this.nothing(s) : s;
      case NodeKind.For:
        return this.isIdle(<ForStatement>s) ? this.nothing(s) : s;
      case NodeKind.Try:
        return isEmpty((<TryStatement>s).body) ? this.nothing(s) : s;
      default:
        return s;
    }
  }

  private isIdle(s: ForStatement): bool {
    if (!isEmpty(s.body)) return false;
    return !this.acts(s.initializer) && !this.acts(s.condition) && !this.acts(s.step);
  }

  private acts(e: Expression | null): bool {
    if (!e) return false;
    const action = new Action(this.acting, true);
    action.expression(e);
    return action.found;
  }

  private nothing(s: Statement): Statement {
    this.changed = true;
    return new EmptyStatement(s.range);
  }

  private warn(range: Range, message: string): void {
    if (range.source.kind != SourceKind.Tapset) this.a.reporter.warning(range, message);
  }
}

/** Whether a statement is nothing, or a block of nothing. */
function isEmpty(s: Statement | null): bool {
  if (!s || s.kind == NodeKind.Empty) return true;
  if (s.kind != NodeKind.Block) return false;
  const list = (<BlockStatement>s).statements;
  for (let i = 0, n = list.length; i < n; ++i) {
    if (!isEmpty(list[i])) return false;
  }
  return true;
}

// ---------------------------------------------------------------------------------------------- the probes

/** Takes out units of which nothing is left; whether there were any. */
function dropEmptyUnits(a: Analysis): bool {
  const kept: CodeUnit[] = [];
  const dropped = new Set<Handler>();
  for (let i = 0, n = a.units.length; i < n; ++i) {
    const unit = a.units[i];
    if (!isIdleUnit(unit)) {
      kept.push(unit);
      continue;
    }
    warnIdle(a, unit);
    for (let j = 0, m = unit.handlers.length; j < m; ++j) dropped.add(unit.handlers[j]);
  }
  if (kept.length == a.units.length) return false;
  a.units = kept;
  const sites: ProbeSite[] = [];
  for (let i = 0, n = a.sites.length; i < n; ++i) {
    if (!dropped.has(a.sites[i].handler)) sites.push(a.sites[i]);
  }
  a.sites = sites;
  return true;
}

function isIdleUnit(unit: CodeUnit): bool {
  for (let i = 0, n = unit.parts.length; i < n; ++i) {
    if (!isEmpty(unit.parts[i].block)) return false;
  }
  // oneshot ends the session.
  for (let i = 0, n = unit.handlers.length; i < n; ++i) {
    if (unit.handlers[i].exits) return false;
  }
  return true;
}

function warnIdle(a: Analysis, unit: CodeUnit): void {
  if (unit.range.source.kind == SourceKind.Tapset) return;
  a.reporter.warning(unit.range, `probe '${unit.range.text}' has been elided: its handler does nothing`);
}
