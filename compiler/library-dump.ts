// --dump=functions, probe-aliases, probe-types: what scripts can use, as stap lists it. The files of the library are
// given as scripts.

import { joinTexts } from "../common/as/text-builder";
import { probePatterns } from "./probes/table";
import { FunctionDeclaration, ScriptFile } from "./syntax/ast";
import { printProbePoint } from "./syntax/print";
import { Type, typeName } from "./syntax/type";

/** Whether a dump lists what the library has. */
export function isLibraryDump(name: string): bool {
  return name == "functions" || name == "probe-aliases" || name == "probe-types";
}

/** The list: one line each, in alphabetical order but for the forms of probe points, which stand together by family. */
export function dumpLibrary(files: ScriptFile[], dump: string): string {
  const lines: string[] = [];
  if (dump == "probe-types") {
    const patterns = probePatterns();
    for (let i = 0, n = patterns.length; i < n; ++i) lines.push(`${patterns[i].text}\n`);
    return joinTexts(lines);
  }
  for (let i = 0, n = files.length; i < n; ++i) {
    if (dump == "functions") addFunctions(files[i], lines);
    else addAliases(files[i], lines);
  }
  return joinTexts(lines.sort());
}

/** Those that scripts call: not private, nor named like what is meant for the library itself. */
function addFunctions(file: ScriptFile, lines: string[]): void {
  for (let i = 0, n = file.functions.length; i < n; ++i) {
    const declaration = file.functions[i];
    if (declaration.isPrivate || declaration.name.startsWith("_")) continue;
    lines.push(`${signatureOf(declaration)}\n`);
  }
}

function signatureOf(declaration: FunctionDeclaration): string {
  const parameters: string[] = [];
  for (let i = 0, n = declaration.parameters.length; i < n; ++i) {
    const parameter = declaration.parameters[i];
    parameters.push(`${parameter.name}${typed(parameter.type)}`);
  }
  return `${declaration.name}${typed(declaration.returnType)} (${parameters.join(", ")})`;
}

function typed(type: Type): string {
  return type == Type.Unknown ? "" : `:${typeName(type)}`;
}

function addAliases(file: ScriptFile, lines: string[]): void {
  for (let i = 0, n = file.aliases.length; i < n; ++i) {
    const alias = file.aliases[i];
    const points: string[] = [];
    for (let j = 0, m = alias.points.length; j < m; ++j) points.push(printProbePoint(alias.points[j]));
    for (let j = 0, m = alias.names.length; j < m; ++j) {
      if (alias.names[j].range.text.startsWith("_")) continue;
      lines.push(`${alias.names[j].range.text} = ${points.join(", ")}\n`);
    }
  }
}
