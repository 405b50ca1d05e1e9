// The kernel's symbol table: which functions there are that a probe can be put on. Lines of /proc/kallsyms look like
//
//      ffffffff9a3c1e20 T vfs_read            ffffffffc0a1b000 t ext4_dax_read  [ext4]
//
// An exact name is found wherever it is. A pattern finds what makes sense to probe. It leaves out fragments that the C
// compiler made (.cold, .isra.0, …), padding symbols, code that only ran at boot, functions that ftrace or the kprobe
// blacklist excludes, and names that two functions share.

import { encodeText } from "../../common/as/bytes";
import { LongWork } from "./contact";
import { LineReader } from "./lines";
import { NameFilter } from "./name-filter";

/** Functions of these names, or that match these patterns; each once, in the table's order. null: nobody waits. */
export function findFunctions(texts: string[], work: LongWork): string[] | null {
  const filter = new NameFilter(texts);
  const exact = new Set<string>();
  const matches = new Map<string, i32>();
  let isInit = false;
  const symbols = new SymbolReader();
  while (symbols.next()) {
    if (!work.goesOn()) return null;
    if (symbols.is(INIT_BEGIN) || symbols.is(INIT_END)) isInit = symbols.is(INIT_BEGIN);
    if (!symbols.isText) continue;
    if (filter.hasName(symbols.at, symbols.length)) {
      exact.add(symbols.name);
    } else if (filter.hasGlobs && !isInit && symbols.isSensible && filter.hasMatch(symbols.at, symbols.length)) {
      const name = symbols.name;
      matches.set(name, matches.has(name) ? 2 : 1);
    }
  }
  symbols.close();
  const names = exact.values();
  if (matches.size > 0) {
    keepTraceable(matches);
    dropBlacklisted(matches);
  }
  const found = matches.keys();
  for (let i = 0, n = found.length; i < n; ++i) {
    if (matches.get(found[i]) == 1) names.push(found[i]);
  }
  return names;
}

/** Where functions of these names begin; of several with one name, the first, which a kprobe by name is on, too. */
export function findAddresses(names: string[]): Map<string, u64> {
  const filter = new NameFilter(names);
  const found = new Map<string, u64>();
  const symbols = new SymbolReader();
  while (symbols.next()) {
    if (!symbols.isText || !filter.hasName(symbols.at, symbols.length)) continue;
    const name = symbols.name;
    if (!found.has(name)) found.set(name, symbols.address);
  }
  symbols.close();
  return found;
}

/** Tracepoints by their symbols, for systems where tracefs cannot be read. null: nobody waits. */
export function findTracepointSymbols(texts: string[], work: LongWork): string[] | null {
  const filter = new NameFilter(texts);
  const found = new Set<string>();
  const symbols = new SymbolReader();
  while (symbols.next()) {
    if (!work.goesOn()) return null;
    if (!symbols.startsWith(TRACEPOINT)) continue;
    const at = symbols.at + TRACEPOINT.length;
    const length = symbols.length - TRACEPOINT.length;
    if (filter.hasName(at, length) || filter.hasMatch(at, length)) found.add(String.UTF8.decodeUnsafe(at, length));
  }
  symbols.close();
  return found.values();
}

// What lies between these two symbols is gone after boot; the table is sorted by address.
const INIT_BEGIN: StaticArray<u8> = encodeText("_sinittext");
const INIT_END: StaticArray<u8> = encodeText("_einittext");
const TRACEPOINT: StaticArray<u8> = encodeText("__tracepoint_");
const PADDING: StaticArray<u8> = encodeText("__pfx_");
const CFI: StaticArray<u8> = encodeText("__cfi_");

/** Goes through the symbol table. The fields are the newest symbol's, valid until the next. */
class SymbolReader {
  at: usize = 0;
  length: i32 = 0;
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
    for (let at = this.line; at + 3 < this.at; ++at) {
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

  /** Is it a function as the source has it? */
  get isSensible(): bool {
    for (let i = 0; i < this.length; ++i) if (load<u8>(this.at + i) == 0x2e) return false;
    return !this.startsWith(PADDING) && !this.startsWith(CFI);
  }

  is(name: StaticArray<u8>): bool {
    return this.length == name.length && memory.compare(this.at, changetype<usize>(name), name.length) == 0;
  }

  startsWith(prefix: StaticArray<u8>): bool {
    return this.length > prefix.length && memory.compare(this.at, changetype<usize>(prefix), prefix.length) == 0;
  }

  /** Takes a line apart; false if it is none, or of code that the kernel generated. */
  private read(line: usize, end: usize): bool {
    let at = line;
    while (at < end && load<u8>(at) != 0x20) ++at;
    if (end - at < 4) return false;
    this.type = load<u8>(at, 1);
    this.line = line;
    this.at = at + 3;
    at = this.at;
    while (at < end && load<u8>(at) > 0x20) ++at;
    this.length = <i32>(at - this.at);
    // Behind the name: a tab, "[", the module's name.
    return this.length > 0 && !(at + 2 < end && isPseudoModule(at + 2, end));
  }
}

/** "bpf]", "__builtin__kprobes]", "__builtin__ftrace]": generated code. */
function isPseudoModule(at: usize, end: usize): bool {
  if (load<u8>(at) == 0x5f) return at + 1 < end && load<u8>(at, 1) == 0x5f;
  return at + 4 <= end && load<u32>(at) == 0x5d667062; // "bpf]"
}

/** Takes out functions that ftrace cannot hook: perf kprobes are refused there. Lines: "name" or "name [module]". */
function keepTraceable(names: Map<string, i32>): void {
  const reader = openTraceable();
  if (!reader.isOpen) return;
  const filter = new NameFilter(names.keys());
  const traceable = new Set<string>();
  while (reader.next()) {
    const length = firstWord(reader);
    if (filter.hasName(reader.at, length)) traceable.add(String.UTF8.decodeUnsafe(reader.at, length));
  }
  reader.close();
  const all = names.keys();
  for (let i = 0, n = all.length; i < n; ++i) if (!traceable.has(all[i])) names.delete(all[i]);
}

/** The list of functions that ftrace can hook. */
export function openTraceable(): LineReader {
  const reader = new LineReader("/sys/kernel/tracing/available_filter_functions");
  return reader.isOpen ? reader : new LineReader("/sys/kernel/debug/tracing/available_filter_functions");
}

/** Length of a line's first word. */
export function firstWord(reader: LineReader): i32 {
  let length = 0;
  while (length < reader.length && load<u8>(reader.at + length) > 0x20) ++length;
  return length;
}

/** Takes out what the kernel refuses kprobes on. Lines: "0xffffffff…-0xffffffff…\tname". */
function dropBlacklisted(names: Map<string, i32>): void {
  const reader = new LineReader("/sys/kernel/debug/kprobes/blacklist");
  while (reader.next()) {
    let at = reader.at + reader.length;
    while (at > reader.at && load<u8>(at - 1) > 0x20) --at;
    names.delete(String.UTF8.decodeUnsafe(at, reader.at + reader.length - at));
  }
  reader.close();
}
