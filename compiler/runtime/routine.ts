// How a routine of the run-time library is declared: one row with its name, parameters, loop bound and code.
//
// A routine is a global BPF function. The kernel's verifier checks it once, with unknown scalars as parameters, however
// many handlers call it. A routine is made at its first use. Routines of an array, a statistic or a sorted loop exist
// once for each of these *subjects*, whose sizes are constants in the code. A row must come after the rows of the
// routines that its code calls, because asc requires it.

import { Builder } from "../ir/build";
import { Func, Linkage } from "../ir/function";
import { BoundedLoop } from "./loop";

/** Builds a routine's code. */
export class RoutineBuilder extends Builder {
  private looped: bool = false;

  constructor(
    fn: Func,
    private rounds: i64,
  ) {
    super(fn);
  }

  /** Begins the routine's loop. The declaration gives its rounds. */
  loop(): BoundedLoop {
    assert(this.rounds > 0 && !this.looped, "a routine has the one loop that it declares");
    this.looped = true;
    return new BoundedLoop(this, this.rounds);
  }
}

/**
 * A routine's declaration. `S` is its subject: a class with `runtime: Runtime` and `suffix: string`, which is the end
 * of the names of its routines.
 */
export class Routine<S> {
  constructor(
    /** The function's name is "stp_", this name and the subject's suffix. */
    public name: string,
    public parameters: i32,
    public code: (subject: S, b: RoutineBuilder) => void,
    /** The bound of its loop; null if it has none. */
    public rounds: ((subject: S) => i64) | null = null,
  ) {}

  /** The number of parameters, for one subject. */
  arity(subject: S): i32 {
    return this.parameters;
  }

  /** The routine's index in the module. Makes the routine if it does not exist yet. */
  of(subject: S): i32 {
    const made = subject.runtime.routines;
    const name = "stp_" + this.name + subject.suffix;
    if (made.has(name)) return made.get(name);
    const fn = new Func(name, Linkage.Subprogram, this.arity(subject));
    const index = subject.runtime.unit.ir.add(fn);
    made.set(name, index);
    const rounds = this.rounds;
    const code = this.code;
    code(subject, new RoutineBuilder(fn, rounds !== null ? rounds(subject) : 0));
    return index;
  }
}
