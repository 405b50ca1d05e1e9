// The lines of a kernel's symbol table, sorted by address.
//
//   rows   16 bytes each, by address: u64 address | u32 where the name is | u16 its length | u16 module
//   names  bytes, in blocks; a byte that does not print is stored as '?', because modules choose names
//
// A symbol ends where the next one begins; the last one of the kernel or of a module at the end of its page. The lines
// may be anything: what is no symbol is left out. Memory is used again after `clear`.

import { SymbolInfo } from "../../common/as/print/addresses";

const ROW_BYTES: i32 = 16;
const BLOCK_BYTES: i32 = 1 << 18;
const FIRST_ROWS: i32 = 1 << 17;
/** More are not taken: the largest kernels have some 300,000. */
const MOST_ROWS: i32 = 1 << 21;
const MOST_MODULES: i32 = 65535;
/** Longest name that is taken, bytes; kernels have 512 at most. */
const LONGEST_NAME: i32 = 1023;
const PAGE: u64 = 4096;
const DOLLAR: u8 = 36;

/** Bytes that stay where they are, in blocks that are used again after `clear`. */
class NameStore {
  private blocks: usize[] = [];
  private block: i32 = 0;
  private used: i32 = 0;

  clear(): void {
    this.block = 0;
    this.used = 0;
  }

  /** A copy of a name, of printable characters; where it is. */
  add(at: usize, length: i32): usize {
    if (this.used + length > BLOCK_BYTES) {
      ++this.block;
      this.used = 0;
    }
    if (this.block == this.blocks.length) this.blocks.push(heap.alloc(BLOCK_BYTES));
    const to = this.blocks[this.block] + <usize>this.used;
    for (let i = 0; i < length; ++i) {
      const c = load<u8>(at + <usize>i);
      store<u8>(to + <usize>i, c > 32 && c < 127 ? c : 63);
    }
    this.used += length;
    return to;
  }
}

/** Symbols by address. */
export class SymbolIndex {
  private rows: StaticArray<u64> = new StaticArray<u64>(2 * FIRST_ROWS);
  /** Of the same size, for sorting; holds nothing between two calls. */
  private other: StaticArray<u64> = new StaticArray<u64>(0);
  private count: i32 = 0;
  private names: NameStore = new NameStore();
  private modules: usize[] = [];
  private moduleLengths: i32[] = [];
  private info: SymbolInfo = new SymbolInfo();

  clear(): void {
    this.count = 0;
    this.names.clear();
    this.modules = [];
    this.moduleLengths = [];
  }

  /** What is at an address, valid until the next call. All lines must have been added, and sorted. */
  find(address: u64): SymbolInfo | null {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.addressOf(middle) <= address) low = middle + 1;
      else high = middle;
    }
    if (low == 0) return null;
    // Of several at one address, the first in the table, as the kernel does.
    let row = low - 1;
    const start = this.addressOf(row);
    while (row > 0 && this.addressOf(row - 1) == start) --row;
    const module = this.moduleOf(row);
    const isLast = low == this.count || this.moduleOf(low) != module;
    const end = isLast ? (start + PAGE) & ~(PAGE - 1) : this.addressOf(low);
    if (address >= end) return null;
    const info = this.info;
    info.name = <usize>(<u32>this.rows[2 * row + 1]);
    info.nameLength = <i32>((this.rows[2 * row + 1] >> 32) & 0xffff);
    info.module = module == 0 ? 0 : this.modules[module - 1];
    info.moduleLength = module == 0 ? 0 : this.moduleLengths[module - 1];
    info.offset = address - start;
    info.size = end - start;
    return info;
  }

  private addressOf(row: i32): u64 {
    return unchecked(this.rows[2 * row]);
  }

  private moduleOf(row: i32): i32 {
    return <i32>(unchecked(this.rows[2 * row + 1]) >> 48);
  }

  /** Takes a line: "ffffffff81000000 T name", then perhaps a tab and "[module]". */
  add(line: usize, length: i32): void {
    let at = 0;
    let address: u64 = 0;
    for (; at < length && load<u8>(line + <usize>at) != 32; ++at) {
      const c = <u64>load<u8>(line + <usize>at);
      address = (address << 4) | ((c <= 57 ? c - 48 : (c | 32) - 87) & 15);
    }
    // What is hidden, or counts from the beginning of each CPU's data, has no address here.
    if (<i64>address >= 0 || at + 3 >= length) return;
    const name = at + 3;
    // $x, $d: marks of arm64's assembler in modules, which are no symbols.
    if (load<u8>(line + <usize>name) == DOLLAR) return;
    let end = name;
    while (end < length && load<u8>(line + <usize>end) > 32) ++end;
    if (end == name || end - name > LONGEST_NAME || this.count == MOST_ROWS) return;
    const module = end + 3 < length ? this.moduleNumber(line + <usize>(end + 2), length - end - 3) : 0;
    if (2 * this.count + 2 > this.rows.length) this.rows = grown(this.rows, this.count);
    const where = this.names.add(line + <usize>name, end - name);
    this.rows[2 * this.count] = address;
    this.rows[2 * this.count + 1] = <u64>(<u32>where) | ((<u64>(end - name)) << 32) | ((<u64>module) << 48);
    ++this.count;
  }

  /** The number of a module from 1 on; symbols of one follow each other. */
  private moduleNumber(at: usize, length: i32): i32 {
    const last = this.modules.length - 1;
    if (last >= 0 && this.moduleLengths[last] == length && memory.compare(this.modules[last], at, length) == 0)
      return last + 1;
    if (last + 1 >= MOST_MODULES || length > LONGEST_NAME) return 0;
    this.modules.push(this.names.add(at, length));
    this.moduleLengths.push(length);
    return last + 2;
  }

  /** Sorts by merging runs of growing length; runs that are in order already, as most are, cost a look each. */
  sort(): void {
    if (this.other.length < this.rows.length) this.other = new StaticArray<u64>(this.rows.length);
    for (let width = 1; width < this.count; width <<= 1) {
      for (let from = 0; from + width < this.count; from += 2 * width)
        this.merge(from, from + width, min(from + 2 * width, this.count));
    }
  }

  private merge(from: i32, middle: i32, end: i32): void {
    if (this.addressOf(middle - 1) <= this.addressOf(middle)) return;
    const rows = changetype<usize>(this.rows);
    const kept = changetype<usize>(this.other);
    memory.copy(kept, rows + <usize>(from * ROW_BYTES), <usize>((middle - from) * ROW_BYTES));
    let left = kept;
    const leftEnd = kept + <usize>((middle - from) * ROW_BYTES);
    let right = rows + <usize>(middle * ROW_BYTES);
    const rightEnd = rows + <usize>(end * ROW_BYTES);
    let to = rows + <usize>(from * ROW_BYTES);
    while (left < leftEnd) {
      const takesLeft = right == rightEnd || load<u64>(left) <= load<u64>(right);
      const next = takesLeft ? left : right;
      store<u64>(to, load<u64>(next));
      store<u64>(to, load<u64>(next, 8), 8);
      to += ROW_BYTES;
      if (takesLeft) left += ROW_BYTES;
      else right += ROW_BYTES;
    }
  }
}

function grown(rows: StaticArray<u64>, count: i32): StaticArray<u64> {
  const larger = new StaticArray<u64>(rows.length * 2);
  memory.copy(changetype<usize>(larger), changetype<usize>(rows), <usize>(count * ROW_BYTES));
  return larger;
}
