// pp() and related functions: what a handler says of the probe point that it runs for. All sites of a unit share its
// code. What is the same at each of them becomes a literal; what differs is found by the number of the site that has
// fired, which lowering gets from the kernel or from the agent (lower/place.ts).
//
//   probe vfs_read, vfs_write { f(pp()) }        f(__site_text(0, __place()), __place())
//
// A function that asks, directly or not, gets one more parameter: the site's number, with which lowering finds the text
// in a table. Functions that only ask (`function pp() { return __site_text(0, 0) }`) disappear.

import { AttachTarget } from "../../common/as/attach-target";
import { attachRow, ContextKind, TargetKind } from "../../common/format/attach";
import { plainName } from "../../common/format/function-name";
import { AttachKind } from "../../common/format/manifest";
import { Builtin } from "../builtins/builtin";
import { findBuiltin } from "../builtins/table";
import { SourceKind } from "../source/source";
import {
  CallExpression,
  Expression,
  Identifier,
  NodeKind,
  NumberLiteral,
  ReturnStatement,
  StringLiteral,
} from "../syntax/ast";
import { Type } from "../syntax/type";
import { Analysis, CodeUnit } from "./analysis";
import { cloneExpression } from "./clone";
import { Rewriter } from "./rewrite";
import { ProbeSite } from "./script";
import { BuiltinSymbol, FunctionSymbol, LocalSymbol, ScriptSymbol, SymbolKind } from "./symbols";
import { Visitor } from "./visit";

/** What is asked: the first argument of `__site_text`. */
export const enum SiteText {
  Point,
  Name,
  Function,
  Module,
  Type,
  Registers,
  Size,
}

/** The answer at one site. */
function textOfSite(site: ProbeSite, kind: i32): string {
  const row = attachRow(site.attach);
  const isFunction = row.target == TargetKind.Function || row.target == TargetKind.Code;
  switch (kind) {
    case SiteText.Point:
      return site.point;
    case SiteText.Name:
      return site.listed;
    case SiteText.Function:
      return isFunction ? plainName(site.target.name) : "";
    case SiteText.Module:
      return isFunction ? moduleOf(site.target) : "";
    case SiteText.Type:
      return typeOfSite(site);
    default:
      return hasRegisters(row.context) ? "1" : "";
  }
}

function hasRegisters(context: ContextKind): bool {
  const isProbed = context == ContextKind.Registers || context == ContextKind.UserRegisters;
  return isProbed || context == ContextKind.PerfEvent;
}

function moduleOf(target: AttachTarget): string {
  if (target.kind == TargetKind.Code) return target.path;
  return target.module.length > 0 ? target.module : "kernel";
}

/** stap's name of the means by which a probe fires: timers that count jiffies have one of their own. */
function typeOfSite(site: ProbeSite): string {
  const isTimer = site.attach == AttachKind.Timer;
  return isTimer && site.point.startsWith("timer.jiffies") ? "timer" : attachRow(site.attach).probeType;
}

function builtinOf(e: Expression): BuiltinSymbol | null {
  if (e.kind != NodeKind.Call) return null;
  const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
  return symbol && symbol.kind == SymbolKind.Builtin ? <BuiltinSymbol>symbol : null;
}

function functionOf(e: Expression): FunctionSymbol | null {
  if (e.kind != NodeKind.Call) return null;
  const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
  return symbol && symbol.kind == SymbolKind.Function ? <FunctionSymbol>symbol : null;
}

/** Notes whether code asks: itself, or through a function that is known to ask. */
class Asks extends Visitor {
  found: bool = false;

  constructor(private asking: Set<FunctionSymbol>) {
    super();
  }

  override expression(e: Expression): void {
    const builtin = builtinOf(e);
    if (builtin && builtin.id == Builtin.SiteText) this.found = true;
    const called = functionOf(e);
    if (called && this.asking.has(called)) this.found = true;
    if (!this.found) this.children(e);
  }
}

/** Puts the answers, or the number to find them with, into the calls of one tree. */
class Answers extends Rewriter {
  /** In a function: its parameter for the number. */
  parameter: LocalSymbol | null = null;
  /** In a unit: its sites; none if it never runs. */
  sites: ProbeSite[] = [];

  constructor(
    private asking: Set<FunctionSymbol>,
    private builtins: SiteBuiltins,
  ) {
    super();
  }

  override expression(e: Expression): Expression {
    this.children(e);
    const builtin = builtinOf(e);
    if (builtin && builtin.id == Builtin.SiteText) return this.answer(<CallExpression>e);
    const called = functionOf(e);
    if (!called || !this.asking.has(called)) return e;
    const only = onlyExpression(called);
    if (only) return this.expression(cloneExpression(only));
    const call = <CallExpression>e;
    call.args.push(this.number(call));
    return call;
  }

  private answer(call: CallExpression): Expression {
    const kind = <i32>(<NumberLiteral>call.args[0]).value;
    if (!this.parameter && !differs(this.sites, kind)) {
      const text = this.sites.length > 0 ? this.sites[0].texts[kind] : "";
      return new StringLiteral(call.range, text);
    }
    call.args[1] = this.number(call);
    call.symbol = this.builtins.texts[kind];
    return call;
  }

  private number(call: CallExpression): Expression {
    const parameter = this.parameter;
    if (parameter) {
      const name = new Identifier(call.range, parameter.name);
      name.symbol = parameter;
      return name;
    }
    const sites = this.sites;
    if (sites.length < 2) return new NumberLiteral(call.range, sites.length > 0 ? <i64>sites[0].index : 0);
    for (let i = 0, n = sites.length; i < n; ++i) sites[i].handler.asksPlace = true;
    const place = new CallExpression(call.range, "__place", call.nameRange, []);
    place.symbol = this.builtins.place;
    return place;
  }
}

/** Whether a text is not the same at all sites. */
function differs(sites: ProbeSite[], kind: i32): bool {
  for (let i = 1, n = sites.length; i < n; ++i) {
    if (sites[i].texts[kind] != sites[0].texts[kind]) return true;
  }
  return false;
}

/** What calls of rewritten trees refer to: a builtin for each kind of text, which knows how long its texts are. */
class SiteBuiltins {
  place: BuiltinSymbol;
  texts: BuiltinSymbol[] = [];

  constructor(a: Analysis) {
    this.place = a.builtin("__place")!;
    for (let kind = 0; kind < SiteText.Size; ++kind) {
      const symbol = new BuiltinSymbol(findBuiltin("__site_text")!);
      symbol.maxLength = 0;
      for (let i = 0, n = a.sites.length; i < n; ++i) {
        symbol.maxLength = max(symbol.maxLength, a.sites[i].texts[kind].length);
      }
      this.texts.push(symbol);
    }
  }
}

/** What a function of the tapset returns, if that is all it does; or null. */
function onlyExpression(symbol: FunctionSymbol): Expression | null {
  const body = symbol.declaration.body;
  if (!body || symbol.range.source.kind != SourceKind.Tapset || symbol.overloads.length != 1) return null;
  if (symbol.declaration.parameters.length > 0) return null;
  if (body.statements.length != 1 || body.statements[0].kind != NodeKind.Return) return null;
  return (<ReturnStatement>body.statements[0]).value;
}

/** Answers what units and functions ask. Runs when all names are resolved. */
export function answerSites(a: Analysis): void {
  if (!a.asksForSites) return;
  fillTexts(a);
  const asking = askingFunctions(a);
  const builtins = new SiteBuiltins(a);
  const order = asking.values();
  for (let i = 0, n = order.length; i < n; ++i) {
    if (!onlyExpression(order[i])) passNumber(order[i], new Answers(asking, builtins));
  }
  for (let i = 0, n = a.units.length; i < n; ++i) {
    if (unitAsks(a.units[i], asking)) answerUnit(a, a.units[i], new Answers(asking, builtins));
  }
}

/** Fills the texts of all sites. */
function fillTexts(a: Analysis): void {
  for (let i = 0, n = a.sites.length; i < n; ++i) {
    const site = a.sites[i];
    site.index = i;
    for (let kind = 0; kind < SiteText.Size; ++kind) site.texts.push(textOfSite(site, kind));
  }
}

/** Functions that ask, directly or not. If one overload asks, all of them count as asking. */
function askingFunctions(a: Analysis): Set<FunctionSymbol> {
  const asking = new Set<FunctionSymbol>();
  let before = -1;
  while (before != asking.size) {
    before = asking.size;
    for (let i = 0, n = a.functions.length; i < n; ++i) {
      const symbol = a.functions[i];
      const body = symbol.declaration.body;
      if (!symbol.resolved || !body || asking.has(symbol)) continue;
      const asks = new Asks(asking);
      asks.block(body);
      if (!asks.found) continue;
      for (let k = 0; k < symbol.overloads.length; ++k) asking.add(symbol.overloads[k]);
    }
  }
  return asking;
}

function passNumber(symbol: FunctionSymbol, answers: Answers): void {
  const at = symbol.parameters.length;
  const parameter = new LocalSymbol("__site", at, symbol.range);
  parameter.isParameter = true;
  parameter.isAssigned = true;
  parameter.type = Type.Long;
  symbol.parameters.push(parameter);
  symbol.locals.push(parameter);
  for (let i = symbol.locals.length - 1; i > at; --i) {
    symbol.locals[i] = symbol.locals[i - 1];
    symbol.locals[i].index = i;
  }
  symbol.locals[at] = parameter;
  const body = symbol.declaration.body;
  if (!body) return;
  answers.parameter = parameter;
  answers.block(body);
}

function unitAsks(unit: CodeUnit, asking: Set<FunctionSymbol>): bool {
  const asks = new Asks(asking);
  for (let i = 0, n = unit.conditions.length; i < n; ++i) asks.expression(unit.conditions[i].expression);
  for (let i = 0, n = unit.parts.length; i < n; ++i) asks.block(unit.parts[i].block);
  return asks.found;
}

function answerUnit(a: Analysis, unit: CodeUnit, answers: Answers): void {
  for (let i = 0, n = a.sites.length; i < n; ++i) {
    if (unit.handlers.includes(a.sites[i].handler)) answers.sites.push(a.sites[i]);
  }
  for (let i = 0, n = unit.conditions.length; i < n; ++i) {
    unit.conditions[i].expression = answers.expression(unit.conditions[i].expression);
  }
  for (let i = 0, n = unit.parts.length; i < n; ++i) answers.block(unit.parts[i].block);
}
