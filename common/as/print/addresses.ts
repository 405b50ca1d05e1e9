// Texts made of addresses of the kernel (Show): names of functions, and stacks line by line. What is at an address is
// asked of a SymbolSource: in the agent the kernel's symbol table, on the host what the agent has said of the addresses
// in the records.
//
// A stack is packed (stack-words.ts), or text as scripts see it: "0xffffffff81000000 0x...". The first address is where
// the CPU was. The others are return addresses, which belong to the function before them: a call that never returns may
// be a function's last instruction.

import { Show } from "../../format/manifest";
import { unpackAddress } from "../stack-words";
import { OutBuffer } from "./buffer";

/** What is at an address. */
export class SymbolInfo {
  /** Bytes of its name, all of them printable; none: nothing is known. */
  name: usize = 0;
  nameLength: i32 = 0;
  /** The same of the module; none: the kernel itself. */
  module: usize = 0;
  moduleLength: i32 = 0;
  /** From its beginning to the address. */
  offset: u64 = 0;
  size: u64 = 0;
}

/** Whom to ask. */
export abstract class SymbolSource {
  /** What is at an address, valid until the next call; null: not known. */
  abstract find(address: u64): SymbolInfo | null;
}

/** Makes the texts. */
export class AddressPrinter {
  source: SymbolSource | null = null;

  /** The text of one address. */
  putAddress(out: OutBuffer, show: Show, address: u64): void {
    const found = this.find(address);
    if (show == Show.Module) putModule(out, found);
    else if (show == Show.Data) putData(out, found, address, 0);
    else putName(out, found, address);
  }

  /** The text of a stack. */
  putStack(out: OutBuffer, show: Show, start: usize, length: i32): void {
    this.take(start, length);
    const from = show == Show.Hex ? 0 : this.firstShown();
    for (let i = from, n = this.count; i < n; ++i) {
      const at = show == Show.Folded ? n - 1 - (i - from) : i;
      this.putFrame(out, show, at, i == from);
    }
  }

  /** The addresses of the stack, so many. */
  private words: StaticArray<u64> = new StaticArray<u64>(MOST_WORDS);
  private count: i32 = 0;

  private take(start: usize, length: i32): void {
    if (length < 8 || (load<u8>(start) & 0x80) == 0) {
      this.count = readHex(this.words, start, length);
      return;
    }
    this.count = min(length >> 3, MOST_WORDS);
    for (let i = 0; i < this.count; ++i) this.words[i] = unpackAddress(load<u64>(start + <usize>(i << 3)));
  }

  /** The first frame that is not one of those by which the kernel calls programs. */
  private firstShown(): i32 {
    for (let i = 0; i < this.count; ++i) {
      const found = this.find(this.asked(i));
      if (!found || !isGlue(found)) return i;
    }
    return 0;
  }

  /** The address that frame `at` is looked up by. */
  private asked(at: i32): u64 {
    return at > 0 ? this.words[at] - 1 : this.words[at];
  }

  private putFrame(out: OutBuffer, show: Show, at: i32, isFirst: bool): void {
    const address = this.words[at];
    if (show == Show.Hex) {
      if (!isFirst) out.put(32);
      putHex(out, address);
      return;
    }
    const found = this.find(this.asked(at));
    if (show == Show.Folded) {
      if (!isFirst) out.put(59);
      putName(out, found, address);
      return;
    }
    if (show == Show.Lines) {
      out.put(32);
      putHex(out, address);
      out.putText(" : ");
    }
    putData(out, found, address, at > 0 ? 1 : 0);
    out.put(10);
  }

  private find(address: u64): SymbolInfo | null {
    const source = this.source;
    return source ? source.find(address) : null;
  }
}

/** Most addresses that are read from one text. */
const MOST_WORDS: i32 = 2048;

/** Reads the numbers of a text like "0xffffffff81000000 0x10", how many; a word that is none is left out. */
function readHex(words: StaticArray<u64>, start: usize, length: i32): i32 {
  let count = 0;
  let at = 0;
  while (at < length && count < MOST_WORDS) {
    while (at < length && load<u8>(start + <usize>at) <= 32) ++at;
    if (at + 1 < length && load<u16>(start + <usize>at) == 0x7830) at += 2;
    let value: u64 = 0;
    let digits = 0;
    for (; at < length; ++at) {
      const digit = digitOf(load<u8>(start + <usize>at));
      if (digit < 0) break;
      value = (value << 4) | <u64>digit;
      ++digits;
    }
    const isWord = at == length || load<u8>(start + <usize>at) <= 32;
    if (digits > 0 && isWord) words[count++] = value;
    while (at < length && load<u8>(start + <usize>at) > 32) ++at;
  }
  return count;
}

/** Names of functions between a tracepoint and the program that is attached to it. */
const GLUE: StaticArray<string> = ["bpf_prog_", "bpf_trampoline_", "bpf_trace_run", "__bpf_trace_", "__traceiter_"];

function isGlue(found: SymbolInfo): bool {
  for (let i = 0; i < GLUE.length; ++i) {
    const prefix = GLUE[i];
    let same = 0;
    while (
      same < prefix.length &&
      same < found.nameLength &&
      load<u8>(found.name + <usize>same) == prefix.charCodeAt(same)
    )
      ++same;
    if (same == prefix.length) return true;
  }
  return false;
}

function digitOf(c: i32): i32 {
  if (c >= 48 && c <= 57) return c - 48;
  const letter = c | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function putHex(out: OutBuffer, value: u64): void {
  out.putText("0x");
  let shift = 60;
  while (shift > 0 && ((value >> <u64>shift) & 15) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) {
    const digit = <i32>((value >> <u64>shift) & 15);
    out.put(digit < 10 ? 48 + digit : 87 + digit);
  }
}

function putName(out: OutBuffer, found: SymbolInfo | null, address: u64): void {
  if (!found || found.nameLength == 0) putHex(out, address);
  else out.putBytes(found.name, found.nameLength);
}

/** What the kernel's %ps and %pS print. */
export function putKernelText(out: OutBuffer, found: SymbolInfo | null, address: u64, withOffset: bool): void {
  putName(out, found, address);
  if (!found || found.nameLength == 0) return;
  if (withOffset) putPlace(out, found, 0);
  if (found.moduleLength == 0) return;
  out.putText(" [");
  out.putBytes(found.module, found.moduleLength);
  out.put(93);
}

function putPlace(out: OutBuffer, found: SymbolInfo, back: u64): void {
  out.put(43);
  putHex(out, found.offset + back);
  out.put(47);
  putHex(out, found.size);
}

/** `back`: so far before the address was asked. */
function putData(out: OutBuffer, found: SymbolInfo | null, address: u64, back: u64): void {
  putName(out, found, address);
  if (!found || found.nameLength == 0) return;
  putPlace(out, found, back);
  out.putText(" [");
  putModule(out, found);
  out.put(93);
}

function putModule(out: OutBuffer, found: SymbolInfo | null): void {
  if (!found || found.nameLength == 0) out.putText("<unknown>");
  else if (found.moduleLength == 0) out.putText("kernel");
  else out.putBytes(found.module, found.moduleLength);
}
