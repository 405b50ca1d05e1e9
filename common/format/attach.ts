// Shared by compiler, agent and host; must remain portable (constants, tables and pure functions only).
//
// What makes a probe fire: one row for each AttachKind, from which the compiler takes a program's section, its type and
// what its handler may assume, and the agent which kinds it attaches and which it runs itself. How the kernel is asked
// to attach a kind is code, and in agent/remote/attach/table.ts.
// Also the names of an object's other sections and symbols, by libbpf's conventions where it has some.

import { ProgramType } from "./bpf.ts";
import { AttachKind, Engine } from "./manifest.ts";

/** What a program finds in its context (r1) when it begins to run. */
export const enum ContextKind {
  Nothing = 0,
  /** struct pt_regs of the probed place */
  Registers = 1,
  /** u64 per argument of the tracepoint */
  RawArguments = 2,
  /** struct bpf_perf_event_data: registers of what was interrupted, period, address */
  PerfEvent = 3,
  /**
   * struct pt_regs of a function that gets a tracepoint's arguments behind one of its own: they are not the registers
   * of the place that fired
   */
  CallRegisters = 4,
  /** struct pt_regs of a place in user space: addresses in them are the process's */
  UserRegisters = 5,
  /** u64 per argument, of which the verifier knows what they point to */
  TypedArguments = 6,
}

/**
 * Stands for the offset of a word in a context of TypedArguments: its own address. A function's entry and return have
 * it in common, and no two calls that are under way do.
 */
export const CONTEXT_ADDRESS: i32 = -3;

/** What a probe's target names. */
export const enum TargetKind {
  Nothing = 0,
  /** a function of the kernel or of a module; or an instruction: Name is "0x…", and Offset has its address */
  Function = 1,
  /** a static tracepoint of the kernel */
  Tracepoint = 2,
  /** a performance counter: System has the number of its type, Offset its config */
  Counter = 3,
  /** memory: Name has a symbol of the kernel, or what messages call an address, which Offset has then */
  Memory = 4,
  /** a place in the code of a file: Path, Offset, BuildId and Bytes; Name has what is there: a function, a marker */
  Code = 5,
  /** a hook of security modules */
  Hook = 6,
}

export const enum AttachFlags {
  None = 0,
  /** An event of the kernel makes it fire: it may run on any CPU, at any time, several times at once. */
  KernelEvent = 1,
  /** It runs before the first event (begin) or after the last one (end, error): nothing else runs meanwhile. */
  Session = 2,
  /** It runs when the session is ending, when all others return at once. */
  Last = 4,
  /** It fires every `period` nanoseconds. */
  Periodic = 8,
  /** One link of the kernel can attach its program to many targets. */
  Multi = 16,
  /** Its program may sleep, so that it may read memory that has to be paged in. */
  Sleepable = 32,
}

/** All that is known of one kind of attachment. */
export class AttachRow {
  constructor(
    public readonly kind: AttachKind,
    /** What the kernel's documentation calls it; for messages and the name of its file in agent/remote/attach. */
    public readonly name: string,
    /** What -p2 says of it; `%` stands for the target's name or the period. Empty: nothing. */
    public readonly cause: string,
    /** What stap's probe_type() calls it. */
    public readonly probeType: string,
    /** Where its handlers run, unless the handler's own needs say otherwise. */
    public readonly engine: Engine,
    /** libbpf's section of its programs; after a slash the target's name follows. */
    public readonly section: string,
    public readonly type: ProgramType,
    public readonly context: ContextKind,
    public readonly target: TargetKind,
    public readonly flags: AttachFlags,
  ) {}

  /** What -p2 and messages say of one probe: "kprobe on vfs_read", "timer of 1000 ns". */
  describe(target: string, period: string): string {
    return this.cause.replace("%", this.is(AttachFlags.Periodic) ? period : target);
  }

  /** Whether a flag is set. */
  is(flag: AttachFlags): bool {
    return (this.flags & flag) != 0;
  }
}

/**
 * With the name of a tracepoint behind it: the kernel's function that calls all callbacks of the tracepoint, with its
 * arguments behind one of its own (include/linux/tracepoint.h).
 */
export const TRACEPOINT_CALLER: string = "__traceiter_";
/** With the name of a hook behind it: the kernel's function that stands for the programs at the hook. */
export const HOOK_FUNCTION: string = "bpf_lsm_";
/** Code for the agent's interpreter (not executable for ELF, so that libbpf leaves it alone), subprograms too. */
export const SECTION_AGENT: string = ".stap.agent";
/** Programs that the agent has the kernel run (Engine.TestRun): raw tracepoint programs without a tracepoint. */
const SECTION_TEST_RUN: string = "raw_tp/";

/** Rows of kinds that the agent's interpreter runs. */
function agentRow(kind: AttachKind, name: string, cause: string, flags: AttachFlags): AttachRow {
  const probeType = kind == AttachKind.Timer ? "hrtimer" : "begin_end";
  const type = ProgramType.Unspec;
  return new AttachRow(
    kind,
    name,
    cause,
    probeType,
    Engine.Agent,
    SECTION_AGENT,
    type,
    ContextKind.Nothing,
    TargetKind.Nothing,
    flags,
  );
}

/** One row for each AttachKind, in the order of the enum. */
export const ATTACH_ROWS: AttachRow[] = [
  agentRow(AttachKind.Begin, "begin", "", AttachFlags.Session),
  agentRow(AttachKind.End, "end", "", AttachFlags.Session | AttachFlags.Last),
  agentRow(AttachKind.Error, "error", "", AttachFlags.Session | AttachFlags.Last),
  agentRow(AttachKind.Timer, "timer", "timer of % ns", AttachFlags.Periodic),
  new AttachRow(
    AttachKind.Kprobe,
    "kprobe",
    "kprobe on %",
    "kprobe",
    Engine.Kernel,
    "kprobe/",
    ProgramType.Kprobe,
    ContextKind.Registers,
    TargetKind.Function,
    AttachFlags.KernelEvent | AttachFlags.Multi,
  ),
  new AttachRow(
    AttachKind.Kretprobe,
    "kretprobe",
    "kretprobe on %",
    "kretprobe",
    Engine.Kernel,
    "kretprobe/",
    ProgramType.Kprobe,
    ContextKind.Registers,
    TargetKind.Function,
    AttachFlags.KernelEvent | AttachFlags.Multi,
  ),
  new AttachRow(
    AttachKind.RawTracepoint,
    "raw tracepoint",
    "raw tracepoint %",
    "kernel_tracepoint",
    Engine.Kernel,
    "raw_tp/",
    ProgramType.RawTracepoint,
    ContextKind.RawArguments,
    TargetKind.Tracepoint,
    AttachFlags.KernelEvent,
  ),
  new AttachRow(
    AttachKind.CpuClock,
    "CPU clock",
    "CPU clock every % ns",
    "profile_timer",
    Engine.Kernel,
    "perf_event",
    ProgramType.PerfEvent,
    ContextKind.PerfEvent,
    TargetKind.Nothing,
    AttachFlags.KernelEvent | AttachFlags.Periodic,
  ),
  new AttachRow(
    AttachKind.TracepointCall,
    "tracepoint call",
    "tracepoint %, by a kprobe on its calls",
    "kernel_tracepoint",
    Engine.Kernel,
    `kprobe/${TRACEPOINT_CALLER}`,
    ProgramType.Kprobe,
    ContextKind.CallRegisters,
    TargetKind.Tracepoint,
    AttachFlags.KernelEvent | AttachFlags.Multi,
  ),
  new AttachRow(
    AttachKind.Counter,
    "counter",
    "counter of %",
    "perf",
    Engine.Kernel,
    "perf_event",
    ProgramType.PerfEvent,
    ContextKind.PerfEvent,
    TargetKind.Counter,
    AttachFlags.KernelEvent,
  ),
  new AttachRow(
    AttachKind.Watchpoint,
    "watchpoint",
    "watchpoint on %",
    "hwbkpt",
    Engine.Kernel,
    "perf_event",
    ProgramType.PerfEvent,
    ContextKind.PerfEvent,
    TargetKind.Memory,
    AttachFlags.KernelEvent,
  ),
  new AttachRow(
    AttachKind.Uprobe,
    "uprobe",
    "uprobe on %",
    "uprobe",
    Engine.Kernel,
    "uprobe",
    ProgramType.Kprobe,
    ContextKind.UserRegisters,
    TargetKind.Code,
    AttachFlags.KernelEvent,
  ),
  new AttachRow(
    AttachKind.Uretprobe,
    "uretprobe",
    "uretprobe on %",
    "uretprobe",
    Engine.Kernel,
    "uretprobe",
    ProgramType.Kprobe,
    ContextKind.UserRegisters,
    TargetKind.Code,
    AttachFlags.KernelEvent,
  ),
  new AttachRow(
    AttachKind.Lsm,
    "LSM hook",
    "LSM hook %",
    "lsm",
    Engine.Kernel,
    "lsm/",
    ProgramType.Lsm,
    ContextKind.TypedArguments,
    TargetKind.Hook,
    AttachFlags.KernelEvent,
  ),
  // stap calls them what it probes functions with.
  new AttachRow(
    AttachKind.Fentry,
    "fentry",
    "fentry on %",
    "kprobe",
    Engine.Kernel,
    "fentry/",
    ProgramType.Tracing,
    ContextKind.TypedArguments,
    TargetKind.Function,
    AttachFlags.KernelEvent,
  ),
  new AttachRow(
    AttachKind.Fexit,
    "fexit",
    "fexit on %",
    "kretprobe",
    Engine.Kernel,
    "fexit/",
    ProgramType.Tracing,
    ContextKind.TypedArguments,
    TargetKind.Function,
    AttachFlags.KernelEvent,
  ),
];

/** The row of a kind; the kind must be one. */
export function attachRow(kind: AttachKind): AttachRow {
  return ATTACH_ROWS[kind];
}

/** Whether a number, of a file perhaps, is an AttachKind. */
export function isAttachKind(kind: i32): bool {
  return kind >= 0 && kind < AttachKind.Size;
}

/** Section of a program by libbpf's conventions: "kprobe/vfs_read", "raw_tp/sched_switch", "perf_event". */
export function sectionOf(kind: AttachKind, engine: Engine, target: string): string {
  if (engine == Engine.Agent) return SECTION_AGENT;
  if (engine == Engine.TestRun) return SECTION_TEST_RUN;
  const row = attachRow(kind);
  return row.section.includes("/") ? row.section + target : row.section;
}

/** BPF_PROG_TYPE_* of a program. */
export function programType(kind: AttachKind, engine: Engine): ProgramType {
  if (engine == Engine.Agent) return ProgramType.Unspec;
  return engine == Engine.TestRun ? ProgramType.RawTracepoint : attachRow(kind).type;
}

/** What is wrong with the table; empty if nothing is. Called by tests. */
export function attachProblem(): string {
  if (ATTACH_ROWS.length != AttachKind.Size) return "ATTACH_ROWS has not one row for each AttachKind";
  for (let i = 0; i < ATTACH_ROWS.length; ++i) {
    const row = ATTACH_ROWS[i];
    if ((row.kind as i32) != i) return `row ${i} of ATTACH_ROWS (${row.name}) stands in another kind's place`;
    const isKernel = row.engine == Engine.Kernel;
    if (row.is(AttachFlags.KernelEvent) != isKernel) return `${row.name}: kernel events fire in the kernel`;
    if (isKernel != (row.type != ProgramType.Unspec)) return `${row.name}: a program of the kernel has a type`;
    const isHook = row.target == TargetKind.Hook;
    const isNamed = isHook || row.target == TargetKind.Function || row.target == TargetKind.Tracepoint;
    if (row.section.includes("/") != isNamed) return `${row.name}: section and target`;
    if (row.is(AttachFlags.Last) && !row.is(AttachFlags.Session)) return `${row.name}: only session probes run last`;
  }
  return "";
}

// ---- the other sections ---------------------------------------------------------------------------------------------

/** Subprograms, all programs'. Appended behind each program that calls them. */
export const SECTION_TEXT: string = ".text";
export const SECTION_MANIFEST: string = ".stap.manifest";
export const SECTION_MAPS: string = ".maps";
export const SECTION_RODATA: string = ".rodata";
export const SECTION_BSS: string = ".bss";
export const SECTION_LICENSE: string = "license";
export const SECTION_BTF: string = ".BTF";
export const SECTION_BTF_EXT: string = ".BTF.ext";

/** Ring buffers in `.maps`: what handlers print, and what they tell the agent and the host. */
export const MAP_OUTPUT: string = "stp_output";
export const MAP_CONTROL: string = "stp_control";
/** The control group whose tasks are traced (--cgroup), in `.maps`. */
export const CGROUP_MAP: string = "stp_cgroup";
