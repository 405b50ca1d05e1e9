// Raw tracepoints by name. The link goes with its descriptor.

import { FailureCode } from "../../../common/format/frame";
import { openRawTracepoint } from "../bpf";
import { Errno, fail } from "../errors";
import { Probe } from "../manifest";

/** Attaches a RawTracepoint; 0, or -errno with the failure kept. */
export function attachRawTracepoint(probe: Probe): i32 {
  let link = openRawTracepoint(probe.target, probe.program.fd);
  if (link < 0) {
    let hint = link == -Errno.ENOENT ? "The kernel has no tracepoint of that name, or its module is not loaded." : "";
    let code = link == -Errno.EPERM ? FailureCode.Permission : FailureCode.Attach;
    return fail(code, link, `cannot attach to tracepoint '${probe.target}'`, hint);
  }
  probe.fds.push(link);
  return 0;
}
