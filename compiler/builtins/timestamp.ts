// Intrinsics that read clocks. tapset/timestamp.stp converts their results to other units.

import { Type } from "../syntax/type";
import { Builtin, BuiltinFlags, BuiltinRow } from "./builtin";
import { row } from "./family";

/** The rows of this family. */
export function timestampBuiltins(): BuiltinRow[] {
  return [
    row(Builtin.MonotonicNs, "__monotonic_ns", "", Type.Long, BuiltinFlags.None),
    row(Builtin.Jiffies, "__jiffies", "", Type.Long, BuiltinFlags.None),
    row(Builtin.Hz, "__hz", "", Type.Long, BuiltinFlags.Constant),
    row(Builtin.RealtimeNs, "__realtime_ns", "", Type.Long, BuiltinFlags.None),
  ];
}
