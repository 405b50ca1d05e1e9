// fentry and fexit: programs that a function calls when it begins, or has returned, with its arguments. A program is
// verified for one function when it is loaded. The compiler has asked before whether the kernel can (trampolines.ts).

import { FailureCode } from "../../../common/format/frame";
import { openRawTracepoint } from "../bpf";
import { Errno, Failure } from "../errors";
import { USE_KPROBES } from "../load";
import { Probe } from "../manifest";
import { Call, obstacleTo } from "../obstacles";

/** Puts a program on the function that it was loaded for. */
export function attachTyped(probe: Probe): Failure | null {
  const link = openRawTracepoint("", probe.programFd, probe.cookie);
  if (link >= 0) {
    probe.fds.push(link);
    return null;
  }
  const text = `cannot attach a program to function '${probe.target.name}'`;
  if (link == -Errno.EPERM || link == -Errno.EACCES)
    return new Failure(FailureCode.Permission, link, text, obstacleTo(Call.Bpf));
  return new Failure(FailureCode.Attach, link, text, USE_KPROBES);
}
