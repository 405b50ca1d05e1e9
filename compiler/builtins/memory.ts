// Intrinsics that read memory. tapset/kernel_memory.stp and user_memory.stp wrap them.
//
// Their last argument is a literal: the message of the error, in which `%x` stands for the address. If it is empty, a
// number that cannot be read is 0.

import { Type } from "../syntax/type";
import { Builtin, BuiltinFlags, BuiltinRow } from "./builtin";
import { row, textRow } from "./family";
import { ANY_LENGTH, AS_SECOND } from "./lengths";

/** The rows of this family. */
export function memoryBuiltins(): BuiltinRow[] {
  const kernel = BuiltinFlags.ReadsMemory | BuiltinFlags.MayFail;
  // The memory of which process is meant depends on who is running.
  const user = kernel | BuiltinFlags.NeedsKernelContext;
  return [
    // (address, bytes, negative if the number has a sign, message)
    row(Builtin.KernelNumber, "__kernel_number", "lls", Type.Long, kernel),
    row(Builtin.UserNumber, "__user_number", "lls", Type.Long, user),
    // (address, most bytes, message)
    textRow(Builtin.KernelString, "__kernel_string", "lls", AS_SECOND, kernel),
    textRow(Builtin.UserString, "__user_string", "lls", AS_SECOND, user),
    // (address, bytes, most bytes of the text, message): quoted, with escapes
    textRow(Builtin.KernelBuffer, "__kernel_buffer", "llls", ANY_LENGTH, kernel),
    textRow(Builtin.UserBuffer, "__user_buffer", "llls", ANY_LENGTH, user),
    // (address, bytes of a unit, message)
    textRow(Builtin.KernelUtf, "__kernel_utf", "lls", ANY_LENGTH, kernel),
    textRow(Builtin.UserUtf, "__user_utf", "lls", ANY_LENGTH, user),
    // (address, value, bytes, message)
    row(Builtin.WriteUser, "__write_user", "llls", Type.Void, user | BuiltinFlags.Controls),
    // (address, string, most bytes, message)
    row(Builtin.WriteUserString, "__write_user_string", "lsls", Type.Void, user | BuiltinFlags.Controls),
  ];
}
