// The inputs of lowering other than the script.

import { NONE } from "../../common/format/manifest";
import { OverloadLimit } from "../ir/unit";
import { Arch } from "../kernel/facts";

/** Limits and facts on which the code depends. */
export class LowerOptions {
  /** MAXSTRINGLEN - 1 */
  maxLength: i32 = 511;
  /** MAXBACKTRACE */
  maxFrames: i32 = 20;
  maxErrors: i32 = 0;
  /** NONE: a share of all handlers. */
  maxSkipped: i32 = NONE;
  overload: OverloadLimit = new OverloadLimit();
  suppressErrors: bool = false;
  /** MAXMAPENTRIES */
  maxEntries: i32 = 2048;
  /** MAXACTION: the limit of statements for a kernel handler. */
  maxActions: i32 = 1000;
  /** MAXACTION_INTERRUPTIBLE: the same limit for begin, end and timers. */
  maxAgentActions: i32 = 10000;
  /** Nanoseconds that a handler waits for a lock (MAXTRYLOCK times TRYLOCKDELAY). */
  patience: i64 = 1000000;
  /** MAXNESTING: the limit of nested calls for recursive functions; -1: the depth that analysis finds, plus ten. */
  maxNesting: i32 = -1;
  /** KRETACTIVE: calls of one function that a return probe watches at the same time; 0: the agent decides. */
  active: i32 = 0;
  /** Indexes of handlers that must run in steps, because their call chains were too deep for the kernel otherwise. */
  inSteps: Set<i32> = new Set<i32>();
  /** Fetching atomics may be used: either the facts list them, or the CPU needs them (arm64). */
  fetchingAtomics: bool = false;
  /** Handlers on events of the kernel return at once in the agent's own process. */
  excludeAgent: bool = false;
  /** What is printed carries the time and the CPU. */
  stamps: bool = false;
  /** Handlers on events of the kernel return at once in tasks that are not in this control group; empty: none does. */
  cgroup: string = "";
  /** The kernel may tell kprobes no cookie, and the instruction pointer is known: x86_64 before 5.15. */
  placesByAddress: bool = false;
  scriptName: string = "";
  /** The CPU architecture of the remote. */
  arch: Arch = Arch.X86_64;
  /** Timer ticks of the kernel per second. */
  hz: i32 = 250;
  /** The code is saved, and may run in other kernels. */
  relocates: bool = false;
}
