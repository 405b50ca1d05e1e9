// Refuses loops over an array whose body, or a function that the body calls, changes elements of the array. As in stap:
// what such a loop visits would depend on the order of its elements. `delete a`, which ends the loop, is allowed.

import {
  AssignmentExpression,
  CallExpression,
  DeleteStatement,
  Expression,
  ForeachStatement,
  HistogramExpression,
  Identifier,
  IndexExpression,
  NodeKind,
  Statement,
  UpdateExpression,
} from "../syntax/ast";
import { Analysis } from "./analysis";
import { arrayOf } from "./infer";
import { FunctionSymbol, GlobalSymbol, ScriptSymbol, SymbolKind } from "./symbols";
import { Visitor } from "./visit";

/** Walks code and tells of each element that it changes. */
abstract class Changes extends Visitor {
  protected abstract change(array: GlobalSymbol, name: Identifier): void;

  override expression(e: Expression): void {
    this.children(e);
    if (e.kind == NodeKind.Assignment) this.target((<AssignmentExpression>e).target);
    else if (e.kind == NodeKind.PreUpdate || e.kind == NodeKind.PostUpdate) this.target((<UpdateExpression>e).operand);
  }

  override statement(s: Statement): void {
    this.parts(s);
    if (s.kind == NodeKind.Delete) this.target((<DeleteStatement>s).target);
  }

  private target(e: Expression): void {
    if (e.kind != NodeKind.Index) return;
    const base = (<IndexExpression>e).base;
    const array = arrayOf(base);
    if (array) this.change(array, <Identifier>base);
  }
}

/** The arrays that a body changes itself. */
class Changed extends Changes {
  found: Set<GlobalSymbol> = new Set<GlobalSymbol>();

  protected override change(array: GlobalSymbol, name: Identifier): void {
    this.found.add(array);
  }
}

/** Reports changes inside the loops over their arrays. */
class LoopCheck extends Changes {
  /** The arrays of the loops around the place at hand. */
  private iterated: GlobalSymbol[] = [];

  constructor(
    private a: Analysis,
    private changed: Map<FunctionSymbol, Set<GlobalSymbol>>,
  ) {
    super();
  }

  override statement(s: Statement): void {
    if (s.kind != NodeKind.Foreach) {
      super.statement(s);
      return;
    }
    const loop = <ForeachStatement>s;
    const slice = loop.slice;
    if (slice) this.list(slice);
    const limit = loop.limit;
    if (limit) this.expression(limit);
    const array = iteratedArray(loop.array);
    if (array) this.iterated.push(array);
    this.statement(loop.body);
    if (array) this.iterated.pop();
  }

  protected override change(array: GlobalSymbol, name: Identifier): void {
    if (!this.iterated.includes(array)) return;
    const message = `variable '${array.displayName}' modified during 'foreach' iteration`;
    this.a.reporter.error(name.range, message);
  }

  override expression(e: Expression): void {
    super.expression(e);
    if (e.kind != NodeKind.Call || this.iterated.length == 0) return;
    const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
    if (!symbol || symbol.kind != SymbolKind.Function) return;
    const overloads = (<FunctionSymbol>symbol).overloads;
    for (let i = 0, n = overloads.length; i < n; ++i) this.checkCall(<CallExpression>e, overloads[i]);
  }

  private checkCall(call: CallExpression, callee: FunctionSymbol): void {
    if (!this.changed.has(callee)) return;
    const changed = this.changed.get(callee);
    for (let i = 0, n = this.iterated.length; i < n; ++i) {
      if (!changed.has(this.iterated[i])) continue;
      const name = this.iterated[i].displayName;
      this.a.reporter.error(call.nameRange, `function call modifies var '${name}' during 'foreach' iteration`);
    }
  }
}

/** The array that a loop visits, also for the histogram of an element. */
function iteratedArray(e: Expression): GlobalSymbol | null {
  if (e.kind != NodeKind.Histogram) return arrayOf(e);
  const operand = (<HistogramExpression>e).operand;
  return operand.kind == NodeKind.Index ? arrayOf((<IndexExpression>operand).base) : null;
}

/** What each function changes, itself and through others. */
function changedArrays(functions: FunctionSymbol[]): Map<FunctionSymbol, Set<GlobalSymbol>> {
  const changed = new Map<FunctionSymbol, Set<GlobalSymbol>>();
  for (let i = 0, n = functions.length; i < n; ++i) {
    const own = new Changed();
    const body = functions[i].declaration.body;
    if (body) own.block(body);
    changed.set(functions[i], own.found);
  }
  let again = true;
  while (again) {
    again = false;
    for (let i = 0, n = functions.length; i < n; ++i) {
      const own = changed.get(functions[i]);
      const before = own.size;
      const callees = functions[i].callees;
      for (let j = 0, m = callees.length; j < m; ++j) {
        if (changed.has(callees[j])) addAll(own, changed.get(callees[j]));
      }
      if (own.size != before) again = true;
    }
  }
  return changed;
}

function addAll(to: Set<GlobalSymbol>, from: Set<GlobalSymbol>): void {
  const values = from.values();
  for (let i = 0, n = values.length; i < n; ++i) to.add(values[i]);
}

/** Checks all loops of probes and functions; the functions stand callees first. */
export function checkIteration(a: Analysis, functions: FunctionSymbol[]): void {
  const check = new LoopCheck(a, changedArrays(functions));
  for (let i = 0, n = a.units.length; i < n; ++i) {
    const parts = a.units[i].parts;
    for (let j = 0, m = parts.length; j < m; ++j) check.block(parts[j].block);
  }
  for (let i = 0, n = functions.length; i < n; ++i) {
    const body = functions[i].declaration.body;
    if (body) check.block(body);
  }
}
