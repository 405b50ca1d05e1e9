// kernel.trace("name") and kernel.trace("group:name"): the kernel's static tracepoints.
//
// They are raw tracepoints. On a preemptible kernel a handler of those can be preempted, and until it goes on the
// kernel leaves out the events of all other tasks on that CPU: 7 % with eight busy threads on two CPUs. There a kprobe
// is put on the function that calls what is attached to the tracepoint, if it can be probed, and no event is lost.

import { AttachTarget } from "../../common/as/attach-target";
import { TRACEPOINT_CALLER } from "../../common/format/attach";
import { AttachKind } from "../../common/format/manifest";
import { Feature } from "../kernel/facts";
import { NearMatches } from "../kernel/near";
import { hasWildcard } from "../syntax/wildcard";
import { Attachment, PointQuery, ProbePattern, quote } from "./family";

const KIND = "tracepoints";
const FUNCTION_KIND = "functions";

/** The patterns of this family. */
export function tracePatterns(): ProbePattern[] {
  return [new ProbePattern("kernel.trace(string)", resolve)];
}

function resolve(query: PointQuery): void {
  const name = query.text(1);
  const event = eventOf(name);
  if (!isPlausible(name) || event.length == 0) {
    query.refuse(1, `'${name}' is not the name of a tracepoint`);
  } else if (groupOf(name) == "syscalls") {
    const entry = event.startsWith("sys_exit") ? "sys_exit" : "sys_enter";
    query.refuse(1, "the events of 'syscalls' are not tracepoints", `use kernel.trace("raw_syscalls:${entry}")`);
  } else if (!query.facts.known) {
    if (hasWildcard(name))
      query.refuse(1, `which tracepoints match ${quote(name)} depends on the kernel`, "say which with --host");
    else addSite(query, name);
  } else {
    resolveKnown(query, name);
  }
}

function isPlausible(name: string): bool {
  if (name.length == 0 || name.length > 127) return false;
  for (let i = 0, n = name.length; i < n; ++i) {
    const c = name.charCodeAt(i);
    if (c <= 0x20 || c >= 0x7f || c == 0x22 || c == 0x2f || c == 0x5c) return false;
  }
  return true;
}

/** The part behind the colon, or the whole name. */
function eventOf(name: string): string {
  return name.substring(name.indexOf(":") + 1);
}

/** The part before the colon, or nothing. */
function groupOf(name: string): string {
  const colon = name.indexOf(":");
  return colon < 0 ? "" : name.substring(0, colon);
}

/** A remote names tracepoints by their event, and those that are asked for with a group by both. */
function resolveKnown(query: PointQuery, name: string): void {
  const tracepoints = query.facts.tracepoints;
  const group = groupOf(name);
  const event = eventOf(name);
  // With its group if the script names one: the answer has it, too.
  const asked = group.length > 0 ? name : event;
  if (!tracepoints.knows(asked)) query.need(KIND, asked);
  const callers = callersOf(event);
  const asksCallers = query.facts.has(Feature.Preemptible) && !isAtomic(event);
  if (asksCallers && !query.facts.functions.knows(callers)) query.need(FUNCTION_KIND, callers);
  if (query.pending) return;
  const seen = new Set<string>();
  const found = tracepoints.matching(asked);
  for (let i = 0, n = found.length; i < n; ++i) {
    const ofGroup = groupOf(found[i]);
    // Without a group in the script those without are meant; an answer to another question may have added both.
    if (ofGroup == "syscalls" || group.length > 0 != ofGroup.length > 0 || seen.has(eventOf(found[i]))) continue;
    seen.add(eventOf(found[i]));
    addSite(query, hasWildcard(name) ? found[i] : name);
  }
  if (query.attachments.length > 0) return;
  if (hasWildcard(name)) query.refuse(1, `no tracepoint of the kernel matches ${quote(name)}`);
  else refuseName(query, name);
}

/** Adds a tracepoint of the kernel itself, for a family that makes other probes of it. */
export function addTracepoint(query: PointQuery, name: string): void {
  resolveKnown(query, name);
}

function refuseName(query: PointQuery, name: string): void {
  const tracepoints = query.facts.tracepoints;
  if (!query.optional && !tracepoints.knows("*")) {
    query.need(KIND, "*");
    return;
  }
  const near = new NearMatches(eventOf(name));
  for (let i = 0, n = tracepoints.present.length; i < n; ++i) near.add(eventOf(tracepoints.present[i]));
  query.refuse(1, `the kernel has no tracepoint '${name}'${near.text}`);
}

/** What fires with preemption disabled: the scheduler under its locks, interrupts. A prefix, if it ends with '_'. */
const ATOMIC: StaticArray<string> = [
  "sched_switch",
  "sched_waking",
  "sched_wakeup",
  "sched_wakeup_new",
  "sched_migrate_task",
  "sched_stat_",
  "irq_handler_",
  "softirq_",
  "hrtimer_expire_",
  "timer_expire_",
];

/** The functions that call the callbacks of such tracepoints, as a pattern: it finds those that can be probed. */
function callersOf(event: string): string {
  const first = event.charAt(0);
  const isLetter = (first >= "a" && first <= "z") || (first >= "A" && first <= "Z");
  if (hasWildcard(event) || !isLetter) return TRACEPOINT_CALLER + event;
  return `${TRACEPOINT_CALLER}[${first}]${event.substring(1)}`;
}

/** Whether the handlers of a tracepoint cannot be preempted on any kernel. */
export function isAtomic(event: string): bool {
  for (let i = 0; i < ATOMIC.length; ++i) {
    if (ATOMIC[i].endsWith("_") ? event.startsWith(ATOMIC[i]) : event == ATOMIC[i]) return true;
  }
  return false;
}

/** Whether reading memory that is not there makes a tracepoint fire: kernels before 6.0 then run the handler again. */
export function firesAtFaults(event: string): bool {
  return event.startsWith("page_fault_");
}

function addSite(query: PointQuery, name: string): void {
  const event = eventOf(name);
  const isLossy = query.facts.has(Feature.Preemptible) && !isAtomic(event);
  const isByCall = isLossy && query.facts.functions.has(TRACEPOINT_CALLER + event);
  const kind: AttachKind = isByCall ? AttachKind.TracepointCall : AttachKind.RawTracepoint;
  const site = new Attachment(kind, `kernel.trace(${quote(name)})`);
  site.target = AttachTarget.ofTracepoint(groupOf(name), event);
  query.attachments.push(site);
}
