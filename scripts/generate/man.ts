// Writes the manual pages: man/stap-remote.1 from the table of options, and a page for each file of the library from
// its comments (tapset-vfs.3 and so on).
//
//   npx tsx scripts/generate/man.ts [--check]

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readTapset, version } from "../../cli/assets.ts";
import { OPTIONS } from "../../cli/option-rows.ts";
import { headerOf, readEntries, type TapsetEntry } from "../../cli/tapset-help.ts";
import { USAGE } from "../../cli/usage.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const FOLDER = join(ROOT, "man");

/** Text as roff takes it: no line is a request, no character is one of its own. */
function roff(text: string): string {
  const plain = text
    .replace(/\\/g, "\\e")
    .replace(/-/g, "\\-")
    .replace(/^([.'])/gm, "\\&$1");
  return plain.replace(/[^\0-\x7f]/gu, (c) => `\\[u${c.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}]`);
}

function header(title: string, section: number): string {
  return `.TH "${title.toUpperCase()}" ${section} "" "stap-remote ${version()}"\n`;
}

const section = (name: string) => `.SH ${name}\n`;
const item = (term: string, text: string) => `.TP\n.B ${roff(term)}\n${roff(text)}\n`;

/** Exit statuses, as README.md has them. */
const STATUSES: [string, string][] = [
  ["0", "The script ran and ended normally, or was compiled."],
  ["1", "The script does not compile, ended with a run-time error, or its command failed."],
  ["2", "The command line is not valid."],
  ["3", "The remote cannot be reached, or the connection was cut."],
  ["4", "The remote refused: no root, no BPF, a program that the verifier refuses, nothing to attach to."],
  ["130", "Ctrl-C."],
];

const DESCRIPTION = `\
Compiles a script of the SystemTap language to BPF here, loads it into the running kernel of another machine over SSH,
and prints what its probes print. Nothing has to be installed there, and nothing is left.`;

function programPage(): string {
  const synopsis = USAGE.split("\n").map((line) => roff(line.replace(/^(Usage:)?\s*/, "")));
  let text = header("stap-remote", 1);
  text += `${section("NAME")}stap\\-remote \\- run SystemTap scripts as BPF on remote Linux kernels\n`;
  text += `${section("SYNOPSIS")}.nf\n${synopsis.join("\n")}\n.fi\n`;
  text += `${section("DESCRIPTION")}${DESCRIPTION}\n`;
  text += section("OPTIONS");
  for (const group of [...new Set(OPTIONS.map((row) => row.group))]) {
    text += `.SS ${roff(group.replace(/:$/, ""))}\n`;
    for (const { name, short, value, help, hidden, group: own } of OPTIONS) {
      if (hidden || own !== group) continue;
      const term = `${short ? `-${short}, ` : ""}--${name}${value ? ` ${value}` : ""}`;
      text += item(term, `${help[0]?.toUpperCase()}${help.slice(1)}.`);
    }
  }
  text += section("EXIT STATUS") + STATUSES.map(([status, what]) => item(status, what)).join("");
  text += `${section("FILES")}${item("~/.config/stap-remote/config", "Defaults of options, and groups of hosts.")}`;
  text += item("~/.cache/stap-remote", "What was learnt of kernels, here; on the remote, the agent.");
  text += `${section("SEE ALSO")}${roff("stap(1), stapprobes(3stap), bpf(2), ssh(1), ssh_config(5)")}\n`;
  return text;
}

/** The page of one file of the library. */
function libraryPage(topic: string, about: string, entries: TapsetEntry[]): string {
  let text = header(`tapset-${topic}`, 3);
  text += `${section("NAME")}${roff(`tapset-${topic}`)} \\- ${roff(about)}\n`;
  const kinds = [
    ["probe", "PROBE POINTS"],
    ["function", "FUNCTIONS"],
    ["macro", "MACROS"],
  ] as const;
  for (const [kind, title] of kinds) {
    const own = entries.filter((entry) => entry.kind === kind);
    if (own.length === 0) continue;
    text += section(title);
    for (const { name, declaration, text: what, variables } of own) {
      const term = kind === "probe" ? name : `${kind === "macro" ? "@" : ""}${declaration}`;
      text += item(term, what);
      if (variables.length > 0) text += `.br\n${roff(`Variables: ${variables.join(", ")}.`)}\n`;
    }
  }
  return `${text}${section("SEE ALSO")}${roff("stap-remote(1)")}\n`;
}

function pages(): Map<string, string> {
  const found = new Map([["stap-remote.1", programPage()]]);
  const files = readTapset();
  const entries = readEntries(files);
  for (const { name, bytes } of files) {
    const own = entries.filter(({ file }) => file === name);
    if (own.length === 0) continue;
    const topic = name.replace(/\.stpm?$/, name.endsWith("m") ? "-macros" : "").replace(/[/_]/g, "-");
    const about = headerOf(Buffer.from(bytes).toString("utf8")).replace(/\.(\s.*)?$/s, "");
    found.set(`tapset-${topic}.3`, libraryPage(topic, about || topic, own));
  }
  return found;
}

mkdirSync(FOLDER, { recursive: true });
const wanted = pages();
const there = readdirSync(FOLDER).filter((name) => /\.[13]$/.test(name));
const read = (name: string) => (there.includes(name) ? readFileSync(join(FOLDER, name), "utf8") : "");
const old = [...wanted].filter(([name, text]) => read(name) !== text);
const gone = there.filter((name) => !wanted.has(name));
if (process.argv.includes("--check")) {
  if (old.length + gone.length > 0) {
    console.error(`manual pages are out of date: npx tsx scripts/generate/man.ts`);
    process.exit(1);
  }
} else {
  for (const [name, text] of old) writeFileSync(join(FOLDER, name), text);
  for (const name of gone) rmSync(join(FOLDER, name));
}
