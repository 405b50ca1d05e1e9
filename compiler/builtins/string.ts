// Intrinsics on strings, which they treat as bytes. tapset/string.stp, tokenize.stp and errno.stp wrap them.

import { Type } from "../syntax/type";
import { Builtin, BuiltinFlags, BuiltinRow } from "./builtin";
import { row } from "./family";

/** No result is longer than a string may be. */
const ANY_LENGTH: i32 = 65535;
/** ERESTART_RESTARTBLOCK */
const ERROR_NAME_LENGTH: i32 = 21;

/** Length of a result that is at most as long as the first argument. */
const AS_FIRST: i32 = -1;
/** The same where each byte may become an octal escape, between quotes. */
export const AS_FIRST_ESCAPED: i32 = -2;

function text(id: Builtin, name: string, parameters: string, length: i32, flags: BuiltinFlags): BuiltinRow {
  const symbol = row(id, name, parameters, Type.String, flags);
  symbol.maxLength = length;
  return symbol;
}

/** The rows of this family. */
export function stringBuiltins(): BuiltinRow[] {
  const none = BuiltinFlags.OfArguments;
  return [
    row(Builtin.StringLimit, "__string_limit", "", Type.Long, BuiltinFlags.Constant | BuiltinFlags.OfArguments),
    row(Builtin.Strlen, "__strlen", "s", Type.Long, none),
    row(Builtin.Stringat, "__stringat", "sl", Type.Long, none),
    row(Builtin.Strpos, "__strpos", "ss", Type.Long, none),
    row(Builtin.Strtol, "__strtol", "sl", Type.Long, none),
    text(Builtin.Substr, "__substr", "sll", AS_FIRST, none),
    text(Builtin.StrReplace, "__str_replace", "sss", ANY_LENGTH, none),
    text(Builtin.Tolower, "__tolower", "s", AS_FIRST, none),
    text(Builtin.Toupper, "__toupper", "s", AS_FIRST, none),
    text(Builtin.Ltrim, "__ltrim", "s", AS_FIRST, none),
    text(Builtin.Rtrim, "__rtrim", "s", AS_FIRST, none),
    text(Builtin.Escape, "__escape", "sll", AS_FIRST_ESCAPED, none),
    text(Builtin.Tokenize, "__tokenize", "ss", ANY_LENGTH, BuiltinFlags.Tokenizes),
    text(Builtin.ErrorName, "__error_name", "l", ERROR_NAME_LENGTH, none),
    text(Builtin.SiteText, "__site_text", "ll", ANY_LENGTH, none),
    row(Builtin.Random, "__random", "", Type.Long, none),
  ];
}
