// Units of output that arrived in part: a handler printed more than fits one record. The text of the pieces is kept per
// unit until the last one comes; then it goes out whole, or not at all if a piece was lost.
//
// Invariant: memory is bounded by MAX_OPEN x MAX_UNIT_BYTES in the worst case and reused; a well-behaved agent has at
// most as many open units as frames.

import { OutBuffer } from "./buffer";

/** Most units that may be half-finished at a time. */
export const MAX_OPEN: i32 = 4096;
/** Longest text of one unit; what is beyond is cut and reported. */
export const MAX_UNIT_BYTES: i32 = 1 << 20;
/** Text of all half-finished units together. */
export const MAX_OPEN_BYTES: i32 = 1 << 26;

/** One half-finished unit. */
class Unit {
  id: u32 = 0;
  text: OutBuffer = new OutBuffer(512, MAX_UNIT_BYTES);
}

/** The half-finished units. The first `open` members are in use, the others wait to be. */
export class Units {
  private units: Unit[] = [];
  open: i32 = 0;
  private bytes: i32 = 0;

  private find(id: u32): i32 {
    for (let i = 0; i < this.open; ++i) {
      if (unchecked(this.units[i]).id == id) return i;
    }
    return -1;
  }

  /** The text of unit `id` so far, to append to; null if there are too many. Follow with `grown`. */
  get(id: u32): OutBuffer | null {
    let index = this.find(id);
    if (index >= 0) return this.units[index].text;
    if (this.open >= MAX_OPEN || this.bytes > MAX_OPEN_BYTES) return null;
    if (this.open == this.units.length) this.units.push(new Unit());
    let unit = this.units[this.open++];
    unit.id = id;
    unit.text.clear();
    return unit.text;
  }

  /** Accounts for what was appended to a half-finished unit. */
  grown(bytes: i32): void {
    this.bytes += bytes;
  }

  /** The text of unit `id` if it is open, else null. */
  peek(id: u32): OutBuffer | null {
    let index = this.find(id);
    return index < 0 ? null : this.units[index].text;
  }

  /** Ends unit `id`; its text must have been taken. */
  close(id: u32): void {
    let index = this.find(id);
    if (index < 0) return;
    let unit = this.units[index];
    this.bytes -= unit.text.length;
    if (unit.text.capacity > 65536) unit.text.shrink(512);
    this.open--;
    this.units[index] = this.units[this.open];
    this.units[this.open] = unit;
  }
}
