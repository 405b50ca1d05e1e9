// How much room a string expression needs.

import { maxLengthOf } from "../semantic/lengths";
import { Expression } from "../syntax/ast";
import { Lowering } from "./lowering";

/** Greatest length of a string expression, bytes without the NUL. */
export function lengthOf(l: Lowering, e: Expression): i32 {
  return maxLengthOf(e, l.shared.maxLength);
}
