// Script libraries of -I: selects the files of a directory for a kernel, and indexes what they define, so that the
// compiler parses only the files that the script needs.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { NamedBytes } from "../compiler/host/compile.ts";
import { EXIT, ExitError } from "./exit.ts";

/**
 * The files of a directory for one kernel: those of the directory itself, then those of folders named like it, the
 * runtime, the version and the release ("6.12", "6.12.107", "6.12.107-amd64"), each with a folder for the CPU in it.
 * Later files take precedence.
 */
export function readLibrary(directory: string, release: string, arch: string): NamedBytes[] {
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    throw new ExitError(EXIT.failed, `cannot read the library '${directory}': no such directory`);
  }
  const version = release.replace(/-.*/, "");
  const series = /^\d+\.\d+/.exec(version)?.[0] ?? "";
  const folders = [...new Set(["", "bpf", series, version, release])].filter((name, i) => i === 0 || name !== "");
  return folders.flatMap((folder) => [folder, join(folder, arch)]).flatMap((folder) => readFolder(directory, folder));
}

function readFolder(directory: string, folder: string): NamedBytes[] {
  const path = join(directory, folder);
  if (!existsSync(path)) return [];
  const names = readdirSync(path).filter((name) => /\.stpm?$/.test(name));
  return names.sort().map((name) => ({
    name: join(path, name).replaceAll("\\", "/"),
    bytes: readFileSync(join(path, name)),
  }));
}

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
