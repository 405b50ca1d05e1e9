// Damaged verifier logs through their reader and the explanation: neither may throw, take long, or say more than a
// screen. The logs are those that real kernels wrote (tests/verifier/logs).

import { fileURLToPath } from "node:url";
import { readRecorded } from "../../tests/verifier/recorded.ts";
import { explain } from "../../verifier/explain.ts";
import { screenOf } from "../../verifier/screen.ts";
import { LogReader } from "../../verifier/trace.ts";
import { type CaseEnd, main, Random, type Sweep } from "./sweep.ts";

const MOST_MS = 2000;
const MOST_SCREEN = 60;
const PIECES = [
  ...[
    "from 3 to 1: R0=inv(id=0",
    "99999999999: (b7) r1 = 0",
    "; x @ :0",
    "processed 1 insns (limit",
    "R1_w=scalar(",
    "\0",
  ],
  ...[
    "0: R1=ctx() R10=fp0",
    "5: safe",
    "Verification failed: A: b",
    "At:",
    "\\n0: (95) exit",
    "1: (05) goto pc-1",
    "1: (95) exit",
  ],
  ...[
    "frame1: R1=ctx",
    "caller:",
    "returning from callee:",
    "\x1b[1m",
    "((((((((",
    "1: (85) call pc-1",
    "-- BEGIN PROG LOAD LOG --",
  ],
];

function damage(log: string, random: Random): string {
  let lines = log.split("\n");
  for (let i = 1 + random.below(8); i > 0; i--) {
    const at = random.below(lines.length);
    const line = lines[at] ?? "";
    const kind = random.below(8);
    if (kind === 0) lines.splice(at, 1);
    else if (kind === 1) lines.splice(at, 0, random.pick(PIECES));
    else if (kind === 2) lines[at] = line.slice(0, random.below(line.length + 1));
    else if (kind === 3) lines[at] = line.replace(/\d+/, String(random.word()));
    else if (kind === 4) lines[at] = line + random.pick(PIECES);
    else if (kind === 5) lines = lines.slice(0, at);
    else if (kind === 6) lines = lines.slice(at);
    else lines[at] = `${line.slice(0, random.below(40))}${String.fromCharCode(random.below(300))}${line.slice(3)}`;
  }
  return random.oneIn(30) ? lines.join("\n").repeat(1 + random.below(50)) : lines.join("\n");
}

/** Reads in pieces, explains, and looks at what came of it. */
function tryLog(log: string, random: Random): CaseEnd {
  const began = Date.now();
  const reader = new LogReader();
  for (let at = 0; at < log.length; ) {
    const size = 1 + random.below(4000);
    reader.push(log.slice(at, at + size));
    at += size;
  }
  const explanation = explain(reader.end());
  const screen = screenOf(explanation, { title: "refused" });
  const took = Date.now() - began;
  const end = `${explanation.verdict}${explanation.id === "" ? "" : ", known"}`;
  if (took > MOST_MS) return { end, problem: `took ${took} ms`, input: log };
  const lines = screen.split("\n").length;
  return lines > MOST_SCREEN ? { end, problem: `a screen of ${lines} lines`, input: log } : { end };
}

export function verifierLogSweep(): Sweep {
  const logs = readRecorded().map(({ log }) => log);
  const one = (index: number, seed: number): CaseEnd => {
    const random = new Random(seed, index);
    const log = damage(random.pick(logs), random);
    try {
      return tryLog(log, random);
    } catch (error) {
      return { end: "thrown", problem: String((error as Error).stack), input: log };
    }
  };
  const run = (first: number, count: number, seed: number) =>
    Array.from({ length: count }, (_, i) => one(first + i, seed));
  return { name: "verifier-logs", batch: 100, run };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(verifierLogSweep());
