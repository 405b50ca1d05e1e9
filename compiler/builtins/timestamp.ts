// Clocks: tapset/timestamp.stp makes units of them.

import { BuiltinFlags, BuiltinSymbol } from "../semantic/symbols";
import { Type } from "../syntax/type";
import { Builtin } from "./builtin";
import { row } from "./family";

/** The rows of this family. */
export function timestampBuiltins(): BuiltinSymbol[] {
  return [
    row(Builtin.MonotonicNs, "__monotonic_ns", "", Type.Long, BuiltinFlags.None),
    row(Builtin.Jiffies, "__jiffies", "", Type.Long, BuiltinFlags.None),
    row(Builtin.Hz, "__hz", "", Type.Long, BuiltinFlags.Constant),
    row(Builtin.RealtimeNs, "__realtime_ns", "", Type.Long, BuiltinFlags.None),
  ];
}
