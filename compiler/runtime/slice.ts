// `delete a[*, k]` and `[*, k] in a`: all elements whose keys other than `*` have the given values.
//
// The handler leaves the given keys in the frame, as for one element. A routine for each array and choice of keys walks
// the elements in insertion order. `foreach` does the same in its own loop (lower/foreach.ts).

import { Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Driver } from "./loop";
import { Routine, RoutineBuilder } from "./routine";
import { Runtime } from "./runtime";
import { Element, Table } from "./table";
import { REMOVE } from "./table-routines";

/** The slices of one array with the same keys open. */
export class Slice {
  /** Frame offset of the keys. An array needs it even if its own routines take the keys in registers. */
  keyPlace: i32;

  constructor(
    public table: Table,
    /** Bit k: key k is given. */
    public given: i32,
  ) {
    const runtime = table.runtime;
    this.keyPlace = table.keysInRegisters ? runtime.area(`slice${this.suffix}`, table.keyBytes) : table.keyPlace;
  }

  get runtime(): Runtime {
    return this.table.runtime;
  }

  /** The end of the names of its routines. */
  get suffix(): string {
    return `_${this.table.shape.index}_${this.given}`;
  }
}

/** (frame offset, number) -> 1 if the element's keys equal those given in the frame, else 0. */
const MATCH = new Routine<Slice>("match", 2, buildMatch);

/** (frame offset) -> 0 if the element at the cursor does not match. The cursor then moves on. */
const LOOK = new Routine<Slice>("slice_look", 1, buildFindStep);

/** (frame offset) -> 0. Removes the element at the cursor if it matches, and moves the cursor on. */
const STEP = new Routine<Slice>("slice_step", 1, buildDeleteStep);

/** (frame offset) -> 1 if some element matches, else 0. */
export const SLICE_IN = new Routine<Slice>("slice_in", 1, buildFind);

/** (frame offset) -> 0. Removes all elements that match. */
export const SLICE_DELETE = new Routine<Slice>("slice_delete", 1, buildDelete);

function buildMatch(slice: Slice, b: RoutineBuilder): void {
  const table = slice.table;
  const element = table.element(b, b.parameter(1));
  const keys = table.keysInFrame(b, slice.keyPlace);
  const differ = b.newBlock("differ");
  b.setCold(differ);
  if (table.isStriped) {
    const used = b.newBlock("used");
    b.branchIf(Op.Eq, b.load(Op.Load32u, element, Element.Seq), b.constant(0), differ, used);
    b.setBlock(used);
  }
  for (let i = 0, n = table.keyCapacities.length; i < n; ++i) {
    if ((slice.given & (1 << i)) == 0) continue;
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
}

function buildFind(slice: Slice, b: RoutineBuilder): void {
  walk(slice, b, LOOK.of(slice));
  // The walk has stopped at the element found, or after the last one.
  b.ret(b.binary(Op.Ne, slice.table.cursor(b), b.constant(0)));
}

function buildDelete(slice: Slice, b: RoutineBuilder): void {
  walk(slice, b, STEP.of(slice));
  b.ret(b.constant(0));
}

/**
 * Calls a step for one element after the other until it returns something other than 0, as it does after the last one.
 */
function walk(slice: Slice, b: Builder, step: i32): void {
  const table = slice.table;
  table.setCursor(b, table.first(b));
  new Driver(slice.runtime.unit, b).drive(step, b.parameter(0), table.buckets + 1);
}

function buildFindStep(slice: Slice, b: RoutineBuilder): void {
  const table = slice.table;
  const number = beginStep(table, b);
  const found = b.newBlock("found");
  const next = b.newBlock("next");
  b.setCold(found);
  const same = b.callFunction(MATCH.of(slice), [b.parameter(0), number]);
  b.branchIf(Op.Ne, same, b.constant(0), found, next);
  b.setBlock(found);
  b.ret(b.constant(1));
  b.setBlock(next);
  table.setCursor(b, table.next(b, number, table.element(b, number)));
  b.ret(b.constant(0));
}

function buildDeleteStep(slice: Slice, b: RoutineBuilder): void {
  const table = slice.table;
  const number = beginStep(table, b);
  table.setCursor(b, table.next(b, number, table.element(b, number)));
  const gone = b.newBlock("gone");
  const stays = b.newBlock("stays");
  b.branch(b.callFunction(MATCH.of(slice), [b.parameter(0), number]), gone, stays);
  b.setBlock(gone);
  b.callFunction(REMOVE.of(table), [number]);
  b.jump(stays);
  b.setBlock(stays);
  b.ret(b.constant(0));
}

/** The element at the cursor. Returns 1 from the step if there is none. */
function beginStep(table: Table, b: Builder): Ref {
  const number = table.cursor(b);
  const some = b.newBlock("some");
  const end = b.newBlock("end");
  b.setCold(end);
  b.branchIf(Op.Eq, number, b.constant(0), end, some);
  b.setBlock(end);
  b.ret(b.constant(1));
  b.setBlock(some);
  return number;
}
