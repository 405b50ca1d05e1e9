// Rows of the catalogue as text, for `explain --list` and `help verifier`.

import { AREAS } from "./catalogue/catalogue.ts";
import type { Fault, Row } from "./catalogue/row.ts";

/** Who has to change something, in words. */
export const FAULT_WORDS: Record<Fault, string> = {
  program: "the program",
  size: "the program: its size",
  kernel: "the kernel",
  privilege: "privileges",
};

/** All of a row. */
export function rowText(row: Row): string {
  const lines: [string, string | undefined][] = [
    ["message", row.message],
    ["cause", row.cause.replace(/\{reg\}/g, "the register").replace(/\{(\w+)\}/g, "<$1>")],
    ["usually", row.source],
    ["fix", row.fix.replace(/\{(\w+)\}/g, "<$1>")],
    ["whose fault", FAULT_WORDS[row.fault]],
    ["came with", row.since],
    ["wording", row.wording],
    ["error", row.errno === undefined ? undefined : String(row.errno)],
    ["name", row.id],
  ];
  const shown = lines.filter(([, text]) => text !== undefined);
  return shown.map(([label, text]) => `${label.padStart(11)}: ${text}\n`).join("");
}

/** The catalogue, a line for each row. */
export function listText(): string {
  const parts = AREAS.map(({ title, rows }) => {
    const lines = rows.map(({ id, message }) => `  ${id.padEnd(30)} ${message}\n`);
    return `${title}:\n${lines.join("")}`;
  });
  return parts.join("\n");
}
