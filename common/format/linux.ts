// Shared by compiler, agent and host; must remain portable (constants and pure functions only).
//
// Layouts of what the agent hands to system calls other than bpf(2): byte offsets, and numbers that belong to them. All
// are those of 64-bit kernels and the same on x86_64 and arm64, unless said otherwise. Source: the header in each
// comment.

/** struct perf_event_attr (uapi/linux/perf_event.h), as far as PERF_ATTR_SIZE_VER1: all that a kprobe needs. */
export const enum PerfEventAttr {
  /** u32: PERF_TYPE_* or the number of a dynamic event source */
  Type = 0,
  /** u32: bytes of this structure */
  AttrSize = 4,
  /** u64 */
  Config = 8,
  /** u64: with the flag `freq` clear, counts between two events */
  SamplePeriod = 16,
  /** u64 of bits: PerfEventFlags */
  Flags = 40,
  /** u32: HW_BREAKPOINT_* */
  BreakpointType = 52,
  /** u64 (config1): of the source `kprobe` the host address of the function's name; of a watchpoint its address */
  KprobeFunc = 56,
  /** u64 (config2): of the source `kprobe` the offset in that function; of a watchpoint its length */
  ProbeOffset = 64,
  Size = 72,
}

/** Bits of PerfEventAttr.Flags. */
export const enum PerfEventFlags {
  None = 0,
  /** SamplePeriod is a rate: events in a second. */
  Freq = 1 << 10,
}

export const enum PerfType {
  Software = 1,
  Tracepoint = 2,
  Breakpoint = 5,
}

/** HW_BREAKPOINT_* (include/uapi/linux/hw_breakpoint.h) */
export const enum Watch {
  Reads = 1,
  Writes = 2,
}

/** KRETPROBE_MAXACTIVE_MAX (kernel/trace/trace_kprobe.c) */
export const MOST_ACTIVE: i32 = 4096;

/** PERF_COUNT_SW_*: config of PerfType.Software */
export const enum PerfSoftware {
  CpuClock = 0,
}

/** PERF_FLAG_* of perf_event_open */
export const PERF_FLAG_FD_CLOEXEC: i32 = 8;

/** PERF_EVENT_IOC_*: requests of ioctl */
export const enum PerfIoctl {
  Enable = 0x2400,
  SetBpf = 0x40042408,
}

/** struct epoll_event (uapi/linux/eventpoll.h): packed on x86_64, aligned on all other CPUs. */
export const enum EpollEvent {
  /** u32 */
  Events = 0,
  /** u64 */
  DataPacked = 4,
  SizePacked = 12,
  DataAligned = 8,
  SizeAligned = 16,
}

/** struct pollfd (uapi/asm-generic/poll.h) */
export const enum PollFd {
  /** i32 */
  Fd = 0,
  /** i16 */
  Events = 4,
  /** i16 */
  Revents = 6,
  Size = 8,
}

/** struct timespec (uapi/linux/time.h), both i64 */
export const enum TimeSpec {
  Seconds = 0,
  Nanoseconds = 8,
  Size = 16,
}

/** struct itimerspec (uapi/linux/time.h): two timespecs */
export const enum TimerSpec {
  Interval = 0,
  Value = 16,
  Size = 32,
}

/** struct rlimit64 (uapi/linux/resource.h), both u64; all ones: unlimited */
export const enum ResourceLimit {
  Soft = 0,
  Hard = 8,
  Size = 16,
}

/** struct signalfd_siginfo (uapi/linux/signalfd.h) */
export const enum SignalInfo {
  /** u32 */
  Signal = 0,
  Size = 128,
}

/** struct new_utsname (uapi/linux/utsname.h): fields of so many bytes, NUL-terminated. */
export const UTS_FIELD_BYTES: i32 = 65;
export const enum UtsField {
  SystemName = 0,
  NodeName = 1,
  Release = 2,
  Version = 3,
  Machine = 4,
  Size = 6,
}

/** Bytes of the set of signals that the kernel takes (sigset_t of the system calls, not of libc). */
export const SIGNAL_SET_BYTES: i32 = 8;

/** Elf64_Nhdr (uapi/linux/elf.h): name and description follow, each padded to 4 bytes. */
export const enum ElfNote {
  /** u32 each */
  NameBytes = 0,
  Bytes = 4,
  Type = 8,
  Size = 12,
}
/** "GNU" and its NUL: the owner of the note that holds the build id. */
export const NOTE_OWNER_GNU: i32 = 0x00554e47;
/** Its type. */
export const NT_GNU_BUILD_ID: i32 = 3;
/** Type in the auxiliary vector (uapi/linux/auxvec.h) of the page size. */
export const AT_PAGESZ: i32 = 6;
