// AssemblyScript: pass 1 alone, for the golden tests of the parser. It returns the text of `-p1`, or diagnostics.

import { Reporter } from "../../compiler/diagnostics/diagnostic";
import { writeDiagnosticsJson } from "../../compiler/diagnostics/json";
import { renderDiagnostics } from "../../compiler/diagnostics/render";
import { Source } from "../../compiler/source/source";
import { dumpFile } from "../../compiler/syntax/dump";
import { PreprocessOptions } from "../../compiler/syntax/options";
import { parseFile } from "../../compiler/syntax/parser";
import { printFile } from "../../compiler/syntax/print";

const options = new PreprocessOptions();
const reporter = new Reporter();

/** Adds a script argument, a byte string. */
export function addArgument(argument: string): void {
  options.args.push(argument);
}

/** Allows embedded code, as -g does. */
export function setGuru(): void {
  options.guru = true;
}

/** What to return of a script. */
export const enum Result {
  /** The canonical text, as a byte string. */
  Text,
  /** The nodes. */
  Dump,
}

/** Parses a script, given as a byte string; returns the asked result, or an empty string after errors. */
export function parse(name: string, text: string, result: Result): string {
  options.kernelRelease = "6.1.0-13-amd64";
  options.configs.set("CONFIG_SMP", "y");
  const file = parseFile(Source.fromText(name, text), options, reporter);
  if (reporter.hasErrors) return "";
  return result == Result.Text ? printFile(file) : dumpFile(file);
}

/** What there was to say, for people. */
export function render(): string {
  return renderDiagnostics(reporter);
}

/** What there was to say, as JSON. */
export function json(): string {
  return writeDiagnosticsJson(reporter);
}
