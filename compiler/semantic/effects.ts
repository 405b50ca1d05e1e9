// Computes the effects of code on globals, on the output and on the handler that runs it, for functions (callees first)
// and for handlers. locks.ts decides from these where timers run and which handlers take locks.

import { AttachFlags, attachRow } from "../../common/format/attach";
import { AttachKind, Engine } from "../../common/format/manifest";
import { BuiltinFlags } from "../builtins/builtin";
import { firesAtFaults } from "../probes/trace";
import {
  AssignmentExpression,
  BinaryExpression,
  BlockStatement,
  CallExpression,
  DeleteStatement,
  DerefExpression,
  Expression,
  ExpressionStatement,
  ForeachStatement,
  ForStatement,
  Identifier,
  IndexExpression,
  InExpression,
  NodeKind,
  Statement,
  TryStatement,
  UpdateExpression,
} from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Type } from "../syntax/type";
import { Analysis } from "./analysis";
import { Conversion } from "./formats";
import { Handler } from "./script";
import {
  BuiltinSymbol,
  Effects,
  FunctionSymbol,
  GlobalSymbol,
  GlobalUse,
  LocalSymbol,
  PrintSymbol,
  ScriptSymbol,
  SymbolKind,
} from "./symbols";
import { Visitor } from "./visit";

/** How code touches one global. */
export const enum Access {
  None = 0,
  Read = 1 << 0,
  /** A plain `=` of a number, or of a whole element: one store. */
  Assign = 1 << 1,
  /** One commutative update whose value is not used: `x++;`, `x += n;`, `s <<< n`. */
  Update = 1 << 2,
  /** An update that reads first: `x *= 2`, `y = x++`, `s .= t`. */
  Modify = 1 << 3,
  Delete = 1 << 4,
  /** Going over the elements of an array: `foreach`, `[k, *] in a`, `delete a[k, *]`. */
  Walk = 1 << 5,
}

export const WRITES: i32 = Access.Assign | Access.Update | Access.Modify | Access.Delete;

/** Whether code reads a global and changes it. */
export function isModified(access: i32): bool {
  return (access & Access.Modify) != 0 || ((access & Access.Read) != 0 && (access & WRITES) != 0);
}

/** What some code does, the functions it calls included once `add` was called with theirs. */
export class Summary {
  effects: Effects = Effects.None;
  globals: GlobalSymbol[] = [];
  /** `Access` bits by global. */
  access: Map<GlobalSymbol, i32> = new Map<GlobalSymbol, i32>();

  /** Goes up whenever something is added. */
  version: i32 = 0;

  touch(global: GlobalSymbol, access: i32): void {
    const before = this.access.has(global) ? this.access.get(global) : 0;
    if ((before | access) == before) return;
    if (before == 0) this.globals.push(global);
    this.access.set(global, before | access);
    ++this.version;
    if (access & Access.Read || access & Access.Modify) this.effects |= Effects.ReadsGlobals;
    if (access & WRITES) this.effects |= Effects.WritesGlobals;
  }

  add(other: Summary): void {
    this.effects |= other.effects;
    for (let i = 0, n = other.globals.length; i < n; ++i) {
      this.touch(other.globals[i], other.access.get(other.globals[i]));
    }
  }
}

/** Walks code and notes what it does itself; calls of functions are left to `Summary.add`. */
class Observer extends Visitor {
  summary: Summary = new Summary();

  override statement(s: Statement): void {
    switch (s.kind) {
      case NodeKind.Expression:
        this.dropped((<ExpressionStatement>s).expression);
        return;
      case NodeKind.While:
        this.summary.effects |= Effects.Loops;
        break;
      case NodeKind.For:
        this.forLoop(<ForStatement>s);
        return;
      case NodeKind.Foreach:
        this.summary.effects |= Effects.Loops;
        this.foreachVariables(<ForeachStatement>s);
        break;
      case NodeKind.Try: {
        const variable = (<TryStatement>s).variable;
        this.statement((<TryStatement>s).body);
        if (variable) this.target(variable, Access.Assign);
        this.statement((<TryStatement>s).handler);
        return;
      }
      case NodeKind.Next:
        this.summary.effects |= Effects.Next;
        break;
      case NodeKind.Delete:
        this.target((<DeleteStatement>s).target, Access.Delete);
        return;
      default:
        break;
    }
    this.parts(s);
  }

  private forLoop(s: ForStatement): void {
    this.summary.effects |= Effects.Loops;
    const initializer = s.initializer;
    if (initializer) this.dropped(initializer);
    const condition = s.condition;
    if (condition) this.expression(condition);
    const step = s.step;
    if (step) this.dropped(step);
    this.statement(s.body);
  }

  private foreachVariables(s: ForeachStatement): void {
    for (let i = 0, n = s.keys.length; i < n; ++i) this.target(s.keys[i].variable, Access.Assign);
    const value = s.value;
    if (value) this.target(value, Access.Assign);
    if (s.array.kind == NodeKind.Identifier) this.target(s.array, Access.Walk);
  }

  /** An expression whose value is not used. */
  private dropped(e: Expression): void {
    if (e.kind == NodeKind.PreUpdate || e.kind == NodeKind.PostUpdate) {
      this.target((<UpdateExpression>e).operand, Access.Update);
    } else if (e.kind == NodeKind.Assignment) {
      this.assignment(<AssignmentExpression>e, false);
    } else {
      this.expression(e);
    }
  }

  override expression(e: Expression): void {
    switch (e.kind) {
      case NodeKind.Identifier:
        this.target(e, Access.Read);
        return;
      case NodeKind.PreUpdate:
      case NodeKind.PostUpdate:
        this.target((<UpdateExpression>e).operand, Access.Modify);
        return;
      case NodeKind.Assignment:
        this.assignment(<AssignmentExpression>e, true);
        return;
      case NodeKind.In: {
        const within = <InExpression>e;
        const isNamed = within.array.kind == NodeKind.Identifier;
        if (isNamed && hasWildcard(within.keys)) this.target(within.array, Access.Walk);
        break;
      }
      case NodeKind.Call:
        this.children(e);
        this.call(<CallExpression>e);
        return;
      case NodeKind.Statistic:
      case NodeKind.Histogram:
        // It may be empty, and has no least value or histogram then.
        this.summary.effects |= Effects.MayFail;
        break;
      case NodeKind.Register:
        this.summary.effects |= Effects.MayFail | Effects.ReadsRegisters;
        break;
      case NodeKind.Deref:
        this.summary.effects |= Effects.MayFail | Effects.ReadsMemory;
        // The memory of which process is meant depends on who is running.
        if ((<DerefExpression>e).op == Operator.AtUderef) this.summary.effects |= Effects.NeedsKernelContext;
        break;
      case NodeKind.Binary: {
        const op = (<BinaryExpression>e).op;
        if (op == Operator.Divide || op == Operator.Modulo) this.summary.effects |= Effects.MayFail;
        break;
      }
      default:
        break;
    }
    this.children(e);
  }

  private assignment(e: AssignmentExpression, wanted: bool): void {
    this.expression(e.value);
    if (e.op == Operator.DivideAssign || e.op == Operator.ModuloAssign) this.summary.effects |= Effects.MayFail;
    let access: i32 = Access.Modify;
    if (e.op == Operator.Assign) access = Access.Assign;
    else if (e.op == Operator.Aggregate) access = Access.Update;
    else if (!wanted && (e.op == Operator.AddAssign || e.op == Operator.SubtractAssign)) access = Access.Update;
    this.target(e.target, access);
    if (wanted) this.noteRead(e.target);
  }

  /** The value of an assignment is used, which counts as a read of a local. */
  private noteRead(target: Expression): void {
    if (target.kind != NodeKind.Identifier) return;
    const symbol = <ScriptSymbol | null>(<Identifier>target).symbol;
    if (symbol && symbol.kind == SymbolKind.Local) ++(<LocalSymbol>symbol).reads;
  }

  /** A variable or element is touched; the keys of an element are read. */
  private target(e: Expression, access: i32): void {
    if (e.kind == NodeKind.Index) {
      const index = <IndexExpression>e;
      if (hasWildcard(index.keys)) access |= Access.Walk;
      this.list(index.keys);
      // A new element may find the array full.
      if (access & (Access.Assign | Access.Update | Access.Modify)) this.summary.effects |= Effects.MayFail;
      this.target(index.base, access);
      return;
    }
    if (e.kind != NodeKind.Identifier) {
      this.expression(e);
      return;
    }
    const symbol = <ScriptSymbol | null>(<Identifier>e).symbol;
    if (!symbol) return;
    if (symbol.kind == SymbolKind.Global) {
      this.summary.touch(<GlobalSymbol>symbol, access);
      return;
    }
    const local = <LocalSymbol>symbol;
    if (access & (Access.Read | Access.Modify)) ++local.reads;
    if (access & WRITES) ++local.writes;
    if (access & Access.Update) ++local.updates;
  }

  private call(e: CallExpression): void {
    const symbol = <ScriptSymbol | null>e.symbol;
    if (!symbol) return;
    const summary = this.summary;
    if (symbol.kind == SymbolKind.Print) {
      const print = <PrintSymbol>symbol;
      if (!print.isValue) summary.effects |= Effects.Prints;
      // Memory that %m prints may not be there.
      for (let i = 0, n = print.directives.length; i < n; ++i) {
        if (print.directives[i].conversion == Conversion.Memory) summary.effects |= Effects.MayFail;
      }
    } else if (symbol.kind == SymbolKind.Builtin) {
      const flags = (<BuiltinSymbol>symbol).flags;
      if (flags & BuiltinFlags.NeedsKernelContext) summary.effects |= Effects.NeedsKernelContext;
      if (flags & BuiltinFlags.Controls) summary.effects |= Effects.Controls;
      if (flags & BuiltinFlags.MayFail) summary.effects |= Effects.MayFail;
      if (flags & BuiltinFlags.ReadsMemory) summary.effects |= Effects.ReadsMemory;
      if (flags & BuiltinFlags.ReadsRegisters) summary.effects |= Effects.ReadsRegisters;
      if (flags & BuiltinFlags.Tokenizes) summary.effects |= Effects.Tokenizes;
    } else if ((<FunctionSymbol>symbol).recursive) {
      summary.effects |= Effects.Loops;
    }
  }
}

function hasWildcard(keys: Expression[]): bool {
  for (let i = 0, n = keys.length; i < n; ++i) {
    if (keys[i].kind == NodeKind.Wildcard) return true;
  }
  return false;
}

/** What a block does itself. */
function observeBlock(block: BlockStatement | null): Summary {
  const observer = new Observer();
  if (block) observer.block(block);
  return observer.summary;
}

/** Fills the effects of functions, which stand callees first, and of all handlers. */
export function fillEffects(a: Analysis, functions: FunctionSymbol[]): void {
  const summaries = new Map<FunctionSymbol, Summary>();
  for (let i = 0, n = functions.length; i < n; ++i) {
    const summary = observeBlock(functions[i].declaration.body);
    // There may be no overload left to go on with.
    if (summary.effects & Effects.Next) summary.effects |= Effects.MayFail;
    summaries.set(functions[i], summary);
  }
  // Repeat while something changes: in a circle of calls, the first member does not know the last one's summary yet.
  let changed = true;
  while (changed) {
    changed = false;
    for (let i = 0, n = functions.length; i < n; ++i) {
      const summary = summaries.get(functions[i]);
      const before = summary.version;
      const effects = summary.effects;
      addCallees(summary, functions[i].callees, summaries);
      // `next` in a function ends with it.
      functions[i].effects = summary.effects;
      if (summary.version != before || summary.effects != effects) changed = true;
    }
  }
  for (let i = 0, n = a.units.length; i < n; ++i) fillUnit(a, i, summaries);
  for (let i = 0, n = a.sites.length; i < n; ++i) {
    const site = a.sites[i];
    const reads = (site.handler.effects & Effects.ReadsMemory) != 0;
    if (site.attach == AttachKind.RawTracepoint && reads && firesAtFaults(site.target.name))
      site.handler.firesItself = true;
  }
}

/** The same of one more unit, which calls no function. */
export function fillUnitEffects(a: Analysis, at: i32): void {
  fillUnit(a, at, new Map<FunctionSymbol, Summary>());
}

function addCallees(summary: Summary, callees: FunctionSymbol[], summaries: Map<FunctionSymbol, Summary>): void {
  const next = summary.effects & Effects.Next;
  for (let i = 0, n = callees.length; i < n; ++i) {
    if (!summaries.has(callees[i])) continue;
    const callee = summaries.get(callees[i]);
    summary.add(callee);
  }
  summary.effects = (summary.effects & ~Effects.Next) | next;
}

function fillUnit(a: Analysis, at: i32, summaries: Map<FunctionSymbol, Summary>): void {
  const unit = a.units[at];
  const observer = new Observer();
  for (let i = 0, n = unit.conditions.length; i < n; ++i) observer.expression(unit.conditions[i].expression);
  for (let i = 0, n = unit.parts.length; i < n; ++i) observer.block(unit.parts[i].block);
  const summary = observer.summary;
  addCallees(summary, unit.callees, summaries);
  a.summaries.push(summary);
  if (unit.handlers.length == 0) noteUse(summary, null);
  for (let i = 0, n = unit.handlers.length; i < n; ++i) {
    const handler = unit.handlers[i];
    handler.effects = summary.effects;
    handler.globals = summary.globals;
    if (handler.byContext && summary.effects & Effects.NeedsKernelContext) {
      handler.engine = Engine.Kernel;
      handler.attach = handler.contextAttach;
    }
    if (handler.engine == Engine.Agent && summary.effects & Effects.ReadsMemory) handler.engine = Engine.TestRun;
    noteUse(summary, handler);
  }
}

/** Whether other handlers may run at the same time: not before the first and after the last event. */
export function isConcurrent(handler: Handler): bool {
  return !attachRow(handler.attach).is(AttachFlags.Session);
}

/** Notes on globals how a handler (or, with null, code that never runs) uses them. */
function noteUse(summary: Summary, handler: Handler | null): void {
  for (let i = 0, n = summary.globals.length; i < n; ++i) {
    const global = summary.globals[i];
    const access = summary.access.get(global);
    const reads = (access & (Access.Read | Access.Modify)) != 0;
    const writes = (access & WRITES) != 0;
    if (reads) global.use |= GlobalUse.Read;
    if (writes) global.use |= GlobalUse.Written;
    if (!handler) continue;
    const kernel = handler.engine == Engine.Kernel;
    if (reads) global.use |= kernel ? GlobalUse.ReadByKernel : GlobalUse.ReadByAgent;
    if (writes) global.use |= kernel ? GlobalUse.WrittenByKernel : GlobalUse.WrittenByAgent;
    if (reads && isConcurrent(handler)) global.use |= GlobalUse.ReadWhileRunning;
    if (!writes || !isConcurrent(handler)) continue;
    global.use |= GlobalUse.WrittenWhileRunning;
    if (isModified(access) || access & WRITES & ~Access.Update || global.type == Type.String) {
      global.use |= GlobalUse.NonAtomic;
    }
  }
}
