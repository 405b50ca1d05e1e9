// All functions of one object. A function's place in the list is what CallFunction names.

import { Func } from "./function";

/** The functions of one object, handlers and subprograms. */
export class IrModule {
  functions: Array<Func> = [];

  /** Adds `fn` and gives it its index. */
  add(fn: Func): i32 {
    fn.index = this.functions.length;
    this.functions.push(fn);
    return fn.index;
  }
}
