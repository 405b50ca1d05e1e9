// Compiles random scripts and says what came of them: `npx tsx scripts/fuzz.ts [count] [seed]`. A trap, an internal error,
// or neither object nor diagnostics is a failure; the script that did it is printed.

import { fileURLToPath } from "node:url";
import { readAsset, readTapset, readTapsetIndex } from "../cli/assets.ts";
import { type CompileResult, createCompiler, type Facts } from "../compiler/host/compile.ts";
import { ScriptMaker, type Taste } from "../tests/compiler/random-script.ts";

/** How many scripts of which kind. */
export interface FuzzRun {
  seed: number;
  count: number;
  taste: Taste;
}

/** What came of a run. */
export interface FuzzOutcome {
  compiled: number;
  /** First errors of scripts that were refused, each once, names and numbers left out. */
  refusals: string[];
  /** What must not be: each with its script. */
  failures: string[];
}

/** A remote that has what the scripts name. */
const FACTS: Facts = {
  names: new Map([
    ["functions", ["vfs_read", "vfs_write", "__x64_sys_read", "vfs_*", "*"]],
    ["tracepoints", ["sched_switch", "*"]],
  ]),
  absent: new Map(),
  features: [],
};

/** Compiles the scripts of a run. */
export function fuzz(run: FuzzRun): FuzzOutcome {
  const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());
  const maker = new ScriptMaker(run.seed, run.taste);
  const outcome: FuzzOutcome = { compiled: 0, refusals: [], failures: [] };
  const refusals = new Set<string>();
  for (let i = 0; i < run.count; i++) {
    const text = maker.next();
    const scripts = [{ name: "random.stp", bytes: Buffer.from(text, "latin1") }];
    try {
      const result = compiler.compile({ scripts, options: [["check", "1"]], args: ["1", "two"], facts: FACTS });
      const problem = judge(result);
      if (problem) outcome.failures.push(`${problem}\n${text}`);
      if (result.status === "done") outcome.compiled++;
      const first = result.diagnostics.find((diagnostic) => diagnostic.severity === "error");
      if (first)
        refusals.add(
          first.message
            .replace(/'[^']*'/g, "'_'")
            .replace(/\d+/g, "N")
            .replace(/\(similar.*/, ""),
        );
    } catch (error) {
      outcome.failures.push(`${error instanceof Error ? error.message : error}\n${text}`);
    }
  }
  outcome.refusals = [...refusals].sort();
  return outcome;
}

/** What is wrong with a result, or nothing. */
function judge(result: CompileResult): string {
  const errors = result.diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  const internal = errors.find((diagnostic) => /internal|invariant|assert/i.test(diagnostic.message));
  if (internal) return internal.message;
  if (result.status === "needs") return `asks for ${result.needs.map((need) => need.names.join(" ")).join(", ")}`;
  if (result.status === "done") return result.object?.length ? "" : "done without an object";
  return errors.length > 0 ? "" : "refused without an error";
}

/** Runs all kinds of scripts in equal parts; fails if anything failed. */
function main(): void {
  const count = Number(process.argv[2] ?? 100_000);
  const seed = Number(process.argv[3] ?? 1);
  const tastes: Taste[] = [
    { supportedOnly: true, wrongTypes: 0, mutated: 0 },
    { supportedOnly: false, wrongTypes: 60, mutated: 0 },
    { supportedOnly: false, wrongTypes: 0, mutated: 1 },
    { supportedOnly: true, wrongTypes: 200, mutated: 2 },
  ];
  let failed = 0;
  for (const taste of tastes) {
    const began = performance.now();
    const outcome = fuzz({ seed, count: Math.ceil(count / tastes.length), taste });
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    failed += outcome.failures.length;
    for (const failure of outcome.failures.slice(0, 3)) console.log(`FAILURE ${failure}`);
    console.log(
      `${JSON.stringify(taste)}: ${outcome.compiled} compiled, ${outcome.failures.length} failed, ${seconds} s`,
    );
  }
  if (failed > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
