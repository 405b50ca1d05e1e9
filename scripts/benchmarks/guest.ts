// A guest to measure in, and what is measured there: from Enter to the first output, and events per second.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Machine, startMachine, stopMachine } from "../guest/machine.ts";
import { type GuestSpec, getGuestSpec } from "../guest/matrix.ts";
import type { GuestBpftrace } from "./peers.ts";
import { lastLine, type Ran, type RunOptions, run } from "./run.ts";
import { best, type Group, type PeerFigure, type Row } from "./table.ts";

const START_RUNS = 3;
/** Events of the short and the long run whose difference is measured, so that starting and ending do not count. */
const FEW = 2_000;
const MANY = 200_000;
const AGENT_MEMORY_MB = 10;

/** A booted guest, as root. */
export class BenchGuest {
  private constructor(
    readonly spec: GuestSpec,
    readonly machine: Machine,
    private readonly bootedByUs: boolean,
    private readonly root: string,
  ) {}

  static async boot(name: string, root: string): Promise<BenchGuest> {
    const { machine, booted } = await startMachine(name, "with-us");
    return new BenchGuest(getGuestSpec(name), machine, booted, root);
  }

  /** A shell command by the system's ssh. */
  shell(command: string, options: RunOptions = {}): Promise<Ran> {
    return run("ssh", ["-F", this.machine.sshConfig, "root@guest", command], options);
  }

  /** Our client, as a user starts it. */
  client(args: string[], env: Record<string, string> = {}): Promise<Ran> {
    const { port, identity, knownHosts } = this.machine;
    const where = ["--host", `root@127.0.0.1:${port}`, "--identity", identity, "--known-hosts", knownHosts];
    return run(process.execPath, [join(this.root, "dist/stap-remote.js"), ...where, ...args], {
      timeoutMs: 300_000,
      env,
    });
  }

  /** Stops the guest if nobody had it before. */
  async leave(): Promise<void> {
    if (this.bootedByUs) await stopMachine(this.spec.name);
  }
}

/** All rows about a guest. */
export async function measureGuest(guest: BenchGuest, bpftrace: GuestBpftrace | string): Promise<Group> {
  const rows = [await measureStart(guest, bpftrace), await measureHandshake(guest), await measureMemory(guest)];
  rows.push(...(await measureTypes(guest)));
  rows.push(...(await measureThroughput(guest, bpftrace)), ...(await measureWatch(guest)));
  return {
    title: `In a guest (Linux ${guest.machine.release}, 2 emulated CPUs: only the ratios mean something)`,
    rows,
  };
}

// -------------------------------------------------------------------------------------------------------------- start

const FIRST = 'probe kernel.function("vfs_read") { println("attached") exit() }';
const FIRST_BPFTRACE = 'kprobe:vfs_read { printf("attached\\n"); exit(); }';

/** From Enter to the first line that a kernel probe prints; the agent lies there already, as from the second run on. */
async function measureStart(guest: BenchGuest, bpftrace: GuestBpftrace | string): Promise<Row> {
  await guest.client(["-e", FIRST]);
  const ours: number[] = [];
  const theirs: number[] = [];
  let failure = "";
  let peerFailure = "";
  for (let i = 0; i < START_RUNS; i++) {
    const mine = await guest.client(["-e", FIRST]);
    if (mine.firstMs === Number.POSITIVE_INFINITY) failure = lastLine(mine.stderr);
    ours.push(mine.firstMs);
    if (typeof bpftrace !== "string") {
      const peer = await guest.shell(`${bpftrace.command} -q -B none -e '${FIRST_BPFTRACE}'`);
      if (peer.firstMs === Number.POSITIVE_INFINITY) peerFailure = lastLine(peer.stderr);
      theirs.push(peer.firstMs);
    }
  }
  let peer: PeerFigure = typeof bpftrace === "string" ? bpftrace : best(theirs);
  if (peer === Number.POSITIVE_INFINITY) peer = `it printed nothing: ${peerFailure}`;
  return {
    what: "from Enter to the first line of a kernel probe",
    unit: "ms",
    ours: failure || best(ours),
    peers: { "ssh box bpftrace -e …": peer },
    bar: typeof peer === "number" ? { limit: peer, says: "under ssh box bpftrace of the same script" } : undefined,
    note: "ours by its built-in SSH client, bpftrace by the system's ssh; both shake hands anew",
  };
}

async function measureHandshake(guest: BenchGuest): Promise<Row> {
  const times: number[] = [];
  for (let i = 0; i < START_RUNS; i++) times.push((await guest.shell("true")).totalMs);
  return { what: "ssh box true, for comparison", unit: "ms", ours: best(times) };
}

// -------------------------------------------------------------------------------------------------------------- types

/** What comes of the kernel's types at the first start, and from Enter to the end of a compile that has them. */
async function measureTypes(guest: BenchGuest): Promise<Row[]> {
  const XDG_CACHE_HOME = mkdtempSync(join(tmpdir(), "stap-bench-"));
  try {
    const compile = () =>
      guest.client(["-v", "-p2", "--dump=blob:kernel-btf,0,16", "-e", "probe begin {}"], { XDG_CACHE_HOME });
    const first = await compile();
    const warm = await compile();
    const [, bytes, transferred] = /types of the kernel: (\d+) bytes, (\d+) bytes transferred/.exec(first.stderr) ?? [];
    const isCached = warm.stderr.includes("from the cache");
    return [
      {
        what: "types of the kernel, transferred at the first start",
        unit: "KB",
        ours: transferred ? Number(transferred) / 1024 : lastLine(first.stderr),
        bar: { limit: (Number(bytes) / 1024) * 0.45, says: "at most 45 % of the types" },
        note: `compressed by the agent; later starts transfer ${isCached ? "none" : "them again"}`,
      },
      { what: "a compile with types, first start", unit: "ms", ours: first.totalMs },
      { what: "a compile with types, warm start", unit: "ms", ours: warm.totalMs },
    ];
  } finally {
    rmSync(XDG_CACHE_HOME, { recursive: true, force: true });
  }
}

// ------------------------------------------------------------------------------------------------------------- memory

/** Resident memory of the agent under way, its mapped buffers included. */
async function measureMemory(guest: BenchGuest): Promise<Row> {
  const script = 'probe begin { println("up") } probe timer.profile { printf("%d\\n", cpu()) }';
  const look = "for p in /proc/[0-9]*; do grep -q ^agent- $p/comm 2>/dev/null && cat $p/status; done; true";
  const ran = await guest.client(["-T", "60", "-c", `sleep 1; ${look}`, "-e", script]);
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(ran.stdout.toString())?.[1];
  return {
    what: "agent under way, resident, with its buffers",
    unit: "MB",
    ours: resident ? Number(resident) / 1024 : lastLine(ran.stderr),
    bar: { limit: AGENT_MEMORY_MB + 8, says: `at most ${AGENT_MEMORY_MB} MB and the buffers (mapped twice 4 MB)` },
  };
}

// --------------------------------------------------------------------------------------------------------- throughput

const EVENTS = 'probe kernel.function("vfs_write") { if (execname() == "dd") printf("%d %s\\n", pid(), execname()) }';
const EVENTS_BPFTRACE = 'kprobe:vfs_write { if (comm == "dd") { printf("%d %s\\n", pid, comm); } }';

const load = (events: number) => `/usr/bin/dd if=/dev/zero of=/dev/null bs=1 count=${events}`;

/** Lines that arrived, and how long it took. */
interface Delivered {
  lines: number;
  ms: number;
}

async function measureThroughput(guest: BenchGuest, bpftrace: GuestBpftrace | string): Promise<Row[]> {
  const made = await guest.shell("test -x /usr/bin/dd || ln -s busybox /usr/bin/dd");
  if (made.status !== 0) return [];
  const peer =
    typeof bpftrace === "string" ? bpftrace : await rate((events) => deliverBpftrace(guest, bpftrace, events));
  const figure = typeof peer === "string" ? peer : peer.perSecond;
  const host = await rate((events) => deliverOurs(guest, events));
  const bar =
    typeof figure === "number" ? { limit: 2 * figure, says: "at least twice bpftrace's", least: true } : undefined;
  return [
    {
      what: "kprobe printf to a file: lines that arrive",
      unit: "events/s",
      ours: typeof host === "string" ? host : host.perSecond,
      peers: { "bpftrace -o": figure },
      bar,
      note:
        `of ${MANY - FEW} lines ours lost ${lostOf(host)}, bpftrace ${lostOf(peer)}; ` +
        "ours lie on this machine, bpftrace's in the guest's memory",
    },
  ];
}

interface Rate {
  perSecond: number;
  lost: number;
}

const lostOf = (rate: Rate | string) => (typeof rate === "string" ? "?" : rate.lost);

/** Lines per second, from the difference of a long and a short run. */
async function rate(deliver: (events: number) => Promise<Delivered | string>): Promise<Rate | string> {
  const few = await deliver(FEW);
  if (typeof few === "string") return few;
  const many = await deliver(MANY);
  if (typeof many === "string") return many;
  const seconds = (many.ms - few.ms) / 1000;
  if (seconds <= 0) return "the long run took no longer than the short one: the machine is too busy";
  const lines = many.lines - few.lines;
  return { perSecond: lines / seconds, lost: MANY - FEW - lines };
}

async function deliverOurs(guest: BenchGuest, events: number): Promise<Delivered | string> {
  const folder = mkdtempSync(join(tmpdir(), "stap-bench-"));
  try {
    const file = join(folder, "out");
    const ran = await guest.client(["-o", file, "-c", load(events), "-e", EVENTS]);
    if (ran.status !== 0) return lastLine(ran.stderr);
    return { lines: countLines(readFileSync(file)), ms: ran.totalMs };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function deliverBpftrace(
  guest: BenchGuest,
  bpftrace: GuestBpftrace,
  events: number,
): Promise<Delivered | string> {
  const file = "/tmp/bench-lines";
  const command = `${bpftrace.command} -q -o ${file} -c '${load(events)}' -e '${EVENTS_BPFTRACE}'`;
  const ran = await guest.shell(`${command} >&2; grep -c dd ${file}; rm -f ${file}`, { timeoutMs: 300_000 });
  const lines = Number(ran.stdout.toString().trim());
  return Number.isInteger(lines) && lines > 0 ? { lines, ms: ran.totalMs } : lastLine(ran.stderr);
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (const byte of bytes) if (byte === 10) lines++;
  return lines;
}

// -------------------------------------------------------------------------------------------------------------- watch

const COUNT = 'global n probe kernel.function("vfs_write") { n++ }';
const WRITES = 500_000;
/** The part of the time in which the agent has the kernel measure (agent/remote/load-watch.ts). */
const MEASURED = 0.1;

/** What an event with the cheapest handler costs while the kernel measures the load of handlers, and while not. */
async function measureWatch(guest: BenchGuest): Promise<Row[]> {
  const off: number[] = [];
  const on: number[] = [];
  for (let i = 0; i < START_RUNS; i++) {
    off.push(await nanosecondsOfAnEvent(guest, 0));
    on.push(await nanosecondsOfAnEvent(guest, 1));
  }
  const without = best(off);
  const more = best(on) - without;
  const note = `${more.toFixed(0)} ns more while it is measured, a tenth of the time; ${without.toFixed(0)} ns without`;
  return [
    {
      what: "watching the load: for an event of a kprobe that counts",
      unit: "ns",
      ours: MEASURED * more,
      bar: { limit: 0.03 * without, says: "at most 3 % of the event" },
      note,
    },
  ];
}

/** Of a write under a probe; with the kernel's statistics on all of the time, or never. */
async function nanosecondsOfAnEvent(guest: BenchGuest, statistics: number): Promise<number> {
  const clock = "cut -d ' ' -f 1 /proc/uptime";
  const command = `sleep 1; a=$(${clock}); ${load(WRITES)} 2>/dev/null; echo took $a $(${clock})`;
  await guest.shell(`sysctl -q kernel.bpf_stats_enabled=${statistics}`);
  const ran = await guest.client(["-D", "STP_NO_OVERLOAD", "-c", command, "-e", COUNT]);
  await guest.shell("sysctl -q kernel.bpf_stats_enabled=0");
  const took = /^took (\S+) (\S+)$/m.exec(ran.stdout.toString());
  return took ? ((Number(took[2]) - Number(took[1])) * 1e9) / WRITES : Number.NaN;
}
