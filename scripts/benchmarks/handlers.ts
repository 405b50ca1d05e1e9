// Typical handlers in a guest's kernel, beside bpftrace's: how many instructions the verifier walks, and how long an
// event takes by the kernel's own clock (kernel.bpf_stats_enabled), helpers and maps included. stapbpf does not say how
// many the verifier walked, and finds no address to attach to in a kernel that it was not compiled on.

import type { BenchGuest } from "./guest.ts";
import type { GuestBpftrace } from "./peers.ts";
import { lastLine, type Ran } from "./run.ts";
import type { Subject } from "./subjects.ts";
import type { Group, PeerFigure, Row } from "./table.ts";

/** Events that each handler sees in one of several rounds, the best of which counts. */
const EVENTS = 4_000;
const ROUNDS = 5;
/** A program that ran less often in a round was not what the load is for (`begin`, a timer). */
const FEWEST = 200;
const LOAD = "/tmp/bench-load.sh";
const SHOWN = "/tmp/bench-programs";

/** What running a handler showed. */
interface Measured {
  /** Instructions that the verifier walked, all programs together. */
  verified: number;
  /** Nanoseconds that all programs took for an event. */
  perEvent: number;
}

/** The groups of the ten handlers in a guest's kernel. */
export async function runHandlers(
  guest: BenchGuest,
  bpftrace: GuestBpftrace | string,
  handlers: Subject[],
  name: string,
): Promise<Group[]> {
  const verified: Row[] = [];
  const times: Row[] = [];
  for (const subject of handlers) {
    await guest.shell(`cat > ${LOAD}`, { input: Buffer.from(loadScript(subject.load ?? READS)) });
    const ours = await measureOurs(guest, subject);
    const theirs = typeof bpftrace === "string" ? bpftrace : await measureBpftrace(guest, bpftrace, subject);
    verified.push(rowOf(subject, "insns", [ours, theirs], (one) => one.verified));
    times.push(rowOf(subject, "ns", [ours, theirs], (one) => one.perEvent));
  }
  return [
    { title: `${name}: instructions that the verifier walks`, rows: verified },
    { title: `${name}: time of an event (emulated: only the ratio means something)`, rows: times },
  ];
}

/** Many reads of /dev/zero, which nobody else's output leads to. */
const READS = `dd if=/dev/zero of=/dev/null bs=1 count=${EVENTS} 2>/dev/null`;

/** Rounds of a load; after each, what the kernel counted of all programs. */
function loadScript(load: string): string {
  return [
    "echo 1 > /proc/sys/kernel/bpf_stats_enabled",
    `for round in ${[...Array(ROUNDS).keys()].join(" ")}; do`,
    load,
    `bpftool -j prog show >> ${SHOWN}`,
    `echo >> ${SHOWN}`,
    "done",
    "echo 0 > /proc/sys/kernel/bpf_stats_enabled",
    "",
  ].join("\n");
}

function rowOf(
  { what, note }: Subject,
  unit: Row["unit"],
  [ours, theirs]: [Measured | string, Measured | string],
  pick: (one: Measured) => number,
): Row {
  const figure = (one: Measured | string): PeerFigure => (typeof one === "string" ? one : pick(one));
  return { what, unit, ours: figure(ours), peers: { bpftrace: figure(theirs) }, note };
}

async function measureOurs(guest: BenchGuest, { ours }: Subject): Promise<Measured | string> {
  const before = await newestProgram(guest);
  const ran = await guest.client(["-vv", "-o", "/dev/null", "-c", `sh ${LOAD}`, "-e", ours]);
  if (ran.status !== 0) return firstError(ran);
  const verified = sumOf(ran.stderr, /^Loaded '.*': (\d+) instructions verified/gm);
  return await read(guest, before, verified);
}

async function measureBpftrace(
  guest: BenchGuest,
  bpftrace: GuestBpftrace,
  subject: Subject,
): Promise<Measured | string> {
  const before = await newestProgram(guest);
  const file = "/tmp/bench-handler.bt";
  const command = `cat > ${file} && ${bpftrace.command} -v -o /dev/null -c '/bin/sh ${LOAD}' ${file}`;
  const ran = await guest.shell(command, { input: Buffer.from(subject.bpftrace) });
  if (ran.status !== 0) return firstError(ran);
  const said = ran.stderr + ran.stdout.toString();
  return await read(guest, before, sumOf(said, /processed (\d+) insns/g));
}

/** The greatest number of a program so far: those of a run come behind it. */
async function newestProgram(guest: BenchGuest): Promise<number> {
  const programs = parsePrograms((await guest.shell("bpftool -j prog show")).stdout.toString());
  return Math.max(0, ...programs.map(({ id }) => id));
}

async function read(guest: BenchGuest, before: number, verified: number): Promise<Measured | string> {
  const shown = (await guest.shell(`cat ${SHOWN}; rm -f ${SHOWN}`)).stdout.toString();
  const rounds = shown.split("\n").filter((line) => line !== "");
  const last = new Map<number, Program>();
  const times: number[] = [];
  for (const round of rounds) times.push(timeOf(parsePrograms(round), before, last));
  const best = Math.min(...times);
  return Number.isFinite(best) ? { verified, perEvent: best } : "no program of it ran";
}

/**
 * Nanoseconds for an event in one round, all programs behind `before` together; `last` is what they had run before it.
 */
function timeOf(programs: Program[], before: number, last: Map<number, Program>): number {
  let sum = 0;
  for (const program of programs) {
    if (program.id <= before) continue;
    const { run_time_ns, run_cnt } = last.get(program.id) ?? { run_time_ns: 0, run_cnt: 0 };
    last.set(program.id, program);
    const events = program.run_cnt - run_cnt;
    if (events >= FEWEST) sum += (program.run_time_ns - run_time_ns) / events;
  }
  return sum > 0 ? sum : Number.POSITIVE_INFINITY;
}

interface Program {
  id: number;
  run_time_ns: number;
  run_cnt: number;
}

function parsePrograms(text: string): Program[] {
  try {
    const all = JSON.parse(text) as Partial<Program>[];
    return all.map(({ id = 0, run_time_ns = 0, run_cnt = 0 }) => ({ id, run_time_ns, run_cnt }));
  } catch {
    return [];
  }
}

function sumOf(text: string, pattern: RegExp): number {
  let sum = 0;
  for (const match of text.matchAll(pattern)) sum += Number(match[1]);
  return sum;
}

function firstError({ stderr, status }: Ran): string {
  const line = stderr.split("\n").find((one) => /error/i.test(one));
  return line ?? (lastLine(stderr) || `status ${status}`);
}
