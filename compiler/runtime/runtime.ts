// What all routines of one object share: the unit they are built into, the plan of its frames, what was made already.

import { Builder } from "../ir/build";
import { Func, NoRef, Ref } from "../ir/function";
import { forgetFrom, Unit, UnitMark } from "../ir/unit";
import { Base, capacityFor, Place } from "./place";
import { FramePlan, FrameWord, PlanMark } from "./plan";
import { RegexTables } from "./regex";

/** Byte offsets in the scratch area for the digits of a number. */
export const enum Digits {
  /** The sign, or the mark of the base. */
  Prefix = 0,
  /** u64: bytes of the prefix. */
  PrefixLength = 8,
  /** The digits stand before this. */
  End = 40,
  Size = 48,
}

/** How much of an object there was at some moment. */
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
  /** Indexes in the module of the routines made so far, by the names of their functions. */
  routines: Map<string, i32> = new Map<string, i32>();
  /** Offsets in the frame of scratch areas, by name. */
  private areas: Map<string, i32> = new Map<string, i32>();
  /** The tables of the script's regular expressions. */
  regexes: RegexTables;
  /** The stack slot of each function that looks up values of maps, for their numbers. */
  private lookupKeys: Map<Func, Ref> = new Map<Func, Ref>();

  constructor(
    /** MAXSTRINGLEN - 1 */
    public maxLength: i32,
    /** Compare-and-exchange may be used, and must be where plain atomics give no order (arm64). */
    public fetchingAtomics: bool,
  ) {
    this.regexes = new RegexTables(maxLength);
  }

  /** The library is the subject of the routines that exist once in an object. */
  get runtime(): Runtime {
    return this;
  }

  /** The end of the names of routines that exist once. */
  get suffix(): string {
    return "";
  }

  /** The offset in the frame of a scratch area, which all handlers share. */
  area(name: string, bytes: i32): i32 {
    const known = this.areas;
    if (known.has(name)) return known.get(name);
    const at = this.plan.reserveFunction(bytes);
    known.set(name, at);
    return at;
  }

  /** The offset in the frame of the area where digits are put together. */
  get digitsArea(): i32 {
    return this.area("digits", Digits.Size);
  }

  /** Where a string is measured, padded or escaped: room for the longest, and a few bytes more. */
  get textArea(): Place {
    const capacity = capacityFor(this.maxLength) + 8;
    return new Place(Base.Frame, NoRef, this.area("text", capacity), capacity);
  }

  /** Whether a scratch area is there. */
  hasArea(name: string): bool {
    return this.areas.has(name);
  }

  /** The stack slot in which a function puts the number of a map's value to look up. */
  lookupKey(b: Builder): Ref {
    if (!this.lookupKeys.has(b.fn)) this.lookupKeys.set(b.fn, b.slot(8));
    return this.lookupKeys.get(b.fn);
  }

  /** What there is now, of the unit and the plan, too; `rollback` removes what was added since. */
  mark(): RuntimeMark {
    return new RuntimeMark(this.unit.mark(), this.plan.mark());
  }

  /** Must not run while a function is under construction. */
  rollback(mark: RuntimeMark): void {
    this.unit.rollback(mark.unit);
    this.plan.rollback(mark.plan);
    forgetFrom(this.routines, mark.unit.functions);
    forgetFrom(this.areas, FrameWord.Size + mark.plan.functionBytes);
    this.lookupKeys.clear();
  }

  // ----------------------------------------------------------------------------------------------- common loop bounds

  /** Rounds of a loop over the bytes of the longest string, its NUL included. */
  get everyByte(): i64 {
    return <i64>this.maxLength + 1;
  }

  /** Rounds of a loop over the words of the longest string, its NUL included. */
  get everyWord(): i64 {
    return <i64>((this.maxLength + 8) >> 3);
  }
}

/** Rounds of a routine that goes through the longest string byte by byte. */
export function everyByte(runtime: Runtime): i64 {
  return runtime.everyByte;
}

/** The same, eight bytes at a time. */
export function everyWord(runtime: Runtime): i64 {
  return runtime.everyWord;
}
