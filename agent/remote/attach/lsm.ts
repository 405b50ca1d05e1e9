// Hooks of security modules. A program for one is verified for it: it is loaded once for each hook, with the number
// that the hook's function has among the kernel's types. The kernel calls such programs only where `bpf` is among its
// security modules, and else attaches them and stays silent: so that is asked first.

import { FailureCode } from "../../../common/format/frame";
import { openRawTracepoint } from "../bpf";
import { Errno, Failure } from "../errors";
import { Probe } from "../manifest";
import { Call, obstacleTo } from "../obstacles";
import { PseudoFiles } from "../pseudo-files";
import { O_RDONLY, readFile } from "../syscall";

let files: PseudoFiles | null = null;

/** Attaches the program of a hook. */
export function attachLsm(probe: Probe): Failure | null {
  if (!callsPrograms()) {
    const hint = "Boot it with lsm=...,bpf, where ... is what /sys/kernel/security/lsm has now.";
    return new Failure(FailureCode.Feature, 0, `this kernel does not call programs at hooks: ${probe.point}`, hint);
  }
  const link = openRawTracepoint("", probe.programFd, probe.cookie);
  if (link >= 0) {
    probe.fds.push(link);
    return null;
  }
  const isForbidden = link == -Errno.EPERM || link == -Errno.EACCES;
  const code = isForbidden ? FailureCode.Permission : FailureCode.Attach;
  return new Failure(code, link, `cannot attach to ${probe.point}`, isForbidden ? obstacleTo(Call.Bpf) : "");
}

/** Whether `bpf` is among the security modules; if that cannot be read, the kernel may. */
function callsPrograms(): bool {
  if (!files) files = new PseudoFiles("securityfs", ["/sys/kernel/security"], "lsm", O_RDONLY);
  const bytes = files!.isThere ? readFile(`${files!.root}/lsm`, 4096) : null;
  if (!bytes) return true;
  return `,${String.UTF8.decodeUnsafe(changetype<usize>(bytes), bytes.length).trim()},`.includes(",bpf,");
}
