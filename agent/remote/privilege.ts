// Whether this process may load BPF programs at all: asked before anything else, so that a user who is not root is told
// that, and not that the kernel lacks what it would not show him.

import { FailureCode } from "../../common/format/frame";
import { Errno, fail } from "./errors";
import { geteuid, readFile } from "./syscall";

const CAP_SYS_ADMIN: i32 = 21;
const CAP_PERFMON: i32 = 38;
const CAP_BPF: i32 = 39;

/** 0, or -EPERM with the failure kept. */
export function checkPrivilege(): i32 {
  if (geteuid() == 0) return 0;
  let capabilities = readCapabilities();
  let isAdmin = hasCapability(capabilities, CAP_SYS_ADMIN);
  if (isAdmin || (hasCapability(capabilities, CAP_BPF) && hasCapability(capabilities, CAP_PERFMON))) return 0;
  let hint = "Tracing the kernel needs root, or the capabilities CAP_BPF and CAP_PERFMON.";
  return fail(FailureCode.Permission, Errno.EPERM, "cannot load BPF programs", hint);
}

function hasCapability(set: u64, capability: i32): bool {
  return ((set >> <u64>capability) & 1) != 0;
}

/** The effective capabilities: a line "CapEff:\t000001ffffffffff". 0 if unknown. */
function readCapabilities(): u64 {
  let bytes = readFile("/proc/self/status", 65536);
  if (!bytes) return 0;
  let text = String.UTF8.decodeUnsafe(changetype<usize>(bytes), bytes.length);
  let at = text.indexOf("CapEff:\t");
  if (at < 0) return 0;
  let digits = text.substring(at + 8, at + 24);
  return ((<u64>U32.parseInt(digits.substring(0, 8), 16)) << 32) | <u64>U32.parseInt(digits.substring(8), 16);
}
