// The software CPU clock: a program every so many nanoseconds in whatever runs then, on each CPU (timer.profile) or
// one.

import { FailureCode } from "../../../common/format/frame";
import { PerfSoftware, PerfType } from "../../../common/format/linux";
import { ProbeFlags } from "../../../common/format/manifest";
import { onlineCpus } from "../cpus";
import { Errno, Failure } from "../errors";
import { Probe } from "../manifest";
import { Call, obstacleTo } from "../obstacles";
import { startOnEachCpu } from "./each-cpu";
import { PerfRequest, startOnCpus } from "./perf";

/** Attaches a CpuClock. CPUs that come later are followed. */
export function attachCpuClock(probe: Probe): Failure | null {
  const isEach = (probe.flags & ProbeFlags.EachCpu) != 0;
  const request = new PerfRequest(PerfType.Software, PerfSoftware.CpuClock);
  request.period = probe.period;
  const failed = isEach ? startOnEachCpu(request, probe) : startOnCpus(request, probe, onlineCpus().slice(0, 1));
  if (!failed) return null;
  if (!failed.isOpen) return refused(failed.errno, failed.cpu);
  const what = `cannot attach a program to the CPU clock of CPU ${failed.cpu}`;
  return new Failure(FailureCode.Attach, failed.errno, what);
}

function refused(errno: i32, cpu: i32): Failure {
  const isForbidden = errno == -Errno.EPERM || errno == -Errno.EACCES || errno == -Errno.ENOSYS;
  const code = isForbidden ? FailureCode.Permission : FailureCode.Attach;
  const hint = isForbidden ? obstacleTo(Call.PerfEventOpen) : "";
  return new Failure(code, errno, `cannot open the CPU clock of CPU ${cpu}`, hint);
}
