// `stap-agent grant FILE [MASK]`: gives an agent's file the capabilities that it needs, so that a group of users may
// trace without root (docs/privileges.md says which capability is for what). It writes the attribute that setcap
// writes, because many systems have no setcap.

import { errnoText } from "./errors";
import { setxattr } from "./syscall";

/** Numbers of capabilities (uapi/linux/capability.h). */
export const enum Capability {
  DacReadSearch = 2,
  SysAdmin = 21,
  SysResource = 24,
  Syslog = 34,
  Perfmon = 38,
  Bpf = 39,
}

/** What all families of probes need: see the table in docs/privileges.md. */
export const GRANTED: u64 =
  ((<u64>1) << Capability.Bpf) |
  ((<u64>1) << Capability.Perfmon) |
  ((<u64>1) << Capability.SysResource) |
  ((<u64>1) << Capability.Syslog) |
  ((<u64>1) << Capability.DacReadSearch);

/** struct vfs_cap_data: permitted and inheritable, twice, because they were 32 bits first. */
const enum FileCapabilities {
  Magic = 0,
  PermittedLow = 4,
  InheritableLow = 8,
  PermittedHigh = 12,
  InheritableHigh = 16,
  Size = 20,
}

/** VFS_CAP_REVISION_2, and the flag that makes the capabilities effective at once. */
const MAGIC: u32 = 0x02000001;

/** Writes the attribute; "" or why not. */
export function grant(file: string, capabilities: u64): string {
  const value = new StaticArray<u8>(FileCapabilities.Size);
  const at = changetype<usize>(value);
  store<u32>(at, MAGIC, FileCapabilities.Magic);
  store<u32>(at, <u32>capabilities, FileCapabilities.PermittedLow);
  store<u32>(at, <u32>(capabilities >> 32), FileCapabilities.PermittedHigh);
  const failed = setxattr(file, "security.capability", at, FileCapabilities.Size);
  return failed < 0 ? `its capabilities cannot be set: ${errnoText(failed)}` : "";
}
