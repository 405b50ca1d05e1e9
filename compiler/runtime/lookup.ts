// Values of maps, chosen by number: what large arrays are made of.
//
// A helper finds a value of a map, and the verifier demands that its answer is compared with null. A number that is too
// large would end the function there; none is ever too large.

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
