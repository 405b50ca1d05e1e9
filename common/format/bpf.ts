// Shared by compiler, agent and host; must remain portable (constants and pure integer functions only).
//
// The BPF machine and the bpf(2) system call, as in the kernel's uapi/linux/bpf.h (kernel names, spelt in our casing).
// One instruction is 8 bytes, little-endian:
//
//      0        1           2               4
//      +--------+-----+-----+---------------+-------------------------------+
//      | opcode | dst | src |  off (i16)    |  imm (i32)                    |      dst: low 4 bits of byte 1
//      +--------+-----+-----+---------------+-------------------------------+
//
// opcode = class (3 bits) | for ALU and JMP: source (bit 3), operation (4 bits); for loads and stores: size, mode.
// ld_imm64 takes two: the second holds the upper 32 bits in imm, all else zero.

/** Bytes of one instruction. */
export const INSN_BYTES: i32 = 8;
/** Bytes of stack that one function may use. */
export const STACK_BYTES: i32 = 512;
/** Registers r0 .. r10. */
export const REGISTER_COUNT: i32 = 11;

/** Byte offsets in an instruction. */
export const enum Insn {
  Opcode = 0,
  /** dst | src << 4 */
  Registers = 1,
  Off = 2,
  Imm = 4,
  Size = 8,
}

/** Instruction class: opcode & 7. */
export const enum Class {
  Ld = 0x00,
  Ldx = 0x01,
  St = 0x02,
  Stx = 0x03,
  Alu = 0x04,
  Jmp = 0x05,
  Jmp32 = 0x06,
  Alu64 = 0x07,
}
export const CLASS_MASK: i32 = 0x07;

/** Second operand of ALU and JMP: immediate (K) or register (X). For Alu.End: K to little-endian, X to big-endian. */
export const enum Source {
  K = 0x00,
  X = 0x08,
}
export const SOURCE_MASK: i32 = 0x08;

/** Arithmetic: opcode & 0xf0. */
export const enum Alu {
  Add = 0x00,
  Sub = 0x10,
  Mul = 0x20,
  /** off 1: signed (from 6.6) */
  Div = 0x30,
  Or = 0x40,
  And = 0x50,
  Lsh = 0x60,
  Rsh = 0x70,
  Neg = 0x80,
  /** off 1: signed (from 6.6) */
  Mod = 0x90,
  Xor = 0xa0,
  /** off 8, 16, 32: sign-extending (from 6.6) */
  Mov = 0xb0,
  Arsh = 0xc0,
  End = 0xd0,
}

/** Jumps: opcode & 0xf0. The target is the next instruction plus off. */
export const enum Jmp {
  Ja = 0x00,
  Jeq = 0x10,
  Jgt = 0x20,
  Jge = 0x30,
  Jset = 0x40,
  Jne = 0x50,
  Jsgt = 0x60,
  Jsge = 0x70,
  Call = 0x80,
  Exit = 0x90,
  Jlt = 0xa0,
  Jle = 0xb0,
  Jslt = 0xc0,
  Jsle = 0xd0,
  /** may_goto (from 6.9), class Jmp, source K */
  Jcond = 0xe0,
}
/** Of Alu and Jmp. */
export const OPERATION_MASK: i32 = 0xf0;

/** Width of a load or store: opcode & 0x18. */
export const enum Width {
  W = 0x00,
  H = 0x08,
  B = 0x10,
  DW = 0x18,
}
export const WIDTH_MASK: i32 = 0x18;

/** Mode of a load or store: opcode & 0xe0. */
export const enum Mode {
  Imm = 0x00,
  Mem = 0x60,
  /** sign-extending load (from 6.6) */
  Memsx = 0x80,
  Atomic = 0xc0,
}
export const MODE_MASK: i32 = 0xe0;

/**
 * imm of an atomic: one of Add, Or, And, Xor, with Fetch or without; or Xchg, Cmpxchg. Only Add without Fetch before
 * 5.12.
 */
export const enum Atomic {
  Add = 0x00,
  Or = 0x40,
  And = 0x50,
  Xor = 0xa0,
  Fetch = 0x01,
  /** Includes Fetch. */
  Xchg = 0xe1,
  /** Compares with r0, old value to r0. Includes Fetch. */
  Cmpxchg = 0xf1,
}

/** Whole opcodes that are met often. */
export const enum Opcode {
  /** ld_imm64, two instructions */
  LdImm64 = 0x18,
  LdxW = 0x61,
  LdxH = 0x69,
  LdxB = 0x71,
  LdxDW = 0x79,
  StW = 0x62,
  StH = 0x6a,
  StB = 0x72,
  StDW = 0x7a,
  StxW = 0x63,
  StxH = 0x6b,
  StxB = 0x73,
  StxDW = 0x7b,
  AtomicW = 0xc3,
  AtomicDW = 0xdb,
  MovImm32 = 0xb4,
  MovReg32 = 0xbc,
  MovImm64 = 0xb7,
  MovReg64 = 0xbf,
  Ja = 0x05,
  /** a jump whose distance is imm; kernels know it since 6.6 */
  Gotol = 0x06,
  Call = 0x85,
  Exit = 0x95,
}

/** src of ld_imm64: what imm means. */
export const enum Pseudo {
  None = 0,
  /** ld_imm64: imm is a map's descriptor */
  MapFd = 1,
  /** ld_imm64: imm is a map's descriptor, second imm an offset into its (only) value */
  MapValue = 2,
  /** ld_imm64: BTF id of a kernel variable */
  BtfId = 3,
  /** ld_imm64: instruction offset of a callback */
  Func = 4,
}
/** src of a call: imm is relative to the next instruction, a function of the same program. (0: imm is a Helper.) */
export const PSEUDO_CALL: i32 = 1;
/** Commands of bpf(2). */
export const enum BpfCommand {
  MapCreate = 0,
  MapLookupElem = 1,
  MapUpdateElem = 2,
  MapDeleteElem = 3,
  MapGetNextKey = 4,
  ProgLoad = 5,
  ObjPin = 6,
  ObjGet = 7,
  ProgAttach = 8,
  ProgDetach = 9,
  ProgTestRun = 10,
  ProgGetNextId = 11,
  MapGetNextId = 12,
  ProgGetFdById = 13,
  MapGetFdById = 14,
  ObjGetInfoByFd = 15,
  RawTracepointOpen = 17,
  BtfLoad = 18,
  BtfGetFdById = 19,
  TaskFdQuery = 20,
  MapFreeze = 22,
  BtfGetNextId = 23,
  LinkCreate = 28,
  /** from 5.8 */
  EnableStats = 32,
}

/** BPF_MAP_TYPE_* */
export const enum MapType {
  Unspec = 0,
  Hash = 1,
  Array = 2,
  ProgArray = 3,
  PerfEventArray = 4,
  PercpuHash = 5,
  PercpuArray = 6,
  StackTrace = 7,
  CgroupArray = 8,
  LruHash = 9,
  LruPercpuHash = 10,
  ArrayOfMaps = 12,
  Ringbuf = 27,
}

/** BPF_F_* of map creation. */
export const enum MapFlag {
  None = 0,
  NoPrealloc = 1,
  /** user space may only read / only write */
  Rdonly = 8,
  Wronly = 16,
  /** programs may only read / only write */
  RdonlyProg = 128,
  WronlyProg = 256,
  Mmapable = 1024,
}

/** BPF_PROG_TYPE_* */
export const enum ProgramType {
  Unspec = 0,
  SocketFilter = 1,
  Kprobe = 2,
  Tracepoint = 5,
  PerfEvent = 7,
  RawTracepoint = 17,
  Tracing = 26,
  Lsm = 29,
  Syscall = 31,
}

/** BPF_TRACE_* and others: expected_attach_type */
export const enum AttachType {
  None = 0,
  TraceRawTp = 23,
  TraceFentry = 24,
  TraceFexit = 25,
  LsmMac = 27,
  PerfEvent = 41,
  TraceKprobeMulti = 42,
  TraceUprobeMulti = 48,
}

/** log_level of BPF_PROG_LOAD */
export const enum LogLevel {
  None = 0,
  Level1 = 1,
  Level2 = 2,
  Stats = 4,
}

/** flags of ringbuf_output, ringbuf_submit, ringbuf_discard */
export const enum RingFlag {
  None = 0,
  NoWakeup = 1,
  ForceWakeup = 2,
}

/** Ring buffer: header word of a record { u32 length | flags, u32 page offset }, data 8-byte aligned behind it. */
export const RING_HEADER: i32 = 8;
/** Not committed yet. (Bit 31 of the length.) */
export const RING_BUSY_BIT: i32 = -2147483648;
/** Thrown away by its writer. (Bit 30.) */
export const RING_DISCARD_BIT: i32 = 0x40000000;
export const RING_LENGTH_MASK: i32 = 0x3fffffff;

/** Kernel's limit on the name of a map or program, with its NUL. */
export const OBJECT_NAME_BYTES: i32 = 16;

/** Bytes that a load or store of `width` (opcode & WIDTH_MASK) moves. */
export function widthBytes(width: i32): i32 {
  switch (width) {
    case Width.B:
      return 1;
    case Width.H:
      return 2;
    case Width.W:
      return 4;
    default:
      return 8;
  }
}
