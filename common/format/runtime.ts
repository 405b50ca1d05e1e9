// Shared by compiler, agent and host; must remain portable (constants and pure integer functions only).
//
// What the code in a .bo and the agent that loads it agree on in memory: the first bytes of the two data sections.
//
//   .rodata  RodataHeader, then the script's string literals.            Written by the agent before load, then frozen.
//   .bss     BssHeader, then the script's globals, then the frame arena. Shared while running; mmapable.
//
// The arena has frames of Manifest.FrameSize bytes, at Manifest.FrameOffset: for each CPU Manifest.FrameLevels of them,
// fewer where the kernel's maps are too small for that. The object file holds room for one CPU; the agent enlarges the
// map and patches .rodata before it loads. docs/bpf-abi.md has the pictures.

/** Byte offsets in `.rodata`. The agent patches these fields in its copy before the map is frozen. */
export const enum RodataHeader {
  /** u32: number of possible CPUs rounded up to a power of two, minus one. 0 in the file: one CPU. */
  CpuMask = 0,
  /**
   * u32: non-zero where the kernel tells a kprobe no cookie: programs with a table of places (ProgramRow.PlaceTable)
   * look up the instruction pointer in it.
   */
  PlaceByAddress = 4,
  /** u32: mask for the offsets of frames in the arena: its span, a power of two, less FRAME_ALIGN. */
  FrameMask = 8,
  /** u32: process id of the agent, so that scripts' own activity can be told apart. */
  AgentPid = 12,
  /** i64: nanoseconds between jiffies (1e9 / CONFIG_HZ); 0 if unknown. */
  JiffyNs = 16,
  /** u32: how many frames there are. */
  FrameCount = 24,
  /** u32: distance, in frames, from a frame that is taken to the one that is tried next. */
  FrameStride = 28,
  /**
   * u64: odd, the factor of the hashes of arrays. The agent draws another one than the file has, so that
   * nobody can choose keys whose hashes are the same.
   */
  HashFactor = 32,
  /** i32: seconds that the machine's local time is behind UTC */
  ZoneWest = 40,
  /** u32: the user who logged in to start the agent */
  LoginUid = 44,
  /** char[16]: the name of the machine's time zone, filled with zeros */
  ZoneName = 48,
  Size = 64,
}

/** Byte offsets in `.bss`. Each group of writers has a cache line of its own. */
export const enum BssHeader {
  /** u32, Phase: every handler returns at once unless it is Running. */
  Exiting = 0,
  /** i64: nanoseconds to add to CLOCK_MONOTONIC for wall-clock time; kept by the agent. */
  ClockOffset = 8,
  /** u32: the process that `target()` names (-x, -c); 0 if none. Set by the agent before the begin probes. */
  TargetPid = 16,
  /** u64: uncaught errors of handlers. */
  Errors = 128,
  /** u64: handlers skipped because they did not get the lock in time. */
  SkippedLock = 136,
  /** u64: handlers skipped because a handler that they interrupted holds what they need (re-entrancy). */
  SkippedFrame = 144,
  /** u64: units of output (one handler invocation each) dropped because the output ring was full. */
  LostOutput = 152,
  /** u64: control records (error, warning, log) dropped because the control ring was full. */
  LostControl = 160,
  Size = 192,
}

/** What BssHeader.Exiting says. */
export const enum Phase {
  /** Begin probes run, then handlers of all probes; end probes too, one by one. */
  Running = 0,
  /** The session is ending. */
  Ending = 1,
  /** Probes are being attached: none counts before all of them are there. */
  Attaching = 2,
}

/**
 * One entry of a program's table of places, in .bss. The agent fills it in before it attaches: the addresses ascend,
 * and unused entries have the highest address.
 */
export const enum PlaceEntry {
  /** u64: where the function begins */
  Address = 0,
  /** u64: ProbeRow.Place of the probe there */
  Place = 8,
  Size = 16,
}

/** An entry of a sorted loop's queue (compiler/runtime/queue.ts), which the agent's machine sorts. */
export const enum QueueEntry {
  /** i64: the smaller, the earlier the element comes */
  Key = 0,
  /** u64: when it was made; of equal keys the smaller comes first */
  Made = 8,
  /** u32: the element's number */
  Number = 16,
  Size = 24,
}

/** In the last argument of agent_sort, beside the bytes of the strings: the greatest comes first. */
export const SORT_FALLS: i32 = 1 << 30;

/** Frames a CPU has: task, soft interrupt, interrupt, NMI may each interrupt the one before. */
export const FRAME_LEVELS: i32 = 4;

/** Frames begin at multiples of this, a cache line. */
export const FRAME_ALIGN: i32 = 64;

/** Bytes behind the frames, so that a variable offset plus a variable length stays inside the map value. */
export const ARENA_SLACK: i32 = 65536;

/** The least power of two that is not less than a positive number. */
export function powerOfTwo(value: i32): i32 {
  let power = 1;
  while (power < value) power <<= 1;
  return power;
}

/** Bytes of an arena: the power of two that its frames lie in, what a masked offset in the last one reaches, slack. */
export function arenaBytes(span: i32, frame: i32): i32 {
  return span + powerOfTwo(frame) + ARENA_SLACK;
}
