// Performance counters: a program at every so many counts of an event, on each CPU.

import { decimalOf } from "../../../common/as/decimal";
import { FailureCode } from "../../../common/format/frame";
import { ProbeFlags } from "../../../common/format/manifest";
import { Errno, Failure } from "../errors";
import { Probe } from "../manifest";
import { Call, obstacleTo } from "../obstacles";
import { startOnEachCpu } from "./each-cpu";
import { PerfRequest } from "./perf";

/** Attaches a Counter. CPUs that come later are followed. */
export function attachCounter(probe: Probe): Failure | null {
  const type = decimalOf(probe.target.system);
  if (type < 0 || type > 0xffffffff)
    return new Failure(FailureCode.Object, 0, `'${probe.target.system}' is no type of a counter`);
  const request = new PerfRequest(<i32>type, probe.target.offset);
  request.period = probe.period;
  request.isRate = (probe.flags & ProbeFlags.Rate) != 0;
  const failed = startOnEachCpu(request, probe);
  if (!failed) return null;
  if (!failed.isOpen) return refused(probe, failed.errno, failed.cpu);
  const what = `cannot attach a program to ${probe.point} on CPU ${failed.cpu}`;
  return new Failure(FailureCode.Attach, failed.errno, what);
}

function refused(probe: Probe, errno: i32, cpu: i32): Failure {
  if (errno == -Errno.EPERM || errno == -Errno.EACCES || errno == -Errno.ENOSYS) {
    const what = `cannot open the counter ${probe.point} on CPU ${cpu}`;
    return new Failure(FailureCode.Permission, errno, what, obstacleTo(Call.PerfEventOpen));
  }
  if (errno == -Errno.ENOENT || errno == -Errno.ENODEV || errno == -Errno.EOPNOTSUPP) {
    const hint = "Virtual machines often have no hardware counters; 'perf list' shows what there is.";
    return new Failure(FailureCode.Attach, 0, `this machine has no counter ${probe.point}`, hint);
  }
  const hint = errno == -Errno.EINVAL ? "The kernel does not take this type, config or rate." : "";
  return new Failure(FailureCode.Attach, errno, `cannot open the counter ${probe.point} on CPU ${cpu}`, hint);
}
