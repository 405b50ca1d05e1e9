// Code of the script that a probe site brings with it: the guard that stands before the handler's own code (it is
// lowered before locks and frames are taken, lower/guards.ts), and the expressions that its target variables are.
//
//   process(12).mark("m")    { f($arg1) }     { if (pid() != 12) next }  { f(__context(112)) }

import { Builtin } from "../builtins/builtin";
import { SiteVariable } from "../probes/family";
import { Range, Source, SourceKind } from "../source/source";
import { CallExpression, Expression, ExpressionStatement, NodeKind, ScriptFile } from "../syntax/ast";
import { parseFile } from "../syntax/parser";
import { Analysis, CodeUnit, FileScope, Part } from "./analysis";
import { ProbeSite } from "./script";
import { Visitor } from "./visit";

/** Makes a unit return at once where a condition holds. */
export function addGuard(a: Analysis, unit: CodeUnit, guard: string): void {
  const file = parse(a, `if (${guard}) next`);
  unit.parts.unshift(new Part(file.probes[0].body, new FileScope(a.files.length, file)));
}

/** Equal for sites at which these target variables are the same expressions. */
export function shapeOfVariables(variables: SiteVariable[], names: string[]): string {
  let shape = "";
  const wantsAll = names.includes("$$vars") || names.includes("$$parms");
  for (let i = 0, n = variables.length; i < n; ++i) {
    if (wantsAll || names.includes(variables[i].name)) shape += ` ${variables[i].name}=${variables[i].text}`;
  }
  return shape;
}

/** The variable of a site, or null. */
export function variableOf(site: ProbeSite, name: string): SiteVariable | null {
  for (let i = 0, n = site.code.length; i < n; ++i) if (site.code[i].name == name) return site.code[i];
  return null;
}

/** The variables of a site with a single `$`, as -L shows them. */
export function listVariables(variables: SiteVariable[]): string {
  let text = "";
  for (let i = 0, n = variables.length; i < n; ++i) {
    if (!variables[i].name.startsWith("$$")) text += ` ${variables[i].name}:long`;
  }
  return text;
}

/** The expression that a variable is; it stands at `range` for messages. */
export function variableExpression(a: Analysis, variable: SiteVariable, range: Range): Expression {
  const file = parse(a, variable.text);
  const expression = (<ExpressionStatement>file.probes[0].body.statements[0]).expression;
  new Placer(a, range).expression(expression);
  return expression;
}

function parse(a: Analysis, text: string): ScriptFile {
  const source = Source.fromText("process", `probe never { ${text} }`, SourceKind.Tapset);
  return parseFile(source, a.options.preprocess, a.reporter);
}

/** Gives nodes a range, and calls of builtins their symbols: names were resolved before. */
class Placer extends Visitor {
  constructor(
    private a: Analysis,
    private range: Range,
  ) {
    super();
  }

  override expression(e: Expression): void {
    e.range = this.range;
    if (e.kind == NodeKind.Call) {
      const symbol = this.a.builtin((<CallExpression>e).name);
      (<CallExpression>e).symbol = symbol;
      if (symbol !== null && symbol.id == Builtin.SiteText) this.a.asksForSites = true;
    }
    this.children(e);
  }
}
