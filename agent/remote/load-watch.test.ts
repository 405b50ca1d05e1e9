// When a session is ended for its load: the watch with numbers of the test's own, and the lines of /proc/stat.

import { encodeText } from "../../common/as/bytes";
import { StopReason } from "../../common/format/frame";
import { RunStatistics } from "./bpf";
import { KernelTime } from "./kernel-time";
import { LoadLimits, LoadWatch, Meter } from "./load-watch";

const MS: i64 = 1000000;
const SECOND: i64 = 1000 * MS;

/** Handlers that run so often, take so long and are skipped so often in each millisecond. */
class FakeMeter extends Meter {
  isOn: bool = false;
  works: bool = true;
  share: f64 = 1;
  runsInMs: u64 = 0;
  nanosecondsInMs: u64 = 0;
  skipsInMs: f64 = 0;
  /** Milliseconds in which it counted. */
  counted: i32 = 0;
  isMarked: bool = false;
  private skipped: f64 = 0;
  private result: RunStatistics = new RunStatistics();

  pass(): void {
    this.skipped += this.skipsInMs;
    if (!this.isOn) return;
    ++this.counted;
    this.result.runs += this.runsInMs;
    this.result.nanoseconds += this.nanosecondsInMs;
  }

  start(): bool {
    this.isOn = this.works;
    return this.works;
  }

  stop(): void {
    this.isOn = false;
  }

  read(): RunStatistics {
    const copy = new RunStatistics();
    copy.runs = this.result.runs;
    copy.nanoseconds = this.result.nanoseconds;
    return copy;
  }

  skips(): u64 {
    return <u64>this.skipped;
  }

  markCpus(): void {
    this.isMarked = true;
  }

  busiestShare(): f64 {
    assert(this.isMarked, "the CPUs are compared over the same time");
    return this.share;
  }
}

/** Watches for so many milliseconds, looking every hundred; when it ended, and why. */
class Trial {
  reason: i32 = -1;
  ms: i32 = 0;

  constructor(
    public meter: FakeMeter,
    public watch: LoadWatch,
  ) {}

  run(ms: i32): void {
    for (let i = 0; i < ms && this.reason < 0; ++i) {
      this.meter.pass();
      ++this.ms;
      if (this.ms % 100 == 0) this.reason = this.watch.look(<i64>this.ms * MS);
    }
  }
}

function trial(limits: LoadLimits, works: bool = true): Trial {
  const meter = new FakeMeter();
  meter.works = works;
  const watch = new LoadWatch(meter, limits);
  const it = new Trial(meter, watch);
  watch.begin(0);
  return it;
}

function both(): LoadLimits {
  return new LoadLimits(SECOND / 2, SECOND, true);
}

export function test_ends_an_overload_after_two_whole_intervals(): void {
  const it = trial(both());
  it.meter.nanosecondsInMs = 600000;
  it.run(10000);
  assert(it.reason == StopReason.Overload, `reason ${it.reason}`);
  assert(it.ms == 2000, `after ${it.ms} ms`);
}

export function test_lets_handlers_take_less_than_the_threshold(): void {
  const it = trial(both());
  it.meter.nanosecondsInMs = 490000;
  it.run(20000);
  assert(it.reason < 0, "49 %");
}

export function test_a_burst_of_a_tenth_is_looked_at_and_forgiven(): void {
  const it = trial(both());
  it.run(5000);
  it.meter.nanosecondsInMs = 1000000;
  it.run(100);
  it.meter.nanosecondsInMs = 100000;
  it.run(10000);
  assert(it.reason < 0, "no whole interval was too much");
}

export function test_an_overload_that_comes_late_is_seen_in_three_seconds(): void {
  const it = trial(both());
  it.run(30000);
  it.meter.nanosecondsInMs = 900000;
  it.run(3000);
  assert(it.reason == StopReason.Overload, `reason ${it.reason}`);
}

export function test_many_cpus_may_take_a_little_each(): void {
  const it = trial(both());
  it.meter.nanosecondsInMs = 960000; // 96 CPUs, 1 % each
  it.meter.share = 1.0 / 96.0;
  it.run(10000);
  assert(it.reason < 0, "no CPU is too busy");
  it.meter.nanosecondsInMs = 8 * 600000;
  it.meter.share = 1.0 / 8.0;
  it.run(4000);
  assert(it.reason == StopReason.Overload, "each of eight is");
}

export function test_measures_a_tenth_of_the_time_when_nothing_is_wrong(): void {
  const it = trial(both());
  it.meter.nanosecondsInMs = 1000;
  it.meter.runsInMs = 7;
  it.run(101000);
  assert(it.meter.counted < 14000, `${it.meter.counted} ms of 101,000`);
  it.watch.end(101000 * MS);
  assert(it.watch.isEstimate, "it was not measured all the time");
  assert(it.watch.handlers > 706000 && it.watch.handlers <= 707000, `${it.watch.handlers} of 707,000`);
}

export function test_a_short_run_is_counted_exactly(): void {
  const it = trial(both());
  it.meter.runsInMs = 3;
  it.run(900);
  it.watch.end(900 * MS);
  assert(!it.watch.isEstimate && it.watch.handlers == 2700, `${it.watch.handlers}`);
}

export function test_ends_when_locks_skip_more_than_five_percent(): void {
  const limits = both();
  const it = trial(limits);
  it.meter.runsInMs = 100;
  it.meter.skipsInMs = 4;
  it.run(20000);
  assert(it.reason < 0, "4 %");
  it.meter.skipsInMs = 6;
  it.run(2000);
  assert(it.reason == StopReason.Crowded, "6 %");
  limits.limitsSkips = false;
  const other = trial(limits);
  other.meter.runsInMs = 100;
  other.meter.skipsInMs = 50;
  other.run(20000);
  assert(other.reason < 0, "MAXSKIPPED counts them");
}

export function test_a_few_skipped_handlers_end_nothing(): void {
  const it = trial(both());
  it.meter.skipsInMs = 0.09;
  it.run(20000);
  assert(it.reason < 0, "90 in a second, and no others");
}

export function test_without_a_limit_of_time_only_skipped_handlers_are_a_reason_to_measure_again(): void {
  const it = trial(new LoadLimits(0, 0, true));
  it.meter.runsInMs = 10;
  it.meter.nanosecondsInMs = 1000000;
  it.run(5000);
  assert(it.meter.counted == 1000, "nothing is measured after the first second");
  it.meter.skipsInMs = 1;
  it.run(2000);
  assert(it.reason == StopReason.Crowded, `reason ${it.reason}`);
  it.watch.end(<i64>it.ms * MS);
  assert(it.watch.isEstimate, "it was not measured all the time");
  assert(it.watch.handlers == <u64>it.ms * 10, `${it.watch.handlers} in ${it.ms} ms`);
}

export function test_handlers_that_run_seldom_are_counted_exactly(): void {
  const it = trial(new LoadLimits(0, 0, true));
  it.run(5000);
  // As fast as a test's slow handlers: they run, and locks skip some of them, after a while.
  it.meter.runsInMs = 1;
  it.meter.skipsInMs = 0.05;
  it.run(4000);
  it.watch.end(<i64>it.ms * MS);
  assert(!it.watch.isEstimate && it.watch.handlers == 4000, `${it.watch.handlers} of 4,000`);
}

export function test_a_kernel_that_does_not_count_ends_nothing(): void {
  const it = trial(both(), false);
  it.meter.skipsInMs = 10;
  it.run(5000);
  it.watch.end(5000 * MS);
  assert(it.reason < 0 && it.watch.isBlind && it.watch.handlers == 0, "nothing is known");
}

function share(time: KernelTime, text: string): f64 {
  const bytes = encodeText(text);
  return time.take(changetype<usize>(bytes), bytes.length);
}

export function test_reads_the_time_of_cpus_in_the_kernel(): void {
  const time = new KernelTime(2);
  share(time, "cpu  9 9 99 9 9 9 9 9 0 0\ncpu0 1 2 10 4 5 6 7 8 0 0\ncpu1 1 2 3 4 5 6 7 8 0 0\nintr 5 5 5\n");
  const later = share(time, "cpu  9 9 9 9 9 9 9 9\ncpu0 90 2 12 99 5 7 7 8 0 0\ncpu1 1 2 3 4 5 6 8 8 0 0\nintr 9\n");
  assert(later == 0.75, `${later}`); // 3 ticks of 4
  assert(share(time, "cpu0 90 2 12 99 5 7 7 8\ncpu1 1 2 3 4 5 6 8 8\n") == 0.5, "no tick: equal shares");
  assert(share(time, "cpu7 1 1 1 1 1 1 1 1\ncpu\ncpux 1\n\ncpu0") == 0.5, "nonsense changes nothing");
}
