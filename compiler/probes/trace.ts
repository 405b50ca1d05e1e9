// kernel.trace("name") and kernel.trace("group:name"): the kernel's static tracepoints, as raw tracepoints.

import { AttachTarget } from "../../common/as/attach-target";
import { AttachKind } from "../../common/format/manifest";
import { NearMatches } from "../kernel/near";
import { hasWildcard, matchWildcard } from "../syntax/wildcard";
import { Attachment, PointQuery, ProbePattern, quote } from "./family";

const KIND = "tracepoints";

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
  if (!tracepoints.knows(asked)) {
    query.need(KIND, asked);
    return;
  }
  const seen = new Set<string>();
  for (let i = 0, n = tracepoints.present.length; i < n; ++i) {
    const present = tracepoints.present[i];
    const ofGroup = groupOf(present);
    if (ofGroup == "syscalls" || (group.length > 0 && !matchWildcard(group, ofGroup))) continue;
    if (!matchWildcard(event, eventOf(present)) || seen.has(eventOf(present))) continue;
    seen.add(eventOf(present));
    addSite(query, hasWildcard(name) ? present : name);
  }
  if (query.attachments.length > 0) return;
  if (hasWildcard(name)) query.refuse(1, `no tracepoint of the kernel matches ${quote(name)}`);
  else refuseName(query, name);
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

function addSite(query: PointQuery, name: string): void {
  const site = new Attachment(AttachKind.RawTracepoint, `kernel.trace(${quote(name)})`);
  site.target = AttachTarget.ofTracepoint(groupOf(name), eventOf(name));
  query.attachments.push(site);
}
