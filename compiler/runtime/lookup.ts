// Values of maps, chosen by number: what large arrays are made of.
//
// A helper finds a value of a map, and the verifier demands that its answer is compared with null. A number that is too
// large would end the function there; none is ever too large.

import { Helper } from "../../common/format/helpers";
import { AddressKind, Builder } from "../ir/build";
import { Func, Linkage, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Runtime } from "./runtime";

/** The address of value `index` of a map. */
export function lookUp(runtime: Runtime, b: Builder, map: i32, index: Ref): Ref {
  const key = runtime.lookupKey(b);
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

/** The most calls in one loop: the verifier walks it to its bound. More are made by a loop of loops. */
const MOST_CALLS: i32 = 16384;
/** Calls that the inner one of two loops makes. */
const INNER_CALLS: i32 = 1024;

/** Calls a function of one argument up to so many times, until it answers something else than 0. */
export function repeat(runtime: Runtime, b: Builder, callee: i32, argument: Ref, times: i32): void {
  if (times <= MOST_CALLS) {
    callUntil(b, callee, argument, times);
    return;
  }
  const fn = new Func(`${runtime.unit.ir.functions[callee].name}_rounds`, Linkage.Subprogram, 1);
  const inner = new Builder(fn);
  inner.ret(callUntil(inner, callee, inner.parameter(0), INNER_CALLS));
  callUntil(b, runtime.unit.ir.add(fn), argument, (times + INNER_CALLS - 1) / INNER_CALLS);
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
