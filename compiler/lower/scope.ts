// The meaning of names and jumps at the point that is being lowered: locals, the surrounding function and loop, and
// values that are computed already.

import { Func, NoRef, Ref } from "../ir/function";
import { Place } from "../runtime/place";
import { FunctionSymbol, LocalSymbol } from "../semantic/symbols";

/**
 * Values that are computed already and still valid: helper results that cannot change during a handler.
 *
 * The control flow of scripts is structured, so a value computed in a scope dominates the rest of that scope and all
 * nested scopes. Lowering opens a scope for each arm of a branch, and forgets the values of the scope when it closes
 * it.
 */
export class Memo {
  private keys: i32[] = [];
  private values: Ref[] = [];
  private marks: i32[] = [];

  /** The value for a key, or NoRef. */
  find(key: i32): Ref {
    for (let i = this.keys.length - 1; i >= 0; --i) {
      if (this.keys[i] == key) return this.values[i];
    }
    return NoRef;
  }

  remember(key: i32, value: Ref): void {
    this.keys.push(key);
    this.values.push(value);
  }

  open(): void {
    this.marks.push(this.keys.length);
  }

  close(): void {
    const to = this.marks.pop();
    this.keys.length = to;
    this.values.length = to;
  }
}

/** Where a local of the script lives. */
export class Storage {
  /** IR variable of a long, or -1. */
  variable: i32 = -1;
  /** Place of a string. */
  place: Place | null = null;
}

/** The target of `return` in an inlined function. */
export class Inlining {
  /** IR variable of a long result, or -1. */
  variable: i32 = -1;
  /** Place of a string result. In a function whose locals live in the frame, the place of any result. */
  place: Place | null = null;
  constructor(
    public symbol: FunctionSymbol,
    /** The IR function that contains these blocks. A loop's body is another function. */
    public home: Func,
    public exit: i32,
    /** Block of the next overload, or -1. */
    public nextOverload: i32,
    public outer: Inlining | null,
  ) {}
}

/** The targets of `break` and `continue`. Both are in the IR function of the loop's body. */
export class Loop {
  constructor(
    public breakBlock: i32,
    public continueBlock: i32,
    public outer: Loop | null,
  ) {}
}

/** The names and jumps of one function under construction. */
export class Scope {
  memo: Memo = new Memo();
  locals: Map<LocalSymbol, Storage> = new Map<LocalSymbol, Storage>();
  /** Places that locals of inlined functions had before. The next inlining uses them again. */
  declared: Map<LocalSymbol, Storage> = new Map<LocalSymbol, Storage>();
  inlining: Inlining | null = null;
  loop: Loop | null = null;
  /** The nesting depth of function calls here. */
  depth: i32 = 0;
  /** Bytes of script text inlined so far. */
  inlinedText: i32 = 0;

  /** Copies the names of the function around a loop's body. */
  enter(outer: Scope): void {
    this.locals = outer.locals;
    this.declared = outer.declared;
    this.inlining = outer.inlining;
    this.depth = outer.depth;
    this.inlinedText = outer.inlinedText;
  }
}
