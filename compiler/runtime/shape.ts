// What the library must know of a global variable of the script: types and sizes, nothing of the tree.

import { Statistic, StatisticField } from "../../common/as/statistic";
import { capacityFor } from "./place";

/** What a variable or an element holds. */
export const enum ValueKind {
  Long,
  String,
  Statistic,
}

/** A value's type, and how long it may get. */
export class ValueShape {
  constructor(
    public kind: ValueKind,
    /** Of a string: its greatest length. */
    public maxLength: i32,
  ) {}

  /** Bytes that a key or a value takes in memory; a statistic's are known only when the script is. */
  get bytes(): i32 {
    return this.kind == ValueKind.String ? capacityFor(this.maxLength) : 8;
  }
}

/** A global variable. */
export class GlobalShape {
  /** Of an array. */
  keys: ValueShape[] = [];
  /** `%`: the oldest element makes room. */
  wraps: bool = false;
  /**
   * An array that only grows, and whose elements are only added to while handlers run side by side: an element may be
   * found, and added to, without the lock.
   */
  isCounted: bool = false;
  /** What is kept of it, if it is a statistic. */
  statistic: Statistic = new Statistic();

  constructor(
    /** Its number; names of its routines end with it. */
    public index: i32,
    public name: string,
    public value: ValueShape,
  ) {}

  get isArray(): bool {
    return this.keys.length > 0;
  }

  /** Bytes that the value of the variable or of an element takes in memory. */
  get valueBytes(): i32 {
    if (this.value.kind == ValueKind.Statistic) return max(8, this.statistic.bytes);
    return this.value.bytes;
  }

  /** Whether handlers that add to it leave its elements incomplete for a moment: a variance takes several steps. */
  get hasVariance(): bool {
    return this.statistic.has(StatisticField.Squares);
  }
}
