// The intrinsics of the compiler: one member for each. The family files of this folder have their rows (types, flags),
// and lowering has one case for each member. Everything else that a script calls is a function of the tapset.

import { Type } from "../syntax/type";

/** Which intrinsic a `BuiltinSymbol` is. */
export enum Builtin {
  // context.ts
  /** Process (thread group) id of the current task; the agent's own where the agent runs the handler. */
  Pid,
  Tid,
  Uid,
  Gid,
  /** Name of the current task, at most 15 bytes. */
  Execname,
  Cpu,
  /** The number of the current task's control group. */
  CgroupId,
  /** The process that -x or -c named, else 0. */
  Target,
  /** The agent's process. */
  AgentPid,
  /** The user who logged in to start the agent. */
  LoginUid,
  /** Seconds that the local time of the remote is behind UTC. */
  ZoneWest,
  /** The name of its time zone. */
  ZoneName,
  /** The address of the current task's struct task_struct. */
  CurrentTask,
  /** The address of the kernel's symbol that a literal names. */
  SymbolAddress,
  /** The word at an offset in the handler's context: a register, an argument of a tracepoint. */
  ContextWord,
  /** A number that depends on the types of the kernel that runs the code: that relocation of the object. */
  Relocated,
  // timestamp.ts
  /** CLOCK_MONOTONIC in nanoseconds. */
  MonotonicNs,
  Jiffies,
  /** Ticks of the kernel in a second. */
  Hz,
  /** The number of the probe site that has fired (semantic/sites.ts). */
  Place,
  /** CLOCK_REALTIME in nanoseconds: the monotonic clock plus the offset that the agent keeps. */
  RealtimeNs,
  // control.ts
  /** Ends the session after this handler. */
  Exit,
  /** The same, and this handler ends at once. */
  Abort,
  /** Ends the handler with a message. */
  Error,
  /** A warning line. */
  Warn,
  /** A line in the log, like a print of its own. */
  Log,
  /** A line in the kernel's trace buffer. */
  Ftrace,
  /** A command of the shell, which the agent runs. */
  System,
  /** What an LSM hook answers: 0, or a negative error number. */
  Verdict,
  // regex.ts
  /** The text of a group of the last match. */
  Matched,
  /** How many groups its expression has. */
  Ngroups,
  // string.ts
  /** MAXSTRINGLEN - 1 */
  StringLimit,
  Strlen,
  /** The byte at a position. */
  Stringat,
  /** Where a string is found in another. */
  Strpos,
  Strtol,
  Substr,
  StrReplace,
  Tolower,
  Toupper,
  Ltrim,
  Rtrim,
  /** text_str, text_strn, string_quoted. */
  Escape,
  Tokenize,
  /** ENOENT for 2. */
  ErrorName,
  /** A text about the probe point (semantic/sites.ts). */
  SiteText,
  /** 32 random bits. */
  Random,
  // registers.ts
  /** The value of a register whose name is a literal. */
  Register,
  UnsignedRegister,
  /** An argument of the probed function, by its number from 1 on. */
  LongArgument,
  IntArgument,
  UintArgument,
  /** What the probed function returns. */
  ReturnValue,
  InstructionPointer,
  UserMode,
  // memory.ts
  KernelNumber,
  UserNumber,
  KernelString,
  UserString,
  KernelBuffer,
  UserBuffer,
  KernelUtf,
  UserUtf,
  /** Change memory of the process that runs: a number, a string. */
  WriteUser,
  WriteUserString,
  // calls.ts
  /** A word, and a text, of the tables of system calls. */
  CallWord,
  CallText,
  /** The number of a table of constants. */
  CallTable,
  /** The address of the registers that the current process had when it entered the kernel. */
  CallRegisters,
  // stack.ts
  /** The innermost addresses of the kernel's stack, as many as the argument says, as hexadecimal text. */
  Backtrace,
  /** The same as a packed string (common/as/stack-words.ts); semantic analysis decides where (packing.ts). */
  PackedBacktrace,
  /** One of these addresses. */
  StackWord,
  /** A stack as names of functions, in the form that the second argument says (Show). */
  StackText,
  /** What is at an address, in such a form. */
  SymbolText,
  // print.ts: the printf family; calls of these carry a PrintSymbol of their own.
  Printf,
  Print,
  Println,
  Printd,
  Printdln,
  Sprintf,
  Sprint,
  Sprintln,
  Sprintd,
  Sprintdln,
  Size,
}

/** What a builtin is to the compiler, as flags of its row. */
export const enum BuiltinFlags {
  None = 0,
  /** Only a program in the kernel can answer. */
  NeedsKernelContext = 1 << 0,
  /** Two calls in one handler give the same answer. */
  Constant = 1 << 1,
  Controls = 1 << 2,
  MayFail = 1 << 3,
  /** Remembers a string from call to call. */
  Tokenizes = 1 << 4,
  /** Its result holds nothing of the traced machine that its arguments do not hold. */
  OfArguments = 1 << 5,
  /** Asks for registers of the probed place. */
  ReadsRegisters = 1 << 6,
  /** Reads memory of the kernel or of a process. */
  ReadsMemory = 1 << 7,
}

/** What the compiler knows of one intrinsic. Symbol resolution makes a `BuiltinSymbol` of it. */
export class BuiltinRow {
  constructor(
    public name: string,
    public id: Builtin,
    public parameters: Type[],
    public returnType: Type,
    /** Greatest length of the result, if it is a string. */
    public maxLength: i32,
    public flags: BuiltinFlags,
  ) {}
}
