// The kernel's tracepoints, from tracefs: lines "group:event". Raw tracepoints have the event's name, except in groups
// that are made of others (syscalls, ftrace, dynamic events).

import { isGlob } from "../../common/format/glob";
import { LongWork } from "./contact";
import { findTracepointSymbols } from "./kallsyms";
import { LineReader } from "./lines";
import { NameFilter } from "./name-filter";

/**
 * Tracepoints of these names, or that match these patterns; each once. With a colon, names and patterns are of the
 * system and the event, and so is the answer. null: nobody waits.
 */
export function findTracepoints(texts: string[], work: LongWork): string[] | null {
  const filter = new NameFilter(texts.filter((text: string): bool => !text.includes(":")));
  const full = new NameFilter(texts.filter((text: string): bool => text.includes(":")));
  let reader = new LineReader("/sys/kernel/tracing/available_events");
  if (!reader.isOpen) reader = new LineReader("/sys/kernel/debug/tracing/available_events");
  if (!reader.isOpen) return findTracepointSymbols(texts, work);
  const found = new Set<string>();
  while (reader.next()) {
    if (!work.goesOn()) return null;
    let at = reader.at;
    const end = at + reader.length;
    while (at < end && load<u8>(at) != 0x3a) ++at;
    const group = String.UTF8.decodeUnsafe(reader.at, at - reader.at);
    if (at == end || isDerived(group)) continue;
    const length = <i32>(end - at) - 1;
    if (filter.hasName(at + 1, length) || filter.hasMatch(at + 1, length))
      found.add(String.UTF8.decodeUnsafe(at + 1, length));
    if (full.hasName(reader.at, reader.length) || full.hasMatch(reader.at, reader.length))
      found.add(String.UTF8.decodeUnsafe(reader.at, reader.length));
  }
  reader.close();
  // Some tracepoints have no event: a name that was asked for and is missing may still exist.
  const missing: string[] = [];
  for (let i = 0, n = texts.length; i < n; ++i) {
    if (!isGlob(texts[i]) && !texts[i].includes(":") && !found.has(texts[i])) missing.push(texts[i]);
  }
  const names = found.values();
  if (missing.length == 0) return names;
  const more = findTracepointSymbols(missing, work);
  return more ? names.concat(more) : null;
}

function isDerived(group: string): bool {
  return group == "syscalls" || group == "ftrace" || group == "kprobes" || group == "uprobes" || group == "synthetic";
}
