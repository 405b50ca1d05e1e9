// timer.s(n), .ms .us .ns .sec .msec .usec .nsec .jiffies .hz, `.randomize(n)`, timer.profile, .profile.freq.hz(n).
//
// A timer runs in the agent, unless its handler asks for kernel context (the current task): then it is a CPU-clock
// event in the kernel. timer.profile is such an event on every CPU.

import { AttachKind, ProbeFlags } from "../../common/format/manifest";
import { Attachment, PointQuery, ProbePattern } from "./family";

class TimerUnit {
  constructor(
    public name: string,
    /** Nanoseconds; 0 for jiffies, whose length the facts know. */
    public ns: i64,
  ) {}
}

const UNITS: StaticArray<TimerUnit> = [
  new TimerUnit("s", 1000000000),
  new TimerUnit("sec", 1000000000),
  new TimerUnit("ms", 1000000),
  new TimerUnit("msec", 1000000),
  new TimerUnit("us", 1000),
  new TimerUnit("usec", 1000),
  new TimerUnit("ns", 1),
  new TimerUnit("nsec", 1),
  new TimerUnit("jiffies", 0),
];

/** The longest period: about 146 years, so that twice as much still is a positive number. */
const LONGEST_NS: i64 = i64.MAX_VALUE / 2;

/** The kernel's CPU clock fires no more often (kernel.perf_event_max_sample_rate is 100000 at most by default). */
const MOST_PROFILE_HZ: i64 = 100000;

/** The patterns of this family. */
export function timerPatterns(): ProbePattern[] {
  const patterns: ProbePattern[] = [];
  for (let i = 0; i < UNITS.length; ++i) {
    patterns.push(new ProbePattern(`timer.${UNITS[i].name}(number)`, resolveInterval));
    patterns.push(new ProbePattern(`timer.${UNITS[i].name}(number).randomize(number)`, resolveInterval));
  }
  patterns.push(new ProbePattern("timer.hz(number)", resolveHz));
  patterns.push(new ProbePattern("timer.profile", resolveProfile));
  patterns.push(new ProbePattern("timer.profile.tick", resolveProfile));
  patterns.push(new ProbePattern("timer.profile.freq.hz(number)", resolveProfileRate));
  return patterns;
}

function unitNs(query: PointQuery): i64 {
  const name = query.components[1].name;
  for (let i = 0; i < UNITS.length; ++i) {
    if (UNITS[i].name == name) return UNITS[i].ns > 0 ? UNITS[i].ns : query.facts.jiffyNs;
  }
  return 0;
}

function resolveInterval(query: PointQuery): void {
  const ns = unitNs(query);
  const count = query.number(1);
  const randomized = query.components.length == 3;
  const spread = randomized ? query.number(2) : 0;
  if (ns == 0) {
    query.refuse(1, "a timer with an interval needs its unit by name");
  } else if (count < 1) {
    query.refuse(1, `the interval of a timer must be positive, not ${count}`);
  } else if (count > LONGEST_NS / ns) {
    query.refuse(1, `the interval of a timer must be shorter than ${LONGEST_NS / ns}, not ${count}`);
  } else if (spread < 0 || spread > count) {
    query.refuse(2, `the random part of a timer must be between 0 and its interval ${count}, not ${spread}`);
  } else {
    const unit = query.components[1].name;
    const point = `timer.${unit}(${count})${randomized ? `.randomize(${spread})` : ""}`;
    addTimer(query, point, count * ns, spread * ns);
  }
}

function resolveHz(query: PointQuery): void {
  const rate = query.number(1);
  if (rate < 1 || rate > 1000000000) {
    query.refuse(1, `the rate of a timer must be between 1 and 1000000000, not ${rate}`);
    return;
  }
  addTimer(query, `timer.hz(${rate})`, 1000000000 / rate, 0);
}

function addTimer(query: PointQuery, point: string, period: i64, jitter: i64): void {
  const attachment = new Attachment(AttachKind.Timer, point);
  attachment.byContext = true;
  attachment.period = period;
  attachment.jitter = jitter;
  query.attachments.push(attachment);
}

function resolveProfileRate(query: PointQuery): void {
  const rate = query.number(3);
  if (rate < 1 || rate > MOST_PROFILE_HZ) {
    query.refuse(3, `the rate of a profile must be between 1 and ${MOST_PROFILE_HZ}, not ${rate}`);
    return;
  }
  addProfile(query, `timer.profile.freq.hz(${rate})`, 1000000000 / rate);
}

function resolveProfile(query: PointQuery): void {
  const point = query.components.length == 3 ? "timer.profile.tick" : "timer.profile";
  addProfile(query, point, query.facts.jiffyNs);
}

function addProfile(query: PointQuery, point: string, period: i64): void {
  const attachment = new Attachment(AttachKind.CpuClock, point);
  attachment.period = period;
  attachment.flags = ProbeFlags.EachCpu;
  query.attachments.push(attachment);
}
