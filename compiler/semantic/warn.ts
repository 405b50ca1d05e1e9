// Warnings about names: globals and functions that are never used, and variables that are read but never assigned.
// And about commands of system() that a user of the traced machine could have written.

import { Reporter } from "../diagnostics/diagnostic";
import { NearMatches } from "../kernel/near";
import { SourceKind } from "../source/source";
import { CallExpression, Expression, NodeKind } from "../syntax/ast";
import { Analysis, MOST_COMPARED } from "./analysis";
import { holds, isOfTapset } from "./origins";
import { FunctionSymbol, GlobalUse, Holds, LocalSymbol, ScriptSymbol, SymbolKind } from "./symbols";
import { Visitor } from "./visit";

/**
 * Warns about user scripts; the tapset is our own business. `called` are the functions that were reached before code
 * without effect was taken out.
 */
export function warnUnused(a: Analysis, reached: FunctionSymbol[], called: FunctionSymbol[]): void {
  for (let i = 0, n = a.globals.length; i < n; ++i) warnGlobal(a, i);
  for (let i = 0, n = a.units.length; i < n; ++i) warnLocals(a, a.units[i].locals);
  for (let i = 0, n = reached.length; i < n; ++i) {
    if (!a.functionFiles[reached[i].order].isTapset) warnLocals(a, reached[i].locals);
  }
  const used = new Set<FunctionSymbol>();
  for (let i = 0, n = called.length; i < n; ++i) used.add(called[i]);
  for (let i = 0, n = a.functions.length; i < n; ++i) {
    const symbol = a.functions[i];
    if (a.functionFiles[i].isTapset || used.has(symbol)) continue;
    a.reporter.warning(symbol.range, `eliding unused function '${symbol.displayName}'`);
  }
}

/** May explain undecided types: locals that are never assigned, perhaps because they are misspelt. */
export function warnNeverAssigned(a: Analysis, reached: FunctionSymbol[]): void {
  for (let i = 0, n = a.units.length; i < n; ++i) warnUnassigned(a, a.units[i].locals);
  for (let i = 0, n = reached.length; i < n; ++i) {
    if (!a.functionFiles[reached[i].order].isTapset) warnUnassigned(a, reached[i].locals);
  }
}

function warnUnassigned(a: Analysis, locals: LocalSymbol[]): void {
  for (let i = 0, n = locals.length; i < n; ++i) {
    const local = locals[i];
    if (local.isParameter || local.isAssigned || local.range.source.kind == SourceKind.Tapset) continue;
    a.reporter.warning(local.range, `never-assigned local variable '${local.name}'${similarTo(a, local, locals)}`);
  }
}

function warnGlobal(a: Analysis, at: i32): void {
  const global = a.globals[at];
  if (global.range.source.kind == SourceKind.Tapset) return;
  if (!global.isAny(GlobalUse.Read | GlobalUse.Written)) {
    a.reporter.warning(global.range, `eliding unused variable '${global.displayName}'`);
  } else if (!global.is(GlobalUse.Written) && !global.hasInitial && !global.isArray) {
    a.reporter.warning(global.range, `never-assigned global variable '${global.displayName}'`);
  }
}

function warnLocals(a: Analysis, locals: LocalSymbol[]): void {
  for (let i = 0, n = locals.length; i < n; ++i) {
    const local = locals[i];
    if (local.isParameter || local.range.source.kind == SourceKind.Tapset) continue;
    if (local.writes == 0 && local.reads > 0) {
      a.reporter.warning(local.range, `never-assigned local variable '${local.name}'${similarTo(a, local, locals)}`);
    }
  }
}

function similarTo(a: Analysis, local: LocalSymbol, locals: LocalSymbol[]): string {
  if (++a.comparisons > MOST_COMPARED) return "";
  const near = new NearMatches(local.name);
  for (let i = 0, n = locals.length; i < n; ++i) near.add(locals[i].name);
  for (let i = 0, n = a.globals.length; i < n; ++i) near.add(a.globals[i].displayName);
  return near.text;
}

/** Warns where what system() runs holds text of the traced machine that was not quoted. */
export class ShellCheck extends Visitor {
  constructor(private reporter: Reporter) {
    super();
  }

  override expression(e: Expression): void {
    this.children(e);
    if (e.kind != NodeKind.Call) return;
    const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
    if (!symbol || symbol.kind != SymbolKind.Function || !isOfTapset(<FunctionSymbol>symbol, "system")) return;
    const command = (<CallExpression>e).args[0];
    if ((holds(command) & Holds.UnquotedBytes) == 0) return;
    this.reporter.warning(
      command.range,
      "the command holds text of the traced machine, in which its users can hide commands of their own",
      "quote such text: shell_quote(x)",
    );
  }
}
