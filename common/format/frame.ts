// Shared by compiler, agent and host; must remain portable (constants and pure integer functions only).
//
// The wire between host and agent: frames on the agent's standard input and output. docs/wire.md has the dialogue.
//
//      0               4       6       8
//      +---------------+-------+-------+------------------+
//      | payload bytes | kind  | flags | payload ...      |      little-endian, no padding between frames
//      +---------------+-------+-------+------------------+
//
// The agent speaks first (Hello). It answers an unknown kind with Failed and ends; the host ignores unknown kinds, so
// that a newer agent may say more. Strings in payloads are { u32 length, bytes }.

export const FRAME_HEADER: i32 = 8;
/** "STAP" little-endian: first word of Hello's payload. */
export const WIRE_MAGIC: i32 = 0x50415453;
export const WIRE_VERSION: i32 = 3;
/** Largest payload either side accepts, bytes. */
export const MAX_FRAME_BYTES: i32 = 33554432;
/** Names that a session may be about, those that the host asks for and those that it is told together. */
export const MAX_NAMES: i32 = 1000000;
/** Longest name or pattern of a query, bytes. */
export const MAX_NAME_BYTES: i32 = 4096;
/** Longest -c command, bytes; the kernel takes no longer argument. */
export const MAX_COMMAND_BYTES: i32 = 131072;
/**
 * The host sends something at least this often, milliseconds; the agent stops after MISSED_HEARTBEATS silent periods.
 */
export const HEARTBEAT_MS: i32 = 2000;
export const MISSED_HEARTBEATS: i32 = 5;
/** Largest blob that is fetched, bytes before compression. The types of the largest kernels have some 12 MB. */
export const MAX_BLOB_BYTES: i32 = 67108864;

/** Host to agent. */
export const enum HostFrame {
  /** u32 magic, u32 version. First frame of the host. */
  Hello = 1,
  /**
   * Asks which of these functions, tracepoints and options exist. u8 QueryKind, then strings (names or glob patterns).
   */
  Query = 2,
  /** The bytes of a .bo. Loads it (verifier) but attaches nothing. Answer: Loaded, or Rejected/Failed. */
  Object = 3,
  /** RunOptions: begin probes, attach, run. Answer: Started when all is attached. */
  Run = 4,
  /** End the session in good order: detach, end probes, drain, Finished. */
  Stop = 5,
  /** No payload. */
  Heartbeat = 6,
  /** Asks for a large input of the compiler: string name (common/format/request.ts). Answer: Blob frames. */
  Fetch = 7,
  /** After Loaded: what the verifier does with each program. No payload. Answer: Measured. */
  Measure = 8,
}

/** Byte offsets in the payload of HostFrame.Run; then strings: command (-c; empty none), user name to run it as. */
export const enum RunOptions {
  /** u32: -x process id, or 0 */
  TargetPid = 0,
  /** u32: -T milliseconds, or 0 */
  TimeoutMs = 4,
  /** u32: uid and gid to run the command as; -1: the agent's own (or SUDO_UID/SUDO_GID if set) */
  CommandUid = 8,
  CommandGid = 12,
  /** u32: RunFlags */
  Flags = 16,
  Size = 20,
}

export const enum RunFlags {
  None = 0,
  /** Send Usage before Started. */
  Usage = 1,
}

export const enum QueryKind {
  /** Functions of the kernel itself, from its symbol table, that a probe can be put on. */
  Functions = 0,
  /** Tracepoints (events' names without their group). */
  Tracepoints = 1,
  /** Options of the kernel's configuration; the answer has them as NAME=value, or just "?" if none is to be found. */
  Config = 2,
  /** Modules that are loaded. */
  Modules = 3,
  /** Functions of modules, as MODULE:FUNCTION. */
  ModuleFunctions = 4,
  /** Builds of modules: of each that has a build id, NAME=BUILDID. */
  ModuleBuilds = 5,
  /** Features of the kernel by which code generation chooses, by the names of the agent's table. */
  Features = 6,
  /**
   * Programs by path (patterns too), or by name: NAME=PATH for each file, all links followed. Libraries of a program as
   * "LIBRARY of PROGRAM".
   */
  Programs = 7,
  /** Functions of the kernel itself that programs can be put on by fentry and fexit. */
  Trampolines = 8,
}

/** Agent to host. */
export const enum AgentFrame {
  /**
   * u32 magic, u32 version, u32 e_machine, u32 possible CPUs, u32 page size, u32 uid, u32 pid, u32 CONFIG_HZ (0
   * unknown); strings: release, kernel version text, build id (hex).
   */
  Hello = 1,
  /** Answer to Query: u8 QueryKind, strings: those that exist. */
  Names = 2,
  /**
   * The verifier accepted all programs. u32 count; per program: string name, u32 verified instructions (0 unknown), u32
   * load microseconds.
   */
  Loaded = 3,
  /**
   * The verifier refused one: string program name, i32 errno, string log (may be long; cut in the middle if over 1
   * MiB).
   */
  Rejected = 4,
  /** All probes are attached; u32 number attached, u32 pid of the command or 0. */
  Started = 5,
  /** Records of the output ring, concatenated: { u32 bytes, u32 zero, record } each 8-byte aligned, in ring order. */
  Output = 6,
  /** Same form, from the control ring. */
  Control = 7,
  /** Bytes the -c command wrote: u8 stream (1 stdout, 2 stderr), bytes. */
  CommandOutput = 8,
  /** Something went wrong but the session goes on: string text. */
  Warning = 9,
  /**
   * The session cannot go on: u32 FailureCode, i32 errno, string text, string hint (may be empty). Then Finished if it
   * had started.
   */
  Failed = 10,
  /** Last frame: Summary. */
  Finished = 11,
  /** Answer to Heartbeat while nothing else flows. */
  Alive = 12,
  /** Something for users who ask for details (-vv): string text. */
  Note = 13,
  /**
   * What the run takes, if Run asked for it: u64 bytes of maps and programs, u64 resident bytes of the agent, u64 bytes
   * of it that are locked, u32 open descriptors, u32 most of them.
   */
  Usage = 14,
  /** How far attaching or detaching is, if it takes more than a second: u32 ProgressStep, u32 done, u32 of so many. */
  Progress = 15,
  /**
   * Answer to Fetch, a part of it: u8 BlobState, u32 bytes of the blob that were read so far, u32 its size (0 unknown),
   * then bytes. The bytes of all parts are a zlib stream (RFC 1950).
   */
  Blob = 16,
  /**
   * What is at addresses that the following records hold (manifest Argument.Show). Each: u64 address, u64 offset from
   * the symbol's beginning, u64 its size, string name (empty: not known), string module (empty: the kernel itself).
   */
  Symbols = 17,
  /**
   * Answer to Measure. u32 count; per program: string name, u32 load microseconds, u32 instructions, u32 bytes of
   * machine code (0 unknown), u32 1 if the log of the walk was cut, string the verifier's statistics, u32 lines; per
   * line (a row of its line information): u32 file and u32 text (BTF strings), u32 line << 10 | column, u32 how many
   * instructions of it the verifier walked.
   */
  Measured = 18,
}

/** What a Blob frame is of its blob. */
export const enum BlobState {
  /** there is no such blob; no bytes follow */
  Absent = 0,
  /** more parts follow */
  Part = 1,
  Last = 2,
}

/** What takes long. */
export const enum ProgressStep {
  Attaching = 0,
  Detaching = 1,
}

/** Why the agent could not go on. */
export const enum FailureCode {
  /** bytes that are not a frame, or a frame out of order */
  Protocol = 0,
  /** not an object of ours, or a damaged one */
  Object = 1,
  /** compiled for another CPU */
  Machine = 2,
  /** the kernel lacks a feature, or BPF altogether */
  Feature = 3,
  /** not root, or a capability is missing, or lockdown */
  Permission = 4,
  /** a map could not be made */
  Map = 5,
  /** a probe could not be attached */
  Attach = 6,
  /** the -c command could not be started */
  Command = 7,
  /** out of memory, descriptors, … */
  Resource = 8,
}

/** Byte offsets in the payload of Finished. */
export const enum Summary {
  /** u32: StopReason */
  Reason = 0,
  /** i32: wait status of the -c command, or -1 */
  CommandStatus = 4,
  /** u64 each */
  Errors = 8,
  SkippedLock = 16,
  SkippedFrame = 24,
  /** events that the kernel itself missed (kprobe nmissed, recursion_misses) */
  SkippedKernel = 32,
  LostOutput = 40,
  LostControl = 48,
  /** u64: runs of handlers on kernel events, those that were skipped by lock or re-entrancy too; 0: not known */
  Handlers = 56,
  /** u32: 1 if they were counted for a part of the time only, and the number is an estimate */
  IsEstimate = 64,
  Size = 68,
}

export const enum StopReason {
  /** exit() */
  Exit = 0,
  /** the host's Stop frame */
  Stopped = 1,
  /** -T */
  Timeout = 2,
  /** the -c command or the -x process ended */
  TargetEnded = 3,
  /** more errors than MaxErrors */
  Errors = 4,
  /** more skipped probes than MaxSkipped */
  Skipped = 5,
  /** standard input ended, or the agent timed out waiting for a heartbeat */
  HostGone = 6,
  /** Failed before or while running */
  Failure = 7,
  /** a signal (SIGTERM, SIGINT, SIGHUP) */
  Signal = 8,
  /** handlers took too much of the machine's time */
  Overload = 9,
  /** locks skipped too large a share of the handlers */
  Crowded = 10,
}
