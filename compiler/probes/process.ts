// process("path").function("name"), process("path").statement(0xADDRESS).absolute and the same in libraries: uprobes by
// symbol. A place is the path, the build id and the offset in the file; the agent compares the build id and some bytes.
//
//   process              the program of -c, or of the process of -x
//   process("bash")      found in PATH; process("/usr/bin/py*") may be a pattern
//   process(1234)        the program of a process, probed in that process
//   ….library("libc.so.6")
//
// Without debug information only symbols are known: no source files, no lines, no inlined copies, no variables.

import { AttachTarget } from "../../common/as/attach-target";
import { plainName } from "../../common/format/function-name";
import { AttachKind, ProbeFlags } from "../../common/format/manifest";
import { Arch, archMachine, archName } from "../kernel/facts";
import { NearMatches } from "../kernel/near";
import { ProgramFile, ProgramSymbol } from "../kernel/program-file";
import { instructionLength } from "../kernel/x86-length";
import { hasWildcard, Wildcard } from "../syntax/wildcard";
import { Attachment, PointQuery, ProbePattern, quote } from "./family";
import { guardOf } from "./guard";

const KIND = "programs";
/** Bytes of the longest instruction. */
const MOST_INSTRUCTION: u64 = 15;
/** Of many places the bytes between them are read at once, unless they are too far apart. */
const FEW_PLACES: i32 = 4;
const MOST_BYTES: u64 = 32 << 20;

/** How points of programs begin. */
const OWNERS: StaticArray<string> = ["process", "process(string)", "process(number)"];

/** The beginnings of all points in the code of programs and libraries. */
export function programOwners(): string[] {
  const owners: string[] = [];
  for (let i = 0; i < OWNERS.length; ++i) {
    owners.push(OWNERS[i]);
    owners.push(`${OWNERS[i]}.library(string)`);
  }
  return owners;
}

/** The patterns of this family. */
export function processPatterns(): ProbePattern[] {
  const patterns: ProbePattern[] = [];
  const owners = programOwners();
  for (let i = 0, n = owners.length; i < n; ++i) {
    const point = `${owners[i]}.function(string)`;
    patterns.push(new ProbePattern(point, resolveEntry));
    patterns.push(new ProbePattern(`${point}.call`, resolveEntry));
    patterns.push(new ProbePattern(`${point}.exported`, resolveExported));
    patterns.push(new ProbePattern(`${point}.return`, resolveReturn));
    patterns.push(new ProbePattern(`${point}.inline`, refuseDebug));
    patterns.push(new ProbePattern(`${point}.label(string)`, refuseDebug));
    patterns.push(new ProbePattern(`${point}.callee(string)`, refuseDebug));
    patterns.push(new ProbePattern(`${point}.callees`, refuseDebug));
    patterns.push(new ProbePattern(`${point}.callees(number)`, refuseDebug));
    patterns.push(new ProbePattern(`${owners[i]}.statement(string)`, refuseDebug));
    patterns.push(new ProbePattern(`${owners[i]}.statement(string).nearest`, refuseDebug));
    patterns.push(new ProbePattern(`${owners[i]}.statement(number)`, refuseAddress));
    patterns.push(new ProbePattern(`${owners[i]}.statement(number).absolute`, resolveAddress));
  }
  for (let i = 0; i < OWNERS.length; ++i) {
    patterns.push(new ProbePattern(`${OWNERS[i]}.insn`, refuseInsn));
    patterns.push(new ProbePattern(`${OWNERS[i]}.insn.block`, refuseInsn));
  }
  return patterns;
}

function refuseDebug(query: PointQuery): void {
  const what = "lines, labels and inlined copies are found through debug information, which is not supported yet";
  query.refuse(query.components.length - 1, what);
}

function refuseAddress(query: PointQuery): void {
  query.refuse(query.components.length - 1, "an address needs '.absolute'", "write .statement(0x1234).absolute");
}

function refuseInsn(query: PointQuery): void {
  const what = "a process is not stepped through instruction by instruction: BPF programs cannot do that";
  query.refuse(query.components.length - 1, what);
}

/** The component that says where in the program. */
export function placeAt(query: PointQuery): i32 {
  return query.components.length > 1 && query.components[1].name == "library" ? 2 : 1;
}

/** Asks which files a name means; null: that is not known yet, or it means none and that was said. */
function pathsOf(query: PointQuery, at: i32, name: string, what: string): string[] | null {
  if (!query.facts.programs.knows(name)) {
    query.need(KIND, name);
    return null;
  }
  const paths = query.facts.programs.pathsOf(name);
  if (paths.length > 0) return paths;
  const isNumber = name.startsWith("/proc/");
  query.refuse(at, isNumber ? `there is no process ${query.number(0)} with a program` : what);
  return null;
}

/** What `process` means, as the remote is asked. */
function programName(query: PointQuery): string {
  const argument = query.components[0].argument;
  if (argument === null) {
    if (query.process.length == 0)
      query.refuse(0, "which program 'process' means is said by -c or -x", 'or name it: process("/usr/bin/x")');
    return query.process;
  }
  const text = query.text(0);
  if (text.length == 0) return `/proc/${query.number(0)}/exe`;
  if (text.startsWith("/") || !text.includes("/")) return text;
  query.refuse(0, `${quote(text)} is relative to no directory of the remote`, "give the whole path, or the name alone");
  return "";
}

/** The programs that a point is about; null: something was asked for, or refused. */
export function programPaths(query: PointQuery): string[] | null {
  const name = programName(query);
  return name.length == 0 ? null : pathsOf(query, 0, name, `the remote has no program ${quote(name)}`);
}

/** The files that a point is about, ready to be searched; null: something was asked for, or refused. */
export function filesOf(query: PointQuery): ProgramFile[] | null {
  const programs = query.programs;
  if (!query.facts.known || programs === null) {
    query.refuse(0, "where the code of a program is depends on the remote", "say which with --host");
    return null;
  }
  let paths = programPaths(query);
  if (paths === null) return null;
  if (placeAt(query) == 2) paths = librariesOf(query, paths);
  if (paths === null) return null;
  const files: ProgramFile[] = [];
  for (let i = 0, n = paths.length; i < n; ++i) {
    const file = programs.of(paths[i]);
    if (file.isPending) query.pending = true;
    else if (isUsable(query, file, n > 1)) files.push(file);
  }
  return query.pending || files.length == 0 ? null : files;
}

function librariesOf(query: PointQuery, programs: string[]): string[] | null {
  const found: string[] = [];
  const library = query.text(1);
  for (let i = 0, n = programs.length; i < n; ++i) {
    const what = `the remote has no library ${quote(library)}`;
    const paths = pathsOf(query, 1, `${library} of ${programs[i]}`, what);
    if (paths === null) return null;
    for (let k = 0, m = paths.length; k < m; ++k) if (!found.includes(paths[k])) found.push(paths[k]);
  }
  return found;
}

/** Whether a file can be probed; if not, says why. Of many, those of other CPUs are left out. */
function isUsable(query: PointQuery, file: ProgramFile, isOneOfMany: bool): bool {
  let problem = file.problem;
  if (problem.length == 0 && file.machine != archMachine(query.facts.arch))
    problem = `it is not for a CPU of type ${archName(query.facts.arch)}`;
  if (problem.length == 0) return true;
  if (!isOneOfMany) query.refuse(placeAt(query) - 1, `cannot use '${file.path}': ${problem}`);
  return false;
}

/** How a point in a file is spelt: `process("/usr/bin/bash")`. */
export function ownerText(query: PointQuery, file: ProgramFile): string {
  const argument = query.components[0].argument;
  const isNumber = argument !== null && query.text(0).length == 0;
  if (isNumber && placeAt(query) == 1) return `process(${query.number(0)})`;
  return `process(${quote(file.path)})`;
}

/** Adds a place in a file, unless its bytes are not here yet. */
export function addPlace(query: PointQuery, file: ProgramFile, offset: u64, attachment: Attachment): void {
  const target = attachment.target;
  target.buildId = file.buildId;
  target.bytes = file.bytesAt(offset);
  if (file.isPending) query.pending = true;
  attachment.guard = guardOf(query);
  query.attachments.push(attachment);
}

/** Functions that a point is about. */
class Wanted {
  constructor(
    /** a name or a pattern */
    public name: string,
    public attach: AttachKind,
    public isExported: bool,
  ) {}
}

function resolveEntry(query: PointQuery): void {
  resolve(query, AttachKind.Uprobe, false);
}

function resolveExported(query: PointQuery): void {
  resolve(query, AttachKind.Uprobe, true);
}

function resolveReturn(query: PointQuery): void {
  resolve(query, AttachKind.Uretprobe, false);
}

function resolve(query: PointQuery, attach: AttachKind, isExported: bool): void {
  const at = placeAt(query);
  const text = query.text(at);
  const mark = text.indexOf("@");
  const name = mark < 0 ? text : text.substring(0, mark);
  if (name.length == 0) query.refuse(at, "the name of a function is empty");
  else if (mark >= 0 && (hasWildcard(name) || text.includes(":", mark)))
    query.refuse(at, "source files and lines are found through debug information, which is not supported yet");
  if (query.problem.length > 0) return;
  const files = filesOf(query);
  if (files === null) return;
  for (let i = 0, n = files.length; i < n; ++i) addFunctions(query, files[i], new Wanted(name, attach, isExported));
  if (query.pending || query.problem.length > 0) return;
  if (query.attachments.length == 0) refuseName(query, files, name, isExported);
  else if (mark >= 0) believeFile(query, at, name, text.substring(mark + 1));
}

/** A function of a file of the source: if there is one of that name, it is taken for that one. */
function believeFile(query: PointQuery, at: i32, name: string, file: string): void {
  if (query.attachments.length > 1) {
    query.attachments = [];
    query.refuse(at, `several functions are called '${name}': which is in '${file}' only debug information would say`);
  } else {
    query.warning = `that '${name}' is in '${file}' was not checked: it is the only function of that name`;
  }
}

/** Adds the functions of a file that a name or pattern means. */
function addFunctions(query: PointQuery, file: ProgramFile, wanted: Wanted): void {
  const name = wanted.name;
  const symbols = file.functions();
  if (file.isPending) {
    query.pending = true;
    return;
  }
  const found = hasWildcard(name) ? matching(symbols, wanted) : named(symbols, wanted);
  if (found.length == 0) return;
  if (wanted.attach == AttachKind.Uretprobe && file.isGo) {
    const what = `the returns of '${file.path}' are not probed: it is a Go program, and probes on returns crash those`;
    query.refuse(placeAt(query), what, "probe the entries of its functions");
    return;
  }
  readBetween(file, found);
  for (let i = 0, n = found.length; i < n && !file.isPending; ++i) {
    const symbol = found[i];
    if (symbol.isChooser) {
      if (!hasWildcard(name)) refuseChooser(query, symbols, name);
      continue;
    }
    const place = addFunction(query, file, symbol, wanted.attach);
    // Some instructions cannot be probed: a pattern leaves them out.
    if (hasWildcard(name)) place.flags = ProbeFlags.Optional;
  }
  if (file.isPending) query.pending = true;
}

function addFunction(query: PointQuery, file: ProgramFile, symbol: ProgramSymbol, attach: AttachKind): Attachment {
  const last = query.components[query.components.length - 1].name;
  const suffix = attach == AttachKind.Uretprobe ? ".return" : last == "call" || last == "exported" ? `.${last}` : "";
  const point = `${ownerText(query, file)}.function(${quote(plainName(symbol.name))})${suffix}`;
  const attachment = new Attachment(attach, point);
  const offset = <u64>file.offsetOf(symbol.address);
  attachment.target = AttachTarget.ofFile(symbol.name, file.path, offset);
  addPlace(query, file, offset, attachment);
  return attachment;
}

/** The functions of a name, each once, and the copies that the C compiler made of them. */
function named(symbols: ProgramSymbol[], wanted: Wanted): ProgramSymbol[] {
  const found: ProgramSymbol[] = [];
  for (let i = 0, n = symbols.length; i < n; ++i) {
    const symbol = symbols[i];
    if (wanted.isExported && !symbol.isExported) continue;
    const isCopy = !isPart(symbol.name) && plainName(symbol.name) == wanted.name;
    if (symbol.name != wanted.name && !isCopy) continue;
    const last = found.length > 0 ? found[found.length - 1] : null;
    if (last === null || last.address != symbol.address) found.push(symbol);
  }
  return found;
}

/** The functions that match a pattern, each once, by the best of its names. */
function matching(symbols: ProgramSymbol[], wanted: Wanted): ProgramSymbol[] {
  const found: ProgramSymbol[] = [];
  const wildcard = new Wildcard(wanted.name);
  for (let i = 0, n = symbols.length; i < n; ++i) {
    const symbol = symbols[i];
    if (isPart(symbol.name) || symbol.isChooser || (wanted.isExported && !symbol.isExported)) continue;
    const last = found.length > 0 ? found[found.length - 1] : null;
    if (last !== null && last.address == symbol.address) continue;
    if (wildcard.matches(symbol.name) || wildcard.matches(plainName(symbol.name))) found.push(symbol);
  }
  return found;
}

/** Whether a symbol is the rarely run part of a function, to which the function jumps. */
function isPart(name: string): bool {
  return name.endsWith(".cold") || name.includes(".cold.");
}

/** Has the code between the first and the last place read at once: many single ranges would take many questions. */
function readBetween(file: ProgramFile, symbols: ProgramSymbol[]): void {
  if (symbols.length <= FEW_PLACES) return;
  let first = u64.MAX_VALUE;
  let last: u64 = 0;
  for (let i = 0, n = symbols.length; i < n; ++i) {
    const offset = <u64>file.offsetOf(symbols[i].address);
    first = min(first, offset);
    last = max(last, offset);
  }
  if (last - first < MOST_BYTES) file.bytes(first, last - first);
}

function refuseChooser(query: PointQuery, symbols: ProgramSymbol[], name: string): void {
  const near: string[] = [];
  for (let i = 0, n = symbols.length; i < n && near.length < 3; ++i) {
    const one = symbols[i];
    const isVariant = !one.isChooser && one.name.startsWith(`__${name}_`);
    if (isVariant && !near.includes(one.name)) near.push(one.name);
  }
  const hint = near.length > 0 ? `probe one of those: ${near.join(", ")}` : "";
  query.refuse(placeAt(query), `which code '${name}' is gets chosen when a program starts (IFUNC)`, hint);
}

function refuseName(query: PointQuery, files: ProgramFile[], name: string, isExported: bool): void {
  const where = files.length == 1 ? `'${files[0].path}'` : "these programs";
  const which = isExported ? "exported function" : "function";
  let count = 0;
  const near = new NearMatches(name);
  for (let i = 0, n = files.length; i < n; ++i) {
    const symbols = files[i].functions();
    count += symbols.length;
    for (let k = 0, m = symbols.length; k < m; ++k) near.add(symbols[k].name);
  }
  const at = placeAt(query);
  if (count == 0) query.refuse(at, `${where} has no symbols of functions: it is stripped`);
  else if (hasWildcard(name)) query.refuse(at, `no ${which} of ${where} matches ${quote(name)}`);
  else query.refuse(at, `${where} has no ${which} '${name}'${near.text}`);
}

/** A place by its address, as the file's symbols have it. */
function resolveAddress(query: PointQuery): void {
  const files = filesOf(query);
  if (files === null) return;
  const at = placeAt(query);
  const address = <u64>query.number(at);
  const text = `0x${address.toString(16)}`;
  for (let i = 0, n = files.length; i < n; ++i) {
    const file = files[i];
    const offset = file.offsetOf(address);
    if (offset < 0) {
      query.refuse(at, `'${file.path}' has no code at ${text}`);
      return;
    }
    const symbol = containing(file, address);
    if (file.isPending) {
      query.pending = true;
      return;
    }
    const problem = boundaryProblem(query, file, symbol, address);
    if (file.isPending) query.pending = true;
    if (problem.length > 0 && !file.isPending) query.refuse(at, problem);
    if (query.pending || query.problem.length > 0) return;
    const attachment = new Attachment(AttachKind.Uprobe, `${ownerText(query, file)}.statement(${text}).absolute`);
    attachment.target = AttachTarget.ofFile(symbol === null ? text : symbol.name, file.path, <u64>offset);
    addPlace(query, file, <u64>offset, attachment);
  }
}

/** The function that an address is in, or null. */
function containing(file: ProgramFile, address: u64): ProgramSymbol | null {
  const symbols = file.functions();
  let best: ProgramSymbol | null = null;
  for (let i = 0, n = symbols.length; i < n && symbols[i].address <= address; ++i) {
    const symbol = symbols[i];
    const isIn = address == symbol.address || address - symbol.address < symbol.bytes;
    if (isIn && (best === null || best.address != symbol.address)) best = symbol;
  }
  return best;
}

/** Functions in which the beginnings of instructions are counted have at most so many bytes. */
const LONGEST_FUNCTION: u64 = 1 << 20;

/** Why an address is no beginning of an instruction; empty if it is one, or if that is not known yet. */
function boundaryProblem(query: PointQuery, file: ProgramFile, symbol: ProgramSymbol | null, address: u64): string {
  const text = `0x${address.toString(16)}`;
  if (query.facts.arch != Arch.X86_64) return (address & 3) == 0 ? "" : `no instruction begins at ${text}`;
  if (symbol === null) return `whether an instruction begins at ${text} is not known: it is in no function of the file`;
  const before = address - symbol.address;
  if (before == 0) return "";
  const offset = file.offsetOf(symbol.address);
  if (before > LONGEST_FUNCTION || offset < 0) return `'${symbol.name}' is too long to find its instructions`;
  const code = file.bytes(<u64>offset, before + MOST_INSTRUCTION);
  if (code === null) return file.isPending ? "" : `'${symbol.name}' ends behind the file`;
  let at: i32 = 0;
  while (at < <i32>before) {
    const length = instructionLength(code, at);
    if (length == 0) return `whether an instruction begins at ${text} is not known: '${symbol.name}' has data in it`;
    at += length;
  }
  return at == <i32>before ? "" : `${text} is in the middle of an instruction of '${symbol.name}'`;
}
