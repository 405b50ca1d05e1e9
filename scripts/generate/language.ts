// Writes the table of docs/language.md that counts the cases of tests/conformance by area: all, those that the compiler
// refuses, and those that also run as kernel probes.
//
//   npx tsx scripts/generate/language.ts [--check]

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Case, inKernel, isRefused, readAreas, readCases } from "../../tests/conformance/cases.ts";

const PAGE = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "docs/language.md");
const BLOCK = /(<!-- conformance -->\n)[\s\S]*?(<!-- end -->)/;

const row = (...cells: (string | number)[]) => `| ${cells.join(" | ")} |\n`;

/** Counts of some cases: all, those that the compiler refuses, those that run in kernels. */
function counts(cases: Case[]): [number, number, number] {
  return [cases.length, cases.filter(isRefused).length, cases.filter(inKernel).length];
}

function table(): string {
  const cases = readCases();
  let text = row("area", "what", "cases", "refused", "in kernels") + row("---", "---", "--:", "--:", "--:");
  for (const [area, title] of readAreas()) {
    const own = cases.filter((one) => one.area === area);
    text += row(`[${area}](../tests/conformance/${area}.txt)`, title, ...counts(own));
  }
  return text + row("all", "", ...counts(cases));
}

const old = readFileSync(PAGE, "utf8");
if (!BLOCK.test(old)) throw new Error("docs/language.md has no block called 'conformance'");
const fresh = old.replace(BLOCK, (_, begin, end) => `${begin}${table()}${end}`);
if (fresh !== old) {
  if (process.argv.includes("--check")) {
    console.error("docs/language.md is out of date: npx tsx scripts/generate/language.ts");
    process.exit(1);
  }
  writeFileSync(PAGE, fresh);
}
