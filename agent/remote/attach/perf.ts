// perf_event_open for attaching: attribute block, BPF program on an event, enabling. Used by kprobe.ts and cpu-clock.ts.
// An event and the program on it go when the last descriptor does, so that nothing outlives the agent.

import { linkPerfEvent } from "../bpf";
import { addressOf, close, ioctl, perf_event_open } from "../syscall";

const ATTR_BYTES: i32 = 72; // PERF_ATTR_SIZE_VER1: all that a kprobe needs
const ATTR: usize = memory.data(72, 8);

const PERF_FLAG_FD_CLOEXEC: i32 = 8;
const PERF_EVENT_IOC_ENABLE: u32 = 0x2400;
const PERF_EVENT_IOC_SET_BPF: u32 = 0x40042408;

/** Begins an event's attributes. */
export function beginEvent(type: i32, config: u64): void {
  memory.fill(ATTR, 0, ATTR_BYTES);
  store<i32>(ATTR, type);
  store<i32>(ATTR, ATTR_BYTES, 4);
  store<u64>(ATTR, config, 8);
}

/** One event for every `period` counts (nanoseconds of a clock). */
export function setPeriod(period: u64): void {
  store<u64>(ATTR, period, 16);
}

/** The probed function's name (NUL-terminated, in linear memory) and the offset in it. */
export function setFunction(name: usize, offset: u64): void {
  store<u64>(ATTR, addressOf(name), 56);
  store<u64>(ATTR, offset, 64);
}

/** Opens the event on a CPU for all processes; descriptor or -errno. */
export function openEvent(cpu: i32): i32 {
  return perf_event_open(ATTR, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/**
 * Puts a program on an event and lets it fire; 0 or -errno. All descriptors that hold it are in `fds` then, or closed. A
 * link is preferred: it is listed by name, and newer kernels count there what the probe missed.
 */
export function startEvent(event: i32, program: i32, fds: i32[]): i32 {
  fds.push(event);
  let link = linkPerfEvent(event, program);
  if (link >= 0) fds.push(link);
  let result = link >= 0 ? 0 : ioctl(event, PERF_EVENT_IOC_SET_BPF, program);
  if (result >= 0) result = ioctl(event, PERF_EVENT_IOC_ENABLE, 0);
  if (result < 0) {
    for (let i = 0, n = fds.length; i < n; ++i) close(fds[i]);
    fds.length = 0;
  }
  return min(result, 0);
}
