// Intrinsics that return the groups of the handler's last `=~`. tapset/regex.stp wraps them.

import { Type } from "../syntax/type";
import { Builtin, BuiltinFlags, BuiltinRow } from "./builtin";
import { row } from "./family";
import { ANY_LENGTH } from "./lengths";

/** The rows of this family. */
export function regexBuiltins(): BuiltinRow[] {
  return [
    new BuiltinRow("__matched", Builtin.Matched, [Type.Long], Type.String, ANY_LENGTH, BuiltinFlags.MayFail),
    row(Builtin.Ngroups, "__ngroups", "", Type.Long, BuiltinFlags.MayFail),
  ];
}
