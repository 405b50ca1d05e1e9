// @entry: what an expression was when the probed function began, for probes on its return.
//
//   probe kernel.function("f").return { g(@entry($x)) }
//
//   becomes    probe kernel.function("f")        { __entry0[KEY] = $x }
//              probe kernel.function("f").return { e = __entry0[KEY]; delete __entry0[KEY]; g(e) }
//
// KEY is where the stack pointer stands when the function begins, and again when it has returned: no two calls that are
// under way have it in common, recursive ones neither.

import { attachRow } from "../../common/format/attach";
import { plainName } from "../../common/format/function-name";
import { AttachKind } from "../../common/format/manifest";
import { registersOf } from "../kernel/registers";
import { quote } from "../probes/family";
import { Range } from "../source/source";
import {
  AssignmentExpression,
  BlockStatement,
  DeleteStatement,
  Expression,
  ExpressionStatement,
  Identifier,
  IndexExpression,
  NodeKind,
  ProbeDeclaration,
} from "../syntax/ast";
import { printExpression } from "../syntax/print";
import { Operator } from "../syntax/token";
import { Type } from "../syntax/type";
import { Analysis, CodeUnit, Part } from "./analysis";
import { makeOffset } from "./c-value";
import { makeCall, makeName, makeNumber } from "./make";
import { Handler, ProbeSite } from "./script";
import { GlobalSymbol, Holds, LocalSymbol, ScriptSymbol, StackForm, SymbolKind } from "./symbols";
import { Visitor } from "./visit";

/** How the arrays are called that keep values until a function returns. */
export const ENTRY_PREFIX: string = "__entry#";
/** Calls whose values can be kept at the same time. */
const ENTRIES: i64 = 8192;

/** The unit that runs when the functions of a unit of return probes begin. */
export class EntryUnit {
  private block: BlockStatement;
  /** What is kept, by its spelling. */
  private kept: Map<string, LocalSymbol> = new Map<string, LocalSymbol>();
  private restored: i32 = 0;
  unit: CodeUnit;

  constructor(
    private a: Analysis,
    private returns: CodeUnit,
  ) {
    const range = returns.range;
    const block = new BlockStatement(range, []);
    this.block = block;
    const declaration = new ProbeDeclaration(range, [], block);
    const unit = new CodeUnit(declaration, range);
    this.unit = unit;
    unit.parts.push(new Part(block, returns.parts[0].file));
    const handler = new Handler(declaration, attachRow(AttachKind.Kprobe).engine, AttachKind.Kprobe, range);
    handler.locals = unit.locals;
    unit.handlers.push(handler);
    unit.isEntry = true;
    returns.entry = unit;
    a.units.push(unit);
    const sites = a.sites;
    for (let i = 0, n = sites.length; i < n; ++i) {
      if (!returns.handlers.includes(sites[i].handler)) continue;
      const point = `kernel.function(${quote(plainName(sites[i].target.name))})`;
      if (handler.name.length == 0) handler.name = point;
      const site = new ProbeSite(handler, point, sites[i].range);
      site.target = sites[i].target;
      site.flags = sites[i].flags;
      site.listed = point;
      if (unit.site === null) unit.site = site;
      a.sites.push(site);
    }
  }

  /** The local of the return probe that has the value of an expression at entry; null: it is not known yet. */
  find(spelling: string): LocalSymbol | null {
    return this.kept.has(spelling) ? this.kept.get(spelling) : null;
  }

  /** Keeps the value of an expression, which is one of the entry's. */
  keep(spelling: string, value: Expression): LocalSymbol {
    const range = value.range;
    const a = this.a;
    const name = `@entry(${spelling})`;
    const global = new GlobalSymbol(`${ENTRY_PREFIX}${a.globals.length}`, name, range);
    global.size = ENTRIES;
    global.arity = 1;
    global.keyTypes = [Type.Long];
    global.keyLengths = [0];
    global.keysHold = [Holds.Nothing];
    global.keyForms = [StackForm.Text];
    a.globals.push(global);
    const store = new AssignmentExpression(range, Operator.Assign, this.element(range, global, 0), value, range);
    this.block.statements.push(new ExpressionStatement(range, store));
    const locals = this.returns.locals;
    const local = new LocalSymbol(name, locals.length, range);
    local.isAssigned = true;
    locals.push(local);
    this.kept.set(spelling, local);
    this.restore(range, local, global);
    return local;
  }

  /** Takes the value over at the beginning of the return probe. */
  private restore(range: Range, local: LocalSymbol, global: GlobalSymbol): void {
    // A return has taken the return address from the stack, where there is one.
    const moved = registersOf(this.a.options.facts.arch).stackWords * 8;
    const element = this.element(range, global, moved);
    const load = new AssignmentExpression(range, Operator.Assign, makeName(range, local), element, range);
    const statements = this.returns.parts[0].block.statements;
    const before = statements.slice(0, this.restored);
    before.push(new ExpressionStatement(range, load));
    before.push(new DeleteStatement(range, this.element(range, global, moved)));
    this.returns.parts[0].block.statements = before.concat(statements.slice(this.restored));
    this.restored += 2;
  }

  /** The element of this call; `moved` bytes lie between the stack pointer now and at the entry. */
  private element(range: Range, global: GlobalSymbol, moved: i32): Expression {
    const offset = makeNumber(range, registersOf(this.a.options.facts.arch).stackOffset);
    const key = makeOffset(range, makeCall(this.a, range, "__context", [offset]), -moved);
    return new IndexExpression(range, makeName(range, global), [key]);
  }
}

/** How an expression is spelt, so that equal ones are kept once. */
export function spellingOf(e: Expression): string {
  return printExpression(e);
}

/** Looks for locals, whose values at the entry of a function nobody knows. */
class LocalFinder extends Visitor {
  found: string = "";

  override expression(e: Expression): void {
    const symbol = e.kind == NodeKind.Identifier ? <ScriptSymbol | null>(<Identifier>e).symbol : null;
    if (symbol !== null && symbol.kind == SymbolKind.Local) this.found = symbol.name;
    this.children(e);
  }
}

/** The name of a local in an expression; empty if it has none. */
export function localIn(e: Expression): string {
  const finder = new LocalFinder();
  finder.expression(e);
  return finder.found;
}
