// Intrinsics on strings, which they treat as bytes. tapset/string.stp, tokenize.stp and errno.stp wrap them.

import { Type } from "../syntax/type";
import { Builtin, BuiltinFlags, BuiltinRow } from "./builtin";
import { row, textRow } from "./family";
import { ANY_LENGTH, AS_FIRST, AS_FIRST_ESCAPED } from "./lengths";

/** ERESTART_RESTARTBLOCK */
const ERROR_NAME_LENGTH: i32 = 21;

/** The rows of this family. */
export function stringBuiltins(): BuiltinRow[] {
  const none = BuiltinFlags.OfArguments;
  return [
    row(Builtin.StringLimit, "__string_limit", "", Type.Long, BuiltinFlags.Constant | BuiltinFlags.OfArguments),
    row(Builtin.Strlen, "__strlen", "s", Type.Long, none),
    row(Builtin.Stringat, "__stringat", "sl", Type.Long, none),
    row(Builtin.Strpos, "__strpos", "ss", Type.Long, none),
    row(Builtin.Strtol, "__strtol", "sl", Type.Long, none),
    textRow(Builtin.Substr, "__substr", "sll", AS_FIRST, none),
    textRow(Builtin.StrReplace, "__str_replace", "sss", ANY_LENGTH, none),
    textRow(Builtin.Tolower, "__tolower", "s", AS_FIRST, none),
    textRow(Builtin.Toupper, "__toupper", "s", AS_FIRST, none),
    textRow(Builtin.Ltrim, "__ltrim", "s", AS_FIRST, none),
    textRow(Builtin.Rtrim, "__rtrim", "s", AS_FIRST, none),
    textRow(Builtin.Escape, "__escape", "sll", AS_FIRST_ESCAPED, none),
    textRow(Builtin.Tokenize, "__tokenize", "ss", ANY_LENGTH, BuiltinFlags.Tokenizes),
    textRow(Builtin.ErrorName, "__error_name", "l", ERROR_NAME_LENGTH, none),
    textRow(Builtin.SiteText, "__site_text", "ll", ANY_LENGTH, none),
    row(Builtin.Random, "__random", "", Type.Long, none),
  ];
}
