// `delete a[*, k]` and `[*, k] in a`: all elements whose other keys are these.
//
// The handler leaves the keys that are given in the frame, as for one element; a routine for each array and choice of keys
// goes through the elements in the order of insertion. `foreach` does the same in its own loop (foreach.ts).

import { Builder } from "../ir/build";
import { Func, Linkage, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Expression, NodeKind } from "../syntax/ast";
import { repeat } from "./cells";
import { Lowering, Shared } from "./lowering";
import { Element, Table } from "./table";

/** Whether `*` stands among keys. */
export function isSlice(keys: Expression[]): bool {
  for (let i = 0, n = keys.length; i < n; ++i) {
    if (keys[i].kind == NodeKind.Wildcard) return true;
  }
  return false;
}

/** The routines for the slices of one array that leave the same keys open; they stay with the array's table. */
export class SliceRoutines {
  private deleteFunction: i32 = -1;
  private findFunction: i32 = -1;
  private matchFunction: i32 = -1;
  /** Offset in the frame of the keys; those of an array whose own routines take keys in registers need a place, too. */
  keyPlace: i32;

  constructor(
    private shared: Shared,
    private table: Table,
    /** Bit k: key k is given. */
    public given: i32,
  ) {
    this.keyPlace = table.keysInRegisters ? shared.plan.reserveFunction(table.keyBytes) : table.keyPlace;
  }

  private routine(what: string, parameters: i32): Func {
    const fn = new Func(`stp_${what}_${this.table.symbol.index}_${this.given}`, Linkage.Subprogram, parameters);
    this.shared.unit.ir.add(fn);
    return fn;
  }

  /** (frame offset, number) -> whether the element's keys are those given in the frame */
  private get match(): i32 {
    if (this.matchFunction >= 0) return this.matchFunction;
    const fn = this.routine("match", 2);
    this.matchFunction = fn.index;
    const b = new Builder(fn);
    const table = this.table;
    const element = table.element(b, b.parameter(1));
    const keys = table.keysInFrame(b, this.keyPlace);
    const differ = b.newBlock("differ");
    b.setCold(differ);
    for (let i = 0, n = table.keyCapacities.length; i < n; ++i) {
      if ((this.given & (1 << i)) == 0) continue;
      const start = table.keyOffsets[i];
      for (let at = start, end = start + table.keyCapacities[i]; at < end; at += 8) {
        const next = b.newBlock("same");
        const wanted = b.load(Op.Load64, keys, at - Element.Keys);
        b.branchIf(Op.Ne, b.load(Op.Load64, element, at), wanted, differ, next);
        b.setBlock(next);
      }
    }
    b.ret(b.constant(1));
    b.setBlock(differ);
    b.ret(b.constant(0));
    return this.matchFunction;
  }

  /** (frame offset) -> whether some element matches */
  get find(): i32 {
    if (this.findFunction >= 0) return this.findFunction;
    const fn = this.routine("slice_in", 1);
    this.findFunction = fn.index;
    const b = new Builder(fn);
    this.walk(b, this.makeFindStep());
    // The walk stopped at what it found, or behind the last.
    b.ret(b.binary(Op.Ne, this.table.cursor(b), b.constant(0)));
    return this.findFunction;
  }

  /** (frame offset) -> 0: takes out all elements that match */
  get remove(): i32 {
    if (this.deleteFunction >= 0) return this.deleteFunction;
    const fn = this.routine("slice_delete", 1);
    this.deleteFunction = fn.index;
    const b = new Builder(fn);
    this.walk(b, this.makeDeleteStep());
    b.ret(b.constant(0));
    return this.deleteFunction;
  }

  /** Calls a step for one element after the other, until it answers otherwise than 0; all are behind the cursor then. */
  private walk(b: Builder, step: i32): void {
    this.table.setCursor(b, this.table.first(b));
    repeat(this.shared, b, step, b.parameter(0), this.table.buckets + 1);
  }

  /** (frame offset) -> 0 when the element at the cursor does not match, which is moved on then */
  private makeFindStep(): i32 {
    const fn = this.routine("slice_look", 1);
    const b = new Builder(fn);
    const number = this.beginStep(b);
    const found = b.newBlock("found");
    const next = b.newBlock("next");
    b.setCold(found);
    const same = b.callFunction(this.match, [b.parameter(0), number]);
    b.branchIf(Op.Ne, same, b.constant(0), found, next);
    b.setBlock(found);
    b.ret(b.constant(1));
    b.setBlock(next);
    this.table.setCursor(b, b.load(Op.Load32u, this.table.element(b, number), Element.After));
    b.ret(b.constant(0));
    return fn.index;
  }

  /** (frame offset) -> 0: takes the element at the cursor out if it matches, and moves the cursor on */
  private makeDeleteStep(): i32 {
    const fn = this.routine("slice_step", 1);
    const b = new Builder(fn);
    const number = this.beginStep(b);
    this.table.setCursor(b, b.load(Op.Load32u, this.table.element(b, number), Element.After));
    const gone = b.newBlock("gone");
    const stays = b.newBlock("stays");
    b.branch(b.callFunction(this.match, [b.parameter(0), number]), gone, stays);
    b.setBlock(gone);
    b.callFunction(this.table.remove, [number]);
    b.jump(stays);
    b.setBlock(stays);
    b.ret(b.constant(0));
    return fn.index;
  }

  /** The element at the cursor; answers 1 when there is none. */
  private beginStep(b: Builder): Ref {
    const number = this.table.cursor(b);
    const some = b.newBlock("some");
    const end = b.newBlock("end");
    b.setCold(end);
    b.branchIf(Op.Eq, number, b.constant(0), end, some);
    b.setBlock(end);
    b.ret(b.constant(1));
    b.setBlock(some);
    return number;
  }
}

/** The routines for a slice with these keys. */
export function slicesOf(l: Lowering, table: Table, keys: Expression[]): SliceRoutines {
  let given = 0;
  for (let i = 0, n = keys.length; i < n; ++i) {
    if (keys[i].kind != NodeKind.Wildcard) given |= 1 << i;
  }
  for (let i = 0, n = table.slices.length; i < n; ++i) {
    if (table.slices[i].given == given) return table.slices[i];
  }
  const made = new SliceRoutines(l.shared, table, given);
  table.slices.push(made);
  return made;
}
