// What lowering is told besides the script.

/** Limits and facts that decide about code. */
export class LowerOptions {
  /** MAXSTRINGLEN - 1 */
  maxLength: i32 = 511;
  maxErrors: i32 = 0;
  maxSkipped: i32 = 100;
  suppressErrors: bool = false;
  /** MAXMAPENTRIES */
  maxEntries: i32 = 2048;
  /** MAXACTION: statements that a kernel handler may run. */
  maxActions: i32 = 1000;
  /** MAXACTION_INTERRUPTIBLE: the same of begin, end and timers. */
  maxAgentActions: i32 = 10000;
  /** MAXNESTING: nested calls that recursive functions may make; -1: as many as analysis finds, and ten. */
  maxNesting: i32 = -1;
  /** Indexes of handlers that must run in steps: lowered otherwise, their calls were too deep for the kernel. */
  inSteps: Set<i32> = new Set<i32>();
  /** Fetching atomics may be used: the facts say so, or the CPU needs them (arm64). */
  fetchingAtomics: bool = false;
  scriptName: string = "";
  /** Ticks of the kernel in a second. */
  hz: i32 = 250;
}
