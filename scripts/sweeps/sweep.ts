// What all sweeps have in common. A sweep tries very many cases; each is made from the seed and its number alone, so a
// finding can be repeated, and a sweep that was stopped goes on where it was.
//
//   npx tsx scripts/sweeps/NAME.ts [COUNT] [--seed=N] [--only=CASE] [--out=FILE]
//
// The result file (build/sweeps/NAME.json) says what was run on: commit, kernel, seed, how many cases ended how, and
// what was found, with its input beside the file. It is written every few seconds; the same command goes on from there
// while commit and seed are the same. The exit status is 1 if something was found.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SAVE_MS = 5000;
/** A case that takes longer hangs. */
const HANG_MS = 120_000;
/** Findings whose inputs are kept. */
const KEPT = 50;

/** Something that must not be. */
export interface Finding {
  case: number;
  reason: string;
}

/** What a sweep came to; the contents of the result file. */
export interface SweepResult {
  sweep: string;
  commit: string;
  kernel: string;
  seed: number;
  /** Cases done so far: those below this number. */
  done: number;
  seconds: number;
  /** How many cases ended in which way. */
  ends: Record<string, number>;
  findings: Finding[];
}

/** How one case ended. */
export interface CaseEnd {
  /** In a word or two: "refused", "done". */
  end: string;
  /** What is wrong, if something is. */
  problem?: string;
  /** The input, kept if there is a problem. */
  input?: Uint8Array | string;
}

/** A kind of cases. */
export interface Sweep {
  name: string;
  /** The kernel that it runs on; this machine's, if none is given. */
  kernel?: string;
  /** How many cases are tried at once. */
  batch?: number;
  /** Tries cases, numbered from `first` on; one end each. */
  run(first: number, count: number, seed: number): CaseEnd[] | Promise<CaseEnd[]>;
}

/** Numbers at random: the same for the same seed and case. */
export class Random {
  private state: number;

  constructor(seed: number, index: number) {
    this.state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
    for (let i = 0; i < 3; i++) this.next();
  }

  /** 32 bits. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  }

  /** From 0 up to below `count`. */
  below(count: number): number {
    return this.next() % Math.max(count, 1);
  }

  /** True once in `count` times. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** A number as hostile input has them: small, near a power of two, or any. */
  word(): number {
    const edges = [0, 1, 2, 7, 8, 0x7f, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];
    if (this.oneIn(2)) return (this.pick(edges) + this.below(3) - 1) >>> 0;
    return this.oneIn(2) ? this.below(4096) : this.next();
  }
}

/** Runs cases from `result.done` up to `count`. */
export async function runSweep(
  sweep: Sweep,
  result: SweepResult,
  count: number,
  report: (ends: CaseEnd[], first: number) => void,
): Promise<SweepResult> {
  const began = Date.now() - result.seconds * 1000;
  const guard = new Watchdog(sweep.name);
  try {
    while (result.done < count) {
      const first = result.done;
      const many = Math.min(sweep.batch ?? 1, count - first);
      guard.enter(first, many);
      const ends = await sweep.run(first, many, result.seed);
      ends.forEach(({ end, problem }, i) => {
        result.ends[end] = (result.ends[end] ?? 0) + 1;
        if (problem) result.findings.push({ case: first + i, reason: problem });
      });
      result.done += many;
      result.seconds = (Date.now() - began) / 1000;
      report(ends, first);
    }
  } finally {
    await guard.close();
  }
  return result;
}

/** Ends this process, saying the case, when one hangs: cases may block the thread for good. */
class Watchdog {
  private readonly beat = new BigInt64Array(new SharedArrayBuffer(24));
  private readonly worker: Worker;

  constructor(name: string) {
    const code = `
      const { workerData: { beat, name, most } } = require("node:worker_threads");
      setInterval(() => {
        const late = Date.now() - Number(Atomics.load(beat, 0));
        if (late < most * Math.max(1, Number(Atomics.load(beat, 2)) / 100)) return;
        require("node:fs").writeSync(2, name + ": case " + Atomics.load(beat, 1) + " or one after it hangs\\n");
        process.kill(process.pid, "SIGKILL");
      }, 1000);`;
    this.beat[0] = BigInt(Date.now());
    this.worker = new Worker(code, { eval: true, workerData: { beat: this.beat, name, most: HANG_MS } });
    this.worker.unref();
  }

  enter(index: number, count: number): void {
    Atomics.store(this.beat, 0, BigInt(Date.now()));
    Atomics.store(this.beat, 1, BigInt(index));
    Atomics.store(this.beat, 2, BigInt(count));
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

/** A result with nothing done. */
export function emptyResult(sweep: Sweep, seed: number): SweepResult {
  const kernel = sweep.kernel ?? release();
  return { sweep: sweep.name, commit: commit(), kernel, seed, done: 0, seconds: 0, ends: {}, findings: [] };
}

/** The commit that is checked out; with "+" if files have changed since. */
function commit(): string {
  const git = (...args: string[]) => spawnSync("git", args, { cwd: ROOT, encoding: "utf8" }).stdout.trim();
  return git("rev-parse", "HEAD") + (git("status", "--porcelain", "-uno") ? "+" : "");
}

/** The command line of a sweep. */
export async function main(sweep: Sweep): Promise<void> {
  const options = { seed: { type: "string" }, only: { type: "string" }, out: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const seed = Number(values.seed ?? 1);
  if (values.only !== undefined) {
    const [end] = await sweep.run(Number(values.only), 1, seed);
    console.log(`${end?.end}${end?.problem ? `: ${end.problem}` : ""}`);
    process.exitCode = end?.problem ? 1 : 0;
    return;
  }
  const count = Number(positionals[0] ?? 100_000);
  const file = values.out ?? join(ROOT, "build/sweeps", `${sweep.name}.json`);
  mkdirSync(dirname(file), { recursive: true });
  let saved = 0;
  const result = readResult(file, emptyResult(sweep, seed));
  const save = () => writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  await runSweep(sweep, result, count, (ends, first) => {
    keepInputs(ends, first, file, result);
    if (Date.now() - saved < SAVE_MS && result.done < count) return;
    saved = Date.now();
    save();
    console.log(line(result, count));
  });
  save();
  console.log(`${line(result, count)}\n${JSON.stringify(result.ends)}\n${file}`);
  if (result.findings.length > 0) process.exitCode = 1;
}

/** What an earlier run of the same sweep came to, or `fresh`. */
function readResult(file: string, fresh: SweepResult): SweepResult {
  try {
    const old = JSON.parse(readFileSync(file, "utf8")) as SweepResult;
    const isSame = (["sweep", "commit", "kernel", "seed"] as const).every((key) => old[key] === fresh[key]);
    return isSame ? old : fresh;
  } catch {
    return fresh;
  }
}

function keepInputs(ends: CaseEnd[], first: number, file: string, result: SweepResult): void {
  ends.forEach(({ problem, input }, i) => {
    if (!problem) return;
    console.log(`FOUND case ${first + i}: ${problem}`);
    if (input && result.findings.length <= KEPT) writeFileSync(file.replace(/(\.json)?$/, `-${first + i}`), input);
  });
}

function line(result: SweepResult, count: number): string {
  const rate = result.seconds > 0 ? Math.round((60 * result.done) / result.seconds) : 0;
  return `${result.sweep}: ${result.done} of ${count}, ${rate} a minute, ${result.findings.length} found`;
}
