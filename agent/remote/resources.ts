// The resources that the kernel lets this process have: raised as far as it may before anything is made, and named
// where they are too little. (The command of -c gets back what was raised: login.ts.)

import { parseNumber } from "./args";
import { Errno, Failure } from "./errors";
import { getHardLimit, RLIMIT_MEMLOCK, RLIMIT_NOFILE, readFile, setrlimit } from "./syscall";

/** The most that RLIMIT_NOFILE can be where the kernel does not say. */
const USUAL_NR_OPEN: i32 = 1 << 20;

/** Lifts the limits that maps (before Linux 5.11) and attached probes count against. */
export function raiseLimits(): void {
  // -1: unlimited
  if (setrlimit(RLIMIT_MEMLOCK, -1, -1) < 0) raiseToHard(RLIMIT_MEMLOCK);
  // The kernel's own limit: it gives no process more.
  const known = numberIn("/proc/sys/fs/nr_open");
  const most = known > 0 ? known : USUAL_NR_OPEN;
  if (setrlimit(RLIMIT_NOFILE, most, most) < 0) raiseToHard(RLIMIT_NOFILE);
}

function raiseToHard(resource: i32): void {
  const hard = getHardLimit(resource);
  setrlimit(resource, hard, hard);
}

/** How many files may be open at once. */
export function fileLimit(): i64 {
  return getHardLimit(RLIMIT_NOFILE);
}

/** What to do about a failure: what is known where it happened, else what its reason tells. */
export function hintOf(failure: Failure): string {
  return failure.hint.length != 0 ? failure.hint : shortageHint(failure.errno);
}

/** What to do where a call has failed with `errno` for want of something; "" if that is not why. */
function shortageHint(errno: i32): string {
  if (errno == Errno.EMFILE)
    return (
      `Too many open files: the agent may have ${fileLimit()}. A probe takes two, timer.profile two for each CPU. ` +
      "Raise the sysctl fs.nr_open, or, without CAP_SYS_RESOURCE, the hard limit (ulimit -Hn, LimitNOFILE=)."
    );
  if (errno == Errno.ENFILE) return "All processes together have too many files open: sysctl fs.file-max.";
  return "";
}

/** The number that a file of /proc holds, or 0. */
function numberIn(path: string): i32 {
  const bytes = readFile(path, 64);
  if (!bytes) return 0;
  return max(parseNumber(String.UTF8.decodeUnsafe(changetype<usize>(bytes), bytes.length).trim()), 0);
}
