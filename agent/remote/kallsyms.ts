// The kernel's symbol table: which functions there are that a probe can be put on. Lines of /proc/kallsyms look like
//
//      ffffffff9a3c1e20 T vfs_read            ffffffffc0a1b000 t ext4_dax_read  [ext4]
//
// A function of a module is called MODULE:FUNCTION here, as the kernel's own interfaces write it. A name finds the
// functions of that name, and the copies that the C compiler made of them (function-name.ts). A
// pattern finds those of them that make sense to probe: it leaves out other fragments (.cold, .part), padding symbols,
// code that only ran at boot, and functions that ftrace or the kprobe blacklist excludes.

import { encodeText } from "../../common/as/bytes";
import { EXPORT_PREFIX, plainName } from "../../common/format/function-name";
import { LongWork } from "./contact";
import { firstWord, LineReader } from "./lines";
import { NameFilter } from "./name-filter";

/** Where functions begin that share a name with others, or are a module's, as far as they were asked for. */
const several: Map<string, u64[]> = new Map<string, u64[]>();
/** The symbol table was read, so that `several` has all that was asked for. */
let isRead: bool = false;

/** Whose symbols are meant. */
export const enum SymbolOwner {
  Kernel,
  Modules,
}

/** Symbols that were found so far: how often each, and where it is. */
class FoundSymbols {
  private first: Map<string, u64> = new Map<string, u64>();
  /** Those that were found more than once. */
  private repeated: Set<string> = new Set<string>();

  add(name: string, address: u64): void {
    if (!this.first.has(name)) {
      this.first.set(name, address);
      // Not all kernels look up functions of modules by name.
      if (isOfModule(name)) several.set(name, [address]);
      return;
    }
    this.repeated.add(name);
    if (!several.has(name)) several.set(name, [this.first.get(name)]);
    const known = several.get(name);
    if (address != 0 && !known.includes(address)) known.push(address);
  }

  get names(): string[] {
    return this.first.keys();
  }

  isRepeated(name: string): bool {
    return this.repeated.has(name);
  }
}

/**
 * Functions of these names, or that match these patterns, in the table's order; names that several have, twice. null:
 * nobody waits. Exports are found by names and patterns that begin as theirs do.
 */
export function findFunctions(texts: string[], owner: SymbolOwner, work: LongWork): string[] | null {
  const filter = new NameFilter(texts.filter((it): bool => !it.includes(EXPORT_PREFIX)));
  const exports = new NameFilter(texts.filter((it): bool => it.includes(EXPORT_PREFIX)));
  const exact = new FoundSymbols();
  const matching = new FoundSymbols();
  let isInit = false;
  const symbols = new SymbolReader();
  while (symbols.next()) {
    if (!work.goesOn()) return null;
    if (symbols.is(INIT_BEGIN) || symbols.is(INIT_END)) isInit = symbols.is(INIT_BEGIN);
    if (symbols.owner != owner) continue;
    const at = symbols.at;
    if (!symbols.isText) {
      const isExport = exports.isUsed && symbols.startsWith(EXPORT);
      const isAsked = isExport && (exports.hasName(at, symbols.length) || exports.hasMatch(at, symbols.length));
      if (isAsked) exact.add(symbols.name, 0);
      continue;
    }
    const plain = symbols.plainLength;
    if (filter.hasName(at, symbols.length) || (plain < symbols.length && filter.hasName(at, plain))) {
      exact.add(symbols.name, symbols.address);
    } else if (filter.hasGlobs && !isInit && symbols.isSensible(plain)) {
      const isMatch = filter.hasMatch(at, symbols.length) || (plain < symbols.length && filter.hasMatch(at, plain));
      if (isMatch) matching.add(symbols.name, symbols.address);
    }
  }
  symbols.close();
  isRead = true;
  const names = exact.names.concat(probeable(matching.names));
  for (let i = 0, n = names.length; i < n; ++i) {
    if (exact.isRepeated(names[i]) || matching.isRepeated(names[i])) names.push(names[i]);
  }
  return names;
}

/** Those of the names that ftrace can hook and that are not on the kprobe blacklist. */
function probeable(names: string[]): string[] {
  if (names.length == 0) return names;
  const kept = new Set<string>();
  for (let i = 0, n = names.length; i < n; ++i) kept.add(names[i]);
  keepTraceable(kept);
  dropBlacklisted(kept);
  return kept.values();
}

/** Where functions of these names begin; of several with one name, the first, which a kprobe by name is on, too. */
export function findAddresses(names: string[]): Map<string, u64> {
  const filter = new NameFilter(names);
  const found = new Map<string, u64>();
  const all = new FoundSymbols();
  const symbols = new SymbolReader();
  while (symbols.next()) {
    if (!symbols.isText || !filter.hasName(symbols.at, symbols.length)) continue;
    const name = symbols.name;
    all.add(name, symbols.address);
    if (!found.has(name)) found.set(name, symbols.address);
  }
  symbols.close();
  isRead = true;
  return found;
}

/** Where symbols of any kind are; of several of one name, the first. What the kernel hides is not found. */
export function findSymbols(names: string[]): Map<string, u64> {
  const filter = new NameFilter(names);
  const found = new Map<string, u64>();
  const symbols = new SymbolReader();
  while (symbols.next()) {
    if (!filter.hasName(symbols.at, symbols.length)) continue;
    // Symbols of the per-CPU section may begin at 0; "per_cpu" variables lie before the code then.
    if (!found.has(symbols.name)) found.set(symbols.name, symbols.address);
  }
  symbols.close();
  return found;
}

/** Makes sure that `addressesOf` knows these names. */
export function readSeveral(names: string[]): void {
  let isMissing = !isRead && names.length > 0;
  for (let i = 0, n = names.length; i < n; ++i) if (isOfModule(names[i]) && !several.has(names[i])) isMissing = true;
  if (isMissing) findAddresses(names);
}

function isOfModule(name: string): bool {
  return name.includes(":");
}

/** Where the functions of a name begin, if there are several or it is a module's; else empty. */
export function addressesOf(name: string): u64[] {
  if (!several.has(name)) return [];
  const addresses = several.get(name);
  return addresses[0] == 0 ? [] : addresses; // the kernel hides addresses
}

/** Tracepoints by their symbols, for systems where tracefs cannot be read. null: nobody waits. */
export function findTracepointSymbols(texts: string[], work: LongWork): string[] | null {
  const filter = new NameFilter(texts);
  const found = new Set<string>();
  const symbols = new SymbolReader();
  while (symbols.next()) {
    if (!work.goesOn()) return null;
    if (!symbols.startsWith(TRACEPOINT)) continue;
    const at = symbols.nameAt + TRACEPOINT.length;
    const length = symbols.nameLength - TRACEPOINT.length;
    if (filter.hasName(at, length) || filter.hasMatch(at, length)) found.add(String.UTF8.decodeUnsafe(at, length));
  }
  symbols.close();
  return found.values();
}

// What lies between these two symbols is gone after boot; the table is sorted by address.
const INIT_BEGIN: StaticArray<u8> = encodeText("_sinittext");
const INIT_END: StaticArray<u8> = encodeText("_einittext");
const TRACEPOINT: StaticArray<u8> = encodeText("__tracepoint_");
const EXPORT: StaticArray<u8> = encodeText(EXPORT_PREFIX);
const PADDING: StaticArray<u8> = encodeText("__pfx_");
const CFI: StaticArray<u8> = encodeText("__cfi_");

/** Puts MODULE:FUNCTION together, where a list has "FUNCTION [MODULE]". */
class QualifiedName {
  private bytes: StaticArray<u8> = new StaticArray<u8>(1024);
  length: i32 = 0;

  get at(): usize {
    return changetype<usize>(this.bytes);
  }

  /** False if it is too long to be one. */
  set(name: usize, nameLength: i32, module: usize, moduleLength: i32): bool {
    if (nameLength + moduleLength >= this.bytes.length) return false;
    memory.copy(this.at, module, moduleLength);
    store<u8>(this.at + moduleLength, 0x3a);
    memory.copy(this.at + moduleLength + 1, name, nameLength);
    this.length = moduleLength + 1 + nameLength;
    return true;
  }
}

/** Goes through the symbol table. The fields are the newest symbol's, valid until the next. */
class SymbolReader {
  /** The symbol; of a module's, MODULE:SYMBOL. */
  at: usize = 0;
  length: i32 = 0;
  /** The symbol without its module. */
  nameAt: usize = 0;
  nameLength: i32 = 0;
  owner: SymbolOwner = SymbolOwner.Kernel;
  private qualified: QualifiedName = new QualifiedName();
  private line: usize = 0;
  private type: u8 = 0;
  private lines: LineReader = new LineReader("/proc/kallsyms");

  /** Takes the next symbol that is not of generated code; false at the end. */
  next(): bool {
    while (this.lines.next()) if (this.read(this.lines.at, this.lines.at + this.lines.length)) return true;
    return false;
  }

  close(): void {
    this.lines.close();
  }

  /** Where it is: 0 if the kernel hides addresses. */
  get address(): u64 {
    let value: u64 = 0;
    for (let at = this.line; at + 3 < this.nameAt; ++at) {
      const c = <u64>load<u8>(at);
      value = (value << 4) | (c <= 0x39 ? c - 0x30 : (c | 0x20) - 0x57);
    }
    return value;
  }

  get name(): string {
    return String.UTF8.decodeUnsafe(this.at, this.length);
  }

  /** Is it code? */
  get isText(): bool {
    const type = this.type;
    return type == 0x54 || type == 0x74 || type == 0x57 || type == 0x77; // T t W w
  }

  /** Bytes of the name of the function that it is, or is a copy of. */
  get plainLength(): i32 {
    for (let i = 1; i < this.length; ++i) {
      if (load<u8>(this.at + i) == 0x2e) return plainName(this.name).length;
    }
    return this.length;
  }

  /** Is it a function as the source has it, or a copy of one? `plain` is its plainLength. */
  isSensible(plain: i32): bool {
    for (let i = 0; i < plain; ++i) if (load<u8>(this.at + i) == 0x2e) return false;
    return !this.startsWith(PADDING) && !this.startsWith(CFI);
  }

  is(name: StaticArray<u8>): bool {
    return this.length == name.length && memory.compare(this.at, changetype<usize>(name), name.length) == 0;
  }

  startsWith(prefix: StaticArray<u8>): bool {
    return (
      this.nameLength > prefix.length && memory.compare(this.nameAt, changetype<usize>(prefix), prefix.length) == 0
    );
  }

  /** Takes a line apart; false if it is none, or of code that the kernel generated. */
  private read(line: usize, end: usize): bool {
    let at = line;
    while (at < end && load<u8>(at) != 0x20) ++at;
    if (end - at < 4) return false;
    this.type = load<u8>(at, 1);
    this.line = line;
    this.nameAt = at + 3;
    at = this.nameAt;
    while (at < end && load<u8>(at) > 0x20) ++at;
    this.nameLength = <i32>(at - this.nameAt);
    this.at = this.nameAt;
    this.length = this.nameLength;
    this.owner = SymbolOwner.Kernel;
    // Behind the name: a tab, "[", the module's name, "]".
    const module = at + 2;
    if (module >= end) return this.length > 0;
    if (isPseudoModule(module, end)) return false;
    this.owner = SymbolOwner.Modules;
    const isName = this.qualified.set(this.nameAt, this.nameLength, module, <i32>(end - module) - 1);
    this.at = this.qualified.at;
    this.length = this.qualified.length;
    return isName;
  }
}

/** "bpf]", "__builtin__kprobes]", "__builtin__ftrace]": generated code. */
function isPseudoModule(at: usize, end: usize): bool {
  if (load<u8>(at) == 0x5f) return at + 1 < end && load<u8>(at, 1) == 0x5f;
  return at + 4 <= end && load<u32>(at) == 0x5d667062; // "bpf]"
}

/** Goes through the functions that ftrace can hook. Lines: "name" or "name [module]". */
export class TraceableReader {
  /** The newest one: a name, or MODULE:NAME. */
  at: usize = 0;
  length: i32 = 0;
  private lines: LineReader = openTraceable();
  private qualified: QualifiedName = new QualifiedName();

  get isOpen(): bool {
    return this.lines.isOpen;
  }

  next(): bool {
    if (!this.lines.next()) return false;
    this.at = this.lines.at;
    this.length = firstWord(this.lines);
    // Behind the name of a module's: " [", the module's name, "]".
    const rest = this.lines.length - this.length - 3;
    if (rest > 0 && this.qualified.set(this.at, this.length, this.at + this.length + 2, rest)) {
      this.at = this.qualified.at;
      this.length = this.qualified.length;
    }
    return true;
  }

  close(): void {
    this.lines.close();
  }
}

function openTraceable(): LineReader {
  const reader = new LineReader("/sys/kernel/tracing/available_filter_functions");
  return reader.isOpen ? reader : new LineReader("/sys/kernel/debug/tracing/available_filter_functions");
}

/** Takes out functions that ftrace cannot hook: perf kprobes are refused there. */
function keepTraceable(names: Set<string>): void {
  const reader = new TraceableReader();
  if (!reader.isOpen) return;
  const filter = new NameFilter(names.values());
  const traceable = new Set<string>();
  while (reader.next()) {
    if (filter.hasName(reader.at, reader.length)) traceable.add(String.UTF8.decodeUnsafe(reader.at, reader.length));
  }
  reader.close();
  const all = names.values();
  for (let i = 0, n = all.length; i < n; ++i) if (!traceable.has(all[i])) names.delete(all[i]);
}

/** Takes out what the kernel refuses kprobes on. Lines: "0xffffffff…-0xffffffff…\tname". */
function dropBlacklisted(names: Set<string>): void {
  const reader = new LineReader("/sys/kernel/debug/kprobes/blacklist");
  while (reader.next()) {
    let at = reader.at + reader.length;
    while (at > reader.at && load<u8>(at - 1) > 0x20) --at;
    names.delete(String.UTF8.decodeUnsafe(at, reader.at + reader.length - at));
  }
  reader.close();
}
