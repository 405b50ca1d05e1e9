// Combines many scripts into one, as kernel probes. Each handler first prints a line by which its output is recognised:
//
//   probe begin { BODY }   of script 17   ->   probe kernel.function("vfs_symlink") { print("@@17\n") BODY }
//
// Names of globals, functions and macros get the script's number, so that scripts do not clash. `ln -s` then fires all
// of them once. Each handler remains a program of its own.

import type { Ended } from "../interpret/interpreter.ts";
import { complaints } from "./cases.ts";

/** The function of the kernel that the probes are on; nothing but `TRIGGER` calls it in an idle guest. */
export const PROBE = 'kernel.function("vfs_symlink")';
/** Shell commands that fire the probes once. */
export const TRIGGER = "rm -f /tmp/batch; ln -s x /tmp/batch && rm -f /tmp/batch";
/** Strings, comments, and names with the `$` or `@` before them. */
const PIECES = /"(?:[^"\\\n]|\\.)*"|#.*|\/\/.*|\/\*[\s\S]*?\*\/|[$@]?[A-Za-z_]\w*/g;
const isName = (piece: string) => /^@?[A-Za-z_]/.test(piece);

/** All scripts as one. */
export function batchScripts(scripts: string[]): string {
  return scripts.map((script, i) => `# ${i}\n${numbered(script, i)}`).join("\n");
}

/** The script with its own names numbered and its `begin` probes in the kernel. */
function numbered(script: string, number: number): string {
  const names = declared(script);
  const named = script.replace(PIECES, (piece) => {
    const bare = piece.replace(/^@/, "");
    return isName(piece) && names.has(bare) ? `${piece}_${number}` : piece;
  });
  const marked = `{ print("@@${number}\\n")`;
  return named.replace(/^(\s*probe\s+)(begin|end)\s*\{/gm, (_, probe, point) =>
    point === "begin" ? `${probe}${PROBE} ${marked}` : `${probe}${point} ${marked}`,
  );
}

/** The names of globals, functions and macros that a script declares. */
function declared(script: string): Set<string> {
  const names = new Set<string>();
  const bare = script.replace(PIECES, (piece) => (isName(piece) ? piece : piece.startsWith('"') ? '""' : ""));
  for (const [, name] of bare.matchAll(/(?:\bfunction|@define)\s+(\w+)/g)) names.add(name as string);
  const item = /\s*([A-Za-z_]\w*)\s*%?\s*(?:\[[^\]]*\])?\s*(?:=\s*(?:-?\w+|""))?\s*(,)?/y;
  for (const start of bare.matchAll(/\b(?:private\s+)?(?:global|private(?!\s+(?:global|function|probe)))\b/g)) {
    item.lastIndex = start.index + start[0].length;
    for (let found = item.exec(bare); found; found = found[2] ? item.exec(bare) : null) names.add(found[1] as string);
  }
  return names;
}

/** What came of one script of a batch. */
export interface Part {
  out: string;
  /** Whether its handler ran at all. */
  ran: boolean;
}

/** Takes a batch's output apart. */
export function splitOutput(out: string, count: number): Part[] {
  const parts: Part[] = Array.from({ length: count }, () => ({ out: "", ran: false }));
  let current: Part | undefined;
  for (const line of out.split(/(?<=\n)/)) {
    // After output without a newline the mark is not at the beginning of its line.
    const [, before, number] = /^(.*?)@@(\d+)\n$/s.exec(line) ?? [undefined, line];
    if (current) current.out += before;
    if (number === undefined) continue;
    current = parts[Number(number)];
    if (current) current.ran = true;
  }
  return parts;
}

/** Lines on standard error at the run of a batch, without positions in the batch. */
export function runErrors(ended: Ended): string[] {
  return complaints(ended.err).filter((line) => line.startsWith("ERROR"));
}
