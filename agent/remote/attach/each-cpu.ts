// Events on all CPUs, also on those that go online later. The kernel drops the events of a CPU that goes offline, so
// its descriptors are closed here, and opened anew when it comes back. The session looks once a second.

import { parseCpus } from "../cpu-list";
import { onlineCpus } from "../cpus";
import { Probe } from "../manifest";
import { close, O_CLOEXEC, O_RDONLY, open, read, seek } from "../syscall";
import { CpuFailure, PerfRequest, startOnCpus } from "./perf";

const ONLINE: string = "/sys/devices/system/cpu/online";
const LIST_BYTES: i32 = 4096;
const EVERY_NS: i64 = 1000000000;

/** An event on one CPU: the descriptors that keep it. */
class OnCpu {
  constructor(
    public cpu: i32,
    public fds: i32[],
  ) {}
}

/** An event on all CPUs. */
class OnEachCpu {
  private parts: OnCpu[] = [];

  constructor(
    private request: PerfRequest,
    public probe: Probe,
  ) {}

  /** Starts it on a CPU; null: it runs, or the CPU has gone. */
  start(cpu: i32): CpuFailure | null {
    const before = this.probe.fds.length;
    const failure = startOnCpus(this.request, this.probe, [cpu]);
    if (!failure) this.parts.push(new OnCpu(cpu, this.probe.fds.slice(before)));
    return failure;
  }

  /** Gives up what ran on a CPU that has gone. */
  forget(cpu: i32): void {
    for (let i = 0; i < this.parts.length; ++i) {
      if (this.parts[i].cpu != cpu) continue;
      const fds = this.parts[i].fds;
      for (let k = fds.length - 1; k >= 0; --k) {
        close(fds[k]);
        this.probe.fds.splice(this.probe.fds.indexOf(fds[k]), 1);
      }
      this.parts.splice(i--, 1);
    }
  }
}

const followed: OnEachCpu[] = [];
/** The CPUs that were online at the last look. */
let known: i32[] = [];
let list: i32 = -1;
let next: i64 = 0;
/** Where the list of CPUs is read to, and what it was at the last look. */
const TEXT: StaticArray<u8> = new StaticArray<u8>(LIST_BYTES);
const LAST: StaticArray<u8> = new StaticArray<u8>(LIST_BYTES);

/** Starts an event on each CPU, now and whenever one comes. If none has it, why. */
export function startOnEachCpu(request: PerfRequest, probe: Probe): CpuFailure | null {
  if (followed.length == 0) known = onlineCpus();
  const event = new OnEachCpu(request, probe);
  let absent: CpuFailure | null = null;
  let started = 0;
  for (let i = 0, n = known.length; i < n; ++i) {
    const failure = event.start(known[i]);
    if (!failure) ++started;
    else if (failure.isGone) absent = failure;
    else return failure;
  }
  if (started == 0) return absent;
  followed.push(event);
  return null;
}

/** Looks whether CPUs have come or gone, at most once a second. Allocates nothing if none has. */
export function followCpus(now: i64): void {
  if (followed.length == 0 || now < next) return;
  next = now + EVERY_NS;
  if (list < 0) list = open(ONLINE, O_RDONLY | O_CLOEXEC);
  memory.fill(changetype<usize>(TEXT), 0, LIST_BYTES);
  const got = list < 0 || seek(list, 0) < 0 ? -1 : read(list, changetype<usize>(TEXT), LIST_BYTES);
  if (got <= 0 || memory.compare(changetype<usize>(TEXT), changetype<usize>(LAST), LIST_BYTES) == 0) return;
  memory.copy(changetype<usize>(LAST), changetype<usize>(TEXT), LIST_BYTES);
  const online = parseCpus(TEXT.slice<StaticArray<u8>>(0, got));
  for (let i = 0; i < followed.length; ++i) follow(followed[i], online);
  known = online;
}

function follow(event: OnEachCpu, online: i32[]): void {
  for (let i = 0; i < known.length; ++i) if (!online.includes(known[i])) event.forget(known[i]);
  for (let i = 0; i < online.length; ++i) if (!known.includes(online[i])) event.start(online[i]);
}

/** Follows no CPUs any more: the probes are being detached. */
export function stopFollowing(): void {
  followed.length = 0;
}
