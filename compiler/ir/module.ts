// All functions of one object. A function's place in the list is what CallFunction names.

import { Func, Linkage } from "./function";

/** Stands for a function that was dropped. */
const DROPPED = new Func("(dropped)", Linkage.Subprogram, 0);

/** The functions of one object, handlers and subprograms. */
export class IrModule {
  functions: Array<Func> = [];

  /** Adds `fn` and gives it its index. */
  add(fn: Func): i32 {
    fn.index = this.functions.length;
    this.functions.push(fn);
    return fn.index;
  }

  /** Forgets the body of function `index`, of which there is code now. */
  drop(index: i32): void {
    this.functions[index] = DROPPED;
  }
}
