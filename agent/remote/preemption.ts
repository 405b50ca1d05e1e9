// Whether kernel code, and with it handlers on tracepoints, can be preempted here. A kernel may choose when it boots,
// or later (PREEMPT_DYNAMIC): /sys/kernel/debug/sched/preempt has the modes with the chosen one in parentheses.

import { UtsField } from "../../common/format/linux";
import { PseudoFiles } from "./pseudo-files";
import { O_RDONLY, readFile, uname } from "./syscall";

const FILE: string = "sched/preempt";

/** Whether it can, as far as the kernel tells; if it does not tell, it can. */
export function isPreemptible(): bool {
  const version = uname(UtsField.Version);
  if (!version.includes("PREEMPT")) return false;
  if (!version.includes("PREEMPT_DYNAMIC")) return true;
  const files = new PseudoFiles("debugfs", ["/sys/kernel/debug"], FILE, O_RDONLY);
  const bytes = files.isThere ? readFile(`${files.root}/${FILE}`, 256) : null;
  files.leave();
  if (!bytes) return true;
  const modes = String.UTF8.decodeUnsafe(changetype<usize>(bytes), bytes.length);
  return !modes.includes("(none)") && !modes.includes("(voluntary)");
}
