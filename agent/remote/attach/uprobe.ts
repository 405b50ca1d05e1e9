// uprobes and uretprobes on a place in a file, through the perf event source `uprobe`: works alike from 5.10 on, in
// every process that maps the file, running now or started later. The kernel removes the probe when the agent's
// descriptors are closed. uprobe-multi.ts attaches many places at once, where the kernel can.

import { encodeTextZ } from "../../../common/as/bytes";
import { FailureCode } from "../../../common/format/frame";
import { AttachKind } from "../../../common/format/manifest";
import { checkPlace, placeOf } from "../code-file";
import { onlineCpus } from "../cpus";
import { Errno, Failure } from "../errors";
import { Probe } from "../manifest";
import { Call, obstacleTo } from "../obstacles";
import { EventSource } from "./event-source";
import { PerfRequest, startEvent } from "./perf";

/** Bits of config from here on are the place of the semaphore. */
const SEMAPHORE_SHIFT: i32 = 32;

let source: EventSource | null = null;

/** Attaches a Uprobe or a Uretprobe. */
export function attachUprobe(probe: Probe): Failure | null {
  const target = probe.target;
  const wrong = checkPlace(target);
  if (wrong) return wrong;
  if (source === null) source = new EventSource("uprobe");
  const uprobes = source!;
  if (uprobes.type < 0) {
    const hint = "It needs CONFIG_UPROBES and CONFIG_UPROBE_EVENTS.";
    return new Failure(FailureCode.Feature, 0, "this kernel has no uprobes", hint);
  }
  if (target.semaphore > <u64>u32.MAX_VALUE)
    return new Failure(FailureCode.Object, 0, `the semaphore of ${probe.point} is too far from the file's beginning`);
  const isReturn = probe.attach == AttachKind.Uretprobe;
  const config = (isReturn ? (<u64>1) << uprobes.returnBit : 0) | (target.semaphore << SEMAPHORE_SHIFT);
  const request = new PerfRequest(uprobes.type, config);
  const path = encodeTextZ(placeOf(target));
  request.name = changetype<usize>(path);
  request.offset = target.offset;
  // On one CPU: the kernel runs such programs on all of them.
  const event = request.open(onlineCpus()[0]);
  if (event < 0) return refused(probe, event);
  const result = startEvent(event, probe);
  if (result >= 0) return null;
  return new Failure(FailureCode.Attach, result, `cannot attach a program to ${probe.point}`);
}

function refused(probe: Probe, errno: i32): Failure {
  const what = `cannot probe ${probe.point}`;
  if (errno == -Errno.EPERM || errno == -Errno.EACCES || errno == -Errno.ENOSYS)
    return new Failure(FailureCode.Permission, errno, what, obstacleTo(Call.PerfEventOpen));
  let hint = "";
  if (errno == -Errno.EINVAL && probe.target.semaphore != 0)
    hint = "Another tracer uses this marker without its semaphore, or the file system cannot map it.";
  else if (errno == -Errno.EINVAL) hint = "The file system of the program does not allow probes.";
  else if (errno == -Errno.EOPNOTSUPP) hint = "The kernel does not allow a probe on this instruction.";
  return new Failure(FailureCode.Attach, errno, what, hint);
}
