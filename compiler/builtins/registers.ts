// Intrinsics about the registers of the probed place. tapset/registers.stp wraps them.

import { Type } from "../syntax/type";
import { Builtin, BuiltinFlags, BuiltinRow } from "./builtin";
import { row } from "./family";

/** The rows of this family. */
export function registerBuiltins(): BuiltinRow[] {
  const reads = BuiltinFlags.ReadsRegisters;
  const mayFail = BuiltinFlags.ReadsRegisters | BuiltinFlags.MayFail;
  return [
    row(Builtin.Register, "__register", "s", Type.Long, mayFail),
    row(Builtin.UnsignedRegister, "__u_register", "s", Type.Long, mayFail),
    row(Builtin.LongArgument, "__long_arg", "l", Type.Long, mayFail),
    row(Builtin.IntArgument, "__int_arg", "l", Type.Long, mayFail),
    row(Builtin.UintArgument, "__uint_arg", "l", Type.Long, mayFail),
    row(Builtin.ReturnValue, "__return_value", "", Type.Long, mayFail),
    row(Builtin.InstructionPointer, "__instruction_pointer", "", Type.Long, reads),
    row(Builtin.UserMode, "__user_mode", "", Type.Long, reads),
  ];
}
