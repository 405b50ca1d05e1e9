// Whether this process may load BPF programs at all. The agent checks it first: otherwise a user without privileges
// would be told that the kernel lacks features which it only hides from him.

import { MapFlag, MapType } from "../../common/format/bpf";
import { FailureCode } from "../../common/format/frame";
import { createMap, MapRequest } from "./bpf";
import { Errno, Failure } from "./errors";
import { Capability } from "./grant";
import { Call, obstacleTo, Standing } from "./obstacles";
import { raiseLimits } from "./resources";
import { close } from "./syscall";

/** Why this process may not; null if it may. The limits of its resources are as high as they can be then. */
export function checkPrivilege(): Failure | null {
  raiseLimits(); // before 5.11 the probe's map counts as locked memory, with those of other runs
  const standing = new Standing();
  // Without /proc nothing is known: the probe tells.
  const isAble = !standing.isKnown || (standing.may(Capability.Bpf) && standing.may(Capability.Perfmon));
  const made = isAble ? makeSmallMap() : -Errno.EPERM;
  if (made == -Errno.ENOSYS && !standing.isFiltered) {
    const hint = "It is built without CONFIG_BPF_SYSCALL.";
    return new Failure(FailureCode.Feature, made, "this kernel has no BPF", hint);
  }
  if (made != -Errno.EPERM && made != -Errno.EACCES && made != -Errno.ENOSYS) return null;
  return new Failure(FailureCode.Permission, made, "cannot load BPF programs", obstacleTo(Call.Bpf));
}

/** Whether a map that needs next to no memory can be made; 0 or -errno. */
export function makeSmallMap(): i32 {
  const fd = createMap(new MapRequest("probe", MapType.Array, 4, 8, 1, MapFlag.None));
  if (fd >= 0) close(fd);
  return min(fd, 0);
}
