// An attempt at lowering a handler. Either everything that it adds to the object is kept, or nothing.
//
// A handler is lowered the cheapest way first. Only lowering itself finds out whether that way works (decision 0008).
// If it fails, everything that the attempt added must go: functions, routines, sites, constants, memory, diagnostics.

import { Reporter } from "../diagnostics/diagnostic";
import { RuntimeMark } from "../runtime/runtime";
import { FunctionSymbol } from "../semantic/symbols";
import { Shared, Subprogram } from "./shared";

/** The state of the object when an attempt began. */
export class Transaction {
  private mark: RuntimeMark;
  private pending: i32;
  private reporter: Reporter;

  constructor(private shared: Shared) {
    this.mark = shared.runtime.mark();
    this.pending = shared.pending.length;
    this.reporter = shared.reporter;
    shared.reporter = new Reporter();
  }

  /** Removes everything that was added since the transaction began. The transaction stays open. */
  rollback(): void {
    const shared = this.shared;
    const mark = this.mark;
    shared.runtime.rollback(mark);
    shared.sites.rollback(mark.unit);
    shared.pending.length = this.pending;
    forgetSubprograms(shared.subprograms, mark.unit.functions);
    shared.reporter = new Reporter();
  }

  /** Keeps what was added and reports its diagnostics. */
  commit(): void {
    const made = this.shared.reporter.diagnostics;
    this.shared.reporter = this.reporter;
    for (let i = 0, n = made.length; i < n; ++i) this.reporter.add(made[i]);
  }
}

/** Removes the functions with index `first` and above. */
function forgetSubprograms(known: Map<FunctionSymbol, Subprogram>, first: i32): void {
  const symbols = known.keys();
  for (let i = 0, n = symbols.length; i < n; ++i) {
    if (known.get(symbols[i]).index >= first) known.delete(symbols[i]);
  }
}
