// Whether this process may load BPF programs at all. The agent checks it first: otherwise a user without privileges
// would be told that the kernel lacks features which it only hides from him.

import { FailureCode } from "../../common/format/frame";
import { Errno, Failure } from "./errors";
import { geteuid, readFile } from "./syscall";

const CAP_SYS_ADMIN: i32 = 21;
const CAP_PERFMON: i32 = 38;
const CAP_BPF: i32 = 39;

/** Why this process may not; null if it may. */
export function checkPrivilege(): Failure | null {
  if (geteuid() == 0) return null;
  const capabilities = readCapabilities();
  const isAdmin = hasCapability(capabilities, CAP_SYS_ADMIN);
  if (isAdmin || (hasCapability(capabilities, CAP_BPF) && hasCapability(capabilities, CAP_PERFMON))) return null;
  const hint = "Tracing the kernel needs root, or the capabilities CAP_BPF and CAP_PERFMON.";
  return new Failure(FailureCode.Permission, Errno.EPERM, "cannot load BPF programs", hint);
}

function hasCapability(set: u64, capability: i32): bool {
  return ((set >> <u64>capability) & 1) != 0;
}

/** The effective capabilities: a line "CapEff:\t000001ffffffffff". 0 if unknown. */
function readCapabilities(): u64 {
  const bytes = readFile("/proc/self/status", 65536);
  if (!bytes) return 0;
  const text = String.UTF8.decodeUnsafe(changetype<usize>(bytes), bytes.length);
  const at = text.indexOf("CapEff:\t");
  if (at < 0) return 0;
  const digits = text.substring(at + 8, at + 24);
  return ((<u64>U32.parseInt(digits.substring(0, 8), 16)) << 32) | <u64>U32.parseInt(digits.substring(8), 16);
}
