// Watches what handlers cost and how many of them locks skip, and says when that is too much to go on.
//
// The kernel counts the runs of programs and their time while somebody asks for it. That costs two readings of a clock
// for each run, so it is asked for a part of the time only:
//
//   the first interval | a tenth of each | a whole one, as soon as that tenth, or a skipped handler, looks suspicious
//
// While handlers run seldom it costs nothing, and goes on all the time: what comes after a quiet beginning is counted
// exactly. Without a limit of time, nothing is measured between the first interval and the first skipped handler.
//
// A run ends on a whole interval's evidence, never on a tenth's. The kernel adds up all CPUs, and stap's limit is for
// one. So the sum is shared out as the CPUs' time in the kernel is (kernel-time.ts): handlers run there.

import { StopReason } from "../../common/format/frame";
import { RunStatistics } from "./bpf";

/** The least that is judged, nanoseconds. */
const SECOND: i64 = 1000000000;
/** In every interval, the part during which is measured. */
const PARTS: i64 = 10;
/** The share of handlers that locks may skip: one of so many. As few as stap lets pass never count. */
const MOST_SKIPPED: u64 = 20;
const FEW_SKIPPED: u64 = 100;
/** Handlers in a second of which counting costs nothing: some ten microseconds. */
const FEW_RUNS: u64 = 500;
const NOTHING: i32 = -1;

/** What is measured; tests have one of their own. */
export abstract class Meter {
  /** Has the kernel count; false if it will not. */
  abstract start(): bool;
  abstract stop(): void;
  /** What it has counted so far. */
  abstract read(): RunStatistics;
  /** Handlers that locks have skipped so far. */
  abstract skips(): u64;
  /** From now on the CPUs' time in the kernel is compared. */
  abstract markCpus(): void;
  /** The greatest share of one CPU in the time of all since then. */
  abstract busiestShare(): f64;
}

/** What is too much. */
export class LoadLimits {
  constructor(
    /** Nanoseconds of an interval that handlers may take on one CPU. */
    public threshold: i64,
    /** 0: all of them. */
    public interval: i64,
    /** Locks may skip a share of the handlers only. */
    public limitsSkips: bool,
  ) {}

  get limitsTime(): bool {
    return this.interval > 0;
  }
}

/** The watch over one session. */
export class LoadWatch {
  /** Runs of handlers so far, as far as they were counted, and as many for the rest of the time. */
  handlers: u64 = 0;
  /** A part of the time was not measured. */
  isEstimate: bool = false;
  /** The kernel does not count for this agent. */
  isBlind: bool = false;
  private isOn: bool = false;
  /** It is measured to find out whether the CPU that is busiest is too busy. */
  private isConfirming: bool = false;
  /** When the present part began, and how long it lasts at least. */
  private since: i64 = 0;
  private length: i64 = 0;
  private runs: u64 = 0;
  private time: u64 = 0;
  private skips: u64 = 0;
  /** Time since the last measurement, nanoseconds; the runs in one of them, newly measured and before. */
  private gap: i64 = 0;
  private rate: f64 = 0;
  private before: f64 = 0;

  constructor(
    private meter: Meter,
    private limits: LoadLimits,
  ) {}

  /** An interval of less than a second would be judged by a few ticks. */
  private get whole(): i64 {
    return max(this.limits.interval, SECOND);
  }

  /** Before handlers run. */
  begin(now: i64): void {
    this.since = now;
    this.measure(now, this.whole);
  }

  /** Looks, as often as it is called; why the run must end, or -1. */
  look(now: i64): i32 {
    if (this.isOn) return now - this.since < this.length ? NOTHING : this.judge(now);
    if (this.isBlind) return NOTHING;
    if (this.meter.skips() != this.skips) this.measure(now, this.whole);
    else if (this.limits.limitsTime && now - this.since >= this.length) this.measure(now, this.whole / PARTS);
    return NOTHING;
  }

  /** Before the programs are gone. */
  end(now: i64): void {
    if (this.isOn) {
      this.count(now);
      this.meter.stop();
    } else {
      this.skip(now);
      this.guess();
    }
    this.isOn = false;
  }

  /** Has the kernel count for some time. */
  private measure(now: i64, length: i64): void {
    if (!this.isOn) {
      this.skip(now);
      this.isOn = this.meter.start();
      this.isBlind = !this.isOn;
      const read = this.meter.read();
      this.runs = read.runs;
      this.time = read.nanoseconds;
    }
    this.skips = this.meter.skips();
    this.since = now;
    this.length = length;
    if (this.isConfirming) this.meter.markCpus();
  }

  /** Has it count no longer, for the rest of an interval. */
  private pause(now: i64): void {
    this.meter.stop();
    this.isOn = false;
    this.since = now;
    this.length = this.whole - this.whole / PARTS;
  }

  /** A part in which was measured is over. */
  private judge(now: i64): i32 {
    const elapsed = now - this.since;
    const before = this.runs;
    const began = this.time;
    const skipped = this.meter.skips() - this.skips;
    const isMany = this.limits.limitsSkips && skipped > FEW_SKIPPED;
    this.count(now);
    const load = <f64>(this.time - began) / <f64>elapsed;
    const most = this.limits.limitsTime ? <f64>this.limits.threshold / <f64>this.limits.interval : f64.MAX_VALUE;
    const isWhole = elapsed >= this.whole;
    if (isWhole && isMany && skipped * MOST_SKIPPED > this.runs - before) return StopReason.Crowded;
    if (isWhole && this.isConfirming && load * this.meter.busiestShare() > most) return StopReason.Overload;
    this.isConfirming = load > most;
    const isSeldom = (this.runs - before) * <u64>SECOND < FEW_RUNS * <u64>elapsed;
    if (skipped != 0 || this.isConfirming || isSeldom) this.measure(now, this.whole);
    else this.pause(now);
    return NOTHING;
  }

  /** Adds what was counted since the last time. */
  private count(now: i64): void {
    const read = this.meter.read();
    const runs = read.runs - this.runs;
    this.handlers += runs;
    if (now > this.since) this.rate = <f64>runs / <f64>(now - this.since);
    this.runs = read.runs;
    this.time = read.nanoseconds;
    this.guess();
  }

  /** A time is over in which nobody counted. */
  private skip(now: i64): void {
    this.gap += now - this.since;
  }

  /** Adds runs for the time in which nobody counted: as many as between the rates before and after it. */
  private guess(): void {
    if (this.gap != 0) {
      this.isEstimate = true;
      this.handlers += <u64>(((this.before + this.rate) / 2) * <f64>this.gap);
    }
    this.gap = 0;
    this.before = this.rate;
  }
}
