// Intrinsics that end something or tell somebody: exit, abort, error, warn, log through the control ring, ftrace
// through the kernel's, a command through the agent. tapset/logging.stp and tapset/system.stp wrap them.

import { Type } from "../syntax/type";
import { Builtin, BuiltinFlags, BuiltinRow } from "./builtin";
import { row } from "./family";

/** The rows of this family. */
export function controlBuiltins(): BuiltinRow[] {
  return [
    row(Builtin.Exit, "__exit", "", Type.Void, BuiltinFlags.Controls),
    row(Builtin.Abort, "__abort", "", Type.Void, BuiltinFlags.Controls | BuiltinFlags.MayFail),
    row(Builtin.Error, "__error", "s", Type.Void, BuiltinFlags.Controls | BuiltinFlags.MayFail),
    row(Builtin.Warn, "__warn", "s", Type.Void, BuiltinFlags.Controls),
    row(Builtin.Log, "__log", "s", Type.Void, BuiltinFlags.Controls),
    row(Builtin.Ftrace, "__ftrace", "s", Type.Void, BuiltinFlags.Controls),
    row(Builtin.Verdict, "__verdict", "l", Type.Long, BuiltinFlags.Controls | BuiltinFlags.MayFail),
    row(Builtin.System, "__system", "s", Type.Void, BuiltinFlags.Controls),
  ];
}
