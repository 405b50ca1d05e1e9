// AssemblyScript: passes 1 and 2 with facts and the tapset, for the golden and random tests of semantic analysis.

import { Reporter } from "../../compiler/diagnostics/diagnostic";
import { renderDiagnostics } from "../../compiler/diagnostics/render";
import { findArch } from "../../compiler/kernel/facts";
import { analyse } from "../../compiler/semantic/analyse";
import { SemanticOptions } from "../../compiler/semantic/options";
import { printScript } from "../../compiler/semantic/print";
import { Source, SourceKind } from "../../compiler/source/source";
import { ScriptFile } from "../../compiler/syntax/ast";
import { parseFile } from "../../compiler/syntax/parser";

const options = new SemanticOptions();
const reporter = new Reporter();
const files: ScriptFile[] = [];

/** Names of a kind that the remote has; an empty text says only that the remote is known. */
export function addPresent(kind: string, text: string): void {
  options.facts.known = true;
  options.facts.addNames(kind, text, true);
}

/** Names of a kind that the remote does not have. */
export function addAbsent(kind: string, text: string): void {
  options.facts.known = true;
  options.facts.addNames(kind, text, false);
}

/** Sets guru mode, as -g does. */
export function setGuru(): void {
  options.preprocess.guru = true;
}

/** -a. */
export function setArch(name: string): void {
  options.facts.arch = findArch(name);
}

/** -D and -G. */
export function define(name: string, value: string): void {
  options.defines.set(name, value);
}

/** -G name=value. */
export function setGlobal(name: string, value: string): void {
  options.globals.set(name, value);
}

/** The tapset's index. */
export function setIndex(text: string): void {
  options.tapset.readIndex(text);
}

/** One file of the tapset. */
export function addTapset(name: string, text: string): void {
  options.tapset.sources.set(name, Source.fromText(name, text, SourceKind.Tapset));
}

/** One script. */
export function addScript(name: string, text: string): void {
  files.push(parseFile(Source.fromText(name, text), options.preprocess, reporter));
}

/** Analyses the scripts; returns what -p2 prints, or what is needed first, or nothing after errors. */
export function run(): string {
  if (reporter.hasErrors) return "";
  const script = analyse(files, options, reporter);
  if (script === null) return "";
  if (script.needs.length == 0) return printScript(script);
  let text = "";
  for (let i = 0; i < script.needs.length; ++i) {
    text += `needs ${script.needs[i].kind}: ${script.needs[i].names.join(" ")}\n`;
  }
  return text;
}

/** What there was to say. */
export function render(): string {
  return renderDiagnostics(reporter);
}
