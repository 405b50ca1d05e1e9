// How long compiling takes: as a process from its start to its end, and in a process that has compiled before.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAsset, readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { type CompileInput, createCompiler, type Facts } from "../../compiler/host/compile.ts";
import type { Stap } from "./peers.ts";
import { run } from "./run.ts";
import { largeScript, manyProbes, SUBJECTS } from "./subjects.ts";
import { best, type Group, type PeerFigure, type Row } from "./table.ts";

const COLD_RUNS = 5;
const WARM_RUNS = 60;
const WARM_BAR_MS = 5;
/** What one small probe may cost of the compiler's memory: 10,000 then fit a gigabyte with room to spare. */
const PROBE_BAR_KB = 60;
const FACT_BYTES = 6_000_000;
const ROUNDS = 8;

interface Script {
  what: string;
  text: string;
  stap?: string;
  bar: boolean;
}

function scripts(root: string): Script[] {
  const opens = readFileSync(join(root, "examples/opens.stp"), "utf8");
  const [first] = SUBJECTS;
  return [
    { what: "one kprobe with a printf", text: first?.ours ?? "", stap: first?.stap, bar: true },
    { what: "examples/opens.stp, four probes", text: opens, stap: forStap(opens), bar: true },
    { what: "40 functions, 80 probes, 40 globals", text: largeScript(), stap: forStap(largeScript()), bar: false },
  ];
}

/** The same script as stap 4.8 finds it without debug information; `.call` of a kprobe is the probe itself. */
function forStap(text: string): string {
  return text.replaceAll("kernel.function", "kprobe.function").replaceAll(").call", ")");
}

/** All rows about compiling. */
export async function measureCompile(root: string, stap: Stap | string): Promise<Group> {
  const rows: Row[] = [];
  const folder = mkdtempSync(join(tmpdir(), "stap-bench-"));
  try {
    for (const script of scripts(root)) {
      const file = join(folder, "script.stp");
      writeFileSync(file, script.text);
      rows.push({
        what: `${script.what}: process, to the object`,
        unit: "ms",
        ours: await coldMs(process.execPath, [
          join(root, "dist/stap-remote.js"),
          "-p4",
          "-o",
          join(folder, "x.bo"),
          file,
        ]),
        peers: { "stap --runtime=bpf -p4": await stapMs(stap, script, folder) },
      });
      rows.push({
        what: `${script.what}: warm, no kernel types`,
        unit: "ms",
        ours: warmMs(script.text),
        bar: script.bar ? { limit: WARM_BAR_MS, says: `at most ${WARM_BAR_MS} ms` } : undefined,
      });
    }
    rows.push({ what: "node itself, doing nothing", unit: "ms", ours: await coldMs(process.execPath, ["-e", "0"]) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  rows.push(...[1000, 10000].flatMap(manyProbesRows));
  rows.push(...roundRows());
  rows.push({
    what: "warm, with the kernel's types (BTF)",
    unit: "ms",
    ours: "no construct needs them yet",
    bar: { limit: 50, says: "at most 50 ms" },
  });
  return { title: "Compiling (best of some runs; bpftrace compiles only where it runs: see 'In a guest')", rows };
}

async function coldMs(command: string, args: string[]): Promise<number | string> {
  const times: number[] = [];
  for (let i = 0; i < COLD_RUNS; i++) {
    const ran = await run(command, args);
    if (ran.status !== 0) return `status ${ran.status}: ${ran.stderr.trim().split("\n")[0]}`;
    times.push(ran.totalMs);
  }
  return best(times);
}

async function stapMs(stap: Stap | string, script: Script, folder: string): Promise<PeerFigure> {
  if (typeof stap === "string") return stap;
  if (!script.stap) return "it has no such script";
  const times: number[] = [];
  for (let i = 0; i < COLD_RUNS; i++) {
    const compiled = await stap.compile(script.stap, folder);
    if (typeof compiled === "string") return compiled;
    times.push(compiled.totalMs);
  }
  return best(times);
}

/** The best of many compiles, each in a fresh instance as always, after some that warm the module up. */
function warmMs(text: string): number | string {
  const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());
  const input = scriptInput(text);
  const times: number[] = [];
  for (let i = 0; i < WARM_RUNS; i++) {
    const began = performance.now();
    const result = compiler.compile(input);
    const took = performance.now() - began;
    if (result.status !== "done") return result.messages.trim().split("\n")[0] ?? "refused";
    if (i >= WARM_RUNS / 3) times.push(took);
  }
  return best(times);
}

/** Peak memory and time of a script of many small probes. */
function manyProbesRows(count: number): Row[] {
  const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());
  const { text, functions } = manyProbes(count);
  const facts = { names: new Map([["functions", functions]]), absent: new Map(), features: [] };
  const began = performance.now();
  const result = compiler.compile({ ...scriptInput(text), facts });
  const took = performance.now() - began;
  const failed = result.status === "done" ? undefined : (result.messages.trim().split("\n")[0] ?? "refused");
  const most = (count * PROBE_BAR_KB) / 1000;
  return [
    {
      what: `${count} small probes: the compiler's memory`,
      unit: "MB",
      ours: failed ?? result.memoryBytes / 1e6,
      bar: { limit: most, says: `at most ${PROBE_BAR_KB} KB a probe` },
    },
    { what: `${count} small probes: one compile`, unit: "ms", ours: failed ?? took },
  ];
}

/** What one more round costs when the inputs have megabytes: in the instance that has them, and in a fresh one. */
function roundRows(): Row[] {
  const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());
  const input = scriptInput(SUBJECTS[0]?.ours ?? "");
  const names = Array.from({ length: 240_000 }, (_, i) => `some_function_of_kernel_${i}`);
  const bytes = [{ blob: "kernel-btf", offset: 0, size: FACT_BYTES, bytes: new Uint8Array(FACT_BYTES) }];
  const kinds: [string, Facts][] = [
    ["names of functions", { names: new Map([["functions", names]]), absent: new Map(), features: [] }],
    ["bytes of a blob", { names: new Map(), absent: new Map(), features: [], bytes }],
  ];
  return kinds.flatMap(([what, facts]) => {
    const session = compiler.begin({ ...input, facts });
    const kept = fastest(ROUNDS, (i) =>
      session.add({ names: new Map([["functions", [`fresh_${i}`]]]), absent: new Map() }),
    );
    const fresh = fastest(ROUNDS, () => compiler.compile(session.input));
    return [
      {
        what: `a round with 6 MB of ${what}: the instance is kept`,
        unit: "ms" as const,
        ours: kept,
        bar: { limit: WARM_BAR_MS * 2, says: `at most ${WARM_BAR_MS * 2} ms` },
      },
      { what: `a round with 6 MB of ${what}: all inputs again`, unit: "ms" as const, ours: fresh },
    ];
  });
}

function fastest(count: number, work: (i: number) => unknown): number {
  const times = Array.from({ length: count }, (_, i) => {
    const began = performance.now();
    work(i);
    return performance.now() - began;
  });
  return best(times);
}

/** A script as the compiler takes it. */
export function scriptInput(text: string): CompileInput {
  const script = { name: "bench.stp", bytes: new TextEncoder().encode(text) };
  return { scripts: [script], options: [["arch", "x86_64"]], args: [] };
}
