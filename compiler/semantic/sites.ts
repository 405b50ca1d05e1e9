// pp() and related functions: what a handler says of the probe point that it runs for. A program in the kernel cannot
// tell which of its attachments fired (5.10 has no cookies). A unit whose code asks therefore gets a copy of its trees
// for each of its sites, in which the answer is a literal.
//
//   probe vfs_read, vfs_write { f(pp()) }        unit 1: f("…vfs_read…", 0)    unit 2: f("…vfs_write…", 1)
//
// A function that asks, directly or not, gets one more parameter: the site's number, with which lowering finds the text
// in a table. Functions that only ask (`function pp() { return __site_text(0, 0) }`) disappear.

import { AttachTarget } from "../../common/as/attach-target";
import { attachRow, ContextKind, TargetKind } from "../../common/format/attach";
import { AttachKind } from "../../common/format/manifest";
import { Builtin } from "../builtins/builtin";
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
import { Analysis, CodeUnit, Condition, Part } from "./analysis";
import { cloneBlock, cloneExpression } from "./clone";
import { Rewriter } from "./rewrite";
import { Handler, ProbeSite } from "./script";
import { BuiltinSymbol, FunctionSymbol, LocalSymbol, PrintSymbol, ScriptSymbol, SymbolKind } from "./symbols";
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

/** Sites of one probe that may get handlers of their own. */
const MOST_SITES: i32 = 256;

/** The answer at one site. */
function textOfSite(site: ProbeSite, kind: i32): string {
  const row = attachRow(site.attach);
  const isFunction = row.target == TargetKind.Function;
  switch (kind) {
    case SiteText.Point:
      return site.point;
    case SiteText.Name:
      return site.listed;
    case SiteText.Function:
      return isFunction ? site.target.name : "";
    case SiteText.Module:
      return isFunction ? moduleOf(site.target) : "";
    case SiteText.Type:
      return typeOfSite(site);
    default:
      return row.context == ContextKind.Registers || row.context == ContextKind.PerfEvent ? "1" : "";
  }
}

function moduleOf(target: AttachTarget): string {
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
  /** In a unit: its site, null for one that never runs. */
  site: ProbeSite | null = null;

  constructor(private asking: Set<FunctionSymbol>) {
    super();
  }

  override expression(e: Expression): Expression {
    this.children(e);
    const builtin = builtinOf(e);
    if (builtin && builtin.id == Builtin.SiteText) return this.answer(<CallExpression>e, builtin);
    const called = functionOf(e);
    if (!called || !this.asking.has(called)) return e;
    const only = onlyExpression(called);
    if (only) return this.expression(cloneExpression(only));
    const call = <CallExpression>e;
    call.args.push(this.number(call));
    return call;
  }

  private answer(call: CallExpression, builtin: BuiltinSymbol): Expression {
    const kind = <i32>(<NumberLiteral>call.args[0]).value;
    const site = this.site;
    if (site) {
      return new StringLiteral(call.range, site.texts[kind]);
    }
    if (!this.parameter) return new StringLiteral(call.range, "");
    call.args[1] = this.number(call);
    call.symbol = builtin;
    return call;
  }

  private number(call: CallExpression): Expression {
    const parameter = this.parameter;
    if (!parameter) {
      const site = this.site;
      return new NumberLiteral(call.range, site ? <i64>site.index : 0);
    }
    const name = new Identifier(call.range, parameter.name);
    name.symbol = parameter;
    return name;
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

/** Makes the calls of the printf family in a copied tree calls of their own. */
class FreshPrints extends Visitor {
  constructor(private a: Analysis) {
    super();
  }

  override expression(e: Expression): void {
    this.children(e);
    if (e.kind != NodeKind.Call) return;
    const call = <CallExpression>e;
    const symbol = <ScriptSymbol | null>call.symbol;
    if (!symbol || symbol.kind != SymbolKind.Print) return;
    const print = <PrintSymbol>symbol;
    const fresh = new PrintSymbol(print.name, call, print.style, print.isValue);
    call.symbol = fresh;
    this.a.prints.push(fresh);
  }
}

/** Gives each site of a unit that asks code of its own. Runs when all names are resolved. */
export function separateSites(a: Analysis): void {
  if (!a.asksForSites) return;
  fillTexts(a);
  const asking = askingFunctions(a);
  const order = asking.values();
  for (let i = 0, n = order.length; i < n; ++i) {
    if (!onlyExpression(order[i])) passNumber(order[i], asking);
  }
  for (let i = 0, n = a.units.length; i < n; ++i) {
    if (unitAsks(a.units[i], asking)) separateUnit(a, a.units[i], asking);
  }
}

/** Fills the texts of all sites, before units are copied. */
function fillTexts(a: Analysis): void {
  let longest = 0;
  for (let i = 0, n = a.sites.length; i < n; ++i) {
    const site = a.sites[i];
    site.index = i;
    for (let kind = 0; kind < SiteText.Size; ++kind) {
      site.texts.push(textOfSite(site, kind));
      longest = max(longest, site.texts[kind].length);
    }
  }
  const builtin = a.builtin("__site_text");
  if (builtin) builtin.maxLength = longest;
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

function passNumber(symbol: FunctionSymbol, asking: Set<FunctionSymbol>): void {
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
  const answers = new Answers(asking);
  answers.parameter = parameter;
  answers.block(body);
}

function unitAsks(unit: CodeUnit, asking: Set<FunctionSymbol>): bool {
  const asks = new Asks(asking);
  for (let i = 0, n = unit.conditions.length; i < n; ++i) asks.expression(unit.conditions[i].expression);
  for (let i = 0, n = unit.parts.length; i < n; ++i) asks.block(unit.parts[i].block);
  return asks.found;
}

function separateUnit(a: Analysis, unit: CodeUnit, asking: Set<FunctionSymbol>): void {
  const sites: ProbeSite[] = [];
  for (let i = 0, n = a.sites.length; i < n; ++i) {
    if (unit.handlers.includes(a.sites[i].handler)) sites.push(a.sites[i]);
  }
  if (sites.length > MOST_SITES) {
    const count = `${sites.length} probe points`;
    const what = `${count} need handlers of their own for pp() and its like, more than ${MOST_SITES}`;
    a.reporter.error(unit.range, what);
    return;
  }
  // The original goes last: the others are copies of what it was.
  for (let i = sites.length - 1; i > 0; --i) {
    const copy = copyUnit(a, unit, sites[i]);
    a.units.push(copy);
    answerUnit(copy, sites[i], asking);
  }
  if (sites.length > 1) {
    const handler = sites[0].handler;
    handler.name = sites[0].point;
    unit.handlers = [handler];
  }
  answerUnit(unit, sites.length > 0 ? sites[0] : null, asking);
}

function copyUnit(a: Analysis, unit: CodeUnit, site: ProbeSite): CodeUnit {
  const copy = new CodeUnit(unit.declaration, unit.range);
  copy.locals = unit.locals;
  const prints = new FreshPrints(a);
  for (let i = 0, n = unit.conditions.length; i < n; ++i) {
    const condition = unit.conditions[i];
    copy.conditions.push(new Condition(cloneExpression(condition.expression), condition.file));
  }
  for (let i = 0, n = unit.parts.length; i < n; ++i) {
    const block = cloneBlock(unit.parts[i].block);
    prints.block(block);
    copy.parts.push(new Part(block, unit.parts[i].file));
  }
  const old = site.handler;
  const handler = new Handler(old.declaration, old.engine, old.attach, old.range);
  handler.name = site.point;
  handler.exits = old.exits;
  handler.locals = old.locals;
  handler.byContext = old.byContext;
  handler.contextAttach = old.contextAttach;
  copy.handlers.push(handler);
  site.handler = handler;
  return copy;
}

function answerUnit(unit: CodeUnit, site: ProbeSite | null, asking: Set<FunctionSymbol>): void {
  const answers = new Answers(asking);
  answers.site = site;
  for (let i = 0, n = unit.conditions.length; i < n; ++i) {
    unit.conditions[i].expression = answers.expression(unit.conditions[i].expression);
  }
  for (let i = 0, n = unit.parts.length; i < n; ++i) answers.block(unit.parts[i].block);
}
