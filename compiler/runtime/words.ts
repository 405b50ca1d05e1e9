// Setting memory to zero.

import { Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";

/** Words that are set to zero one by one; more in a loop. */
const MOST_STORES: i32 = 16;

/** Sets words to zero; what follows comes behind a loop, so it must be short. */
export function zeroWords(b: Builder, base: Ref, offset: i32, words: i32): void {
  if (words <= MOST_STORES) {
    for (let i = 0; i < words; ++i) b.store(Op.Store64, base, offset + i * 8, b.constant(0));
    return;
  }
  const at = b.variable("at");
  const each = b.newBlock("each");
  const done = b.newBlock("cleared");
  b.setVar(at, b.constant(0));
  b.jump(each);
  b.setBlock(each);
  b.store(Op.Store64, b.binary(Op.Add, base, b.getVar(at)), offset, b.constant(0));
  const next = b.binary(Op.Add, b.getVar(at), b.constant(8));
  b.setVar(at, next);
  b.branchIf(Op.Ult, next, b.constant(words * 8), each, done);
  b.setBlock(done);
}
