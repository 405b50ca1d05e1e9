// The state that all routines of one object share: their unit, the plan of its frames, the routines made so far.

import { powerOfTwo } from "../../common/format/runtime";
import { Builder } from "../ir/build";
import { Func, NoRef, Ref } from "../ir/function";
import { forgetFrom, Unit, UnitMark } from "../ir/unit";
import { Base, capacityFor, Place } from "./place";
import { FramePlan, FrameWord, PlanMark } from "./plan";
import { RegexTables } from "./regex";

/** Bytes of a cache line. */
export const LINE: i32 = 64;

/** Byte offsets in the scratch area for the digits of a number. */
export const enum Digits {
  /** The sign, or the mark of the base. */
  Prefix = 0,
  /** u64: bytes of the prefix. */
  PrefixLength = 8,
  /** The digits end here. */
  End = 40,
  Size = 48,
}

/** The state of an object at some moment. */
export class RuntimeMark {
  constructor(
    public unit: UnitMark,
    public plan: PlanMark,
  ) {}
}

/** The run-time library of one object. */
export class Runtime {
  unit: Unit = new Unit();
  plan: FramePlan = new FramePlan();
  /** Module indexes of the routines made so far, by function name. */
  routines: Map<string, i32> = new Map<string, i32>();
  /** Frame offsets of scratch areas, by name. */
  private areas: Map<string, i32> = new Map<string, i32>();
  /** The tables of the script's regular expressions. */
  regexes: RegexTables;
  /** The locks in .bss (lock.ts): where they begin, and a mask for their numbers. */
  locksOffset: i32 = -1;
  lockMask: i32 = 0;
  /** Nanoseconds for which a handler waits for a lock. */
  patience: i64 = 1000000;
  /** For each function that looks up map values: the stack slot that holds their number. */
  private lookupKeys: Map<Func, Ref> = new Map<Func, Ref>();

  constructor(
    /** MAXSTRINGLEN - 1 */
    public maxLength: i32,
    /** Compare-and-exchange may be used. It must be used where plain atomics are not ordered (arm64). */
    public fetchingAtomics: bool,
    /** MAXBACKTRACE */
    public maxFrames: i32 = 20,
  ) {
    this.regexes = new RegexTables(maxLength);
  }

  /** The library itself is the subject of routines that exist once in an object. */
  get runtime(): Runtime {
    return this;
  }

  /** The end of the names of routines that exist once in an object. */
  get suffix(): string {
    return "";
  }

  /** The frame offset of a scratch area, which all handlers share. */
  area(name: string, bytes: i32): i32 {
    const known = this.areas;
    if (known.has(name)) return known.get(name);
    const at = this.plan.reserveFunction(bytes);
    known.set(name, at);
    return at;
  }

  /** Reserves memory for locks. */
  reserveLocks(count: i32): void {
    if (count == 0) return;
    const rounded = powerOfTwo(count);
    this.locksOffset = this.unit.reserveLines(rounded * LINE);
    this.lockMask = rounded - 1;
  }

  /** The frame offset of the area in which digits are built. */
  get digitsArea(): i32 {
    return this.area("digits", Digits.Size);
  }

  /** Where a string is measured, padded or escaped. It has room for the longest string and a few more bytes. */
  get textArea(): Place {
    const capacity = capacityFor(this.maxLength) + 16;
    return new Place(Base.Frame, NoRef, this.area("text", capacity), capacity);
  }

  /** Whether a scratch area exists. */
  hasArea(name: string): bool {
    return this.areas.has(name);
  }

  /** The stack slot in which a function stores the number of a map value to look up. */
  lookupKey(b: Builder): Ref {
    if (!this.lookupKeys.has(b.fn)) this.lookupKeys.set(b.fn, b.slot(8));
    return this.lookupKeys.get(b.fn);
  }

  /** The current state, including the unit and the plan. `rollback` removes what was added since. */
  mark(): RuntimeMark {
    return new RuntimeMark(this.unit.mark(), this.plan.mark());
  }

  /** Removes what was added since the mark. Must not run while a function is under construction. */
  rollback(mark: RuntimeMark): void {
    this.unit.rollback(mark.unit);
    this.plan.rollback(mark.plan);
    forgetFrom(this.routines, mark.unit.functions);
    forgetFrom(this.areas, FrameWord.Size + mark.plan.functionBytes);
    this.lookupKeys.clear();
  }
}

/** Rounds of a routine that walks the longest string byte by byte, including its NUL. */
export function everyByte(runtime: Runtime): i64 {
  return <i64>runtime.maxLength + 1;
}

/** Rounds of a routine that walks the longest string eight bytes at a time, including its NUL. */
export function everyWord(runtime: Runtime): i64 {
  return <i64>((runtime.maxLength + 8) >> 3);
}
