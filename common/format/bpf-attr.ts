// Shared by compiler, agent and host; must remain portable (constants and pure functions only).
//
// Layouts of bpf(2): byte offsets in `union bpf_attr`, one enum for each command, and in what BPF_OBJ_GET_INFO_BY_FD
// answers. Source: uapi/linux/bpf.h. `Size` is how many bytes the command's newest field that we know ends at: the
// kernel takes a shorter union than its own, and a longer one if the rest is zero.

/** BPF_MAP_CREATE */
export const enum MapCreateAttr {
  Type = 0,
  KeyBytes = 4,
  ValueBytes = 8,
  MaxEntries = 12,
  Flags = 16,
  /** of a map of maps: descriptor of a map like those in it */
  Inner = 20,
  /** 16 bytes with the NUL */
  Name = 28,
  Size = 72,
}

/** BPF_MAP_UPDATE_ELEM; key and value are host addresses */
export const enum MapElementAttr {
  Map = 0,
  Key = 8,
  Value = 16,
  Flags = 24,
  Size = 32,
}

/** BPF_MAP_FREEZE */
export const enum MapFreezeAttr {
  Map = 0,
  Size = 4,
}

/** BPF_BTF_LOAD; types and log are host addresses */
export const enum BtfLoadAttr {
  Btf = 0,
  Log = 8,
  BtfBytes = 16,
  LogBytes = 20,
  LogLevel = 24,
  Size = 28,
}

/** BPF_PROG_LOAD; u64 fields are host addresses */
export const enum ProgLoadAttr {
  Type = 0,
  InsnCount = 4,
  /** u64 */
  Insns = 8,
  /** u64 */
  License = 16,
  LogLevel = 24,
  LogBytes = 28,
  /** u64 */
  Log = 32,
  /** 16 bytes with the NUL */
  Name = 48,
  ExpectedAttachType = 68,
  BtfFd = 72,
  FuncInfoRecordBytes = 76,
  /** u64 */
  FuncInfo = 80,
  FuncInfoCount = 88,
  LineInfoRecordBytes = 92,
  /** u64 */
  LineInfo = 96,
  LineInfoCount = 104,
  /** of programs that are verified for one place: its function among the kernel's types */
  AttachTypeId = 108,
  Size = 116,
}

/** BPF_RAW_TRACEPOINT_OPEN */
export const enum RawTracepointAttr {
  /** u64 */
  Name = 0,
  Program = 8,
  /** u64, from 6.10; older kernels take it if it is zero */
  Cookie = 16,
  Size = 24,
}

/** BPF_LINK_CREATE on a perf event */
export const enum LinkCreateAttr {
  Program = 0,
  /** descriptor of what it goes on */
  Target = 4,
  AttachType = 8,
  Flags = 12,
  /** u64 (link_create.perf_event) */
  Cookie = 16,
  Size = 24,
}

/** BPF_LINK_CREATE on many functions (link_create.kprobe_multi) */
export const enum KprobeMultiAttr {
  Program = 0,
  AttachType = 8,
  Flags = 16,
  Count = 20,
  /** u64: host address of host addresses of names */
  Symbols = 24,
  Addresses = 32,
  Cookies = 40,
  Size = 48,
}
/** BPF_LINK_CREATE on many places of a file (link_create.uprobe_multi) */
export const enum UprobeMultiAttr {
  Program = 0,
  AttachType = 8,
  /** u64 each: host addresses of the path, and of arrays of u64 */
  Path = 16,
  Offsets = 24,
  Semaphores = 32,
  Cookies = 40,
  Count = 48,
  Flags = 52,
  Size = 64,
}
/** BPF_F_UPROBE_MULTI_RETURN */
export const UPROBE_MULTI_RETURN: i32 = 1;
/** BPF_F_KPROBE_MULTI_RETURN */
export const KPROBE_MULTI_RETURN: i32 = 1;

/** BPF_PROG_TEST_RUN */
export const enum TestRunAttr {
  Program = 0,
  Size = 72,
}

/** BPF_OBJ_GET_INFO_BY_FD */
export const enum InfoAttr {
  Fd = 0,
  /** bytes of the answer's room; the kernel writes what it filled */
  Bytes = 4,
  /** u64: host address of the answer */
  Info = 8,
  Size = 16,
}

/** struct bpf_prog_info, as far as it is read here */
export const enum ProgInfo {
  /** u32 */
  JitedBytes = 16,
  /** u64 each, while statistics are on */
  RunTimeNs = 192,
  RunCount = 200,
  /** u64, from 5.12 */
  RecursionMisses = 208,
  /** u32, from 5.16 */
  VerifiedInsns = 216,
  Size = 232,
}

/** struct bpf_link_info */
export const enum LinkInfo {
  /** LinkType */
  Type = 0,
  /** of a perf event: what it is, PerfEventInfo */
  PerfEventType = 16,
  /** u64, of kprobe.multi, from 6.7 */
  KprobeMultiMissed = 32,
  /** u64, of a perf event that is a kprobe, from 6.7 */
  KprobeMissed = 48,
}

/** BPF_LINK_TYPE_* */
export const enum LinkType {
  PerfEvent = 7,
  KprobeMulti = 8,
}

/** BPF_PERF_EVENT_* in bpf_link_info */
export const enum PerfEventInfo {
  Kprobe = 3,
  Kretprobe = 4,
}

/** Bytes of the largest structure above. */
export const BPF_ATTR_BYTES: i32 = 128;
