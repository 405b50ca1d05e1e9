// Probe points of system calls: syscall.NAME, nd_syscall.NAME, tp_syscall.NAME, syscall_any, each with .return.
//
//   probe syscall.read, syscall.write { B }
//     rows read, write ──► groups for which the names in B mean the same ──► a unit each: code of the group, B;
//                          it is attached once, however many calls it is for
//
// The tables are files of the tapset, which are asked for when a script first names a system call.

import { AttachTarget } from "../../common/as/attach-target";
import { AttachKind, ProbeFlags } from "../../common/format/manifest";
import { CallTables } from "../builtins/calls";
import { Arch, Feature } from "../kernel/facts";
import { NearMatches } from "../kernel/near";
import { CallGroup, CallMeans } from "../probes/call-code";
import { CallData } from "../probes/call-data";
import { CALL_FILES, CallRow, CallTable, Constants } from "../probes/call-table";
import { Attachment } from "../probes/family";
import { Source, SourceKind } from "../source/source";
import { BlockStatement, Expression, Identifier, NodeKind, ProbeComponent, TargetVariable } from "../syntax/ast";
import { parseFile } from "../syntax/parser";
import { hasWildcard, matchWildcard } from "../syntax/wildcard";
import { Analysis, CodeUnit, Condition, FileScope, Part } from "./analysis";
import { Listing } from "./options";
import { Visitor } from "./visit";

/** More names than this are not spelt out in what a site is called. */
const MOST_SPELT: i32 = 8;

/** What the functions of system calls are called before their own names. */
const X86_64_FUNCTIONS: StaticArray<string> = ["__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_"];
const ARM64_FUNCTIONS: StaticArray<string> = ["__arm64_sys_", "__arm64_compat_sys_"];

/** How points of system calls begin; in stap these differ in the means. */
const FAMILIES: string = " syscall nd_syscall dw_syscall tp_syscall ";

/** Fills `a.calls`, or asks for the files that it needs. */
export function loadCalls(a: Analysis): CallData | null {
  if (a.calls !== null) return a.calls;
  const sources = a.options.tapset.sources;
  let isComplete = true;
  for (let i = 0; i < CALL_FILES.length; ++i) {
    if (sources.has(CALL_FILES[i])) continue;
    a.needs.add("tapset", CALL_FILES[i]);
    isComplete = false;
  }
  if (!isComplete) return null;
  const files = CALL_FILES;
  const table = new CallTable(
    a.options.facts.arch,
    sources.get(files[0]),
    sources.get(files[1]),
    sources.get(files[2]),
  );
  a.calls = new CallData(table);
  return a.calls;
}

/** What lowering puts into .rodata. */
export function callTables(data: CallData): CallTables {
  const names = data.table.constants.map<string>((table: Constants) => table.name);
  return new CallTables(data.words, data.joinedTexts(), names);
}

/** A probe point of system calls. */
export class CallPoint {
  isReturn: bool = false;
  /** Its first name has no further name: all calls. */
  isAny: bool = false;
  /** Which name is that of the call; 0 for all calls. */
  at: i32 = 0;

  constructor(public components: ProbeComponent[]) {
    const n = components.length;
    this.isAny = components[0].name.endsWith("_any");
    this.at = this.isAny ? 0 : 1;
    this.isReturn = n == this.at + 2;
  }

  /** `syscall.*` or `syscall.read`. */
  get text(): string {
    const name = this.isAny ? "" : `.${this.components[1].name}`;
    return this.components[0].name + name + (this.isReturn ? ".return" : "");
  }

  /** The rows that it names, among those that this CPU has. */
  rows(table: CallTable): CallRow[] {
    const found: CallRow[] = [];
    const pattern = this.isAny ? "*" : this.components[1].name;
    const isPattern = hasWildcard(pattern);
    for (let i = 0, n = table.rows.length; i < n; ++i) {
      const row = table.rows[i];
      const isNamed = isPattern ? matchWildcard(pattern, row.name) : row.name == pattern;
      if (isNamed && table.numbersOf(row).length > 0) found.push(row);
    }
    // By the kernel's name, if no call has it as its own.
    for (let i = 0, n = table.numbers.length; i < n && found.length == 0; ++i) {
      const row = table.numbers[i].row;
      if (table.numbers[i].name == pattern || row.kernelName == pattern) found.push(row);
    }
    return found;
  }
}

/** Whether a point is one of system calls; `*` does not stand for them. */
export function isCallPoint(components: ProbeComponent[]): bool {
  const first = components[0];
  if (first.argument !== null) return false;
  const isAny = FAMILIES.includes(` ${first.name.substring(0, first.name.length - 4)} `) && first.name.endsWith("_any");
  const isNamed = FAMILIES.includes(` ${first.name} `);
  if (!isAny && !isNamed) return false;
  const at = isAny ? 0 : 1;
  const n = components.length;
  if (n != at + 1 && n != at + 2) return false;
  for (let i = 1; i < n; ++i) if (components[i].argument !== null) return false;
  return n == at + 1 || components[at + 1].name == "return";
}

/** What is wrong with a point that names no call. */
export function unknownCall(point: CallPoint, table: CallTable): string {
  const name = point.components[point.at].name;
  const near = new NearMatches(name);
  for (let i = 0, n = table.rows.length; i < n; ++i) near.add(table.rows[i].name);
  return hasWildcard(name) ? `no system call matches '${name}'` : `there is no system call '${name}'${near.text}`;
}

/** Collects the names of variables that code has, those of the kernel with their dollar signs. */
export class CodeNames extends Visitor {
  names: string[] = [];

  override expression(e: Expression): void {
    if (e.kind == NodeKind.Identifier) this.add((<Identifier>e).name);
    else if (e.kind == NodeKind.TargetVariable) this.add((<TargetVariable>e).name);
    this.children(e);
  }

  private add(name: string): void {
    if (!this.names.includes(name)) this.names.push(name);
  }
}

/** Divides rows so that the names mean the same for all rows of a group. */
export function groupCalls(rows: CallRow[], like: CallGroup, names: string[]): CallGroup[] {
  const groups = new Map<string, CallGroup>();
  for (let i = 0, n = rows.length; i < n; ++i) {
    const shape = like.shapeOf(rows[i], names);
    if (!groups.has(shape)) groups.set(shape, new CallGroup(like.data, like.isReturn, like.means));
    groups.get(shape).rows.push(rows[i]);
  }
  return groups.values();
}

/** A group for each row: what -l and -L list. */
export function eachCall(rows: CallRow[], like: CallGroup): CallGroup[] {
  const groups: CallGroup[] = [];
  for (let i = 0, n = rows.length; i < n; ++i) {
    const group = new CallGroup(like.data, like.isReturn, like.means);
    group.rows.push(rows[i]);
    groups.push(group);
  }
  return groups;
}

/** What a list calls it. */
export function listedCall(point: CallPoint, group: CallGroup): string {
  const first = point.components[0].name;
  const plain = first.endsWith("_any") ? first.substring(0, first.length - 4) : first;
  return `${plain}.${group.rows[0].name}${group.isReturn ? ".return" : ""}`;
}

/** By what the calls of this kernel are known. */
export function callMeans(a: Analysis): CallMeans {
  const facts = a.options.facts;
  // Kernels with cookies (5.15) have the helper that finds the registers of the process, too.
  const canAsk = facts.has(Feature.Preemptible) && facts.has(Feature.AttachCookie);
  const isLossy = facts.known && canAsk && a.options.listing == Listing.None;
  return isLossy ? CallMeans.Functions : CallMeans.Tracepoints;
}

/** Where the handler of a group is attached; nothing as long as something must be asked. */
export function callAttachments(a: Analysis, group: CallGroup, point: string): Attachment[] {
  if (group.means == CallMeans.Functions) return functionAttachments(a, group);
  const attachment = new Attachment(AttachKind.RawTracepoint, point);
  attachment.target = AttachTarget.ofTracepoint("", group.isReturn ? "sys_exit" : "sys_enter");
  return [attachment];
}

/** The functions that 64-bit and 32-bit programs reach. */
function functionAttachments(a: Analysis, group: CallGroup): Attachment[] {
  const functions = a.options.facts.functions;
  const kind = group.isReturn ? AttachKind.Kretprobe : AttachKind.Kprobe;
  const found: Attachment[] = [];
  const prefixes = a.options.facts.arch == Arch.X86_64 ? X86_64_FUNCTIONS : ARM64_FUNCTIONS;
  const isAll = group.rows.length == group.data.table.rows.length;
  const wanted = new Set<string>();
  for (let i = 0, n = group.rows.length; i < n && !isAll; ++i) addStems(wanted, group, group.rows[i]);
  for (let i = 0; i < prefixes.length; ++i) {
    const pattern = `${prefixes[i]}*`;
    if (!functions.knows(pattern)) a.needs.add("functions", pattern);
    const names = functions.matching(pattern);
    for (let j = 0, m = names.length; j < m; ++j) {
      const stem = stemOf(names[j].substring(prefixes[i].length));
      if (names[j].includes(".") || (!isAll && !wanted.has(stem))) continue;
      const point = `kernel.function("${names[j]}")${group.isReturn ? ".return" : ""}`;
      const attachment = new Attachment(kind, point);
      attachment.target = AttachTarget.ofFunction(names[j]);
      attachment.flags = ProbeFlags.Optional;
      found.push(attachment);
    }
  }
  return found;
}

/** What the functions of a row may be called. */
function addStems(stems: Set<string>, group: CallGroup, row: CallRow): void {
  stems.add(stemOf(row.name));
  stems.add(stemOf(row.kernelName));
  const numbers = group.data.table.numbersOf(row);
  for (let i = 0, n = numbers.length; i < n; ++i) stems.add(stemOf(numbers[i].name));
}

/** The name of a function or call without what tells variants apart: more functions than needed do no harm. */
function stemOf(name: string): string {
  let stem = name;
  if (stem.startsWith("ia32_")) stem = stem.substring(5);
  if (stem.startsWith("new") || stem.startsWith("old_")) stem = stem.substring(stem.startsWith("new") ? 3 : 4);
  const time = stem.indexOf("_time");
  if (time > 0 && time + 7 == stem.length) stem = stem.substring(0, time);
  while (stem.length > 2 && isDigit(stem.charCodeAt(stem.length - 1))) stem = stem.substring(0, stem.length - 1);
  return stem;
}

function isDigit(c: i32): bool {
  return c >= 0x30 && c <= 0x39;
}

/** Puts the code of a group before that of a unit. */
export function addCallCode(a: Analysis, unit: CodeUnit, group: CallGroup, names: string[]): void {
  const source = Source.fromText("syscall", group.code(names), SourceKind.Tapset);
  const file = parseFile(source, a.options.preprocess, a.reporter);
  const scope = new FileScope(a.files.length, file);
  assert(file.probes.length == 1, "the code of a group is one probe");
  unit.calls = group;
  unit.parts.unshift(new Part(file.probes[0].body, scope));
}

/** What a site of several points is called. */
export function pointText(points: CallPoint[], group: CallGroup): string {
  const ending = group.isReturn ? ".return" : "";
  if (points.length == 1) return points[0].text;
  const first = points[0].components[0].name;
  const names = group.rows.slice(0, MOST_SPELT).map<string>((row: CallRow) => row.name);
  if (names.length == 1) return `${first}.${names[0]}${ending}`;
  const more = group.rows.length > MOST_SPELT ? ",…" : "";
  return `${first}.{${names.join(",")}${more}}${ending}`;
}

/** The names that some blocks have. */
export function namesIn(blocks: BlockStatement[], conditions: Condition[]): string[] {
  const collector = new CodeNames();
  for (let i = 0, n = blocks.length; i < n; ++i) collector.block(blocks[i]);
  for (let i = 0, n = conditions.length; i < n; ++i) collector.expression(conditions[i].expression);
  return collector.names;
}
