// What is at an address of the kernel: its symbol table (/proc/kallsyms), read once into memory. It is read only for
// objects that print such texts. When an address is in no symbol and modules have come since, it is read again.

import { SymbolInfo, SymbolSource } from "../../common/as/print/addresses";
import { ArgumentRow, Show, TableKind } from "../../common/format/manifest";
import { LineReader } from "./lines";
import { LoadedObject } from "./object";
import { SymbolIndex } from "./symbol-index";
import { CLOCK_MONOTONIC, clock_gettime } from "./syscall";

/** Modules are looked after so often at most, nanoseconds. */
const AGAIN_NS: i64 = 1000000000;

/** Whether the object prints texts made of addresses. */
export function printsAddresses(o: LoadedObject): bool {
  for (let row = 0, n = o.manifest.count(TableKind.Argument); row < n; ++row)
    if (o.manifest.field(TableKind.Argument, row, ArgumentRow.Show) > Show.Hex) return true;
  return false;
}

/** The kernel's symbol table. */
class KernelSymbols extends SymbolSource {
  private index: SymbolIndex = new SymbolIndex();
  private modulesSeen: u64 = 0;
  private nextLook: i64 = 0;

  constructor() {
    super();
    // At once: later, records would have to wait.
    this.read();
  }

  find(address: u64): SymbolInfo | null {
    const found = this.index.find(address);
    if (found || !this.isOutdated()) return found;
    this.read();
    return this.index.find(address);
  }

  /** Whether modules have come or gone since the table was read. */
  private isOutdated(): bool {
    const now = clock_gettime(CLOCK_MONOTONIC);
    if (now < this.nextLook) return false;
    this.nextLook = now + AGAIN_NS;
    return markOfModules() != this.modulesSeen;
  }

  private read(): void {
    this.modulesSeen = markOfModules();
    this.index.clear();
    const lines = new LineReader("/proc/kallsyms");
    while (lines.next()) this.index.add(lines.at, lines.length);
    lines.close();
    this.index.sort();
  }
}

/** A number that changes when modules come or go. */
function markOfModules(): u64 {
  let mark: u64 = 14695981039346656037;
  const lines = new LineReader("/proc/modules");
  while (lines.next()) {
    // The name; what follows changes while a module is in use.
    for (let i = 0; i < lines.length && load<u8>(lines.at + <usize>i) != 32; ++i)
      mark = (mark ^ <u64>load<u8>(lines.at + <usize>i)) * 1099511628211;
  }
  lines.close();
  return mark;
}

let shared: KernelSymbols | null = null;

/** The one table of this agent, read when it is first asked for. */
export function kernelSymbols(): KernelSymbols {
  let table = shared;
  if (!table) {
    table = new KernelSymbols();
    shared = table;
  }
  return table;
}
