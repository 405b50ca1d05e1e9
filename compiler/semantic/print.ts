// -p2: the script as resolved, in stap's sections: globals, functions, probes, with types, and where each probe runs.

import { joinTexts } from "../../common/as/text-builder";
import { attachRow } from "../../common/format/attach";
import { Engine } from "../../common/format/manifest";
import { quote } from "../probes/family";
import { printExpression } from "../syntax/print";
import { Type, typeName } from "../syntax/type";
import { ProbeSite, Script } from "./script";
import { FunctionSymbol, GlobalSymbol, LocalSymbol } from "./symbols";

/** The text of -p2, a byte string. */
export function printScript(script: Script): string {
  // Joined once: adding to a growing text would copy it every time, and nothing is freed.
  const parts: string[] = [];
  if (script.globals.length > 0) parts.push("# globals\n");
  for (let i = 0, n = script.globals.length; i < n; ++i) parts.push(`${globalText(script.globals[i])}\n`);
  if (script.usedFunctions.length > 0) parts.push("# functions\n");
  for (let i = 0, n = script.usedFunctions.length; i < n; ++i) parts.push(functionText(script.usedFunctions[i]));
  if (script.probes.length > 0) parts.push("# probes\n");
  for (let i = 0, n = script.probes.length; i < n; ++i) parts.push(probeText(script.probes[i]));
  return joinTexts(parts);
}

/** The text of -l: probe points, each once, sorted; of -L: with the variables that their aliases set. */
export function printListing(script: Script, variables: bool): string {
  const seen = new Set<string>();
  for (let i = 0, n = script.probes.length; i < n; ++i) {
    const site = script.probes[i];
    let line = site.listed;
    const locals = site.handler.locals;
    for (let j = 0, m = locals.length; variables && j < m; ++j) {
      if (locals[j].type != Type.Unknown) line += ` ${locals[j].name}:${typeName(locals[j].type)}`;
    }
    seen.add(line + site.variables);
  }
  const lines = seen.values();
  lines.sort();
  return lines.length > 0 ? `${joinTexts(lines, "\n")}\n` : "";
}

function globalText(global: GlobalSymbol): string {
  let text = `${global.displayName}:${typeName(global.type)}`;
  if (global.isArray) {
    const keys: string[] = [];
    for (let i = 0; i < global.arity; ++i) keys.push(typeName(global.keyTypes[i]));
    if (global.wrap) text += "%";
    text += global.size > 0 ? `[${global.size}]` : "";
    text += ` [${keys.join(", ")}]`;
  }
  if (!global.hasInitial) return text;
  return global.type == Type.String ? `${text} = ${quote(global.initialString)}` : `${text} = ${global.initialNumber}`;
}

function functionText(symbol: FunctionSymbol): string {
  const parameters: string[] = [];
  for (let i = 0, n = symbol.parameters.length; i < n; ++i) {
    parameters.push(`${symbol.parameters[i].name}:${typeName(symbol.parameters[i].type)}`);
  }
  const head = `${symbol.displayName}:${typeName(symbol.returnType)} (${parameters.join(", ")})\n`;
  return head + localsText(symbol.locals);
}

function localsText(locals: LocalSymbol[]): string {
  const lines: string[] = [];
  for (let i = 0, n = locals.length; i < n; ++i) {
    if (locals[i].isParameter) continue;
    lines.push(`    ${locals[i].name}:${typeName(locals[i].type)}\n`);
  }
  return lines.length > 0 ? `  # locals\n${joinTexts(lines)}` : "";
}

function probeText(site: ProbeSite): string {
  let text = `${site.point} /* ${placeText(site)} */`;
  const written = site.range.text;
  if (written != site.point) text += ` /* <- ${written} */`;
  text += "\n";
  const handler = site.handler;
  for (let i = 0, n = handler.conditions.length; i < n; ++i) {
    text += `  # condition ${printExpression(handler.conditions[i])}\n`;
  }
  return text + localsText(handler.locals);
}

/** Where a probe runs, and what makes it fire. */
function placeText(site: ProbeSite): string {
  const handler = site.handler;
  let place = "in the kernel";
  if (handler.engine == Engine.Agent) place = "in the agent";
  else if (handler.engine == Engine.TestRun) place = "in the kernel, by the agent";
  const use = handler.lock;
  const lock = use === null ? "" : use.key.length > 0 ? ", locked by its key" : ", locked";
  return `${place}${causeText(site)}${lock}`;
}

function causeText(site: ProbeSite): string {
  const cause = attachRow(site.attach).describe(site.target.symbol, `${site.period}`);
  return cause.length > 0 ? `, ${cause}` : "";
}
