// Finds out on which functions programs can be put by fentry and fexit (QueryKind.Trampolines): whether the kernel's
// types have the function, and whether it takes both programs and attaches one. For each function two programs that do
// nothing are loaded, and one is attached for a moment. Whether the kernel keeps such programs from running inside
// themselves is a feature (features.ts).

import { AttachType, Opcode, ProgramType } from "../../common/format/bpf";
import { loadProgram, openRawTracepoint, ProgramRequest } from "./bpf";
import { LongWork } from "./contact";
import { functionId } from "./kernel-types";
import { close } from "./syscall";

/** return 0 */
const NOTHING: StaticArray<u64> = [<u64>Opcode.MovImm64, <u64>Opcode.Exit];

/** Those of the functions that programs can be put on; null: nobody waits. */
export function findTrampolines(names: string[], work: LongWork): string[] | null {
  const found: string[] = [];
  for (let i = 0, n = names.length; i < n; ++i) {
    if (!work.goesOn()) return null;
    const id = functionId(names[i]);
    if (id != 0 && canAttach(id)) found.push(names[i]);
  }
  return found;
}

function canAttach(id: i32): bool {
  const exit = loadFor(id, AttachType.TraceFexit);
  if (exit < 0) return false;
  close(exit);
  const entry = loadFor(id, AttachType.TraceFentry);
  if (entry < 0) return false;
  const link = openRawTracepoint("", entry, 0);
  if (link >= 0) close(link);
  close(entry);
  return link >= 0;
}

function loadFor(id: i32, attachType: i32): i32 {
  const request = new ProgramRequest();
  request.type = ProgramType.Tracing;
  request.name = "probe";
  request.attachType = attachType;
  request.attachTypeId = id;
  request.insns = changetype<usize>(NOTHING);
  request.insnCount = NOTHING.length;
  return loadProgram(request);
}
