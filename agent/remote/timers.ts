// Timer probes whose handlers the agent runs: a timerfd each, on the monotonic clock. A handler runs once
// when its timer is found expired, however many periods have passed: missed periods are not made up for, as in the
// kernel.

import { AttachFlags, attachRow } from "../../common/format/attach";
import { FailureCode } from "../../common/format/frame";
import { Engine } from "../../common/format/manifest";
import { Failure } from "./errors";
import { Events, Tag } from "./events";
import { Probe } from "./manifest";
import {
  CLOCK_MONOTONIC,
  close,
  getrandom,
  O_CLOEXEC,
  O_NONBLOCK,
  readCounter,
  timerfd_create,
  timerfd_settime,
} from "./syscall";

/** No timer fires more often: nanoseconds. */
const SHORTEST_NS: i64 = 1000;

/** The timers of a session; number `i` has the tag Tag.Timer + i. */
export class Timers {
  private probes: Probe[] = [];
  private fds: i32[] = [];

  constructor(private events: Events) {}

  /** Starts a timer for each Timer probe of the agent's own. */
  start(probes: Probe[]): Failure | null {
    for (let i = 0, n = probes.length; i < n; ++i) {
      const probe = probes[i];
      const row = attachRow(probe.attach);
      if (row.engine != Engine.Agent || !row.is(AttachFlags.Periodic)) continue;
      const fd = timerfd_create(CLOCK_MONOTONIC, O_CLOEXEC | O_NONBLOCK);
      if (fd < 0) return new Failure(FailureCode.Resource, fd, `cannot make a timer for ${probe.point}`);
      this.probes.push(probe);
      this.fds.push(fd);
      this.events.add(fd, Tag.Timer + this.fds.length - 1);
      this.arm(fd, probe);
    }
    return null;
  }

  /** How many there are. */
  get count(): i32 {
    return this.fds.length;
  }

  /** The probe whose handler is due, if timer `index` has expired. */
  takeExpired(index: i32): Probe | null {
    if (index >= this.fds.length || readCounter(this.fds[index]) <= 0) return null;
    const probe = this.probes[index];
    if (probe.jitter != 0) this.arm(this.fds[index], probe);
    return probe;
  }

  stop(): void {
    for (let i = 0, n = this.fds.length; i < n; ++i) close(this.fds[i]);
    this.fds = [];
    this.probes = [];
  }

  /** Steady, or once at a random distance around the period and then anew. */
  private arm(fd: i32, probe: Probe): void {
    let period = <i64>min<u64>(probe.period, <u64>i64.MAX_VALUE / 4);
    const jitter = <i64>min<u64>(probe.jitter, <u64>i64.MAX_VALUE / 4);
    if (jitter != 0) period += <i64>(getrandom() % <u64>(2 * jitter + 1)) - jitter;
    period = max(period, SHORTEST_NS);
    timerfd_settime(fd, 0, period, jitter == 0 ? period : 0);
  }
}
