// The kernel's symbol table: which functions there are that a probe can be put on. Lines of /proc/kallsyms look like
//
//      ffffffff9a3c1e20 T vfs_read            ffffffffc0a1b000 t ext4_dax_read  [ext4]
//
// A name asked for exactly is found wherever it is; a pattern finds what makes sense to probe: no compiler's fragments
// (.cold, .isra.0, …), no padding symbols, nothing that only ran at boot, nothing that ftrace or the kprobe blacklist
// excludes, no name that two functions have.

import { NameFilter } from "./glob";
import { LineReader } from "./lines";

/** Functions of these names, or that match these patterns; each once, in the table's order. */
export function findFunctions(texts: string[]): string[] {
  let filter = new NameFilter(texts);
  let exact = new Set<string>();
  let matches = new Map<string, i32>();
  let isInit = false;
  let reader = new LineReader("/proc/kallsyms");
  while (reader.next()) {
    if (!readSymbol(reader)) continue;
    if (symbolIs(INIT_BEGIN) || symbolIs(INIT_END)) isInit = symbolIs(INIT_BEGIN);
    if (!isText(symbolType)) continue;
    if (filter.hasName(symbolAt, symbolLength)) {
      exact.add(String.UTF8.decodeUnsafe(symbolAt, symbolLength));
    } else if (filter.hasGlobs && !isInit && isSensible() && filter.hasMatch(symbolAt, symbolLength)) {
      let name = String.UTF8.decodeUnsafe(symbolAt, symbolLength);
      matches.set(name, matches.has(name) ? 2 : 1);
    }
  }
  reader.close();
  let names = exact.values();
  if (matches.size > 0) {
    keepTraceable(matches);
    dropBlacklisted(matches);
  }
  let found = matches.keys();
  for (let i = 0, n = found.length; i < n; ++i) {
    if (matches.get(found[i]) == 1) names.push(found[i]);
  }
  return names;
}

/** Tracepoints by their symbols, for systems where tracefs cannot be read. */
export function findTracepointSymbols(texts: string[]): string[] {
  let filter = new NameFilter(texts);
  let found = new Set<string>();
  let reader = new LineReader("/proc/kallsyms");
  while (reader.next()) {
    if (!readSymbol(reader) || !symbolStartsWith(TRACEPOINT)) continue;
    let at = symbolAt + TRACEPOINT.length;
    let length = symbolLength - TRACEPOINT.length;
    if (filter.hasName(at, length) || filter.hasMatch(at, length)) found.add(String.UTF8.decodeUnsafe(at, length));
  }
  reader.close();
  return found.values();
}

// "_sinittext", "_einittext": what lies between is gone after boot (the table is sorted by address)
const INIT_BEGIN: StaticArray<u8> = [0x5f, 0x73, 0x69, 0x6e, 0x69, 0x74, 0x74, 0x65, 0x78, 0x74];
const INIT_END: StaticArray<u8> = [0x5f, 0x65, 0x69, 0x6e, 0x69, 0x74, 0x74, 0x65, 0x78, 0x74];
// "__tracepoint_", "__pfx_", "__cfi_"
const TRACEPOINT: StaticArray<u8> = [0x5f, 0x5f, 0x74, 0x72, 0x61, 0x63, 0x65, 0x70, 0x6f, 0x69, 0x6e, 0x74, 0x5f];
const PADDING: StaticArray<u8> = [0x5f, 0x5f, 0x70, 0x66, 0x78, 0x5f];
const CFI: StaticArray<u8> = [0x5f, 0x5f, 0x63, 0x66, 0x69, 0x5f];

// The newest line's parts.
let symbolType: u8 = 0;
let symbolAt: usize = 0;
let symbolLength: i32 = 0;
/** First character of the module's name, 0 for the kernel itself. */
let symbolModule: u8 = 0;

/** Takes a line apart; false if it is none. */
function readSymbol(reader: LineReader): bool {
  let at = reader.at;
  let end = at + reader.length;
  while (at < end && load<u8>(at) != 0x20) ++at;
  if (end - at < 4) return false;
  symbolType = load<u8>(at, 1);
  symbolAt = at + 3;
  at = symbolAt;
  while (at < end && load<u8>(at) > 0x20) ++at;
  symbolLength = <i32>(at - symbolAt);
  symbolModule = at + 2 < end ? load<u8>(at, 2) : 0;
  if (symbolModule == 0x62 || symbolModule == 0x5f) return !isPseudoModule(at + 2, end);
  return symbolLength > 0;
}

/** "[bpf]", "[__builtin__kprobes]", "[__builtin__ftrace]": generated code. */
function isPseudoModule(at: usize, end: usize): bool {
  if (load<u8>(at) == 0x5f) return at + 1 < end && load<u8>(at, 1) == 0x5f;
  return at + 4 <= end && load<u32>(at) == 0x5d667062; // "bpf]"
}

function isText(type: u8): bool {
  return type == 0x54 || type == 0x74 || type == 0x57 || type == 0x77;
}

/** A function as the source has it? */
function isSensible(): bool {
  for (let i = 0; i < symbolLength; ++i) if (load<u8>(symbolAt + i) == 0x2e) return false;
  return !symbolStartsWith(PADDING) && !symbolStartsWith(CFI);
}

function symbolIs(name: StaticArray<u8>): bool {
  return symbolLength == name.length && memory.compare(symbolAt, changetype<usize>(name), name.length) == 0;
}

function symbolStartsWith(prefix: StaticArray<u8>): bool {
  return symbolLength > prefix.length && memory.compare(symbolAt, changetype<usize>(prefix), prefix.length) == 0;
}

/** Takes out functions that ftrace cannot hook: perf kprobes are refused there. Lines: "name" or "name [module]". */
function keepTraceable(names: Map<string, i32>): void {
  let reader = openTraceable();
  if (!reader.isOpen) return;
  let filter = new NameFilter(names.keys());
  let traceable = new Set<string>();
  while (reader.next()) {
    let length = firstWord(reader);
    if (filter.hasName(reader.at, length)) traceable.add(String.UTF8.decodeUnsafe(reader.at, length));
  }
  reader.close();
  let all = names.keys();
  for (let i = 0, n = all.length; i < n; ++i) if (!traceable.has(all[i])) names.delete(all[i]);
}

/** The list of functions that ftrace can hook. */
export function openTraceable(): LineReader {
  let reader = new LineReader("/sys/kernel/tracing/available_filter_functions");
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
  let reader = new LineReader("/sys/kernel/debug/kprobes/blacklist");
  while (reader.next()) {
    let at = reader.at + reader.length;
    while (at > reader.at && load<u8>(at - 1) > 0x20) --at;
    names.delete(String.UTF8.decodeUnsafe(at, reader.at + reader.length - at));
  }
  reader.close();
}
