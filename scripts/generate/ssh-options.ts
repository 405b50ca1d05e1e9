// Writes the tables of docs/ssh.md from the rows of agent/host/ssh-options.ts. It is an error if a row that bears on
// security names no test, or names one that no file of tests/ssh has.
//
//   npx tsx scripts/generate/ssh-options.ts [--check]

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SSH_OPTIONS, type SshOption } from "../../agent/host/ssh-options.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PAGE = join(ROOT, "docs/ssh.md");
const TESTS = join(ROOT, "tests/ssh");

/** How the page says who honours an option. */
const BY: Record<SshOption["by"], string> = {
  ssh2: "here",
  openssh: "by OpenSSH",
  reader: "when read",
  unused: "not used",
};

/** The file with a test; titles of tests that are made in loops begin with the name. */
function fileOf(title: string, texts: Map<string, string>): string {
  for (const [file, text] of texts) if (text.includes(title)) return file;
  throw new Error(`no test in tests/ssh is called '${title}'`);
}

function table(rows: SshOption[], texts: Map<string, string>): string {
  const line = (...cells: string[]) => `| ${cells.join(" | ")} |\n`;
  let text = line("option", "honoured", "how", "test") + line("---", "---", "---", "---");
  for (const { name, by, what, test } of rows) {
    const shown = test === undefined ? "" : `${fileOf(test, texts)}: "${test}"`;
    text += line(`\`${name}\``, BY[by], what || "as `ssh`", shown);
  }
  return text;
}

/** Writes the tables, or with --check fails where one would change. */
function main(): void {
  const names = readdirSync(TESTS).filter((name) => name.endsWith(".test.ts"));
  const texts = new Map(names.map((name) => [name, readFileSync(join(TESTS, name), "utf8")]));
  const old = readFileSync(PAGE, "utf8");
  const tables = Object.entries(SSH_OPTIONS).map(([group, rows]) => `### ${group}\n\n${table(rows, texts)}`);
  const block = /(<!-- options -->\n)[\s\S]*?(<!-- end -->)/;
  if (!block.test(old)) throw new Error("docs/ssh.md has no block called 'options'");
  const fresh = old.replace(block, (_, begin, end) => `${begin}\n${tables.join("\n")}\n${end}`);
  if (fresh === old) return;
  if (process.argv.includes("--check")) {
    console.error("docs/ssh.md is out of date: npx tsx scripts/generate/ssh-options.ts");
    process.exitCode = 1;
    return;
  }
  writeFileSync(PAGE, fresh);
}

main();
