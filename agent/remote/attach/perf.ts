// perf_event_open for attaching: a request, the BPF program on its event, enabling. Used by kprobe.ts and cpu-clock.ts.
// Closing the last descriptor removes an event and the program on it, so that nothing outlives the agent.

import { PERF_FLAG_FD_CLOEXEC, PerfEventAttr, PerfEventFlags, PerfIoctl } from "../../../common/format/linux";
import { linkPerfEvent } from "../bpf";
import { Errno } from "../errors";
import { Probe } from "../manifest";
import { addressOf, close, ioctl, perf_event_open } from "../syscall";

const ATTR: usize = memory.data(72, 8);

/** What event is wanted. */
export class PerfRequest {
  /** One event for every so many counts: nanoseconds of a clock. 0: at each count. */
  period: u64 = 0;
  /** `period` is how many events there shall be in a second. */
  isRate: bool = false;
  /** Of a kprobe: the function's name (NUL-terminated, in linear memory), and bytes from its beginning. */
  name: usize = 0;
  offset: u64 = 0;
  /** The same by its address, if that is not 0. */
  address: u64 = 0;
  /** Of a watchpoint: address, bytes, and what it fires at. */
  watched: u64 = 0;
  watchedBytes: u64 = 0;
  watch: i32 = 0;

  constructor(
    /** PerfType, or the number of a dynamic event source */
    public type: i32,
    public config: u64,
  ) {}

  /** Opens the event on a CPU for all processes; descriptor or -errno. */
  open(cpu: i32): i32 {
    memory.fill(ATTR, 0, PerfEventAttr.Size);
    store<i32>(ATTR, this.type, PerfEventAttr.Type);
    store<i32>(ATTR, PerfEventAttr.Size, PerfEventAttr.AttrSize);
    store<u64>(ATTR, this.config, PerfEventAttr.Config);
    store<u64>(ATTR, this.period, PerfEventAttr.SamplePeriod);
    store<u64>(ATTR, this.isRate ? PerfEventFlags.Freq : PerfEventFlags.None, PerfEventAttr.Flags);
    if (this.watch != 0) {
      store<i32>(ATTR, this.watch, PerfEventAttr.BreakpointType);
      store<u64>(ATTR, this.watched, PerfEventAttr.KprobeFunc);
      store<u64>(ATTR, this.watchedBytes, PerfEventAttr.ProbeOffset);
    } else if (this.address != 0) {
      store<u64>(ATTR, this.address + this.offset, PerfEventAttr.ProbeOffset);
    } else if (this.name != 0) {
      store<u64>(ATTR, addressOf(this.name), PerfEventAttr.KprobeFunc);
      store<u64>(ATTR, this.offset, PerfEventAttr.ProbeOffset);
    }
    return perf_event_open(ATTR, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
  }
}

/**
 * Puts a program on an event and enables the event; 0 or -errno. On success the probe's `fds` are all descriptors that
 * keep it attached; on failure the new ones are closed. A link is preferred: the kernel lists it by name, and from 6.7
 * on counts there what the probe missed.
 */
export function startEvent(event: i32, probe: Probe): i32 {
  const fds = probe.fds;
  const before = fds.length;
  const program = probe.programFd;
  fds.push(event);
  const link = linkPerfEvent(event, program, probe.cookie);
  if (link >= 0) fds.push(link);
  let result = link >= 0 ? 0 : ioctl(event, PerfIoctl.SetBpf, program);
  if (result >= 0) result = ioctl(event, PerfIoctl.Enable, 0);
  if (result < 0) {
    while (fds.length > before) close(fds.pop());
  }
  return min(result, 0);
}

/** Why an event does not run on all CPUs. */
export class CpuFailure {
  constructor(
    public errno: i32,
    public cpu: i32,
    /** The event was opened, and the program could not be put on it. */
    public isOpen: bool,
  ) {}

  /** The CPU has gone offline. */
  get isGone(): bool {
    return this.errno == -Errno.ENODEV;
  }
}

/**
 * Starts an event on each of these CPUs. Those that have gone offline meanwhile are left out; if none is left, the
 * machine does not have the event.
 */
export function startOnCpus(request: PerfRequest, probe: Probe, cpus: i32[]): CpuFailure | null {
  let absent: CpuFailure | null = null;
  let started = 0;
  for (let i = 0, n = cpus.length; i < n; ++i) {
    const event = request.open(cpus[i]);
    if (event == -Errno.ENODEV) {
      absent = new CpuFailure(event, cpus[i], false);
      continue;
    }
    if (event < 0) return new CpuFailure(event, cpus[i], false);
    const result = startEvent(event, probe);
    if (result < 0) return new CpuFailure(result, cpus[i], true);
    ++started;
  }
  return started > 0 ? null : absent;
}
