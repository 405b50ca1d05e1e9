// `npm run check`: formatter and linter, types, import rules, sizes, tables, dead code, READMEs, engines, generated
// files. The check is fast and needs no kernel.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkEngines } from "./engines.ts";
import { checkExports } from "./exports.ts";
import { checkGenerated } from "./generated.ts";
import { importGraph } from "./graph.ts";
import { checkImports } from "./imports.ts";
import { checkReadmes } from "./readmes.ts";
import { checkSizes } from "./sizes.ts";
import { trackedSources } from "./sources.ts";
import { checkTables } from "./tables.ts";
import { parseFiles } from "./trees.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a program of node_modules; its output is the complaint. */
function runTool(name: string, args: string[]): string[] {
  const result = spawnSync(join(ROOT, "node_modules/.bin", name), args, { cwd: ROOT, encoding: "utf8" });
  return result.status === 0 ? [] : [`${name} ${args.join(" ")}:\n${result.stdout}${result.stderr}`];
}

const files = trackedSources(ROOT);
const graph = importGraph(ROOT, files);
const trees = parseFiles(ROOT, files);
const checks: [string, () => string[]][] = [
  ["format and lint", () => runTool("biome", ["check", "--error-on-warnings", "--diagnostic-level=warn"])],
  ["types", () => runTool("tsc", ["-p", "tsconfig.json"])],
  ["imports", () => checkImports(graph)],
  ["sizes", () => checkSizes(trees)],
  ["tables", () => checkTables(ROOT)],
  ["dead code", () => checkExports(trees)],
  ["engines", () => checkEngines(ROOT)],
  ["READMEs", () => checkReadmes(ROOT, files)],
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
