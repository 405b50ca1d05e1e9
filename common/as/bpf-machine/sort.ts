// Sorts the entries of a sorted loop's queue (QueueEntry) in place: by key, then by the strings of the elements that
// they stand for, if there are any, then by age. Quicksort, which falls back to heapsort where its pivots are bad, so
// that no object makes the agent busy for long. The caller has checked that all this memory may be read.

import { QueueEntry } from "../../format/runtime";

/** Fewer entries than this are sorted by insertion. */
const FEW: i32 = 24;
/** An entry that others are compared with, and one that changes its place. */
const PIVOT: usize = memory.data(24, 8);
const SWAPPED: usize = memory.data(24, 8);

/** Sorts entries. Reused: sorting allocates nothing. */
export class EntrySorter {
  /** Address of the string of element 1, and bytes from one to the next; 0: there are no strings. */
  private strings: usize = 0;
  private stride: usize = 0;
  /** Bytes of a string, padded with zeros. */
  private bytes: i32 = 0;
  /** The greatest string comes first. */
  private falls: bool = false;

  /** Entries with equal keys are compared by strings as well. */
  setStrings(at: usize, stride: usize, bytes: i32, falls: bool): void {
    this.strings = at;
    this.stride = stride;
    this.bytes = bytes;
    this.falls = falls;
  }

  /** Sorts `count` entries from an address on. */
  sort(at: usize, count: i32): void {
    this.sortPart(at, count, 2 * (32 - clz<i32>(count | 1)));
  }

  /** The way that bad pivots lead to. */
  sortByHeap(at: usize, count: i32): void {
    for (let i = count / 2 - 1; i >= 0; --i) this.sift(at, i, count);
    for (let n = count - 1; n > 0; --n) {
      swap(at, entryAt(at, n));
      this.sift(at, 0, n);
    }
  }

  private sortPart(at: usize, count: i32, depth: i32): void {
    while (count > FEW) {
      if (depth-- == 0) {
        this.sortByHeap(at, count);
        return;
      }
      const left = this.partition(at, count);
      // The smaller part first, so that calls are nested no deeper than the logarithm.
      if (left < count - left) {
        this.sortPart(at, left, depth);
        at = entryAt(at, left);
        count -= left;
      } else {
        this.sortPart(entryAt(at, left), count - left, depth);
        count = left;
      }
    }
    this.sortByInsertion(at, count);
  }

  /** Negative if an entry comes before another one, positive if after it. */
  private compare(x: usize, y: usize): i32 {
    const key = load<i64>(x, QueueEntry.Key);
    const other = load<i64>(y, QueueEntry.Key);
    if (key != other) return key < other ? -1 : 1;
    if (this.stride != 0) {
      const order = this.compareStrings(load<u32>(x, QueueEntry.Number), load<u32>(y, QueueEntry.Number));
      if (order != 0) return order;
    }
    const made = load<u64>(x, QueueEntry.Made);
    const later = load<u64>(y, QueueEntry.Made);
    return made < later ? -1 : made > later ? 1 : 0;
  }

  private compareStrings(x: u32, y: u32): i32 {
    const left = this.strings + <usize>(x - 1) * this.stride;
    const right = this.strings + <usize>(y - 1) * this.stride;
    for (let at = 0, n = this.bytes; at < n; at += 8) {
      const p = load<u64>(left + at);
      const q = load<u64>(right + at);
      if (p != q) return bswap<u64>(p) < bswap<u64>(q) != this.falls ? -1 : 1;
    }
    return 0;
  }

  /** Orders two entries. */
  private order(x: usize, y: usize): void {
    if (this.compare(y, x) < 0) swap(x, y);
  }

  /** Splits the entries at the median of three; how many the first part has, all of which come first. */
  private partition(at: usize, count: i32): i32 {
    const middle = entryAt(at, count / 2);
    let low = at;
    let high = entryAt(at, count - 1);
    this.order(low, middle);
    this.order(middle, high);
    this.order(low, middle);
    copy(PIVOT, middle);
    while (true) {
      while (this.compare(low, PIVOT) < 0) low += QueueEntry.Size;
      while (this.compare(high, PIVOT) > 0) high -= QueueEntry.Size;
      if (low >= high) break;
      swap(low, high);
      low += QueueEntry.Size;
      high -= QueueEntry.Size;
    }
    // Both have stopped at the pivot, or passed each other.
    const left = <i32>((high - at) / QueueEntry.Size) + 1;
    return min(left, count - 1);
  }

  private sortByInsertion(at: usize, count: i32): void {
    for (let i = 1; i < count; ++i) {
      let entry = entryAt(at, i);
      copy(PIVOT, entry);
      for (; entry > at && this.compare(entry - QueueEntry.Size, PIVOT) > 0; entry -= QueueEntry.Size) {
        copy(entry, entry - QueueEntry.Size);
      }
      copy(entry, PIVOT);
    }
  }

  /** Moves an entry down in a heap whose root comes last. */
  private sift(at: usize, index: i32, count: i32): void {
    for (let child = 2 * index + 1; child < count; child = 2 * index + 1) {
      const left = entryAt(at, child);
      const right = left + QueueEntry.Size;
      let below = left;
      if (child + 1 < count && this.compare(right, left) > 0) {
        below = right;
        ++child;
      }
      const here = entryAt(at, index);
      if (this.compare(below, here) <= 0) return;
      swap(here, below);
      index = child;
    }
  }
}

function entryAt(at: usize, index: i32): usize {
  return at + <usize>index * QueueEntry.Size;
}

function copy(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from, QueueEntry.Key), QueueEntry.Key);
  store<u64>(to, load<u64>(from, QueueEntry.Made), QueueEntry.Made);
  store<u64>(to, load<u64>(from, QueueEntry.Number), QueueEntry.Number);
}

function swap(x: usize, y: usize): void {
  copy(SWAPPED, x);
  copy(x, y);
  copy(y, SWAPPED);
}
