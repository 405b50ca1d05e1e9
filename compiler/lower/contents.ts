// What lowering must know of the bodies of a script in advance.

import { Engine } from "../../common/format/manifest";
import { Builtin, BuiltinFlags } from "../builtins/builtin";
import { Handler, Script } from "../semantic/script";
import { BuiltinSymbol, FunctionSymbol, LocalSymbol, ScriptSymbol, SymbolKind } from "../semantic/symbols";
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
  /** Some error's message contains a number: memory is read, and the message of a fault has the address. */
  raisesNumbers: bool = false;
  /** Every foreach that needs a queue, once: it sorts, or its array keeps no list in the order of insertion. */
  sorted: SortedLoop[] = [];
  /** Every `=~` and `!~`. */
  matches: BinaryExpression[] = [];
  /** Some call reads the groups of a match. */
  usesGroups: bool = false;
  private seen: Set<ForeachStatement> = new Set<ForeachStatement>();
  private inFunction: bool = false;
  /**
   * The handlers or function under way, of which one runs at a time; whether only the agent runs it; how many sorted
   * loops are around.
   */
  private unit: string = "";
  private isForAgent: bool = false;
  private level: i32 = 0;

  constructor(script: Script) {
    super();
    // Two handlers may share their trees. What one of them runs in the kernel is not for the agent.
    for (let i = 0, n = script.handlers.length; i < n; ++i) {
      if (script.handlers[i].engine != Engine.Agent) this.handler(script.handlers[i]);
    }
    this.isForAgent = true;
    for (let i = 0, n = script.handlers.length; i < n; ++i) {
      if (script.handlers[i].engine == Engine.Agent) this.handler(script.handlers[i]);
    }
    this.inFunction = true;
    const inKernel = functionsInKernel(script);
    for (let i = 0, n = script.usedFunctions.length; i < n; ++i) {
      const body = script.usedFunctions[i].declaration.body;
      this.isForAgent = !inKernel.has(script.usedFunctions[i]);
      this.unit = `function${i}`;
      if (body !== null) this.statement(body);
    }
  }

  private handler(handler: Handler): void {
    // The agent runs, and orders, one handler at a time.
    if (handler.engine == Engine.Agent) this.unit = "agent";
    else this.unit = handler.engine == Engine.TestRun ? "order" : `handler${handler.index}`;
    const conditions = handler.conditions;
    for (let k = 0, m = conditions.length; k < m; ++k) this.expression(conditions[k]);
    const bodies = handler.bodies;
    for (let k = 0, m = bodies.length; k < m; ++k) this.statement(bodies[k]);
  }

  override statement(s: Statement): void {
    if (s.kind == NodeKind.Try && (<TryStatement>s).variable !== null) this.catchesMessages = true;
    if (s.kind == NodeKind.Foreach && sorts(<ForeachStatement>s)) {
      this.noteSorted(<ForeachStatement>s);
      ++this.level;
      this.parts(s);
      --this.level;
    } else {
      this.parts(s);
    }
  }

  override expression(e: Expression): void {
    if (e.kind == NodeKind.Binary && operatorIs((<BinaryExpression>e).op, OperatorFlags.Match)) {
      this.matches.push(<BinaryExpression>e);
    } else if (e.kind == NodeKind.Call) {
      this.noteCall(<CallExpression>e);
    } else if (e.kind == NodeKind.Deref) {
      this.raisesNumbers = true;
    }
    this.children(e);
  }

  private noteCall(e: CallExpression): void {
    const symbol = <ScriptSymbol | null>e.symbol;
    if (symbol === null || symbol.kind != SymbolKind.Builtin) return;
    const id = (<BuiltinSymbol>symbol).id;
    if (id >= Builtin.LongArgument && id <= Builtin.UintArgument) this.raisesNumbers = true;
    if ((<BuiltinSymbol>symbol).flags & BuiltinFlags.ReadsMemory) this.raisesNumbers = true;
    if (id == Builtin.KernelUtf || id == Builtin.UserUtf) this.raisesMessages = true;
    if (id == Builtin.Matched || id == Builtin.Ngroups) this.usesGroups = true;
    if (id != Builtin.Error || !this.inFunction) return;
    if (e.args[0].kind != NodeKind.StringLiteral) this.raisesMessages = true;
  }

  private noteSorted(s: ForeachStatement): void {
    if (this.seen.has(s)) return;
    this.seen.add(s);
    this.sorted.push(new SortedLoop(s, `${this.unit}_${this.level}`, this.isForAgent));
  }
}

/** A foreach that needs a queue. */
export class SortedLoop {
  constructor(
    public statement: ForeachStatement,
    /** Loops of the same one never run inside one another, unless their function calls itself. */
    public pool: string,
    public isForAgent: bool,
  ) {}
}

function sorts(s: ForeachStatement): bool {
  let some = s.valueSort != SortOrder.None;
  for (let i = 0, n = s.keys.length; i < n; ++i) some = some || s.keys[i].sort != SortOrder.None;
  return some || (s.array.kind == NodeKind.Identifier && arrayOf(s.array).stripes > 1);
}

/** The functions that handlers in the kernel reach. */
function functionsInKernel(script: Script): Set<FunctionSymbol> {
  const reached = new Set<FunctionSymbol>();
  const work: FunctionSymbol[] = [];
  for (let i = 0, n = script.handlers.length; i < n; ++i) {
    const called = script.handlers[i].functions;
    for (let k = 0, m = called.length; k < m && script.handlers[i].engine != Engine.Agent; ++k) work.push(called[k]);
  }
  while (work.length > 0) {
    const symbol = work.pop();
    if (reached.has(symbol)) continue;
    reached.add(symbol);
    for (let i = 0, n = symbol.callees.length; i < n; ++i) work.push(symbol.callees[i]);
  }
  return reached;
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
