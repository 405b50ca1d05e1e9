// Setting memory to zero.

import { Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { BoundedLoop } from "./loop";

/** Up to this many words are cleared one by one, more in a loop. */
const MOST_STORES: i32 = 16;

/** Clears words. The verifier walks the code after a loop repeatedly, so that code must be short. */
export function zeroWords(b: Builder, base: Ref, offset: i32, words: i32): void {
  if (words <= MOST_STORES) {
    for (let i = 0; i < words; ++i) b.store(Op.Store64, base, offset + i * 8, b.constant(0));
    return;
  }
  const each = new BoundedLoop(b, words);
  const at = b.binary(Op.Shl, each.index, b.constant(3));
  b.store(Op.Store64, b.binary(Op.Add, base, at), offset, b.constant(0));
  each.again();
}
