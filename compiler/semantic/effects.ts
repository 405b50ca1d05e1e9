// Computes the effects of code on globals, on the output and on the handler that runs it, for functions (callees first)
// and for handlers. From these it decides where timers run and which handlers take the lock.

import { StatisticField } from "../../common/as/statistic";
import { AttachFlags, attachRow } from "../../common/format/attach";
import { Engine } from "../../common/format/manifest";
import { BuiltinFlags } from "../builtins/builtin";
import {
  AssignmentExpression,
  BinaryExpression,
  BlockStatement,
  CallExpression,
  DeleteStatement,
  Expression,
  ExpressionStatement,
  ForeachStatement,
  ForStatement,
  Identifier,
  IndexExpression,
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
}

const WRITES: i32 = Access.Assign | Access.Update | Access.Modify | Access.Delete;

/** What some code does, the functions it calls included once `add` was called with theirs. */
export class Summary {
  effects: Effects = Effects.None;
  globals: GlobalSymbol[] = [];
  /** `Access` bits by global. */
  access: Map<GlobalSymbol, i32> = new Map<GlobalSymbol, i32>();

  /** Places in handlers that add to an element; those in functions count twice. */
  elementUpdates: i32 = 0;

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
      case NodeKind.Call:
        this.children(e);
        this.call(<CallExpression>e);
        return;
      case NodeKind.Statistic:
      case NodeKind.Histogram:
        // It may be empty, and has no least value or histogram then.
        this.summary.effects |= Effects.MayFail;
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
      if (access & Access.Update) ++this.summary.elementUpdates;
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
      if (flags & BuiltinFlags.Tokenizes) summary.effects |= Effects.Tokenizes;
    } else if ((<FunctionSymbol>symbol).recursive) {
      summary.effects |= Effects.Loops;
    }
  }
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
}

/** The same of one more unit, which calls no function. */
export function fillUnitEffects(a: Analysis, at: i32): void {
  fillUnit(a, at, new Map<FunctionSymbol, Summary>());
}

/** Decides which handlers take the lock, and where timers run. */
export function decideLocks(a: Analysis): void {
  for (let i = 0, n = a.units.length; i < n; ++i) {
    const handlers = a.units[i].handlers;
    for (let j = 0, m = handlers.length; j < m; ++j) {
      handlers[j].isUndisturbed = isUndisturbed(handlers[j], a.summaries[i]);
      handlers[j].needsLock = needsLock(handlers[j], a.summaries[i]);
    }
  }
  spreadLocks(a);
}

/**
 * Whether a timer runs in the agent and uses no global of the kernel's handlers: the agent runs one handler at a time.
 */
function isUndisturbed(handler: Handler, summary: Summary): bool {
  if (handler.engine != Engine.Agent) return false;
  for (let i = 0, n = summary.globals.length; i < n; ++i) {
    if (summary.globals[i].isAny(GlobalUse.ReadByKernel | GlobalUse.WrittenByKernel)) return false;
  }
  return true;
}

/**
 * A lock protects a global only if every handler that writes the global takes it. So a handler that writes a global
 * which a locked handler writes must take the lock too; otherwise its `x++` could come between another handler's read
 * and write of x. A timer that takes the lock runs in the kernel, because the agent may be preempted while it holds the
 * lock, and then every probe would wait.
 */
function spreadLocks(a: Analysis): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (let i = 0, n = a.units.length; i < n; ++i) {
      const summary = a.summaries[i];
      const handlers = a.units[i].handlers;
      for (let j = 0, m = handlers.length; j < m; ++j) {
        const handler = handlers[j];
        if (!isConcurrent(handler) || handler.isUndisturbed) continue;
        if (!handler.needsLock && writesGuarded(summary)) handler.needsLock = true;
        if (!handler.needsLock) continue;
        if (handler.engine == Engine.Agent) handler.engine = Engine.TestRun;
        if (guardGlobals(summary)) changed = true;
      }
    }
  }
}

function writesGuarded(summary: Summary): bool {
  for (let i = 0, n = summary.globals.length; i < n; ++i) {
    const global = summary.globals[i];
    if (global.is(GlobalUse.Guarded) && !global.isCounted && (summary.access.get(global) & WRITES) != 0) return true;
  }
  return false;
}

/** Marks what a locked handler writes; whether anything was not marked before. */
function guardGlobals(summary: Summary): bool {
  let changed = false;
  for (let i = 0, n = summary.globals.length; i < n; ++i) {
    const global = summary.globals[i];
    if ((summary.access.get(global) & WRITES) == 0 || global.is(GlobalUse.Guarded)) continue;
    global.use |= GlobalUse.Guarded;
    changed = true;
  }
  return changed;
}

function addCallees(summary: Summary, callees: FunctionSymbol[], summaries: Map<FunctionSymbol, Summary>): void {
  const next = summary.effects & Effects.Next;
  for (let i = 0, n = callees.length; i < n; ++i) {
    if (!summaries.has(callees[i])) continue;
    const callee = summaries.get(callees[i]);
    summary.add(callee);
    summary.elementUpdates = max(summary.elementUpdates, callee.elementUpdates * 2);
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
    if (access & WRITES & ~Access.Update || global.type == Type.String) global.use |= GlobalUse.NonAtomic;
  }
}

/**
 * Whether a handler could see or make half a change without the lock. Single stores, commutative updates, and reading
 * numbers are whole by themselves; reading what others write and then writing is not, nor is anything with strings.
 */
function needsLock(handler: Handler, summary: Summary): bool {
  if (!isConcurrent(handler) || handler.isUndisturbed) return false;
  let readsShared = false;
  let writes = 0;
  let assigned = 0;
  const loops = (summary.effects & Effects.Loops) != 0;
  for (let i = 0, n = summary.globals.length; i < n; ++i) {
    const global = summary.globals[i];
    const access = summary.access.get(global);
    // No other handler may change a table during an operation, and sorting uses a scratch area that all handlers share.
    if (global.isArray && (loops || (global.is(GlobalUse.WrittenWhileRunning) && !global.isCounted))) return true;
    if (!global.is(GlobalUse.WrittenWhileRunning)) continue;
    if (global.type == Type.Stats && statisticNeedsLock(global, access)) return true;
    if (access & Access.Modify || global.type == Type.String) return true;
    if (access & Access.Read) readsShared = true;
    if (access & WRITES) ++writes;
    if (access & Access.Assign) ++assigned;
  }
  // A new element takes the lock itself. If that fails, the handler must not have done anything else.
  if (summary.elementUpdates > 0 && (handler.engine == Engine.Agent || summary.elementUpdates + writes > 2))
    return true;
  return (readsShared && writes > 0) || assigned > 1;
}

/**
 * Deleting changes several words. Adding does its work word by word, or on a claimed copy (lower/shards.ts): a
 * variance, whose words must be read together, must not be read then.
 */
function statisticNeedsLock(global: GlobalSymbol, access: i32): bool {
  if (access & Access.Delete) return true;
  return global.statistic.has(StatisticField.Squares) && global.isAny(GlobalUse.ReadWhileRunning);
}
