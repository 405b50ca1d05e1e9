// Shared by compiler, agent and host; must remain portable (constants and pure functions only).
//
// Kernel helpers that programs may call (call with src 0, imm = number): numbers from uapi/linux/bpf.h, and one row for
// each with all that we know of it. All but those that say otherwise are in every kernel from 5.10 on.

/** BPF_FUNC_* */
export const enum Helper {
  Unspec = 0,
  /** (map, key) -> pointer or 0 */
  MapLookupElem = 1,
  /** (map, key, value, flags) */
  MapUpdateElem = 2,
  /** (map, key) */
  MapDeleteElem = 3,
  /** (dst, size, src) */
  ProbeRead = 4,
  /** () -> CLOCK_MONOTONIC ns */
  KtimeGetNs = 5,
  /** (fmt, size, …) */
  TracePrintk = 6,
  /** () */
  GetPrandomU32 = 7,
  /** () */
  GetSmpProcessorId = 8,
  /** () -> tgid << 32 | pid */
  GetCurrentPidTgid = 14,
  /** () -> gid << 32 | uid */
  GetCurrentUidGid = 15,
  /** (buf, size) */
  GetCurrentComm = 16,
  /** (ctx, map, flags, data, size) */
  PerfEventOutput = 25,
  /** (ctx, map, flags) */
  GetStackid = 27,
  /** () */
  GetCurrentTask = 35,
  /** (dst, src, size): memory of the current process */
  ProbeWriteUser = 36,
  /** (map, index) -> 1 if the current task is in the control group there or below it, 0 if not, or negative */
  CurrentTaskUnderCgroup = 37,
  /** (dst, size, src): old name of ProbeReadKernelStr on memory of either kind */
  ProbeReadStr = 45,
  /** (ctx, buf, size, flags) */
  GetStack = 67,
  /** () -> the number of the current task's control group (version 2) */
  GetCurrentCgroupId = 80,
  /** (dst, size, src) */
  ProbeReadUser = 112,
  /** (dst, size, src) */
  ProbeReadKernel = 113,
  /** (dst, size, src) -> length with NUL */
  ProbeReadUserStr = 114,
  /** (dst, size, src) -> length with NUL */
  ProbeReadKernelStr = 115,
  /** () -> jiffies */
  Jiffies64 = 118,
  /** () -> CLOCK_BOOTTIME ns */
  KtimeGetBootNs = 125,
  /** (ring, data, size, flags) -> 0 or negative */
  RingbufOutput = 130,
  /** (ring, size, 0) -> pointer or 0 */
  RingbufReserve = 131,
  /** (data, flags) */
  RingbufSubmit = 132,
  /** (data, flags) */
  RingbufDiscard = 133,
  /** (ring, what) */
  RingbufQuery = 134,
  /** () -> the current task, as a pointer that TaskPtRegs takes; from 5.11 */
  GetCurrentTaskBtf = 158,
  /** (str, size, format, data, bytes of data) -> length with NUL, of the whole text */
  Snprintf = 165,
  /** (ctx) -> what the attachment was made with: kprobes and perf events from 5.15, raw tracepoints from 6.10 */
  GetAttachCookie = 174,
  /** (task) -> the registers that its process had when it entered the kernel; from 5.15 */
  TaskPtRegs = 175,
  /** (count, callback, ctx, flags), from 5.17 */
  Loop = 181,
  /**
   * (entries, count, string of element 1, distance to the next or 0, bytes of one): sorts entries of a queue. Not the
   * kernel's: only the agent's machine has it.
   */
  AgentSort = 0x53540001,
}

/** What a helper returns in r0. */
export const enum HelperResult {
  Number,
  /** 0 or a negative errno. */
  Status,
  /** A number of bytes or a negative errno. */
  Length,
  /** An address or 0. */
  Pointer,
  Nothing,
}

/** The interpreter in the agent has it, too (common/as/bpf-machine). */
const AGENT = 1;
/** It returns the same value throughout one handler invocation and does nothing else. */
const CONSTANT = 2;
/** It neither reads nor writes memory that the program can reach in another way. */
const NO_MEMORY = 4;

/** What we know of one helper. */
export class HelperRow {
  constructor(
    public id: Helper,
    /** The kernel's name without its "bpf_". */
    public name: string,
    /** How many arguments it takes, in r1 and the registers that follow. */
    public parameters: i32,
    public result: HelperResult,
    public flags: i32,
  ) {}

  get isInAgent(): bool {
    return (this.flags & AGENT) != 0;
  }

  get isConstant(): bool {
    return (this.flags & CONSTANT) != 0;
  }

  get leavesMemoryAlone(): bool {
    return (this.flags & NO_MEMORY) != 0;
  }
}

/** A row for each helper, by number. The caller keeps them: each call makes them anew. */
export function helperRows(): HelperRow[] {
  const rows: HelperRow[] = [
    new HelperRow(Helper.MapLookupElem, "map_lookup_elem", 2, HelperResult.Pointer, AGENT),
    new HelperRow(Helper.MapUpdateElem, "map_update_elem", 4, HelperResult.Status, 0),
    new HelperRow(Helper.MapDeleteElem, "map_delete_elem", 2, HelperResult.Status, 0),
    new HelperRow(Helper.ProbeRead, "probe_read", 3, HelperResult.Status, AGENT),
    new HelperRow(Helper.KtimeGetNs, "ktime_get_ns", 0, HelperResult.Number, AGENT | NO_MEMORY),
    new HelperRow(Helper.TracePrintk, "trace_printk", 5, HelperResult.Length, AGENT),
    new HelperRow(Helper.GetPrandomU32, "get_prandom_u32", 0, HelperResult.Number, AGENT | NO_MEMORY),
    new HelperRow(
      Helper.GetSmpProcessorId,
      "get_smp_processor_id",
      0,
      HelperResult.Number,
      AGENT | CONSTANT | NO_MEMORY,
    ),
    new HelperRow(
      Helper.GetCurrentPidTgid,
      "get_current_pid_tgid",
      0,
      HelperResult.Number,
      AGENT | CONSTANT | NO_MEMORY,
    ),
    new HelperRow(Helper.GetCurrentUidGid, "get_current_uid_gid", 0, HelperResult.Number, AGENT | CONSTANT | NO_MEMORY),
    new HelperRow(Helper.GetCurrentComm, "get_current_comm", 2, HelperResult.Status, AGENT),
    new HelperRow(Helper.PerfEventOutput, "perf_event_output", 5, HelperResult.Status, 0),
    new HelperRow(Helper.GetStackid, "get_stackid", 3, HelperResult.Number, 0),
    new HelperRow(Helper.GetCurrentTask, "get_current_task", 0, HelperResult.Number, CONSTANT | NO_MEMORY),
    new HelperRow(Helper.ProbeWriteUser, "probe_write_user", 3, HelperResult.Status, 0),
    new HelperRow(Helper.CurrentTaskUnderCgroup, "current_task_under_cgroup", 2, HelperResult.Status, NO_MEMORY),
    new HelperRow(Helper.ProbeReadStr, "probe_read_str", 3, HelperResult.Length, AGENT),
    new HelperRow(Helper.GetStack, "get_stack", 4, HelperResult.Length, 0),
    new HelperRow(Helper.GetCurrentCgroupId, "get_current_cgroup_id", 0, HelperResult.Number, CONSTANT | NO_MEMORY),
    new HelperRow(Helper.ProbeReadUser, "probe_read_user", 3, HelperResult.Status, 0),
    new HelperRow(Helper.ProbeReadKernel, "probe_read_kernel", 3, HelperResult.Status, AGENT),
    new HelperRow(Helper.ProbeReadUserStr, "probe_read_user_str", 3, HelperResult.Length, 0),
    new HelperRow(Helper.ProbeReadKernelStr, "probe_read_kernel_str", 3, HelperResult.Length, AGENT),
    new HelperRow(Helper.Jiffies64, "jiffies64", 0, HelperResult.Number, AGENT | NO_MEMORY),
    new HelperRow(Helper.KtimeGetBootNs, "ktime_get_boot_ns", 0, HelperResult.Number, AGENT | NO_MEMORY),
  ];
  return rows.concat(laterRows());
}

/** Those of kernels from 5.8 on, and the agent's own. */
function laterRows(): HelperRow[] {
  return [
    new HelperRow(Helper.RingbufOutput, "ringbuf_output", 4, HelperResult.Status, AGENT),
    new HelperRow(Helper.RingbufReserve, "ringbuf_reserve", 3, HelperResult.Pointer, AGENT | NO_MEMORY),
    new HelperRow(Helper.RingbufSubmit, "ringbuf_submit", 2, HelperResult.Nothing, AGENT),
    new HelperRow(Helper.RingbufDiscard, "ringbuf_discard", 2, HelperResult.Nothing, AGENT),
    new HelperRow(Helper.RingbufQuery, "ringbuf_query", 2, HelperResult.Number, 0),
    new HelperRow(Helper.GetCurrentTaskBtf, "get_current_task_btf", 0, HelperResult.Number, NO_MEMORY),
    new HelperRow(Helper.Snprintf, "snprintf", 5, HelperResult.Number, AGENT),
    new HelperRow(Helper.GetAttachCookie, "get_attach_cookie", 1, HelperResult.Number, AGENT | CONSTANT | NO_MEMORY),
    new HelperRow(Helper.TaskPtRegs, "task_pt_regs", 1, HelperResult.Number, NO_MEMORY),
    new HelperRow(Helper.Loop, "loop", 4, HelperResult.Number, 0),
    new HelperRow(Helper.AgentSort, "agent_sort", 5, HelperResult.Nothing, AGENT),
  ];
}
