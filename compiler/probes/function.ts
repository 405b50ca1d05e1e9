// kernel.function("name") with .call and .return: kprobes and kretprobes by symbol. kprobe.function is the same by
// another name: in stap it goes without debug information, which neither needs here.
//
// Without debug information only the names of symbols are known: no source files, no lines, no inlined copies. With
// facts every name is looked up, and patterns are expanded. Without facts a plain name is accepted unchecked.

import { AttachTarget } from "../../common/as/attach-target";
import { plainName } from "../../common/format/function-name";
import { AttachKind, ProbeFlags } from "../../common/format/manifest";
import { NameFacts, syscallPrefix } from "../kernel/facts";
import { NearMatches } from "../kernel/near";
import { hasWildcard } from "../syntax/wildcard";
import { Attachment, PointQuery, ProbePattern, quote } from "./family";

/** KRETPROBE_MAXACTIVE_MAX of the kernel */
const MOST_ACTIVE: i64 = 4096;

const KIND = "functions";

/** The patterns of this family. */
export function functionPatterns(): ProbePattern[] {
  return [
    new ProbePattern("kernel.function(string)", resolveEntry),
    new ProbePattern("kernel.function(string).call", resolveEntry),
    new ProbePattern("kernel.function(string).return", resolveReturn),
    new ProbePattern("kernel.function(string).return.maxactive(number)", resolveReturn),
    new ProbePattern("kernel.function(string).inline", resolveInline),
    new ProbePattern("kprobe.function(string)", resolveEntry),
    new ProbePattern("kprobe.function(string).call", resolveEntry),
    new ProbePattern("kprobe.function(string).return", resolveReturn),
    new ProbePattern("kprobe.function(string).return.maxactive(number)", resolveReturn),
  ];
}

function resolveEntry(query: PointQuery): void {
  resolve(query, AttachKind.Kprobe);
}

function resolveReturn(query: PointQuery): void {
  // The kernel decides how many calls of a function it watches at the same time.
  const most = query.components.length == 4 ? query.number(3) : 1;
  if (most < 1 || most > MOST_ACTIVE) query.refuse(3, `maxactive must be between 1 and ${MOST_ACTIVE}, not ${most}`);
  resolve(query, AttachKind.Kretprobe);
}

function resolveInline(query: PointQuery): void {
  query.refuse(2, "inlined copies of functions are found through debug information, which is not supported yet");
}

function resolve(query: PointQuery, attach: AttachKind): void {
  const name = query.text(1);
  if (name.length == 0) {
    query.refuse(1, "the name of a function is empty");
  } else if (name.includes("@")) {
    query.refuse(1, "source files and lines are found through debug information, which is not supported yet");
  } else if (!isPlausible(name)) {
    query.refuse(1, `'${name}' is not the name of a function`);
  } else if (hasWildcard(name)) {
    resolvePattern(query, attach, name);
  } else {
    resolveName(query, attach, name);
  }
}

function isPlausible(name: string): bool {
  if (name.length > 511) return false;
  for (let i = 0, n = name.length; i < n; ++i) {
    const c = name.charCodeAt(i);
    if (c <= 0x20 || c >= 0x7f || c == 0x22 || c == 0x2f || c == 0x5c || c == 0x3a || c == 0x2b) return false;
  }
  return true;
}

/** Names that a function may have in the kernel, best first. */
function candidates(query: PointQuery, name: string): string[] {
  const names = [name];
  if (!name.startsWith("sys_")) return names;
  names.push(`${syscallPrefix(query.facts.arch)}${name}`);
  names.push(`__se_${name}`);
  names.push(`__do_${name}`);
  return names;
}

function resolveName(query: PointQuery, attach: AttachKind, name: string): void {
  const names = candidates(query, name);
  const functions = query.facts.functions;
  if (!query.facts.known) {
    // Accepted unchecked. A system call is known by its entry, which all kernels since 4.17 call alike.
    addSite(query, attach, names.length > 1 ? names[1] : name);
    return;
  }
  for (let i = 0, n = names.length; i < n; ++i) {
    if (!functions.knows(names[i])) query.need(KIND, names[i]);
  }
  if (query.pending) return;
  for (let i = 0, n = names.length; i < n; ++i) {
    const symbols = functions.symbolsOf(names[i]);
    for (let j = 0, m = symbols.length; j < m; ++j) addSite(query, attach, symbols[j]);
    if (symbols.length > 0) return;
  }
  refuseName(query, name);
}

function refuseName(query: PointQuery, name: string): void {
  const functions: NameFacts = query.facts.functions;
  if (!query.optional && !functions.knows("*")) {
    query.need(KIND, "*");
    return;
  }
  const near = new NearMatches(name);
  near.addAll(functions.present);
  query.refuse(1, `the kernel has no function '${name}'${near.text}`);
}

function resolvePattern(query: PointQuery, attach: AttachKind, pattern: string): void {
  if (!query.facts.known) {
    query.refuse(1, `which functions match ${quote(pattern)} depends on the kernel`, "say which with --host");
    return;
  }
  const patterns = candidates(query, pattern);
  const functions = query.facts.functions;
  for (let i = 0; i < 2 && i < patterns.length; ++i) {
    if (!functions.knows(patterns[i])) query.need(KIND, patterns[i]);
  }
  if (query.pending) return;
  for (let i = 0; i < 2 && i < patterns.length; ++i) {
    const names = functions.matching(patterns[i]);
    for (let j = 0, n = names.length; j < n; ++j) {
      if (names[j].endsWith(".cold")) continue;
      const site = addSite(query, attach, names[j]);
      // Some functions cannot be probed: a pattern leaves them out.
      site.flags = ProbeFlags.Optional;
    }
  }
  if (query.attachments.length == 0) query.refuse(1, `no function of the kernel matches ${quote(pattern)}`);
}

function addSite(query: PointQuery, attach: AttachKind, name: string): Attachment {
  let point = `${query.components[0].name}.function(${quote(plainName(name))})`;
  if (attach == AttachKind.Kretprobe) point += ".return";
  else if (query.components.length == 3) point += ".call";
  const site = new Attachment(attach, point);
  site.target = AttachTarget.ofFunction(name);
  query.attachments.push(site);
  return site;
}
