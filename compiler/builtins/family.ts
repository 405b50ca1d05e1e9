// Helpers that write the rows of a family: `row(Builtin.Pid, "__pid", "", Type.Long, flags)`.

import { Type } from "../syntax/type";
import { Builtin, BuiltinFlags, BuiltinRow } from "./builtin";

/** A row whose result is a number, or nothing. `parameters` has a letter for each: l long, s string. */
export function row(id: Builtin, name: string, parameters: string, result: Type, flags: BuiltinFlags): BuiltinRow {
  const types: Type[] = [];
  for (let i = 0, n = parameters.length; i < n; ++i) {
    types.push(parameters.charCodeAt(i) == 0x73 ? Type.String : Type.Long);
  }
  return new BuiltinRow(name, id, types, result, 0, flags);
}

/** A row whose result is a string; `length` is its greatest length, or one of lengths.ts. */
export function textRow(id: Builtin, name: string, parameters: string, length: i32, flags: BuiltinFlags): BuiltinRow {
  const made = row(id, name, parameters, Type.String, flags);
  made.maxLength = length;
  return made;
}

/** A row whose result is a string of at most `maxLength` bytes. */
export function stringRow(id: Builtin, name: string, maxLength: i32, flags: BuiltinFlags): BuiltinRow {
  return new BuiltinRow(name, id, [], Type.String, maxLength, flags);
}
