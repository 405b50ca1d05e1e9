// The catalogue: every message that we know, and how to find one.

import { ARITHMETIC } from "./arithmetic.ts";
import { BEFORE } from "./before.ts";
import { CALLS } from "./calls.ts";
import { LOADING } from "./loading.ts";
import { MEMORY } from "./memory.ts";
import type { Area, Row } from "./row.ts";
import { STRUCTURE } from "./structure.ts";

export const AREAS: readonly Area[] = [MEMORY, ARITHMETIC, CALLS, STRUCTURE, BEFORE, LOADING];
export const ROWS: readonly Row[] = AREAS.flatMap((area) => area.rows);

/** A message and its row. */
export interface Match {
  row: Row;
  message: string;
  groups: Record<string, string>;
}

/** The row of one message; the first that fits, because special rows stand before general ones. */
export function matchMessage(message: string, rows: readonly Row[] = ROWS): Match | null {
  for (const row of rows) {
    const found = row.pattern.exec(message);
    if (found) return { row, message, groups: withoutUndefined(found.groups ?? {}) };
  }
  return null;
}

function withoutUndefined(groups: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
}

/** The most telling of several messages: the last that is not weak, else the last that is known. */
export function matchMessages(messages: readonly string[], rows: readonly Row[] = ROWS): Match | null {
  const matches = messages.map((message) => matchMessage(message, rows)).filter((match) => match !== null);
  return matches.filter(({ row }) => !row.weak).at(-1) ?? matches.at(-1) ?? null;
}

/** The row for a failure that left no log. */
export function matchErrno(errno: number): Match | null {
  const row = ROWS.find((one) => one.errno === Math.abs(errno));
  return row ? { row, message: "", groups: {} } : null;
}

/** Rows that somebody may mean: by name, by a message as it stands, or by words of it. */
export function findRows(text: string): Row[] {
  const byId = ROWS.filter(({ id }) => id === text.trim());
  if (byId.length > 0) return byId;
  const match = matchMessage(text.trim());
  if (match) return [match.row];
  const number = /^-?(\d+)$/.exec(text.trim());
  if (number) return ROWS.filter(({ errno }) => errno === Number(number[1]));
  const words = text
    .toLowerCase()
    .split(/[^a-z_]+/)
    .filter((word) => word.length > 2);
  if (words.length === 0) return [];
  const has = (row: Row) => words.every((word) => `${row.id} ${row.message} ${row.cause}`.toLowerCase().includes(word));
  return ROWS.filter(has);
}

/** Fills `{name}` of a sentence. Registers are written as the disassembly does. */
export function fill(sentence: string, groups: Record<string, string>): string {
  const text = sentence.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (name === "reg") return groups.reg === undefined ? "a register" : `r${groups.reg}`;
    return groups[name] ?? Object.entries(FALLBACKS).find(([one]) => one === name)?.[1] ?? "…";
  });
  // Registers stay as the disassembly writes them.
  return sentence.startsWith("{reg}") ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/** What stands for a group that the message at hand does not have. */
const FALLBACKS: Record<string, string> = {
  func: "the function",
  type: "that type",
  size: "the bytes",
  off: "that offset",
  map: "…",
  insn: "that instruction",
  count: "too many",
  func_name: "a function",
};
