// Watchpoints: a program at each write to some bytes of the kernel's memory, or at each access, on every CPU.

import { FailureCode } from "../../../common/format/frame";
import { PerfType, Watch } from "../../../common/format/linux";
import { ProbeFlags } from "../../../common/format/manifest";
import { Errno, Failure } from "../errors";
import { findSymbols } from "../kallsyms";
import { Probe } from "../manifest";
import { Call, obstacleTo } from "../obstacles";
import { startOnEachCpu } from "./each-cpu";
import { PerfRequest } from "./perf";

/** Attaches a Watchpoint. CPUs that come later are followed. */
export function attachWatchpoint(probe: Probe): Failure | null {
  const target = probe.target;
  const address = target.offset != 0 ? target.offset : addressOfSymbol(target.name);
  if (address == 0) {
    const hint = "/proc/kallsyms has the kernel's symbols; it shows their addresses to root only.";
    return new Failure(FailureCode.Attach, 0, `the kernel has no symbol '${target.name}'`, hint);
  }
  const request = new PerfRequest(PerfType.Breakpoint, 0);
  request.period = 1;
  request.watched = address;
  request.watchedBytes = probe.period;
  request.watch = (probe.flags & ProbeFlags.Reads) != 0 ? Watch.Reads | Watch.Writes : Watch.Writes;
  const failed = startOnEachCpu(request, probe);
  if (!failed) return null;
  if (!failed.isOpen) return refused(probe, failed.errno);
  return new Failure(FailureCode.Attach, failed.errno, `cannot attach a program to ${probe.point}`);
}

function addressOfSymbol(name: string): u64 {
  const found = findSymbols([name]);
  return found.has(name) ? found.get(name) : 0;
}

function refused(probe: Probe, errno: i32): Failure {
  const what = `cannot set ${probe.point}`;
  if (errno == -Errno.EPERM || errno == -Errno.EACCES || errno == -Errno.ENOSYS)
    return new Failure(FailureCode.Permission, errno, what, obstacleTo(Call.PerfEventOpen));
  let hint = "";
  if (errno == -Errno.ENOSPC) hint = "All watchpoints of the CPU are in use: x86_64 has four.";
  if (errno == -Errno.EINVAL) hint = "The CPU needs an address that the length divides.";
  if (errno == -Errno.EOPNOTSUPP || errno == -Errno.ENOENT) hint = "This machine has no watchpoints.";
  return new Failure(FailureCode.Attach, errno, what, hint);
}
