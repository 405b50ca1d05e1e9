// What the library says of its probe points, functions and macros, from the comments in its files: for `help NAME` and
// the manual pages.

import type { NamedBytes } from "../compiler/host/compile.ts";
import { distance } from "./distance.ts";

/** Something of the library that has a comment. */
export interface TapsetEntry {
  kind: "probe" | "function" | "macro";
  name: string;
  /** As it is declared: with parameters and types, or where a probe point is attached. */
  declaration: string;
  text: string;
  file: string;
  /** Of a probe point: what its handlers can use. */
  variables: string[];
}

/** A declaration, with the comment before it: own comment, keyword, head, up to the body. */
const DECLARED = /^(?:\/\*\*((?:[^*]|\*(?!\/))*)\*\/\n)?(probe|function|@define) ([a-z][^{%]*?)\s*(?:\{|%\()/gm;
/** The lines that a file begins with. */
const HEADER = /^(?:\/\/ .*\n)+/;

/** All that the library offers, sorted by name. */
export function readEntries(files: NamedBytes[]): TapsetEntry[] {
  const entries = files.flatMap(({ name, bytes }) => entriesOf(name, Buffer.from(bytes).toString("utf8")));
  return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** What a file is about: its first comment. */
export function headerOf(source: string): string {
  return (HEADER.exec(source)?.[0] ?? "").replace(/\n?\/\/ /g, " ").trim();
}

function entriesOf(file: string, source: string): TapsetEntry[] {
  return [...source.matchAll(DECLARED)].flatMap((match) => {
    const [whole, comment, keyword, head] = match as unknown as [string, string | undefined, string, string];
    const declaration = head.replace(/\s+/g, " ");
    const name = /^[\w.*]+/.exec(declaration)?.[0] ?? declaration;
    // A probe of the library's own is no alias.
    if (keyword === "probe" && !declaration.includes("=")) return [];
    // Names that say what they are share the comment of their file.
    const text = comment?.replace(/\s*\n\s*\*?\s*/g, " ").trim() ?? headerOf(source);
    const kind = keyword === "@define" ? "macro" : (keyword as "probe" | "function");
    const rest = source.slice(match.index + whole.length);
    return [{ kind, name, declaration, text, file, variables: kind === "probe" ? variablesOf(rest) : [] }];
  });
}

/** What the first block of a text assigns to; the block ends with a line that is a brace. */
function variablesOf(text: string): string[] {
  const end = text.search(/^\}/m);
  const body = end < 0 ? text : text.slice(0, end);
  const names = [...body.matchAll(/^\s+(?:if \([^\n]*\) |else )?([a-z]\w*) = /gm)].map(([, name]) => name as string);
  return [...new Set(names)];
}

/** Entries by name or pattern, as -l takes it. */
export function findEntries(entries: TapsetEntry[], pattern: string): TapsetEntry[] {
  const escaped = pattern.replace(/^@/, "").replace(/[.+^${}()|\\]/g, "\\$&");
  const regex = new RegExp(`^${escaped.replace(/\*/g, ".*").replace(/\?/g, ".")}$`);
  return entries.filter(({ name }) => regex.test(name));
}

/** Names that a person may have meant: those that hold what was typed, those a letter or two away, or of its family. */
export function nearNames(entries: TapsetEntry[], typed: string): string[] {
  const names = [...new Set(entries.map(({ name }) => name))];
  const tries = [
    (name: string) => typed.length > 2 && name.includes(typed),
    (name: string) => distance(name, typed) <= 2,
    (name: string) => typed.includes(".") && name.startsWith(`${typed.split(".")[0]}.`),
  ];
  for (const fits of tries) {
    const found = names.filter(fits);
    if (found.length > 0) return found.slice(0, MOST_NEAR);
  }
  return [];
}

const MOST_NEAR = 6;
const COLUMNS = 100;
const KINDS = { probe: "probe point", function: "function", macro: "macro" };

/** One entry, whole. */
export function entryText({ kind, name, declaration, text, file, variables }: TapsetEntry): string {
  const title = kind === "probe" ? name : `${kind === "macro" ? "@" : ""}${declaration}`;
  const place = declaration.slice(name.length).replace(/^\s*\+?=\s*/, "");
  const lines = [`${title}    (${KINDS[kind]}, tapset/${file})`, "", ...wrap(text, "")];
  if (kind === "probe") lines.push("", ...wrap(`at ${place}`, "  "));
  if (variables.length > 0) lines.push("", ...wrap(`variables: ${variables.join(" ")}`, "  "));
  return `${lines.join("\n")}\n`;
}

/** One entry in a line. */
export function entryLine({ kind, name, text }: TapsetEntry): string {
  const first = /^.*?[.;](?=\s|$)/.exec(text)?.[0] ?? text;
  const line = `${(kind === "macro" ? `@${name}` : name).padEnd(28)} ${first}`;
  return line.length > COLUMNS ? `${line.slice(0, COLUMNS - 1)}…` : line;
}

function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length + word.length + 1 > COLUMNS && line.trim() !== "") {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return [...lines, line];
}
