// Intrinsics about system calls: what tapset/calls.stp reads of the tables in .rodata (probes/call-data.ts).

import { Type } from "../syntax/type";
import { Builtin, BuiltinFlags, BuiltinRow } from "./builtin";
import { row, textRow } from "./family";

/** Bytes of a text at most, the zero included. */
export const CALL_TEXT: i32 = 48;

/** What the tables hold. */
export class CallTables {
  constructor(
    public words: i64[],
    /** Each with a zero behind it. */
    public texts: string,
    /** The names of the tables of constants, by their numbers. */
    public constants: string[],
  ) {}
}

/** The rows of this family. */
export function callBuiltins(): BuiltinRow[] {
  const flags = BuiltinFlags.OfArguments;
  return [
    // (number of the word)
    row(Builtin.CallWord, "__call_word", "l", Type.Long, flags),
    // (offset of the text)
    textRow(Builtin.CallText, "__call_text", "l", CALL_TEXT - 1, flags),
    row(Builtin.CallRegisters, "__call_registers", "", Type.Long, BuiltinFlags.NeedsKernelContext),
    // (name of a table of constants): its number
    row(Builtin.CallTable, "__call_table", "s", Type.Long, flags | BuiltinFlags.Constant),
  ];
}
