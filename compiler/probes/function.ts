// kernel.function("name") with .call and .return: kprobes and kretprobes by symbol. kprobe.function is the same by
// another name: in stap it goes without debug information, which neither needs here. module("m").function("f") and
// kprobe.module("m").function("f") are functions of modules; patterns may be in both names, and find what is loaded. A
// function of a module that is not loaded is probed when the module comes.
//
// `.exported` keeps those that modules may use. Without debug information only the names of symbols are known: no
// source files, no lines, no inlined copies (impossible.ts refuses those). So "f@file.c" is f, where there is one f.
// With facts every name is looked up, and patterns are expanded. Without facts a plain name is accepted unchecked.

import { AttachTarget } from "../../common/as/attach-target";
import { EXPORT_PREFIX, plainName } from "../../common/format/function-name";
import { MOST_ACTIVE } from "../../common/format/linux";
import { AttachKind, ProbeFlags } from "../../common/format/manifest";
import { NameFacts, syscallPrefix } from "../kernel/facts";
import { NearMatches } from "../kernel/near";
import { hasWildcard } from "../syntax/wildcard";
import { Attachment, PointQuery, ProbePattern, quote } from "./family";

const KIND = "functions";
const MODULE_KIND = "modules";
const MODULE_FUNCTION_KIND = "module-functions";
/** A message lists at most so many modules. */
const MOST_LISTED: i32 = 12;

/** How points of functions begin, and what may follow. */
const OWNERS: StaticArray<string> = ["kernel", "kprobe", "module(string)", "kprobe.module(string)"];

/** The patterns of this family. */
export function functionPatterns(): ProbePattern[] {
  const patterns: ProbePattern[] = [];
  for (let i = 0; i < OWNERS.length; ++i) {
    const point = `${OWNERS[i]}.function(string)`;
    patterns.push(new ProbePattern(point, resolveEntry));
    patterns.push(new ProbePattern(`${point}.call`, resolveEntry));
    if (!OWNERS[i].startsWith("kprobe")) patterns.push(new ProbePattern(`${point}.exported`, resolveExported));
    patterns.push(new ProbePattern(`${point}.return`, resolveReturn));
    patterns.push(new ProbePattern(`${point}.return.maxactive(number)`, resolveReturn));
  }
  return patterns;
}

function resolveEntry(query: PointQuery): void {
  resolve(query, AttachKind.Kprobe);
}

function resolveReturn(query: PointQuery): void {
  const last = query.components.length - 1;
  const isLimited = query.components[last].name == "maxactive";
  const most = isLimited ? query.number(last) : 1;
  if (most < 1 || most > MOST_ACTIVE) query.refuse(last, `maxactive must be between 1 and ${MOST_ACTIVE}, not ${most}`);
  resolve(query, AttachKind.Kretprobe);
  const attachments = query.attachments;
  for (let i = 0, n = attachments.length; isLimited && i < n; ++i) attachments[i].active = <i32>most;
}

/** What probes the same function by a program that has its arguments, where the kernel can bear it. */
export function typedAttach(attach: AttachKind): AttachKind {
  return attach == AttachKind.Kretprobe ? AttachKind.Fexit : AttachKind.Fentry;
}

/** Functions that modules may use: the kernel has a symbol for each export. */
function resolveExported(query: PointQuery): void {
  resolve(query, AttachKind.Kprobe);
  const found = query.attachments;
  if (query.pending || !query.facts.known || found.length == 0) return;
  const at = functionAt(query);
  const isInModule = query.components[at - 1].name == "module";
  const names: NameFacts = isInModule ? query.facts.moduleFunctions : query.facts.functions;
  const kind = isInModule ? MODULE_FUNCTION_KIND : KIND;
  const name = query.text(at);
  if (hasWildcard(name) || hasWildcard(moduleOf(query))) {
    const pattern = isInModule ? `${moduleOf(query)}:${EXPORT_PREFIX}${name}` : EXPORT_PREFIX + name;
    if (!names.knows(pattern)) query.need(kind, pattern);
  } else {
    for (let i = 0; i < found.length; ++i)
      if (!names.knows(exportOf(found[i].target))) query.need(kind, exportOf(found[i].target));
  }
  if (query.pending) return;
  query.attachments = [];
  for (let i = 0; i < found.length; ++i) if (names.has(exportOf(found[i].target))) query.attachments.push(found[i]);
  if (query.attachments.length == 0) query.refuse(at + 1, `no function ${quote(name)} is exported to modules`);
}

/** The symbol that a function has if it is exported. */
function exportOf(target: AttachTarget): string {
  const symbol = EXPORT_PREFIX + target.name;
  return target.module.length > 0 ? `${target.module}:${symbol}` : symbol;
}

/** Which component is `function("…")`. */
function functionAt(query: PointQuery): i32 {
  let at = 1;
  while (query.components[at].name != "function") ++at;
  return at;
}

/** The module that the point names, as the kernel spells it; empty: the kernel itself. */
function moduleOf(query: PointQuery): string {
  const before = functionAt(query) - 1;
  return query.components[before].name == "module" ? query.text(before).replaceAll("-", "_") : "";
}

function resolve(query: PointQuery, attach: AttachKind): void {
  const at = functionAt(query);
  const text = query.text(at);
  const mark = text.indexOf("@");
  const name = mark < 0 ? text : text.substring(0, mark);
  if (name.length == 0) {
    query.refuse(at, "the name of a function is empty");
  } else if (mark >= 0 && (hasWildcard(name) || text.includes(":", mark))) {
    query.refuse(at, "source files and lines are found through debug information, which is not supported yet");
  } else if (!isPlausible(name)) {
    query.refuse(at, `'${name}' is not the name of a function`);
  } else if (query.components[at - 1].name == "module") {
    resolveInModule(query, attach, name);
  } else if (hasWildcard(name)) {
    resolvePattern(query, attach, name);
  } else {
    resolveName(query, attach, name);
  }
  if (mark >= 0 && query.attachments.length > 0) believeFile(query, at, name, text.substring(mark + 1));
}

/** A function of a file: if there is one of that name, it is taken for the one of the file. */
function believeFile(query: PointQuery, at: i32, name: string, file: string): void {
  const target = query.attachments[0].target;
  const names: NameFacts = target.module.length > 0 ? query.facts.moduleFunctions : query.facts.functions;
  if (query.attachments.length > 1 || names.isRepeated(target.symbol)) {
    query.attachments = [];
    query.refuse(at, `several functions are called '${name}': which is in '${file}' only debug information would say`);
  } else {
    query.warning = `that '${name}' is in '${file}' was not checked: it is the only function of that name`;
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
  const ofModules: NameFacts = query.facts.moduleFunctions;
  const inModules = `*:${name}`;
  if (!query.optional) {
    if (!functions.knows("*")) query.need(KIND, "*");
    if (!ofModules.knows(inModules)) query.need(MODULE_FUNCTION_KIND, inModules);
    if (query.pending) return;
  }
  const elsewhere = ofModules.matching(inModules);
  const module = elsewhere.length > 0 ? moduleIn(elsewhere[0]) : "";
  const hint = module.length > 0 ? `module '${module}' has one: write module("${module}").function("${name}")` : "";
  const near = new NearMatches(name);
  if (module.length == 0) near.addAll(functions.present);
  query.refuse(1, `the kernel has no function '${name}'${near.text}`, hint);
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

function resolveInModule(query: PointQuery, attach: AttachKind, name: string): void {
  const at = functionAt(query);
  const module = moduleOf(query);
  if (module.length == 0) {
    query.refuse(at - 1, "the name of a module is empty");
  } else if (!isPlausible(module) || module.includes(".")) {
    query.refuse(at - 1, `'${query.text(at - 1)}' is not the name of a module`);
  } else if (query.facts.known) {
    if (mayWait(query, module, name)) addWaiting(query, attach, module, name);
    else if (isLoaded(query, module)) resolveLoaded(query, attach, `${module}:${name}`);
  } else if (hasWildcard(module) || hasWildcard(name)) {
    query.refuse(at, `which functions match ${quote(name)} depends on the kernel`, "say which with --host");
  } else {
    addSite(query, attach, `${module}:${name}`);
  }
}

/**
 * Whether the probe can wait for the module: it is not loaded, and all is known that the kernel needs to attach the
 * probe when it comes. An optional point is left out instead: what stands behind it may be meant for this kernel.
 */
function mayWait(query: PointQuery, module: string, name: string): bool {
  if (query.optional || hasWildcard(module) || hasWildcard(name)) return false;
  const modules = query.facts.modules;
  if (!modules.knows(module)) query.need(MODULE_KIND, module);
  if (!modules.knows("*") && !query.pending && !modules.has(module)) query.need(MODULE_KIND, "*");
  return !query.pending && !modules.has(module);
}

function addWaiting(query: PointQuery, attach: AttachKind, module: string, name: string): void {
  const near = new NearMatches(module);
  near.addAll(query.facts.modules.present);
  query.warning = `module '${module}' is not loaded${near.text}: the probe waits until it is`;
  addSite(query, attach, `${module}:${name}`);
}

/** Whether a module, or one that matches, is loaded; if not, or if that is not known, says so. */
function isLoaded(query: PointQuery, module: string): bool {
  const modules = query.facts.modules;
  if (!modules.knows(module)) query.need(MODULE_KIND, module);
  if (query.pending) return false;
  if (hasWildcard(module) ? modules.matching(module).length > 0 : modules.has(module)) return true;
  if (!query.optional && !modules.knows("*")) query.need(MODULE_KIND, "*");
  if (query.pending) return false;
  const near = new NearMatches(module);
  near.addAll(modules.present);
  const what = hasWildcard(module)
    ? `no module that is loaded matches ${quote(module)}`
    : `module '${module}' is not loaded`;
  query.refuse(functionAt(query) - 1, `${what}${near.text}`, near.text.length == 0 ? listModules(modules.present) : "");
  return false;
}

function listModules(names: string[]): string {
  if (names.length == 0) return "the remote has no modules loaded";
  const shown = names.slice(0, MOST_LISTED).join(", ");
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : "";
  return `loaded are ${shown}${more}`;
}

/** `name` is MODULE:FUNCTION; either may be a pattern. */
function resolveLoaded(query: PointQuery, attach: AttachKind, name: string): void {
  const functions = query.facts.moduleFunctions;
  if (!functions.knows(name)) query.need(MODULE_FUNCTION_KIND, name);
  if (query.pending) return;
  const isPattern = hasWildcard(name);
  const symbols = isPattern ? functions.matching(name) : functions.symbolsOf(name);
  for (let i = 0, n = symbols.length; i < n; ++i) {
    if (symbols[i].endsWith(".cold")) continue;
    const site = addSite(query, attach, symbols[i]);
    if (isPattern) site.flags = ProbeFlags.Optional;
  }
  if (query.attachments.length == 0) refuseInModule(query, name);
}

function refuseInModule(query: PointQuery, name: string): void {
  const at = functionAt(query);
  const module = moduleIn(name);
  const wanted = functionIn(name);
  if (hasWildcard(name)) {
    const where = hasWildcard(module) ? "the modules that are loaded" : `module '${module}'`;
    query.refuse(at, `no function of ${where} matches ${quote(wanted)}`);
    return;
  }
  const functions = query.facts.moduleFunctions;
  const all = `${module}:*`;
  if (!query.optional && !functions.knows(all)) query.need(MODULE_FUNCTION_KIND, all);
  if (query.pending) return;
  const near = new NearMatches(wanted);
  const present = functions.matching(all);
  for (let i = 0, n = present.length; i < n; ++i) near.add(functionIn(present[i]));
  query.refuse(at, `module '${module}' has no function '${wanted}'${near.text}`);
}

/** The parts of MODULE:FUNCTION; the module of a function of the kernel itself is empty. */
function moduleIn(name: string): string {
  return name.substring(0, max(name.indexOf(":"), 0));
}
function functionIn(name: string): string {
  return name.substring(name.indexOf(":") + 1);
}

function addSite(query: PointQuery, attach: AttachKind, name: string): Attachment {
  const at = functionAt(query);
  const module = moduleIn(name);
  const symbol = functionIn(name);
  let point = at == 1 ? query.components[0].name : "kprobe.module";
  if (module.length > 0) point += `(${quote(module)})`;
  point += `.function(${quote(plainName(symbol))})`;
  if (attach == AttachKind.Kretprobe) point += ".return";
  else if (query.components.length == at + 2) point += `.${query.components[at + 1].name}`;
  const site = new Attachment(attach, point);
  site.target = AttachTarget.ofFunction(symbol);
  site.target.module = module;
  query.attachments.push(site);
  return site;
}
