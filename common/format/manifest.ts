// Shared by compiler, agent and host; must remain portable (constants and pure integer functions only).
//
// The layout of the section `.stap.manifest`: what libbpf's conventions cannot say. Written by compiler/object, read by
// the agent (hostile input there: every offset is checked), the formatter and the host.
//
//   header | directory: TableKind.Size x { u32 offset, u32 count } | tables of fixed-size rows | string blob
//
// All integers little-endian; offsets count from the section's start. A *string* is a u32 offset into the blob, to
// { u32 length, bytes }; offset 0 is the empty string. Strings are bytes, not necessarily UTF-8, without NUL. The value
// NONE of a u32 means "absent".

export const MANIFEST_MAGIC: i32 = 0x4d505453; // "STPM"
/** Raised when a reader of the old layout would misread the new one. */
export const MANIFEST_VERSION: i32 = 9;
export const NONE: i32 = -1;
/**
 * A feature that begins with this is the kernel itself: its build id, or where it has none, its release and version as
 * uname(2) has them, with a blank between. An object whose code has offsets of this kernel's types in it needs that.
 */
export const KERNEL_FEATURE: string = "kernel=";
/** Behind that kernel's name, and in front of why no other will do. */
export const KERNEL_REASON: string = " because of ";
/**
 * A feature that begins with this is the kernel whose types the object was compiled with, as in KERNEL_FEATURE. Another
 * one may run it: its code is relocated.
 */
export const TYPES_FEATURE: string = "types=";
/**
 * A feature that begins with this is a parameter of what a probe is attached to: "function|tracepoint|hook", name,
 * number of the parameter (-1: the result), its name, its shape (type-shape.ts), with blanks between.
 */
export const PARAMETER_FEATURE: string = "parameter=";
/** In front of a feature that the kernel must not have. */
export const LACKING_FEATURE: string = "!";
/** A feature that begins with this is how many ticks the kernel's clock has in a second. */
export const TICKS_FEATURE: string = "hz=";
/**
 * A feature that begins with this is a control group: its directory, or the beginning of a container's id. The agent
 * puts it into the map CGROUP_MAP (attach.ts).
 */
export const CGROUP_FEATURE: string = "cgroup=";

/** Byte offsets in the header; every field u32 unless said otherwise. */
export const enum Manifest {
  Magic = 0,
  Version = 4,
  /** ELF e_machine of the kernel it was compiled for: 62 x86_64, 183 arm64. */
  Machine = 8,
  /** Offset of the frame arena in .bss. */
  FrameOffset = 12,
  /** Bytes of one frame, a multiple of FRAME_ALIGN; 0: no handler needs frames. */
  FrameSize = 16,
  /** Frames that the agent makes for each CPU, if the maps of the kernel are large enough. */
  FrameLevels = 20,
  /** Size of the output ring, bytes, a power of two and multiple of the page size. */
  OutputRingSize = 24,
  ControlRingSize = 28,
  /** The session ends when more handlers than this ended by an error (MAXERRORS). */
  MaxErrors = 32,
  /**
   * The session ends when more handlers than this were skipped because of a lock (MAXSKIPPED); NONE: when too large a
   * share of all handlers was.
   */
  MaxSkipped = 36,
  /** string: file name of the script */
  Script = 40,
  /** ManifestFlags */
  Flags = 44,
  /**
   * string: the control characters in the script's literals, each once; U+0080 to U+009F by the last byte of UTF-8
   */
  Controls = 48,
  /** string: the bytes that follow an ESC there, each once; ESC itself if a literal ends in one */
  AfterEscape = 52,
  /**
   * The session ends when handlers take more than OverloadThreshold of OverloadInterval, nanoseconds on one CPU.
   * OverloadInterval is 0 if they may take all of it.
   */
  OverloadThreshold = 56,
  OverloadInterval = 60,
  Directory = 64,
}

export const enum ManifestFlags {
  None = 0,
  /** --suppress-handler-errors */
  SuppressErrors = 1,
}

/** Tables, in the order of the directory. */
export const enum TableKind {
  Program = 0,
  Probe = 1,
  Site = 2,
  Argument = 3,
  Global = 4,
  Position = 5,
  Line = 6,
  Feature = 7,
  Target = 8,
  Symbol = 9,
  Size = 10,
}

/** One BPF program. Kernel programs are found by symbol in their libbpf-named section. */
export const enum ProgramRow {
  /** string: symbol name, also the program's name in the kernel (its first 15 bytes) */
  Name = 0,
  /** string: ELF section, e.g. "kprobe/vfs_read", "raw_tp/sched_switch", "perf_event", ".stap.agent" */
  Section = 4,
  /** Engine */
  Engine = 8,
  /** ProgramType of the kernel (BPF_PROG_TYPE_*) */
  Type = 12,
  /** Position index of the handler, or NONE */
  Position = 16,
  /** Offset in .bss of the table by which it finds its place from the instruction pointer (PlaceEntry), or 0 */
  PlaceTable = 20,
  /** Entries of that table, a power of two */
  PlaceCount = 24,
  Size = 28,
}

/** Where a program runs. */
export const enum Engine {
  Kernel = 0,
  /** The agent's interpreter; its code is in the non-executable section `.stap.agent`. */
  Agent = 1,
  /** In the kernel, on the agent's order (BPF_PROG_TEST_RUN of a raw_tp program). */
  TestRun = 2,
}

/** One resolved probe: when to run which program. */
export const enum ProbeRow {
  /** u32 index into Program */
  Program = 0,
  /** AttachKind */
  Attach = 4,
  /** u32 index into Target; NONE: it attaches to nothing (begin, timers) */
  Target = 8,
  /** u64 (two words): timer period in nanoseconds */
  Period = 12,
  /** u64: nanoseconds added at random to each period (timer.randomize), 0 none. The period is Period +/- Jitter. */
  Jitter = 20,
  /** i32: order number of begin and end probes; lower runs first, equal ones in the table's order */
  Order = 28,
  /** ProbeFlags */
  Flags = 32,
  /** Position index of the probe point */
  Position = 36,
  /** string: the resolved probe point as -p2 and pp() show it */
  Point = 40,
  /**
   * NONE, or a number that this row shares with its alternatives: rows of one group stand together, best first, and the
   * agent attaches the first one that the kernel can do. All of them run in the kernel. The numbers of groups ascend.
   */
  Group = 44,
  /** u32: what its program is told by bpf_get_attach_cookie: the number of this place among the script's */
  Place = 48,
  /** u32: of a kretprobe, how many calls it may watch at the same time; 0: as many as the agent finds sensible */
  Active = 52,
  Size = 56,
}

/** What a probe attaches to; fields that its kind does not need are zero. */
export const enum TargetRow {
  /** TargetKind (attach.ts) */
  Kind = 0,
  /** string: function or tracepoint */
  Name = 4,
  /** string: system of a tracepoint, or empty */
  System = 8,
  /** string: kernel module of a function; empty for the kernel itself */
  Module = 12,
  /** string: file of a place in user space */
  Path = 16,
  /** u64: bytes from the beginning of the function or file */
  Offset = 20,
  /** string: build id that the file must have, in hexadecimal; empty: any */
  BuildId = 28,
  /** u32: process to which the probe is confined, or 0 */
  Pid = 32,
  /** string: bytes that the file must have at Offset, in hexadecimal */
  Bytes = 36,
  /** u64: where in the file a counter is that is not 0 while somebody traces the place (a marker's semaphore), or 0 */
  Semaphore = 40,
  Size = 48,
}

export const enum ProbeFlags {
  None = 0,
  /** `?`: a failure to attach is not an error. */
  Optional = 1,
  /** perf event: open on every CPU (timer.profile), else on one. */
  EachCpu = 2,
  /** counter: Period is how often it fires in a second, not after how many counts. */
  Rate = 4,
  /** A watchpoint fires at reads, too. */
  Reads = 8,
}

/** What makes a probe fire; what each kind is stands in attach.ts. Members are numbers of the format: none changes. */
export const enum AttachKind {
  /** Before anything is attached. */
  Begin = 0,
  /** After everything is detached, unless the session ended by errors. */
  End = 1,
  /** After everything is detached, if the session ended by errors. */
  Error = 2,
  /** The agent's timerfd, every Period. */
  Timer = 3,
  /** kprobe on Target's entry. */
  Kprobe = 4,
  /** kretprobe on Target's return. */
  Kretprobe = 5,
  /** raw tracepoint Target. */
  RawTracepoint = 6,
  /** software CPU clock every Period (timer.profile; timers that ask for kernel context). */
  CpuClock = 7,
  /** kprobe on the kernel's function that calls what is attached to tracepoint Target. */
  TracepointCall = 8,
  /** performance counter Target every Period counts, or so often in a second. */
  Counter = 9,
  /** hardware watchpoint on Target: at each write, or with ProbeFlags.Reads at each access; Period bytes long. */
  Watchpoint = 10,
  /** uprobe on Target, a place in the code of a file. */
  Uprobe = 11,
  /** uretprobe on the return of the function that begins at Target. */
  Uretprobe = 12,
  /** hook Target of security modules. */
  Lsm = 13,
  /** Target's entry, by a program of its own that has the arguments. */
  Fentry = 14,
  /** Target's return, by such a program; the result stands behind the arguments. */
  Fexit = 15,
  Size = 16,
}

/** One print, error, warning, log or exit in the script. */
export const enum SiteRow {
  /** SiteKind (record.ts) */
  Kind = 0,
  /** SiteStyle */
  Style = 4,
  /** string: format (Printf) or delimiter (Delimited) */
  Format = 8,
  /** index of its first Argument row */
  FirstArgument = 12,
  ArgumentCount = 16,
  /** Position index, or NONE */
  Position = 20,
  /** string: "operator '/'", "identifier 'foo'": what an error is near */
  Near = 24,
  /** u32: index into Probe of the probe whose handler it is in, or NONE when in several */
  Probe = 28,
  Size = 32,
}

export const enum SiteStyle {
  /** printf: Format with directives, as in the script after escapes were resolved. */
  Printf = 0,
  /** print: arguments one after the other. */
  Plain = 1,
  /** println, printdln: as Delimited, then a newline. print: delimiter empty. */
  DelimitedLine = 2,
  /** printd */
  Delimited = 3,
}

export const enum ArgumentRow {
  /** ArgumentType (record.ts) */
  Type = 0,
  /** Bytes: 8 for Long, the field's size for FixedString, the greatest length for String */
  Bytes = 4,
  /** Origin */
  Origin = 8,
  /** Show */
  Show = 12,
  Size = 16,
}

/**
 * What the text of an argument is made of, where that is addresses of the kernel. The argument is a Long with one
 * address, or a string: the words of a stack (stack-words.ts), or their hexadecimal text. Members are numbers of the
 * format, and of the tapset: none changes.
 */
export const enum Show {
  /** The argument is what is printed. */
  Value = 0,
  /** backtrace(): "0xffffffff81000000 0x..." */
  Hex = 1,
  /** print_stack(): " 0xffffffff81000000 : name+0x10/0x40 [kernel]", a line each */
  Lines = 2,
  /** sprint_stack(): "name+0x10/0x40 [kernel]", a line each */
  Brief = 3,
  /** symname(): "name" */
  Name = 4,
  /** symdata(): "name+0x10/0x40 [kernel]" */
  Data = 5,
  /** modname(): "kernel", "ext4" */
  Module = 6,
  /** The names, outermost first, with ';' between: what flame-graph tools read. */
  Folded = 7,
  /** Not printed: when the item was made, nanoseconds since 1970. It stands behind the arguments that are printed. */
  Time = 8,
  /** Not printed: on which CPU. */
  Cpu = 9,
  Size = 10,
}

/** Where the bytes of an argument come from. */
export const enum Origin {
  /** The traced machine: they may be anything. */
  Machine = 0,
  /** The script: its literals, and what is computed from them alone. */
  Script = 1,
}

/** One global of the script (for -G and debuggers). */
export const enum GlobalRow {
  /** string */
  Name = 0,
  /** GlobalType */
  Type = 4,
  /** offset in .bss */
  Offset = 8,
  /** bytes */
  Bytes = 12,
  /** zero */
  Reserved = 16,
  Size = 20,
}

export const enum GlobalType {
  Long = 0,
  String = 1,
}

/** A place in a script. */
export const enum PositionRow {
  /** string: file name as given */
  File = 0,
  /** 1-based; columns count bytes */
  Line = 4,
  Column = 8,
  /** string: that line of the script, without its newline */
  Text = 12,
  Size = 16,
}

/** Instruction -> place: every instruction from Insn up to the next row's of the same program. Sorted. */
export const enum LineRow {
  /** index into Program, or NONE for a subprogram of .text (then Insn counts in .text) */
  Program = 0,
  Insn = 4,
  Position = 8,
  Size = 12,
}

/**
 * A kernel feature that the object or one alternative needs; a kernel without it is refused by name, or chosen against.
 */
export const enum FeatureRow {
  /** string: a name of the agent's FEATURES table */
  Name = 0,
  /** Position index of what needs it, or NONE */
  Position = 4,
  /** Probe index of the alternative that needs it; NONE: the object does */
  Probe = 8,
  Size = 12,
}

/** A symbol of the kernel whose address the agent puts into .rodata before the object is loaded. */
export const enum SymbolRow {
  /** string */
  Name = 0,
  /** Offset in .rodata of a u64 */
  Offset = 4,
  /** Position index of what needs it */
  Position = 8,
  Size = 12,
}

/** Bytes of one row of table `kind`, or 0 for an unknown table. */
export function rowSize(kind: i32): i32 {
  switch (kind) {
    case TableKind.Program:
      return ProgramRow.Size;
    case TableKind.Probe:
      return ProbeRow.Size;
    case TableKind.Site:
      return SiteRow.Size;
    case TableKind.Argument:
      return ArgumentRow.Size;
    case TableKind.Global:
      return GlobalRow.Size;
    case TableKind.Position:
      return PositionRow.Size;
    case TableKind.Line:
      return LineRow.Size;
    case TableKind.Feature:
      return FeatureRow.Size;
    case TableKind.Target:
      return TargetRow.Size;
    case TableKind.Symbol:
      return SymbolRow.Size;
    default:
      return 0;
  }
}
