// A position in a string that a routine walks along.

import { Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";

/** The current byte of a string in such a walk. */
export class Cursor {
  private at: i32;

  constructor(
    private b: Builder,
    start: Ref,
  ) {
    this.at = b.variable("at");
    b.setVar(this.at, start);
  }

  get pointer(): Ref {
    return this.b.getVar(this.at);
  }

  /** The byte at `offset` from the current one. */
  byte(offset: i32): Ref {
    return this.b.load(Op.Load8u, this.pointer, offset);
  }

  /** The next eight bytes, from the current one on. */
  get word(): Ref {
    return this.b.load(Op.Load64, this.pointer, 0);
  }

  skip(bytes: Ref): void {
    this.b.setVar(this.at, this.b.binary(Op.Add, this.pointer, bytes));
  }
}
