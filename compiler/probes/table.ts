// All probe families. A new one is a file with its patterns and a line here; common/format/attach.ts has the kinds of
// attachment that they resolve to. Families of stap that are not supported yet are listed, so that the message says so
// instead of "mismatch".

import { dataPatterns } from "./data";
import { ProbePattern } from "./family";
import { functionPatterns } from "./function";
import { impossiblePatterns } from "./impossible";
import { lifePatterns } from "./life";
import { lsmPatterns } from "./lsm";
import { markerPatterns } from "./marker";
import { perfPatterns } from "./perf";
import { pltPatterns } from "./plt";
import { processPatterns } from "./process";
import { sessionPatterns } from "./session";
import { statementPatterns } from "./statement";
import { timerPatterns } from "./timer";
import { tracePatterns } from "./trace";

const PATTERNS: ProbePattern[] = sessionPatterns()
  .concat(timerPatterns())
  .concat(functionPatterns())
  .concat(tracePatterns())
  .concat(perfPatterns())
  .concat(dataPatterns())
  .concat(lsmPatterns())
  .concat(statementPatterns())
  .concat(impossiblePatterns())
  .concat(processPatterns())
  .concat(markerPatterns())
  .concat(lifePatterns())
  .concat(pltPatterns());

/** The patterns of all families. */
export function probePatterns(): ProbePattern[] {
  return PATTERNS;
}

class LaterFamily {
  constructor(
    /** How its probe points begin. */
    public prefix: string,
    public what: string,
  ) {}
}

const LATER: StaticArray<LaterFamily> = [
  new LaterFamily("kernel.mark", "kernel markers"),
  new LaterFamily("kernel.function", "this part of kernel functions"),
  new LaterFamily("kprobe.module.function", "this part of a module's functions"),
  new LaterFamily("kprobe", "kprobes by address"),
  new LaterFamily("module.trace", "tracepoints of modules by name"),
  new LaterFamily("module.function", "this part of a module's functions"),
  new LaterFamily("process", "this part of processes and their programs"),
  new LaterFamily("perf", "performance counters of one process, or read by name"),
  new LaterFamily("procfs", "files in /proc"),
  new LaterFamily("netfilter", "packets"),
  new LaterFamily("input", "input from the terminal"),
];

/** How other probe points of SystemTap's tapset begin; they set variables from the kernel's types. */
const LATER_ALIASES: string =
  " addrmanage generic ioblock ioblock_trace ioscheduler ioscheduler_trace ipmib irq_handler kmalloc " +
  "kprocess linuxmib livepatch netdev nfs nfsd prometheus rcu scheduler scsi signal socket softirq stap staprun " +
  "sunrpc tcp tcpmib tty udp vfs vm workqueue _nfs _sunrpc _vfs __nfs __nfsd __scheduler __signal __vfs __vm ";

/** Describes the unsupported family of a probe point (its names joined by dots); empty if it belongs to none. */
export function laterFamily(point: string): string {
  const dot = point.indexOf(".");
  const first = dot < 0 ? point : point.substring(0, dot);
  if (dot > 0 && LATER_ALIASES.includes(` ${first} `)) return `probe points '${first}.*' of SystemTap's tapset`;
  for (let i = 0; i < LATER.length; ++i) {
    const prefix = LATER[i].prefix;
    if (point == prefix || point.startsWith(`${prefix}.`)) return LATER[i].what;
  }
  return "";
}
