// Compiles random and mutated scripts: `npx tsx scripts/fuzz.ts [count] [seed] [BTF]`. A compile fails the test if it
// traps, reports an internal error, or returns neither an object nor diagnostics; the script is then printed. The same
// seed makes the same scripts. BTF is a file with a kernel's types (/sys/kernel/btf/vmlinux); without it there are
// none.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readAsset, readTapset, readTapsetIndex } from "../cli/assets.ts";
import { KERNEL_BTF } from "../common/format/request.ts";
import {
  type CompileInput,
  type CompileResult,
  type Compiler,
  createCompiler,
  type Facts,
} from "../compiler/host/compile.ts";
import { ScriptMaker, type Taste } from "../tests/fuzz/random-script.ts";

/** Rounds of questions of one compile. */
const MOST_ROUNDS = 4;

/** What must not be, and the script that did it. */
export interface Trap {
  reason: string;
  script: string;
}

/** What came of a run. */
export interface FuzzOutcome {
  traps: Trap[];
  ends: { done: number; refused: number };
  /** First errors of scripts that were refused, each once, names and numbers left out. */
  refusals: string[];
}

/** The kinds of scripts that a run mixes in equal parts. */
export const TASTES: Taste[] = [
  { supportedOnly: true, wrongTypes: 0, mutated: 0 },
  { supportedOnly: false, wrongTypes: 60, mutated: 0 },
  { supportedOnly: false, wrongTypes: 0, mutated: 1 },
  { supportedOnly: true, wrongTypes: 200, mutated: 2 },
];

/** A remote that has what the scripts name, but no types. */
export const FACTS: Facts = {
  names: new Map([
    ["functions", ["vfs_read", "vfs_write", "__x64_sys_read", "vfs_*", "*"]],
    ["tracepoints", ["sched_switch", "*"]],
  ]),
  absent: new Map([["blob", [KERNEL_BTF]]]),
  features: [],
};

/** The same with types. */
function factsWith(types: Uint8Array): Facts {
  const bytes = [{ blob: KERNEL_BTF, offset: 0, size: types.length, bytes: types }];
  return { ...FACTS, absent: new Map(), bytes };
}

/** The compiler as it was built. */
export function builtCompiler(): Compiler {
  return createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());
}

/** Other scripts, or another remote. */
interface FuzzWorld {
  tastes?: Taste[];
  facts?: Facts;
}

/** Compiles `count` scripts. */
export function fuzz(compiler: Compiler, count: number, seed: number, world: FuzzWorld = {}): FuzzOutcome {
  const { tastes = TASTES, facts = FACTS } = world;
  const makers = tastes.map((taste, i) => new ScriptMaker(seed * 1000 + i, taste));
  const outcome: FuzzOutcome = { traps: [], ends: { done: 0, refused: 0 }, refusals: [] };
  const refusals = new Set<string>();
  for (let i = 0; i < count; i++) {
    const script = (makers[i % makers.length] as ScriptMaker).next();
    const scripts = [{ name: "random.stp", bytes: Buffer.from(script, "latin1") }];
    try {
      const result = compileFor(compiler, { scripts, options: [["check", "1"]], args: ["1", "two"], facts });
      const reason = judge(result);
      if (reason) outcome.traps.push({ reason, script });
      else if (result.status === "done") outcome.ends.done++;
      else outcome.ends.refused++;
      const first = result.diagnostics.find((diagnostic) => diagnostic.severity === "error");
      if (first)
        refusals.add(
          first.message
            .replace(/'[^']*'/g, "'_'")
            .replace(/\d+/g, "N")
            .replace(/\(similar.*/, ""),
        );
    } catch (error) {
      outcome.traps.push({ reason: String(error instanceof Error ? error.message : error), script });
    }
  }
  outcome.refusals = [...refusals].sort();
  return outcome;
}

/** Compiles for a remote that has nothing else that the compiler asks for. */
function compileFor(compiler: Compiler, input: CompileInput): CompileResult {
  const session = compiler.begin(input);
  for (let round = 0; round < MOST_ROUNDS && session.result.status === "needs"; round++) {
    const absent = session.result.needs.map(({ kind, names }) => [kind, names] as const);
    session.add({ names: new Map(), absent: new Map(absent) });
  }
  return session.result;
}

/** What is wrong with a result, or nothing. */
export function judge(result: CompileResult): string {
  const errors = result.diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  const internal = errors.find((diagnostic) => /internal|invariant|assert/i.test(diagnostic.message));
  if (internal) return internal.message;
  if (result.status === "needs") return `asks for ${result.needs.map((need) => need.names.join(" ")).join(", ")}`;
  if (result.status === "done") return result.object?.length ? "" : "done without an object";
  return errors.length > 0 ? "" : "refused without an error";
}

function main(): void {
  const count = Number(process.argv[2] ?? 100_000);
  const seed = Number(process.argv[3] ?? 1);
  const types = process.argv[4];
  const facts = types ? factsWith(readFileSync(types)) : FACTS;
  const compiler = builtCompiler();
  let traps = 0;
  let done = 0;
  for (let first = 0; first < count; first += 1000) {
    const outcome = fuzz(compiler, Math.min(1000, count - first), seed + first, { facts });
    for (const trap of outcome.traps.slice(0, 3)) console.log(`TRAP ${trap.reason}\n${trap.script}`);
    traps += outcome.traps.length;
    done += outcome.ends.done;
    console.log(`${Math.min(first + 1000, count)} scripts: ${done} compiled, ${traps} trapped`);
  }
  if (traps > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
