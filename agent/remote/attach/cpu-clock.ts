// The software CPU clock: a program every so many nanoseconds in whatever runs then, on each CPU (timer.profile) or
// one.

import { FailureCode } from "../../../common/format/frame";
import { PerfSoftware, PerfType } from "../../../common/format/linux";
import { ProbeFlags } from "../../../common/format/manifest";
import { onlineCpus } from "../cpus";
import { Errno, Failure } from "../errors";
import { Probe } from "../manifest";
import { Call, obstacleTo } from "../obstacles";
import { PerfRequest, startEvent } from "./perf";

/** Attaches a CpuClock. CPUs that have gone offline meanwhile are left out. */
export function attachCpuClock(probe: Probe): Failure | null {
  const cpus = onlineCpus();
  const count = (probe.flags & ProbeFlags.EachCpu) != 0 ? cpus.length : 1;
  const request = new PerfRequest(PerfType.Software, PerfSoftware.CpuClock);
  request.period = probe.period;
  for (let i = 0; i < count; ++i) {
    const event = request.open(cpus[i]);
    if (event == -Errno.ENODEV && count > 1) continue;
    if (event < 0) return refused(event, cpus[i]);
    const result = startEvent(event, probe);
    if (result < 0)
      return new Failure(FailureCode.Attach, result, `cannot attach a program to the CPU clock of CPU ${cpus[i]}`);
  }
  return null;
}

function refused(errno: i32, cpu: i32): Failure {
  const isForbidden = errno == -Errno.EPERM || errno == -Errno.EACCES || errno == -Errno.ENOSYS;
  const code = isForbidden ? FailureCode.Permission : FailureCode.Attach;
  const hint = isForbidden ? obstacleTo(Call.PerfEventOpen) : "";
  return new Failure(code, errno, `cannot open the CPU clock of CPU ${cpu}`, hint);
}
