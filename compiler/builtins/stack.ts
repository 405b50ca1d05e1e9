// Intrinsics about the kernel's stack and about addresses of the kernel. tapset/stack.stp and symbols.stp wrap them.

import { Type } from "../syntax/type";
import { Builtin, BuiltinFlags, BuiltinRow } from "./builtin";
import { row, textRow } from "./family";
import { ANY_LENGTH } from "./lengths";

/** Bytes of the address of one frame: of a packed stack, and of its text with the blank that follows. */
export const PACKED_BYTES: i32 = 8;
export const HEX_BYTES: i32 = 19;

/** Bytes of a name with offset, size and module; longer ones are cut where they are values. */
const SYMBOL_LENGTH: i32 = 191;

/** The rows of this family. */
export function stackBuiltins(): BuiltinRow[] {
  const reads = BuiltinFlags.NeedsKernelContext | BuiltinFlags.ReadsRegisters;
  return [
    textRow(Builtin.Backtrace, "__backtrace", "l", ANY_LENGTH, reads),
    textRow(Builtin.PackedBacktrace, "__packed_backtrace", "l", ANY_LENGTH, reads),
    row(Builtin.StackWord, "__stack", "l", Type.Long, reads),
    textRow(Builtin.StackText, "__stack_text", "sl", ANY_LENGTH, BuiltinFlags.None),
    textRow(Builtin.SymbolText, "__symbol_text", "ll", SYMBOL_LENGTH, BuiltinFlags.None),
  ];
}
