// Finds the functions that the probes reach, and the circles in which functions call each other.
//
// The graph of calls may be deep, so nothing here recurses over it.

import { BlockStatement, CallExpression, Expression, NodeKind } from "../syntax/ast";
import { Analysis } from "./analysis";
import { FunctionSymbol, ScriptSymbol, SymbolKind } from "./symbols";
import { Visitor } from "./visit";

/** Collects the functions that some code calls, overloads included, each once. */
class Callees extends Visitor {
  found: FunctionSymbol[] = [];
  private seen: Set<FunctionSymbol> = new Set<FunctionSymbol>();

  override expression(e: Expression): void {
    this.children(e);
    if (e.kind != NodeKind.Call) return;
    const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
    if (!symbol || symbol.kind != SymbolKind.Function) return;
    const overloads = (<FunctionSymbol>symbol).overloads;
    for (let i = 0, n = overloads.length; i < n; ++i) {
      ++overloads[i].callCount;
      if (this.seen.has(overloads[i])) continue;
      this.seen.add(overloads[i]);
      this.found.push(overloads[i]);
    }
  }
}

function calleesOf(block: BlockStatement | null): FunctionSymbol[] {
  const callees = new Callees();
  if (block) callees.block(block);
  return callees.found;
}

/** All functions that units reach, in order of declaration, with their `callees` and `callCount` filled. */
export function reachFunctions(a: Analysis): FunctionSymbol[] {
  const work: FunctionSymbol[] = [];
  const reached = new Set<FunctionSymbol>();
  for (let i = 0, n = a.functions.length; i < n; ++i) a.functions[i].callCount = 0;
  for (let i = 0, n = a.units.length; i < n; ++i) {
    const unit = a.units[i];
    const callees = new Callees();
    for (let j = 0, m = unit.conditions.length; j < m; ++j) callees.expression(unit.conditions[j].expression);
    for (let j = 0, m = unit.parts.length; j < m; ++j) callees.block(unit.parts[j].block);
    unit.callees = callees.found;
    addAll(unit.callees, reached, work);
  }
  while (work.length > 0) {
    const symbol = work.pop();
    symbol.callees = calleesOf(symbol.declaration.body);
    addAll(symbol.callees, reached, work);
  }
  const list: FunctionSymbol[] = [];
  for (let i = 0, n = a.functions.length; i < n; ++i) {
    if (reached.has(a.functions[i])) list.push(a.functions[i]);
  }
  return list;
}

function addAll(callees: FunctionSymbol[], reached: Set<FunctionSymbol>, work: FunctionSymbol[]): void {
  for (let i = 0, n = callees.length; i < n; ++i) {
    if (reached.has(callees[i])) continue;
    reached.add(callees[i]);
    work.push(callees[i]);
  }
}

/**
 * Functions so that callees stand before callers, except within circles, whose members are marked recursive (Tarjan's
 * strongly connected components, with an explicit stack).
 */
export function orderCalleesFirst(functions: FunctionSymbol[]): FunctionSymbol[] {
  const order: FunctionSymbol[] = [];
  const number = new Map<FunctionSymbol, i32>();
  const low = new Map<FunctionSymbol, i32>();
  const open: FunctionSymbol[] = [];
  const isOpen = new Set<FunctionSymbol>();
  for (let i = 0, n = functions.length; i < n; ++i) {
    if (number.has(functions[i])) continue;
    const path: FunctionSymbol[] = [functions[i]];
    const next: i32[] = [0];
    while (path.length > 0) {
      const symbol = path[path.length - 1];
      const at = next[next.length - 1];
      if (at == 0) {
        number.set(symbol, number.size);
        low.set(symbol, number.get(symbol));
        open.push(symbol);
        isOpen.add(symbol);
      }
      if (at < symbol.callees.length) {
        next[next.length - 1] = at + 1;
        const callee = symbol.callees[at];
        if (callee === symbol) symbol.recursive = true;
        if (!number.has(callee)) {
          path.push(callee);
          next.push(0);
        } else if (isOpen.has(callee)) {
          low.set(symbol, min(low.get(symbol), number.get(callee)));
        }
        continue;
      }
      path.pop();
      next.pop();
      if (path.length > 0) {
        const caller = path[path.length - 1];
        low.set(caller, min(low.get(caller), low.get(symbol)));
      }
      if (low.get(symbol) == number.get(symbol)) closeCircle(symbol, open, isOpen, order);
    }
  }
  return order;
}

function closeCircle(
  root: FunctionSymbol,
  open: FunctionSymbol[],
  isOpen: Set<FunctionSymbol>,
  order: FunctionSymbol[],
): void {
  const alone = open[open.length - 1] === root;
  for (;;) {
    const symbol = open.pop();
    isOpen.delete(symbol);
    if (!alone) symbol.recursive = true;
    order.push(symbol);
    if (symbol === root) return;
  }
}
