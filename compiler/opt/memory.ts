// What is known of memory at a point: places whose content is a known value. Two places are the same if they have the
// same base, offset and width; they are surely different if the base is the same and they do not overlap, or if one is
// a stack slot and the other in a map. In all other cases they may be the same.

import { Func, isSlot, isTemp, NoRef, Ref, refIndex } from "../ir/function";
import { accessBytes, Op } from "../ir/op";

/** Places that are remembered; the oldest is forgotten first. */
const MAX_PLACES: i32 = 48;

/** Whether accesses at two bases may meet, whatever their offsets. */
export function mayAlias(fn: Func, a: Ref, b: Ref): bool {
  if (isSlot(a) && isSlot(b)) return a == b;
  return !((isSlot(a) && isMapAddress(fn, b)) || (isSlot(b) && isMapAddress(fn, a)));
}

function isMapAddress(fn: Func, r: Ref): bool {
  if (!isTemp(r)) return false;
  let op = fn.ops[refIndex(r)];
  return op == Op.AddressBss || op == Op.AddressRodata;
}

/** The places known at one point, as parallel lists. */
export class KnownMemory {
  loads: Array<i32> = [];
  bases: Array<Ref> = [];
  offsets: Array<i32> = [];
  values: Array<Ref> = [];

  copyFrom(other: KnownMemory): void {
    this.clear();
    for (let k = 0, n = other.loads.length; k < n; ++k) {
      this.note(other.loads[k] as Op, other.bases[k], other.offsets[k], other.values[k]);
    }
  }

  clear(): void {
    this.loads.length = 0;
    this.bases.length = 0;
    this.offsets.length = 0;
    this.values.length = 0;
  }

  /** What `load` would give at this place, or NoRef. */
  find(load: Op, base: Ref, offset: i32): Ref {
    for (let k = this.loads.length - 1; k >= 0; --k) {
      if (this.bases[k] == base && this.offsets[k] == offset && this.loads[k] == load) return this.values[k];
    }
    return NoRef;
  }

  note(load: Op, base: Ref, offset: i32, value: Ref): void {
    if (this.loads.length == MAX_PLACES) this.remove(0);
    this.loads.push(load);
    this.bases.push(base);
    this.offsets.push(offset);
    this.values.push(value);
  }

  private remove(k: i32): void {
    this.loads.splice(k, 1);
    this.bases.splice(k, 1);
    this.offsets.splice(k, 1);
    this.values.splice(k, 1);
  }

  /** Forgets what a write of `bytes` at this place may change. */
  write(fn: Func, base: Ref, offset: i32, bytes: i32): void {
    for (let k = this.loads.length - 1; k >= 0; --k) {
      let isSame = this.bases[k] == base;
      let from = this.offsets[k];
      let isApart = from + accessBytes(this.loads[k] as Op) <= offset || offset + bytes <= from;
      if (isSame ? !isApart : mayAlias(fn, this.bases[k], base)) this.remove(k);
    }
  }
}
