// A script of tests/run with its expectation. Header comments say how it is run and what must result:
//
//   # expect: LINE            the output's next line, exactly
//   # expect-match: REGEX     the output's next line matches
//   # expect-error: REGEX     somewhere on standard error; without one, standard error must be empty
//   # status: N               exit status; 0 without it
//   # args: -T 2 -- a b       options, and after `--` the script's arguments; PID is the process of `spawn`
//   # spawn: SHELL            a process in the guest that lives as long as the script runs
//   # during: SHELL           run in the guest once all probes are attached; then the script is stopped
//   # needs: FEATURE          the script is skipped if the guest lacks the feature
//   # kernel-may-skip: WHY    the kernel may pass over handlers, and the run may say so

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ended } from "./remote.ts";

const KEYS = [
  "expect",
  "expect-match",
  "expect-error",
  "status",
  "args",
  "spawn",
  "during",
  "needs",
  "kernel-may-skip",
];

/** One script and its headers. */
export interface ScriptCase {
  name: string;
  path: string;
  /** Text, or what a line must match; null: the script says nothing about its output. */
  output: (string | RegExp)[] | null;
  errors: RegExp[];
  status: number;
  options: string[];
  args: string[];
  spawn: string;
  during: string;
  needs: string[];
  kernelMaySkip: boolean;
}

/** What a run says whose handlers were skipped by the kernel alone. */
const KERNEL_SKIPS = new RegExp(
  "^WARNING: Number of errors: 0, skipped probes: (\\d+)\n" +
    "WARNING: skipped: 0 by lock contention, 0 by re-entrancy, \\1 by the kernel, of .*\n$",
);

/** All scripts of a folder. */
export function readCases(folder: string): ScriptCase[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".stp"));
  return names.sort().map((name) => readCase(join(folder, name), name.replace(/\.stp$/, "")));
}

function readCase(path: string, name: string): ScriptCase {
  const found: ScriptCase = {
    ...{ name, path, output: null, errors: [], status: 0, options: [], args: [] },
    ...{ spawn: "", during: "", needs: [], kernelMaySkip: false },
  };
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const header = /^# ([a-z][a-z-]*):(?: (.*))?$/.exec(line);
    if (header) addHeader(found, header[1] as string, header[2] ?? "");
  }
  return found;
}

function addHeader(found: ScriptCase, key: string, value: string): void {
  if (!KEYS.includes(key)) throw new Error(`${found.path}: unknown header '${key}'`);
  if (key === "expect") found.output = [...(found.output ?? []), value];
  else if (key === "expect-match") found.output = [...(found.output ?? []), new RegExp(`^(?:${value})$`)];
  else if (key === "expect-error") found.errors.push(new RegExp(value, "m"));
  else if (key === "status") found.status = Number(value);
  else if (key === "spawn") found.spawn = value;
  else if (key === "during") found.during = value;
  else if (key === "kernel-may-skip") found.kernelMaySkip = true;
  else if (key === "needs") found.needs.push(...value.split(" "));
  else {
    const words = splitWords(value);
    const end = words.indexOf("--");
    found.options = end < 0 ? words : words.slice(0, end);
    found.args = end < 0 ? [] : words.slice(end + 1);
  }
}

/** Words as a shell has them, with single and double quotes. */
function splitWords(text: string): string[] {
  const words = text.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
  return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double));
}

/** What is wrong with what came of a script; "" if nothing is. */
export function judge(expected: ScriptCase, seen: Ended): string {
  const problems: string[] = [];
  if (seen.status !== expected.status) problems.push(`exit status ${seen.status}, not ${expected.status}`);
  if (expected.output) problems.push(...judgeOutput(expected.output, seen.out));
  for (const error of expected.errors) {
    if (!error.test(seen.err)) problems.push(`standard error does not match ${error}`);
  }
  const isAllowed = expected.kernelMaySkip && KERNEL_SKIPS.test(seen.err);
  if (expected.errors.length === 0 && seen.err !== "" && !isAllowed) problems.push("standard error is not empty");
  if (problems.length === 0) return "";
  const said = seen.err === "" ? "" : `\nstandard error:\n${seen.err}`;
  return `${problems.join("\n")}\noutput:\n${seen.out}${said}`;
}

function judgeOutput(expected: (string | RegExp)[], out: string): string[] {
  const lines = out.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const [i, want] of expected.entries()) {
    const line = lines[i];
    if (line === undefined) return [`line ${i + 1} is missing: ${want}`];
    const right = typeof want === "string" ? line === want : want.test(line);
    if (!right) return [`line ${i + 1} is '${line}', expected '${want}'`];
  }
  return lines.length > expected.length ? [`there is a line too many: '${lines[expected.length]}'`] : [];
}
