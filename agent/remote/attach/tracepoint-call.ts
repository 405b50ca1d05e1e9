// A tracepoint by a kprobe on the function that calls its callbacks. With a single callback the kernel calls that
// directly, and the function never runs; so two callbacks that do nothing are attached first.

import { TRACEPOINT_CALLER } from "../../../common/format/attach";
import { Opcode, ProgramType } from "../../../common/format/bpf";
import { FailureCode } from "../../../common/format/frame";
import { loadProgram, openRawTracepoint, ProgramRequest } from "../bpf";
import { Failure } from "../errors";
import { Probe } from "../manifest";
import { close } from "../syscall";
import { attachKprobeTo } from "./kprobe";
import { refusedTracepoint } from "./raw-tracepoint";

/** return 0 */
const NOTHING: StaticArray<u64> = [<u64>Opcode.MovImm64, <u64>Opcode.Exit];

/** The program that does nothing; loaded once. Negative: not yet, or refused with this errno. */
let idle: i32 = -1;

/** Attaches a TracepointCall. */
export function attachTracepointCall(probe: Probe): Failure | null {
  const failure = attachIdle(probe);
  return failure ? failure : attachKprobeTo(probe, `${TRACEPOINT_CALLER}${probe.target.name}`);
}

/** Has the kernel call the function when the event happens, as long as the probe's descriptors are open. */
export function attachIdle(probe: Probe): Failure | null {
  if (probe.fds.length > 0) return null;
  if (idle < 0) idle = loadIdle();
  if (idle < 0) return new Failure(FailureCode.Attach, idle, "cannot load a program that does nothing");
  const name = probe.target.name;
  for (let i = 0; i < 2; ++i) {
    const link = openRawTracepoint(name, idle, 0);
    if (link < 0) {
      while (probe.fds.length > 0) close(probe.fds.pop());
      return refusedTracepoint(name, link);
    }
    probe.fds.push(link);
  }
  return null;
}

function loadIdle(): i32 {
  const request = new ProgramRequest();
  request.type = ProgramType.RawTracepoint;
  request.name = "idle";
  request.insns = changetype<usize>(NOTHING);
  request.insnCount = NOTHING.length;
  return loadProgram(request);
}
