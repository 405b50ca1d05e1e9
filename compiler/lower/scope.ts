// Values that were computed already and are still valid: helper results that cannot change during a handler.
//
// Control flow of scripts is structured, so what is computed in a scope dominates the rest of that scope and everything
// nested in it. Lowering opens a scope for each arm of a branch and forgets what was computed inside when it closes it.

import { NoRef, Ref } from "../ir/function";

/** Remembered values, by key. */
export class Memo {
  private keys: i32[] = [];
  private values: Ref[] = [];
  private marks: i32[] = [];

  /** The value of a key, or NoRef. */
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
