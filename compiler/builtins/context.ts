// Intrinsics about the current task and CPU. tapset/context.stp wraps them.

import { Type } from "../syntax/type";
import { Builtin, BuiltinFlags, BuiltinRow } from "./builtin";
import { row, stringRow } from "./family";

/** TASK_COMM_LEN of the kernel without the NUL. */
const COMM_LENGTH: i32 = 15;

/** Bytes of RodataHeader.ZoneName without a NUL. */
const ZONE_NAME_LENGTH: i32 = 15;

const CONTEXT: BuiltinFlags = BuiltinFlags.NeedsKernelContext | BuiltinFlags.Constant;

/** The rows of this family. */
export function contextBuiltins(): BuiltinRow[] {
  return [
    row(Builtin.Pid, "__pid", "", Type.Long, CONTEXT),
    row(Builtin.Tid, "__tid", "", Type.Long, CONTEXT),
    row(Builtin.Uid, "__uid", "", Type.Long, CONTEXT),
    row(Builtin.Gid, "__gid", "", Type.Long, CONTEXT),
    stringRow(Builtin.Execname, "__execname", COMM_LENGTH, CONTEXT),
    row(Builtin.Cpu, "__cpu", "", Type.Long, CONTEXT),
    row(Builtin.CgroupId, "__cgroup_id", "", Type.Long, CONTEXT | BuiltinFlags.ReadsMemory),
    row(Builtin.Target, "__target", "", Type.Long, BuiltinFlags.Constant),
    row(Builtin.AgentPid, "__agent_pid", "", Type.Long, BuiltinFlags.Constant),
    row(Builtin.LoginUid, "__login_uid", "", Type.Long, BuiltinFlags.Constant),
    row(Builtin.ZoneWest, "__zone_west", "", Type.Long, BuiltinFlags.Constant),
    stringRow(Builtin.ZoneName, "__zone_name", ZONE_NAME_LENGTH, BuiltinFlags.Constant),
    row(Builtin.CurrentTask, "__task_current", "", Type.Long, CONTEXT),
    row(Builtin.SymbolAddress, "__symbol", "s", Type.Long, BuiltinFlags.Constant | BuiltinFlags.OfArguments),
    row(Builtin.ContextWord, "__context", "l", Type.Long, CONTEXT),
    row(Builtin.Relocated, "__relocated", "l", Type.Long, BuiltinFlags.Constant | BuiltinFlags.OfArguments),
    row(Builtin.Place, "__place", "", Type.Long, BuiltinFlags.Constant | BuiltinFlags.OfArguments),
  ];
}
