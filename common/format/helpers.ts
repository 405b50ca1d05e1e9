// Shared by compiler, agent and host; must remain portable (constants and pure functions only).
//
// Kernel helpers that programs may call (call with src 0, imm = number): numbers from uapi/linux/bpf.h, how many
// arguments each takes, its name in dumps, and the first mainline release where it is not in all kernels from 5.10.
// The agent's interpreter knows the ones marked [agent] (common/as/bpf-machine).

/** BPF_FUNC_* */
export const enum Helper {
  Unspec = 0,
  /** (map, key) -> pointer or 0 [agent] */
  MapLookupElem = 1,
  /** (map, key, value, flags) */
  MapUpdateElem = 2,
  /** (map, key) */
  MapDeleteElem = 3,
  /** (dst, size, src) */
  ProbeRead = 4,
  /** () -> CLOCK_MONOTONIC ns [agent] */
  KtimeGetNs = 5,
  /** (fmt, size, …) [agent: ignored] */
  TracePrintk = 6,
  /** () [agent] */
  GetPrandomU32 = 7,
  /** () [agent] */
  GetSmpProcessorId = 8,
  /** () -> tgid << 32 | pid [agent] */
  GetCurrentPidTgid = 14,
  /** () -> gid << 32 | uid [agent] */
  GetCurrentUidGid = 15,
  /** (buf, size) [agent] */
  GetCurrentComm = 16,
  /** (ctx, map, flags, data, size) */
  PerfEventOutput = 25,
  /** (ctx, map, flags) */
  GetStackid = 27,
  /** () */
  GetCurrentTask = 35,
  /** (dst, size, src): old name of ProbeReadKernelStr on memory of either kind */
  ProbeReadStr = 45,
  /** (ctx, buf, size, flags) */
  GetStack = 67,
  /** (dst, size, src) */
  ProbeReadUser = 112,
  /** (dst, size, src) [agent: own memory] */
  ProbeReadKernel = 113,
  /** (dst, size, src) -> length with NUL */
  ProbeReadUserStr = 114,
  /** (dst, size, src) -> length with NUL [agent: own memory] */
  ProbeReadKernelStr = 115,
  /** () -> jiffies [agent] */
  Jiffies64 = 118,
  /** () -> CLOCK_BOOTTIME ns [agent] */
  KtimeGetBootNs = 125,
  /** (ring, data, size, flags) -> 0 or negative [agent] */
  RingbufOutput = 130,
  /** (ring, size, 0) -> pointer or 0 [agent] */
  RingbufReserve = 131,
  /** (data, flags) [agent] */
  RingbufSubmit = 132,
  /** (data, flags) [agent] */
  RingbufDiscard = 133,
  /** (ring, what) */
  RingbufQuery = 134,
  /** (count, callback, ctx, flags), from 5.17 */
  Loop = 181,
}

/** Arguments of helper `id` (r1 …), or -1 when it is not in this table. */
export function helperArguments(id: i32): i32 {
  switch (id) {
    case Helper.KtimeGetNs:
    case Helper.GetPrandomU32:
    case Helper.GetSmpProcessorId:
    case Helper.GetCurrentPidTgid:
    case Helper.GetCurrentUidGid:
    case Helper.GetCurrentTask:
    case Helper.Jiffies64:
    case Helper.KtimeGetBootNs:
      return 0;
    case Helper.MapLookupElem:
    case Helper.MapDeleteElem:
    case Helper.GetCurrentComm:
    case Helper.RingbufSubmit:
    case Helper.RingbufDiscard:
    case Helper.RingbufQuery:
      return 2;
    case Helper.ProbeRead:
    case Helper.ProbeReadStr:
    case Helper.ProbeReadUser:
    case Helper.ProbeReadKernel:
    case Helper.ProbeReadUserStr:
    case Helper.ProbeReadKernelStr:
    case Helper.RingbufReserve:
    case Helper.GetStackid:
      return 3;
    case Helper.MapUpdateElem:
    case Helper.RingbufOutput:
    case Helper.GetStack:
    case Helper.Loop:
      return 4;
    case Helper.TracePrintk:
    case Helper.PerfEventOutput:
      return 5;
    default:
      return -1;
  }
}

/** Kernel spelling of helper `id` without its "bpf_", or "" when it is not in this table. */
export function helperName(id: i32): string {
  switch (id) {
    case Helper.MapLookupElem:
      return "map_lookup_elem";
    case Helper.MapUpdateElem:
      return "map_update_elem";
    case Helper.MapDeleteElem:
      return "map_delete_elem";
    case Helper.ProbeRead:
      return "probe_read";
    case Helper.KtimeGetNs:
      return "ktime_get_ns";
    case Helper.TracePrintk:
      return "trace_printk";
    case Helper.GetPrandomU32:
      return "get_prandom_u32";
    case Helper.GetSmpProcessorId:
      return "get_smp_processor_id";
    case Helper.GetCurrentPidTgid:
      return "get_current_pid_tgid";
    case Helper.GetCurrentUidGid:
      return "get_current_uid_gid";
    case Helper.GetCurrentComm:
      return "get_current_comm";
    case Helper.PerfEventOutput:
      return "perf_event_output";
    case Helper.GetStackid:
      return "get_stackid";
    case Helper.GetCurrentTask:
      return "get_current_task";
    case Helper.ProbeReadStr:
      return "probe_read_str";
    case Helper.GetStack:
      return "get_stack";
    case Helper.ProbeReadUser:
      return "probe_read_user";
    case Helper.ProbeReadKernel:
      return "probe_read_kernel";
    case Helper.ProbeReadUserStr:
      return "probe_read_user_str";
    case Helper.ProbeReadKernelStr:
      return "probe_read_kernel_str";
    case Helper.Jiffies64:
      return "jiffies64";
    case Helper.KtimeGetBootNs:
      return "ktime_get_boot_ns";
    case Helper.RingbufOutput:
      return "ringbuf_output";
    case Helper.RingbufReserve:
      return "ringbuf_reserve";
    case Helper.RingbufSubmit:
      return "ringbuf_submit";
    case Helper.RingbufDiscard:
      return "ringbuf_discard";
    case Helper.RingbufQuery:
      return "ringbuf_query";
    case Helper.Loop:
      return "loop";
    default:
      return "";
  }
}
