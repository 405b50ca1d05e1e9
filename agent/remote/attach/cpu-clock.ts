// The software CPU clock: a program every so many nanoseconds in whatever runs then, on each CPU (timer.profile) or one.

import { FailureCode } from "../../../common/format/frame";
import { ProbeFlags } from "../../../common/format/manifest";
import { onlineCpus } from "../cpus";
import { Errno, fail } from "../errors";
import { Probe } from "../manifest";
import { beginEvent, openEvent, setPeriod, startEvent } from "./perf";

const PERF_TYPE_SOFTWARE: i32 = 1;
const PERF_COUNT_SW_CPU_CLOCK: u64 = 0;

/** Attaches a CpuClock; 0, or -errno with the failure kept. CPUs that go away meanwhile are left out. */
export function attachCpuClock(probe: Probe): i32 {
  let cpus = onlineCpus();
  let count = (probe.flags & ProbeFlags.EachCpu) != 0 ? cpus.length : 1;
  for (let i = 0; i < count; ++i) {
    beginEvent(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK);
    setPeriod(probe.period);
    let event = openEvent(cpus[i]);
    if (event == -Errno.ENODEV && count > 1) continue;
    if (event < 0) return fail(FailureCode.Attach, event, `cannot open the CPU clock of CPU ${cpus[i]}`);
    let result = startEvent(event, probe.program.fd, probe.fds);
    if (result < 0)
      return fail(FailureCode.Attach, result, `cannot attach a program to the CPU clock of CPU ${cpus[i]}`);
  }
  return 0;
}
