// What large arrays are made of: values of a map, chosen by number, and loops over as many.
//
// A value of a map is found by a helper, whose answer the verifier wants compared with null: numbers that are too large
// would end the function there. They never are.

import { Helper } from "../../common/format/helpers";
import { AddressKind, Builder } from "../ir/build";
import { Func, Linkage, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Shared } from "./lowering";

/** The most calls in one loop: the verifier walks it to its bound. More are made by a loop of loops. */
const MOST_CALLS: i32 = 16384;
/** Calls that the inner one of two loops makes. */
const INNER_CALLS: i32 = 1024;

/** The address of value `index` of a map. */
export function lookUp(shared: Shared, b: Builder, map: i32, index: Ref): Ref {
  const key = shared.lookupKey(b);
  b.store(Op.Store32, key, 0, index);
  const value = b.callHelper(Helper.MapLookupElem, [b.addressOf(AddressKind.Map, map), key]);
  const there = b.newBlock("there");
  const nowhere = b.newBlock("nowhere");
  b.setCold(nowhere);
  b.branchIf(Op.Eq, value, b.constant(0), nowhere, there);
  b.setBlock(nowhere);
  b.ret(b.constant(0));
  b.setBlock(there);
  return value;
}

/** Calls a function of one argument up to so many times, until it answers something else than 0. */
export function repeat(shared: Shared, b: Builder, callee: i32, argument: Ref, times: i32): void {
  if (times <= MOST_CALLS) {
    callUntil(b, callee, argument, times);
    return;
  }
  const fn = new Func(`${shared.unit.ir.functions[callee].name}_rounds`, Linkage.Subprogram, 1);
  const inner = new Builder(fn);
  inner.ret(callUntil(inner, callee, inner.parameter(0), INNER_CALLS));
  callUntil(b, shared.unit.ir.add(fn), argument, (times + INNER_CALLS - 1) / INNER_CALLS);
}

/** The loop; what was answered last. */
function callUntil(b: Builder, callee: i32, argument: Ref, times: i32): Ref {
  const round = b.variable("round");
  const answer = b.variable("answer");
  const head = b.newBlock("each");
  const next = b.newBlock("next");
  const end = b.newBlock("end");
  b.setVar(round, b.constant(0));
  b.jump(head);
  b.setBlock(head);
  b.setVar(answer, b.callFunction(callee, [argument]));
  b.setCold(end);
  b.branchIf(Op.Ne, b.getVar(answer), b.constant(0), end, next);
  b.setBlock(next);
  const count = b.binary(Op.Add, b.getVar(round), b.constant(1));
  b.setVar(round, count);
  b.branchIf(Op.Ult, count, b.constant(times), head, end);
  b.setBlock(end);
  return b.getVar(answer);
}
