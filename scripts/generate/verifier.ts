// Writes the catalogue of docs/verifier.md from the rows of verifier/catalogue and the logs that real kernels wrote
// (tests/verifier/logs).
//
//   npx tsx scripts/generate/verifier.ts [--check]

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { KERNELS, readRecorded, releaseOf } from "../../tests/verifier/recorded.ts";
import { AREAS, matchMessage, ROWS } from "../../verifier/catalogue/catalogue.ts";
import type { Row } from "../../verifier/catalogue/row.ts";
import { explain, LOG_ONLY } from "../../verifier/explain.ts";
import { FAULT_WORDS } from "../../verifier/list.ts";
import { readLog } from "../../verifier/trace.ts";

const PAGE = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "docs/verifier.md");
const BEGIN = "<!-- catalogue -->";
const END = "<!-- end -->";
const ORDER = ["5.10", "6.1", "6.12", "arm64", "sid"];

/** The kernels that said the message of each row. */
function kernelsByRow(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { kernel, status, log, errno } of readRecorded()) {
    if (status !== "errno") continue;
    const report = readLog(log);
    const also = report.messages.map((message) => matchMessage(message)?.row.id ?? "");
    for (const id of [explain(report, LOG_ONLY, errno).id, ...also]) {
      found.set(id, (found.get(id) ?? new Set()).add(kernel));
    }
  }
  return found;
}

const cell = (text: string) =>
  text
    .replace(/\|/g, "\\|")
    .replace(/\{reg\}/g, "the register")
    .replace(/\{(\w+)\}/g, "*$1*");

function line(row: Row, kernels: Set<string> | undefined): string {
  const seen = kernels ? ORDER.filter((kernel) => kernels.has(kernel)).join(", ") : "read, not tried";
  const cause = cell(row.cause.charAt(0).toUpperCase() + row.cause.slice(1));
  const wording = row.wording ? `${seen}; ${cell(row.wording)}` : seen;
  const fault = FAULT_WORDS[row.fault] + (row.since ? ` (${row.since})` : "");
  const message = `\`${row.message.replace(/\|/g, "\\|")}\``;
  return `| ${[message, cause, cell(row.source), cell(row.fix), fault, wording].join(" | ")} |\n`;
}

const COLUMNS = ["message", "cause", "usually from", "fix", "who has to change something", "seen on"];
const HEAD = `| ${COLUMNS.join(" | ")} |\n|${" --- |".repeat(COLUMNS.length)}\n`;

function catalogue(): string {
  const kernels = kernelsByRow();
  const tried = ROWS.filter(({ id }) => kernels.has(id)).length;
  const releases = ORDER.filter((kernel) => KERNELS.includes(kernel)).map(
    (kernel) => `${kernel} (${releaseOf(kernel)})`,
  );
  const head =
    `${ROWS.length} messages; ${tried} of them have real logs in tests/verifier/logs, from ${releases.join(", ")}.\n` +
    "The others are from the kernel's sources and from what loaders print: read, not tried.\n";
  const areas = AREAS.map(({ title, rows }) => {
    const table = rows.map((row) => line(row, kernels.get(row.id))).join("");
    return `\n### ${title}\n\n${HEAD}${table}`;
  });
  return `${BEGIN}\n\n${head}${areas.join("")}\n${END}`;
}

const before = readFileSync(PAGE, "utf8");
const start = before.indexOf(BEGIN);
const end = before.indexOf(END, start);
if (start < 0 || end < 0) throw new Error(`${PAGE} has no ${BEGIN}`);
const after = before.slice(0, start) + catalogue() + before.slice(end + END.length);
if (process.argv.includes("--check")) {
  if (after !== before) {
    console.log("docs/verifier.md is not up to date: npx tsx scripts/generate/verifier.ts");
    process.exitCode = 1;
  }
} else {
  writeFileSync(PAGE, after);
}
