// What stands in the way when the kernel says "Operation not permitted": capabilities, a user namespace, sysctls,
// lockdown or seccomp, and what to do about it. It is asked only after a call was refused, and looks at what the kernel
// says about this process; nothing is inferred from version numbers.

import { Capability } from "./grant";
import { geteuid, readFile } from "./syscall";

/** The call that was refused. */
export const enum Call {
  Bpf,
  PerfEventOpen,
}

/** This process as the kernel sees it: /proc/self/status. */
export class Standing {
  private text: string = textOf("/proc/self/status");

  get isKnown(): bool {
    return this.text.length != 0;
  }

  has(capability: Capability): bool {
    return ((this.number("CapEff:\t", 16) >> <u64>capability) & 1) != 0;
  }

  /** Whether it may do what `capability` is for; CAP_SYS_ADMIN stands for all that were made out of it. */
  may(capability: Capability): bool {
    return this.has(capability) || this.has(Capability.SysAdmin);
  }

  /** Whether a filter of system calls is in force. */
  get isFiltered(): bool {
    return this.number("Seccomp:\t", 10) == 2;
  }

  private number(name: string, radix: i32): u64 {
    const at = this.text.indexOf(name);
    if (at < 0) return 0;
    const end = this.text.indexOf("\n", at);
    return <u64>U64.parseInt(this.text.substring(at + name.length, end), radix);
  }
}

/** Why a call was refused with EPERM, EACCES or ENOSYS, and how to mend it: sentences. */
export function obstacleTo(call: Call): string {
  const name = call == Call.Bpf ? "bpf" : "perf_event_open";
  const standing = new Standing();
  if (!standing.isKnown) return "/proc is not mounted here: mount -t proc proc /proc.";
  if (isInUserNamespace())
    return (
      "This is a user namespace, as of a rootless container, whose root may not trace the kernel: " +
      "trace from outside, or from a container of the host's root (docker run --privileged)."
    );
  const missing = missingCapabilities(standing, call);
  if (missing.length != 0) return howToGet(missing);
  if (call == Call.PerfEventOpen && !standing.has(Capability.SysAdmin)) {
    const paranoid = textOf("/proc/sys/kernel/perf_event_paranoid").trim();
    if (paranoid.length == 1 && paranoid > "2")
      return (
        `The sysctl kernel.perf_event_paranoid is ${paranoid}, which forbids ${name} without CAP_SYS_ADMIN: ` +
        "sysctl -w kernel.perf_event_paranoid=2, or use --sudo."
      );
  }
  if (textOf("/sys/kernel/security/lockdown").includes("[confidentiality]"))
    return (
      "The kernel is locked down (confidentiality), which forbids reading its memory: " +
      "boot it without lockdown=confidentiality."
    );
  if (standing.isFiltered)
    return (
      `Seccomp forbids ${name} here, as in a container: docker run --security-opt seccomp=unconfined, ` +
      "or allow it in the filter of the service."
    );
  return `A security module (SELinux, AppArmor, BPF LSM) forbids ${name}: look at the kernel's log.`;
}

/** Names of what this process lacks, such as "CAP_BPF and CAP_PERFMON". */
function missingCapabilities(standing: Standing, call: Call): string {
  const names: string[] = [];
  if (call == Call.Bpf && !standing.may(Capability.Bpf)) names.push("CAP_BPF");
  if (!standing.may(Capability.Perfmon)) names.push("CAP_PERFMON");
  return names.join(" and ");
}

function howToGet(missing: string): string {
  if (geteuid() != 0) return `This user lacks ${missing}: become root with --sudo, or see 'stap-remote install'.`;
  const flags = missing.replaceAll("CAP_", "--cap-add ").replaceAll(" and ", " ");
  return (
    `This root lacks ${missing}, as in a container or a service: ` +
    `docker run ${flags} --cap-add SYS_RESOURCE, or --privileged; in a unit, CapabilityBoundingSet=.`
  );
}

/** Whether uid 0 here is not the machine's: the map of the machine itself is one line "0 0 4294967295". */
function isInUserNamespace(): bool {
  const map = textOf("/proc/self/uid_map").trim();
  return map.length != 0 && (map.includes("\n") || !map.endsWith(" 4294967295"));
}

function textOf(path: string): string {
  const bytes = readFile(path, 65536);
  return bytes ? String.UTF8.decodeUnsafe(changetype<usize>(bytes), bytes.length) : "";
}
