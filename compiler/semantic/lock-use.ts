// Which locks a handler takes (locks.ts decides).

import { Expression } from "../syntax/ast";
import { GlobalSymbol } from "./symbols";

/** Globals that handlers use together, and their locks. */
export class LockGroup {
  globals: GlobalSymbol[] = [];
  /** Every handler in the kernel that uses the group knows its key from the start. */
  isStriped: bool = true;
  /** Number of the first lock, and how many there are: a power of two. */
  first: i32 = -1;
  stripes: i32 = 1;

  add(global: GlobalSymbol): void {
    if (!this.globals.includes(global)) this.globals.push(global);
  }
}

/** The locks that a handler takes. */
export class LockUse {
  /** The key by which it takes one lock of several; empty: it takes all of its group. */
  key: Expression[] = [];
  constructor(public group: LockGroup) {}
}
