// The library's view of a global variable of the script: types and sizes, without the tree.

import { Statistic, StatisticField } from "../../common/as/statistic";
import { capacityFor } from "./place";

/** The type of a variable or an element. */
export const enum ValueKind {
  Long,
  String,
  Statistic,
}

/** A value's type and its maximum length. */
export class ValueShape {
  constructor(
    public kind: ValueKind,
    /** Maximum length, if it is a string. */
    public maxLength: i32,
  ) {}

  /** Bytes of a key or a value in memory. The size of a statistic is known only once the whole script has been read. */
  get bytes(): i32 {
    return this.kind == ValueKind.String ? capacityFor(this.maxLength) : 8;
  }
}

/** A global variable. */
export class GlobalShape {
  /** The keys, if it is an array. */
  keys: ValueShape[] = [];
  /** `%`: a new element replaces the oldest one if the array is full. */
  wraps: bool = false;
  /**
   * An array that only grows, and whose elements are only added to while handlers run in parallel. An element may be
   * found, and added to, without the lock.
   */
  isCounted: bool = false;
  /** The number of the lock under which elements are then inserted. */
  growLock: i32 = -1;
  /** Locks among which the hash of a key chooses; 1: one lock guards the whole array. */
  stripes: i32 = 1;
  /** Something shows the order in which the elements of an array with several locks were made. */
  isOrdered: bool = false;
  /** The number of the first of these locks. */
  firstLock: i32 = -1;
  /** The parts that are kept, if it is a statistic. */
  statistic: Statistic = new Statistic();

  constructor(
    /** Its number, which ends the names of its routines. */
    public index: i32,
    public name: string,
    public value: ValueShape,
  ) {}

  get isArray(): bool {
    return this.keys.length > 0;
  }

  /** Bytes of the value of the variable or of an element in memory. */
  get valueBytes(): i32 {
    if (this.value.kind == ValueKind.Statistic) return max(8, this.statistic.bytes);
    return this.value.bytes;
  }

  /** Whether adding leaves an element incomplete for a moment, because a variance is updated in several steps. */
  get hasVariance(): bool {
    return this.statistic.has(StatisticField.Squares);
  }
}
