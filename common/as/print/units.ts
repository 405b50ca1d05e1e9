// Units of output that arrive in several records, because a handler printed more than fits one. The text of each unit
// is kept until its last record arrives. Then it is printed whole, or dropped if a record was lost.
//
// Invariant: memory is at most MAX_OPEN x MAX_UNIT_BYTES, and is reused. A well-behaved agent has at most as many open
// units as there are frames.

import { OutBuffer } from "./buffer";

/** Most units that may be half-finished at a time. */
const MAX_OPEN: i32 = 4096;
/** Longest text of one unit; what is beyond is cut and reported. */
export const MAX_UNIT_BYTES: i32 = 1 << 20;
/** Text of all half-finished units together. */
const MAX_OPEN_BYTES: i32 = 1 << 26;

/** One half-finished unit. */
class Unit {
  id: u32 = 0;
  text: OutBuffer = new OutBuffer(512, MAX_UNIT_BYTES);
}

/** The half-finished units. The first `count` members are in use, the others wait to be. */
export class Units {
  private units: Unit[] = [];
  /** Open units. */
  count: i32 = 0;
  private bytes: i32 = 0;

  private indexOf(id: u32): i32 {
    for (let i = 0; i < this.count; ++i) {
      if (unchecked(this.units[i]).id == id) return i;
    }
    return -1;
  }

  /** Begins unit `id`, which is not open; false if too many are. */
  begin(id: u32): bool {
    if (this.count >= MAX_OPEN || this.bytes > MAX_OPEN_BYTES) return false;
    if (this.count == this.units.length) this.units.push(new Unit());
    let unit = this.units[this.count++];
    unit.id = id;
    unit.text.clear();
    return true;
  }

  /** The text of unit `id` so far, to append to, or null if it is not open. Follow with `grown`. */
  find(id: u32): OutBuffer | null {
    let index = this.indexOf(id);
    return index < 0 ? null : this.units[index].text;
  }

  /** Accounts for what was appended to a half-finished unit. */
  grown(bytes: i32): void {
    this.bytes += bytes;
  }

  /** Ends unit `id` if it is open; its text must have been taken. */
  close(id: u32): void {
    let index = this.indexOf(id);
    if (index < 0) return;
    let unit = this.units[index];
    this.bytes -= unit.text.length;
    if (unit.text.capacity > 65536) unit.text.shrink(512);
    this.count--;
    this.units[index] = this.units[this.count];
    this.units[this.count] = unit;
  }
}
