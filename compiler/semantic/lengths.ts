// How long a string expression can get, in bytes without the NUL: what frames, slots and records make room for.

import { Expression } from "../syntax/ast";

/** Greatest length of a string expression, at most `limit` (MAXSTRINGLEN - 1). */
export function maxLengthOf(expression: Expression, limit: i32): i32 {
  return limit;
}
