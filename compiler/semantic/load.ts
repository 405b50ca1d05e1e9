// Loads a tapset file when the script names something that it declares.

import { parseFile } from "../syntax/parser";
import { Analysis } from "./analysis";
import { collectFile } from "./collect";

/** Loads the file that declares a function, if the tapset has one. */
export function loadFunction(a: Analysis, name: string): void {
  load(a, a.options.tapset.functions, name);
}

/** Loads the file that declares a global. */
export function loadGlobal(a: Analysis, name: string): void {
  load(a, a.options.tapset.globals, name);
}

/** Loads the file that declares an alias. */
export function loadAlias(a: Analysis, name: string): void {
  load(a, a.options.tapset.aliases, name);
}

function load(a: Analysis, index: Map<string, string>, name: string): void {
  if (!index.has(name)) return;
  const file = index.get(name);
  if (a.loaded.has(file)) return;
  a.loaded.add(file);
  const tapset = a.options.tapset;
  if (!tapset.sources.has(file)) {
    a.needs.add("tapset", file);
    return;
  }
  // The file's own probes are loaded too, as in stap.
  const scope = collectFile(a, parseFile(tapset.sources.get(file), a.options.preprocess, a.reporter));
  if (scope.file.probes.length > 0) a.unresolved.push(scope);
}

/** Whether the tapset declares a function whose file was asked for and is not here yet. */
export function isPendingFunction(a: Analysis, name: string): bool {
  const tapset = a.options.tapset;
  return tapset.functions.has(name) && !tapset.sources.has(tapset.functions.get(name));
}

/** The same of a global. */
export function isPendingGlobal(a: Analysis, name: string): bool {
  const tapset = a.options.tapset;
  return tapset.globals.has(name) && !tapset.sources.has(tapset.globals.get(name));
}

/** The same of an alias. */
export function isPendingAlias(a: Analysis, name: string): bool {
  const tapset = a.options.tapset;
  return tapset.aliases.has(name) && !tapset.sources.has(tapset.aliases.get(name));
}
