// Raw tracepoints by name. Closing the link's descriptor detaches the program.

import { FailureCode } from "../../../common/format/frame";
import { openRawTracepoint } from "../bpf";
import { Errno, Failure } from "../errors";
import { Probe } from "../manifest";
import { Call, obstacleTo } from "../obstacles";

/** Attaches a RawTracepoint. */
export function attachRawTracepoint(probe: Probe): Failure | null {
  const name = probe.target.name;
  const link = openRawTracepoint(name, probe.programFd, probe.cookie);
  if (link >= 0) {
    probe.fds.push(link);
    return null;
  }
  return refusedTracepoint(name, link);
}

/** Why a program cannot be attached to a tracepoint. */
export function refusedTracepoint(name: string, link: i32): Failure {
  const hint = link == -Errno.ENOENT ? "The kernel has no tracepoint of that name, or its module is not loaded." : "";
  const isForbidden = link == -Errno.EPERM || link == -Errno.EACCES;
  const code = isForbidden ? FailureCode.Permission : FailureCode.Attach;
  return new Failure(code, link, `cannot attach to tracepoint '${name}'`, isForbidden ? obstacleTo(Call.Bpf) : hint);
}
