// Map values by number. Large arrays consist of map values.
//
// A helper looks up the value, and the verifier demands a null check of the result. A number out of range would end the
// function there, but callers never pass one.

import { Helper } from "../../common/format/helpers";
import { AddressKind, Builder } from "../ir/build";
import { Ref } from "../ir/function";
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
