// `npm run check`: formatter and linter, types, import rules, sizes, generated files. Fast, and needs no kernel.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkGenerated } from "./generated.ts";
import { checkImports } from "./imports.ts";
import { checkSizes } from "./sizes.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

function trackedSources(): string[] {
  const list = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: ROOT });
  const files = list.toString().split("\n");
  return files.filter((file) => /\.(ts|mjs)$/.test(file) && existsSync(join(ROOT, file)));
}

/** Runs a program of node_modules; its output is the complaint. */
function runTool(name: string, args: string[]): string[] {
  const result = spawnSync(join(ROOT, "node_modules/.bin", name), args, { cwd: ROOT, encoding: "utf8" });
  return result.status === 0 ? [] : [`${name} ${args.join(" ")}:\n${result.stdout}${result.stderr}`];
}

const files = trackedSources();
const checks: [string, () => string[]][] = [
  ["format and lint", () => runTool("biome", ["check", "--error-on-warnings", "--diagnostic-level=warn"])],
  ["types", () => runTool("tsc", ["-p", "tsconfig.json"])],
  ["imports", () => checkImports(ROOT, files)],
  ["sizes", () => checkSizes(ROOT, files)],
  ["generated files", () => checkGenerated(ROOT)],
];

let failed = 0;
for (const [name, run] of checks) {
  const problems = run();
  console.log(`${problems.length === 0 ? "ok  " : "FAIL"} ${name}`);
  for (const problem of problems) console.log(problem);
  failed += problems.length;
}
process.exit(failed > 0 ? 1 : 0);
