// Reads the cases of this folder. A file is one area of the language and contains many small scripts:
//
//   ## adds numbers            a case, and its name
//   println(1 + 2)             its script; without a `probe` it is the body of a `probe begin`
//   > 3                        the output's next line
//   ! division by 0            an error: part of a line on standard error; the exit status is 1. If the compiler must
//                              refuse the script, write '! parse error…' or '! semantic error…'
//   ? unused variable          a warning: part of a line on standard error
//   : -D MAXACTION=9 -- a b    options, and after `--` the script's arguments
//   : agent                    not for kernels: it needs `exit()`, the end of the run, or a session of its own

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Ended } from "../interpret/interpreter.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** One script and what must come of it. */
export interface Case {
  area: string;
  name: string;
  /** The line of its `##`. */
  line: number;
  script: string;
  output: string[];
  errors: string[];
  warnings: string[];
  options: string[];
  args: string[];
  agentOnly: boolean;
}

/** All cases, by area and in the order of their files. */
export function readCases(): Case[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".txt"));
  return files
    .sort()
    .flatMap((name) => parseCases(name.replace(/\.txt$/, ""), readFileSync(join(FOLDER, name), "utf8")));
}

/** The areas, each with the first line of its file, which says what it is about. */
export function readAreas(): [string, string][] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".txt"));
  return files.sort().map((name) => {
    const [first] = readFileSync(join(FOLDER, name), "utf8").split("\n");
    return [name.replace(/\.txt$/, ""), first?.startsWith("##") ? "" : (first ?? "").replace(/\.$/, "")];
  });
}

/** The cases of one file's text. */
function parseCases(area: string, text: string): Case[] {
  const cases: Case[] = [];
  const scripts: string[][] = [];
  text.split("\n").forEach((line, i) => {
    const head = /^## (.+)$/.exec(line);
    if (head) {
      const name = head[1] as string;
      if (cases.some((known) => known.name === name))
        throw new Error(`${area}.txt:${i + 1}: '${name}' is there already`);
      const lists = { output: [], errors: [], warnings: [], options: [], args: [] };
      cases.push({ area, name, line: i + 1, script: "", ...lists, agentOnly: false });
      scripts.push([]);
      return;
    }
    const current = cases.at(-1);
    if (current) addLine(current, scripts.at(-1) as string[], line);
  });
  cases.forEach((one, i) => {
    const body = (scripts[i] as string[]).join("\n").replace(/\n+$/, "\n");
    one.script = /(^|[\s(])probe\s+[\w${]/m.test(body) ? body : `probe begin {\n${body.trimEnd()}\n}\n`;
  });
  return cases;
}

function addLine(current: Case, script: string[], line: string): void {
  const [, mark, rest] = /^([>!?:])(?: (.*))?$/.exec(line) ?? [];
  if (mark === ">") current.output.push(rest ?? "");
  else if (mark === "!") current.errors.push(rest ?? "");
  else if (mark === "?") current.warnings.push(rest ?? "");
  else if (mark === ":" && rest === "agent") current.agentOnly = true;
  else if (mark === ":") {
    const words = (rest ?? "").match(/"[^"]*"|\S+/g)?.map((word) => word.replace(/^"(.*)"$/, "$1")) ?? [];
    const end = words.indexOf("--");
    current.options.push(...(end < 0 ? words : words.slice(0, end)));
    if (end >= 0) current.args.push(...words.slice(end + 1));
  } else script.push(line);
}

/** Lines on standard error that say that something is wrong, without the sources that are shown below them. */
export function complaints(err: string): string[] {
  const isCount = (line: string) => /^WARNING: Number of errors: |^WARNING: There were /.test(line);
  return err
    .split("\n")
    .filter((line) => /^(ERROR|WARNING|stap-remote|(parse|semantic) error)\b/.test(line) && !isCount(line));
}

/** What is wrong with what came of a case; "" if nothing is. */
export function judge(one: Case, seen: Ended): string {
  const problems: string[] = [];
  const status = one.errors.length > 0 ? 1 : 0;
  if (seen.status !== status) problems.push(`exit status ${seen.status}, not ${status}`);
  const left = complaints(seen.err);
  for (const part of [...one.errors, ...one.warnings]) {
    const at = left.findIndex((line) => line.includes(part));
    if (at < 0) problems.push(`nothing on standard error says '${part}'`);
    else left.splice(at, 1);
  }
  if (left.length > 0) problems.push("there is more on standard error than that");
  const out = one.output.map((line) => `${line}\n`).join("");
  if (seen.out !== out) problems.push(`expected output:\n${out}`);
  if (problems.length === 0) return "";
  return `${one.area}.txt:${one.line}: ${problems.join("\n")}\noutput:\n${seen.out}standard error:\n${seen.err}`;
}

/** Whether the compiler is to refuse a case. */
export function isRefused(one: Case): boolean {
  return one.errors.some((error) => /^(parse|semantic) error/.test(error));
}

/** Whether a case can be one of many kernel probes in a script: it compiles, and asks for nothing of its own. */
export function inKernel(one: Case): boolean {
  if (one.agentOnly || one.options.length > 0 || one.args.length > 0) return false;
  return !isRefused(one) && !/\bexit\s*\(/.test(one.script) && /^\s*probe\s+begin\s*\{/m.test(one.script);
}
