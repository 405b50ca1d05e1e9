// Intrinsics that return the groups of the handler's last `=~`. tapset/regex.stp wraps them.

import { Type } from "../syntax/type";
import { Builtin, BuiltinFlags, BuiltinRow } from "./builtin";
import { row } from "./family";

/** More than any string: it is as long as the string that was searched. */
const ANY_LENGTH: i32 = 65535;

/** The rows of this family. */
export function regexBuiltins(): BuiltinRow[] {
  return [
    new BuiltinRow("__matched", Builtin.Matched, [Type.Long], Type.String, ANY_LENGTH, BuiltinFlags.MayFail),
    row(Builtin.Ngroups, "__ngroups", "", Type.Long, BuiltinFlags.MayFail),
  ];
}
