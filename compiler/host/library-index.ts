// The index of a library of scripts: what each file defines, so that the compiler parses only the files that a script
// needs.

import type { NamedBytes } from "./compile.ts";

/**
 * Lines "kind name file" of what scripts define; a quick scan of the text, which may find too many names but never too
 * few.
 */
export function indexScripts(scripts: NamedBytes[]): string {
  const lines: string[] = [];
  for (const { name, bytes } of scripts) {
    const text = new TextDecoder().decode(bytes).replace(NOT_CODE, " ");
    for (const [kind, pattern] of PATTERNS) {
      for (const match of text.matchAll(pattern)) {
        for (const one of definedNames(kind, match[1]!)) lines.push(`${kind} ${one} ${name}\n`);
      }
    }
  }
  return lines.join("");
}

/** Strings, comments, embedded code. */
const NOT_CODE = /"(?:[^"\\\n]|\\.)*"|(?<![$@])#.*|\/\/.*|\/\*[\s\S]*?\*\/|%\{[\s\S]*?%\}/g;

const PATTERNS: [string, RegExp][] = [
  ["function", /\bfunction\s+([A-Za-z_]\w*)/g],
  ["global", /\bglobal\s+([^;{}]+?)(?=\s*(?:;|\n\s*\n|\n?\s*\b(?:global|function|probe|private)\b|$))/g],
  ["alias", /\bprobe\s+([^=({;]+?)\s*\+?=/g],
  ["macro", /@define\s+([A-Za-z_]\w*)/g],
];

/** The names in what a pattern found: lists have several. */
function definedNames(kind: string, found: string): string[] {
  if (kind !== "global" && kind !== "alias") return [found];
  const names = found.split(",").map((one) => one.trim().replace(kind === "global" ? /\W.*$/s : /\s.*$/s, ""));
  return names.filter((one) => one !== "");
}
