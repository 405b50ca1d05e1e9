// Resolves names. A variable is looked up among the locals, then the file's private globals, then the globals; a name
// that is found nowhere is a new local. A function is looked up by name and number of arguments, in the script first,
// then in the tapset, whose files are loaded when something in them is named.
//
// Invariant: after a run without errors every Identifier and Call has its symbol.

import { Builtin } from "../builtins/builtin";
import { impossibleHint, impossibleReason } from "../builtins/impossible";
import { isLaterFunction } from "../builtins/later";
import { findPrint, printNames } from "../builtins/print";
import { NearMatches } from "../kernel/near";
import { Range } from "../source/source";
import {
  AssignmentExpression,
  CallExpression,
  DeleteStatement,
  Expression,
  ForeachStatement,
  ForStatement,
  Identifier,
  IndexExpression,
  InExpression,
  NodeKind,
  ReturnStatement,
  Statement,
  TryStatement,
  UpdateExpression,
  WhileStatement,
} from "../syntax/ast";
import { operatorText } from "../syntax/token";
import { Analysis, CodeUnit, FileScope, functionKey, MOST_COMPARED } from "./analysis";
import { loadCalls } from "./calls";
import { isPendingFunction, isPendingGlobal, loadFunction, loadGlobal } from "./load";
import {
  FunctionSymbol,
  GlobalSymbol,
  Holds,
  LocalSymbol,
  PrintSymbol,
  ScriptSymbol,
  StackForm,
  SymbolKind,
} from "./symbols";
import { Visitor } from "./visit";

/**
 * Resolves the names in all functions of user scripts, in all units, and in what they reach in the tapset. A later call
 * resolves what was added since.
 */
export function resolveNames(a: Analysis): void {
  while (a.namedUnits < a.units.length) resolveUnit(a, a.units[a.namedUnits++]);
  // The list grows while tapset files are loaded. Of these, only functions that are reached are resolved.
  for (; a.namedFunctions < a.functions.length; ++a.namedFunctions) {
    const at = a.namedFunctions;
    if (!a.functionFiles[at].isTapset) resolveFunction(a, a.functions[at]);
  }
  while (a.reached.length > 0) resolveFunction(a, a.reached.pop());
}

function resolveUnit(a: Analysis, unit: CodeUnit): void {
  const scope = new LocalScope(unit.locals);
  for (let i = 0, n = unit.conditions.length; i < n; ++i) {
    const condition = unit.conditions[i];
    const resolver = new NameResolver(a, condition.file, new LocalScope([]));
    resolver.inCondition = true;
    resolver.expression(condition.expression);
  }
  for (let i = 0, n = unit.parts.length; i < n; ++i) {
    new NameResolver(a, unit.parts[i].file, scope).block(unit.parts[i].block);
  }
}

function resolveFunction(a: Analysis, symbol: FunctionSymbol): void {
  if (symbol.resolved) return;
  symbol.resolved = true;
  const body = symbol.declaration.body;
  if (!body) return;
  const file = a.functionFiles[symbol.order];
  const resolver = new NameResolver(a, file, new LocalScope(symbol.locals));
  resolver.owner = symbol;
  resolver.block(body);
}

/** The locals of one owner, by name. */
class LocalScope {
  private byName: Map<string, LocalSymbol> = new Map<string, LocalSymbol>();

  constructor(private locals: LocalSymbol[]) {
    for (let i = 0, n = locals.length; i < n; ++i) this.byName.set(locals[i].name, locals[i]);
  }

  find(name: string): LocalSymbol | null {
    return this.byName.has(name) ? this.byName.get(name) : null;
  }

  add(name: string, range: Range): LocalSymbol {
    const local = new LocalSymbol(name, this.locals.length, range);
    this.locals.push(local);
    this.byName.set(name, local);
    return local;
  }
}

/** Notes that a local is given a value. */
function markAssigned(target: Expression): void {
  if (target.kind != NodeKind.Identifier) return;
  const symbol = <ScriptSymbol | null>(<Identifier>target).symbol;
  if (symbol && symbol.kind == SymbolKind.Local) (<LocalSymbol>symbol).isAssigned = true;
}

class NameResolver extends Visitor {
  /** The function whose body it is, or null. */
  owner: FunctionSymbol | null = null;
  inCondition: bool = false;
  private loops: i32 = 0;

  constructor(
    private a: Analysis,
    private file: FileScope,
    private scope: LocalScope,
  ) {
    super();
  }

  override expression(e: Expression): void {
    switch (e.kind) {
      case NodeKind.Identifier:
        this.resolveVariable(<Identifier>e);
        return;
      case NodeKind.Index: {
        const index = <IndexExpression>e;
        this.resolveArray(index.base, index.keys.length);
        this.list(index.keys);
        return;
      }
      case NodeKind.In: {
        const test = <InExpression>e;
        this.list(test.keys);
        this.resolveArray(test.array, test.keys.length);
        return;
      }
      case NodeKind.Call:
        this.children(e);
        this.resolveCall(<CallExpression>e);
        return;
      case NodeKind.Assignment:
        this.checkTarget((<AssignmentExpression>e).target, operatorText((<AssignmentExpression>e).op));
        this.children(e);
        markAssigned((<AssignmentExpression>e).target);
        return;
      case NodeKind.PreUpdate:
      case NodeKind.PostUpdate:
        this.checkTarget((<UpdateExpression>e).operand, operatorText((<UpdateExpression>e).op));
        this.children(e);
        markAssigned((<UpdateExpression>e).operand);
        return;
      default:
        break;
    }
    this.children(e);
  }

  override statement(s: Statement): void {
    if (this.a.reporter.isFull) return;
    switch (s.kind) {
      case NodeKind.Break:
        if (this.loops == 0) this.a.reporter.error(s.range, "found 'break' outside of a loop");
        return;
      case NodeKind.Continue:
        if (this.loops == 0) this.a.reporter.error(s.range, "found 'continue' outside of a loop");
        return;
      case NodeKind.Return: {
        const owner = this.owner;
        if (!owner) this.a.reporter.error(s.range, "found 'return' outside of a function");
        else if ((<ReturnStatement>s).value) owner.hasValue = true;
        this.parts(s);
        return;
      }
      case NodeKind.Delete:
        this.resolveDelete(<DeleteStatement>s);
        return;
      case NodeKind.Foreach:
        this.resolveForeach(<ForeachStatement>s);
        return;
      case NodeKind.While: {
        const loop = <WhileStatement>s;
        this.expression(loop.condition);
        this.loopBody(loop.body);
        return;
      }
      case NodeKind.For:
        this.resolveFor(<ForStatement>s);
        return;
      case NodeKind.Try: {
        this.parts(s);
        const variable = (<TryStatement>s).variable;
        if (variable) markAssigned(variable);
        return;
      }
      default:
        this.parts(s);
        return;
    }
  }

  private loopBody(body: Statement): void {
    ++this.loops;
    this.statement(body);
    --this.loops;
  }

  private resolveFor(s: ForStatement): void {
    const body = s.body;
    const initializer = s.initializer;
    if (initializer) this.expression(initializer);
    const condition = s.condition;
    if (condition) this.expression(condition);
    this.loopBody(body);
    const step = s.step;
    if (step) this.expression(step);
  }

  private resolveForeach(s: ForeachStatement): void {
    this.resolveArray(s.array, s.array.kind == NodeKind.Histogram ? 1 : s.keys.length);
    const slice = s.slice;
    if (slice) {
      this.list(slice);
      if (slice.length != s.keys.length) {
        const message = `the slice has ${slice.length} keys, but the loop has ${s.keys.length}`;
        this.a.reporter.error(s.array.range, message);
      }
    }
    const limit = s.limit;
    if (limit) this.expression(limit);
    for (let i = 0, n = s.keys.length; i < n; ++i) {
      this.resolveVariable(s.keys[i].variable);
      markAssigned(s.keys[i].variable);
    }
    const value = s.value;
    if (value) {
      this.resolveVariable(value);
      markAssigned(value);
    }
    this.loopBody(s.body);
  }

  private resolveDelete(s: DeleteStatement): void {
    const target = s.target;
    if (target.kind == NodeKind.Identifier) {
      const name = <Identifier>target;
      const global = this.findGlobal(name.name);
      if (global) name.symbol = global;
      else this.resolveVariable(name);
    } else {
      if (target.kind != NodeKind.Index) this.a.reporter.error(target.range, "'delete' takes a variable or an element");
      this.expression(target);
    }
  }

  /** Only variables, elements and target variables can be assigned to. */
  private checkTarget(target: Expression, operator: string): void {
    if (this.inCondition) {
      this.a.reporter.error(target.range, "a probe condition must not change any variable");
      return;
    }
    switch (target.kind) {
      case NodeKind.Autocast: {
        const hint = 'name its type: @cast(x, "struct y")->member';
        this.a.reporter.error(target.range, "unknown type in dereference of a value", hint);
        return;
      }
      case NodeKind.Identifier:
      case NodeKind.TargetVariable:
      case NodeKind.AtVar:
      case NodeKind.Cast:
      case NodeKind.Deref:
      case NodeKind.ErrorExpression:
        return;
      case NodeKind.Index:
        if ((<IndexExpression>target).base.kind == NodeKind.Identifier) return;
        break;
      default:
        break;
    }
    this.a.reporter.error(target.range, `expected a variable as the operand of '${operator}'`);
  }

  // ------------------------------------------------------------------------------------------------------- variables

  private resolveVariable(e: Identifier): void {
    const local = this.scope.find(e.name);
    if (local) {
      e.symbol = local;
      return;
    }
    const global = this.findGlobal(e.name);
    if (global) {
      e.symbol = global;
      this.checkArity(global, 0, e.range);
    } else if (this.inCondition) {
      this.a.reporter.error(e.range, `a probe condition may use only global variables, and '${e.name}' is not one`);
    } else {
      e.symbol = this.scope.add(e.name, e.range);
    }
  }

  /** Resolves what stands before `[…]` or after `in`. */
  private resolveArray(base: Expression, keys: i32): void {
    if (base.kind != NodeKind.Identifier) {
      this.children(base);
      if (base.kind == NodeKind.Histogram && keys != 1) {
        this.a.reporter.error(base.range, `a histogram takes one index, not ${keys}`);
      }
      return;
    }
    const e = <Identifier>base;
    const global = this.findGlobal(e.name);
    if (global && !this.scope.find(e.name)) {
      e.symbol = global;
      this.checkArity(global, keys, e.range);
      return;
    }
    if (isPendingGlobal(this.a, e.name)) return;
    const near = this.near(e.name);
    if (near) near.addAll(this.a.globalsByName.keys());
    const similar = near ? near.text : "";
    this.a.reporter.error(e.range, `unresolved array '${e.name}', missing global declaration?${similar}`);
  }

  private findGlobal(name: string): GlobalSymbol | null {
    const file = this.file;
    if (file.privateGlobals.has(name)) return file.privateGlobals.get(name);
    const known = this.a.globalsByName;
    if (file.isTapset && !this.a.options.tapset.globals.has(name)) return null;
    if (!known.has(name)) loadGlobal(this.a, name);
    return known.has(name) ? known.get(name) : null;
  }

  private checkArity(global: GlobalSymbol, keys: i32, range: Range): void {
    const known = global.arity;
    if (known == keys) return;
    if (known == -1 || (known == -2 && keys > 0)) {
      global.arity = keys;
      global.arityRange = range;
      for (let i = 0; i < keys; ++i) {
        global.keyTypes.push(0);
        global.keyLengths.push(0);
        global.keysHold.push(Holds.Nothing);
        global.keyForms.push(StackForm.Unknown);
      }
      return;
    }
    const what =
      known == -2 ? "an array" : known == 0 ? "not an array" : `an array with ${known} key${known == 1 ? "" : "s"}`;
    const used = keys == 0 ? "used as a number or string" : `used with ${keys} key${keys == 1 ? "" : "s"}`;
    const message = `inconsistent arity: '${global.displayName}' is ${what}, but it is ${used}`;
    const first = global.arityRange;
    this.a.reporter.error(range, message).note("first used here", first ? first : global.range);
  }

  /** Suggests similar names, unless that was done too often. */
  private near(name: string): NearMatches | null {
    return ++this.a.comparisons > MOST_COMPARED ? null : new NearMatches(name);
  }

  // ------------------------------------------------------------------------------------------------------- functions

  private resolveCall(call: CallExpression): void {
    const print = findPrint(call.name);
    if (print) {
      const symbol = new PrintSymbol(print.name, call, print.style, print.isValue);
      call.symbol = symbol;
      this.a.prints.push(symbol);
      if (this.inCondition && !print.isValue) this.a.reporter.error(call.range, "a probe condition must not print");
      return;
    }
    if (this.inCondition) {
      const hint = "test it in the handler: { if (!(...)) next; ... }";
      this.a.reporter.error(call.nameRange, "a probe condition must not call functions", hint);
      return;
    }
    const functions = this.findFunctions(call.name, call.args.length);
    if (functions) {
      call.symbol = functions[0];
      for (let i = 0, n = functions.length; i < n; ++i) {
        if (!functions[i].resolved) this.a.reached.push(functions[i]);
      }
      return;
    }
    const builtin = this.file.isTapset ? this.a.builtin(call.name) : null;
    if (builtin && builtin.id >= Builtin.CallWord && builtin.id <= Builtin.CallTable) loadCalls(this.a);
    if (builtin && builtin.parameters.length == call.args.length) {
      call.symbol = builtin;
      if (builtin.id == Builtin.SiteText) this.a.asksForSites = true;
      if (builtin.id >= Builtin.CallWord && builtin.id <= Builtin.CallTable) loadCalls(this.a);
      if (builtin.id == Builtin.Backtrace) this.a.takesStacks = true;
      return;
    }
    if (!isPendingFunction(this.a, call.name)) this.refuseCall(call);
  }

  private findFunctions(name: string, arity: i32): FunctionSymbol[] | null {
    const key = functionKey(name, arity);
    if (this.file.privateFunctions.has(key)) return this.file.privateFunctions.get(key);
    if (this.a.functionsByKey.has(key)) return this.a.functionsByKey.get(key);
    loadFunction(this.a, name);
    return this.a.functionsByKey.has(key) ? this.a.functionsByKey.get(key) : null;
  }

  /** How many arguments the functions of a name take that this file sees. */
  private aritiesOf(name: string): i32[] {
    const all = this.a.arities;
    const own = this.file.privateArities;
    const arities = all.has(name) ? all.get(name).slice(0) : [];
    return arities.concat(own.has(name) ? own.get(name) : []).sort();
  }

  private refuseCall(call: CallExpression): void {
    const a = this.a;
    const arities = this.aritiesOf(call.name);
    if (arities.length > 0) {
      const given = call.args.length;
      const takes = `${arities.join(" or ")} argument${arities.length == 1 && arities[0] == 1 ? "" : "s"}`;
      a.reporter.error(call.nameRange, `unresolved function '${call.name}': it takes ${takes}, not ${given}`);
      return;
    }
    const owner = a.ownerOfPrivate(call.name);
    if (owner.length > 0) {
      a.reporter.error(call.nameRange, `function '${call.name}' is private to ${owner}`);
      return;
    }
    const reason = impossibleReason(call.name);
    if (reason.length > 0) {
      a.reporter.error(call.nameRange, `there is no '${call.name}' here: ${reason}`, impossibleHint(call.name));
      return;
    }
    if (isLaterFunction(call.name)) {
      a.reporter.error(call.nameRange, `not supported yet: function '${call.name}' of SystemTap's tapset`);
      return;
    }
    const near = this.near(call.name);
    if (near) {
      near.addAll(a.arities.keys());
      near.addAll(a.options.tapset.functions.keys());
      near.addAll(printNames());
    }
    a.reporter.error(call.nameRange, `unresolved function '${call.name}'${near ? near.text : ""}`);
  }
}
