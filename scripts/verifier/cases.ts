// Small programs that kernels refuse, each for a reason of its own: what the rows of the catalogue are tried with.
// `insn` is the instruction that the message is about (-1: none).

import {
  alu,
  alu32,
  alux,
  Btf,
  call,
  callFunction,
  exit,
  goto,
  type Insn,
  jmp,
  jmpx,
  ld64,
  ldMap,
  ldValue,
  ldx,
  mov,
  movx,
  R0,
  R1,
  R2,
  R3,
  R4,
  R6,
  R10,
  raw,
  repeat,
  st,
  stx,
} from "./assembler.ts";

export interface MapSpec {
  type: number;
  key: number;
  value: number;
  entries: number;
  flags?: number;
  /** The value's type in the case's BTF. */
  valueType?: number;
  keyType?: number;
}

export interface Case {
  /** Its name: the row that it is for, with a suffix where there are several. */
  name: string;
  expect: string;
  insn: number | number[];
  type?: number;
  insns: Insn[];
  maps?: MapSpec[];
  license?: string;
  flags?: number;
  attach?: number;
  attachId?: number;
  btf?: Buffer;
  /** Rows of { insn, type } for functions. */
  functions?: [insn: number, type: number][];
  /** Rows of { insn, file, line text, line << 10 | column }. */
  lines?: [insn: number, file: number, text: number, place: number][];
  /** Other rows that are right on some kernels, with the instruction there. */
  also?: Record<string, number | number[]>;
}

const KPROBE = 2;
const [SOCKET, CLS, XDP, PERF, CGROUP_SKB, TRACING] = [1, 3, 6, 7, 8, 26];
const HASH: MapSpec = { type: 1, key: 4, value: 8, entries: 4 };
const ARRAY: MapSpec = { type: 2, key: 4, value: 16, entries: 4 };
const RINGBUF: MapSpec = { type: 27, key: 0, value: 0, entries: 4096 };
const PROGS: MapSpec = { type: 3, key: 4, value: 4, entries: 4 };
const LOOKUP = 1;
const UPDATE = 2;
const PROBE_READ_KERNEL = 113;
const RESERVE = 131;
const SUBMIT = 132;
const RANDOM = 7;

/** r0 = lookup(map 0, key 0): six instructions. */
const lookup = (map = 0): Insn[] => [
  st(4, R10, -4, 0),
  movx(R2, R10),
  alu("add", R2, -4),
  ...ldMap(R1, map),
  call(LOOKUP),
];
/** r0 = a record of the ring buffer, map 0. */
const reserve = (size = 16): Insn[] => [...ldMap(R1), mov(R2, size), mov(R3, 0), call(RESERVE)];
const done = (): Insn[] => [mov(R0, 0), exit()];

function one(expect: string, insn: number | number[], insns: Insn[], more: Partial<Case> = {}): Case {
  return { name: expect, expect, insn, insns, ...more };
}

const MEMORY: Case[] = [
  one("null-pointer", 6, [...lookup(), ldx(8, R1, R0, 0), ...done()], { maps: [HASH] }),
  one(
    "null-pointer",
    7,
    [...reserve(), movx(R6, R0), st(8, R6, 0, 1), ...done()].filter((_, i) => i !== 99),
    {
      name: "null-pointer/ringbuf",
      maps: [RINGBUF],
      insn: 6,
    },
  ),
  one("number-as-pointer", 1, [ldx(8, R2, R1, 0), ldx(8, R3, R2, 8), ...done()]),
  one("wrong-pointer", 2, [...ldMap(R1), stx(8, R1, 0, R10), ...done()], {
    maps: [HASH],
    also: { "kernel-pointer-negative": 2, "kernel-read-only": 2, "struct-bounds": 2 },
  }),
  one("map-value-bounds", 7, [...lookup(), jmp("eq", R0, 0, 1), ldx(8, R1, R0, 12), ...done()], { maps: [ARRAY] }),
  one(
    "map-value-bounds",
    10,
    [
      movx(R6, R1),
      ...lookup(),
      jmp("eq", R0, 0, 4),
      ldx(8, R1, R6, 0),
      alu("and", R1, 15),
      alux("add", R0, R1),
      ldx(8, R1, R0, 0),
      ...done(),
    ],
    { name: "map-value-bounds/variable", maps: [ARRAY], insn: 11 },
  ),
  one(
    "memory-bounds",
    7,
    [...reserve(), jmp("eq", R0, 0, 3), st(8, R0, 12, 1), movx(R1, R0), mov(R2, 0), call(SUBMIT), ...done()],
    {
      maps: [RINGBUF],
      insn: 6,
      also: { "map-value-bounds": 6 },
    },
  ),
  one("packet-bounds", 1, [ldx(4, R2, R1, 0), ldx(1, R0, R2, 0), exit()], { type: XDP }),
  one(
    "index-negative",
    11,
    [
      movx(R6, R1),
      ...lookup(),
      jmp("eq", R0, 0, 4),
      ldx(8, R1, R6, 0),
      jmp("sgt", R1, 4, 2),
      alux("add", R0, R1),
      ldx(1, R1, R0, 0),
      ...done(),
    ],
    { maps: [ARRAY], insn: 10, also: { "math-unbounded": 10 } },
  ),
  one(
    "index-negative",
    6,
    [
      movx(R6, R1),
      ldx(8, R2, R6, 0),
      movx(R1, R10),
      alu("add", R1, -8),
      mov(R3, 0),
      st(8, R10, -8, 0),
      call(PROBE_READ_KERNEL),
      ...done(),
    ],
    {
      name: "index-negative/size",
    },
  ),
  one(
    "unbounded-access",
    11,
    [
      movx(R6, R1),
      ...lookup(),
      jmp("eq", R0, 0, 3),
      ldx(4, R1, R6, 0),
      alux("add", R0, R1),
      ldx(1, R1, R0, 0),
      ...done(),
    ],
    {
      maps: [ARRAY],
      insn: 10,
    },
  ),
  one(
    "unbounded-size",
    7,
    [
      ldx(8, R2, R1, 0),
      alu("rsh", R2, 1),
      st(8, R10, -8, 0),
      movx(R1, R10),
      alu("add", R1, -8),
      mov(R3, 0),
      call(PROBE_READ_KERNEL),
      ...done(),
    ],
    {
      name: "unbounded-size",
      insn: 6,
    },
  ),
  one("stack-read-below", 0, [ldx(8, R1, R10, -8), ...done()]),
  one("stack-indirect-unwritten", 4, [movx(R2, R10), alu("add", R2, -4), ...ldMap(R1), call(LOOKUP), ...done()], {
    maps: [HASH],
  }),
  one(
    "stack-variable-offset",
    4,
    [ldx(8, R1, R1, 0), alu("and", R1, 7), movx(R2, R10), alux("add", R2, R1), ldx(1, R0, R2, -8), ...done()],
    {
      also: { "stack-read-unwritten": 4 },
    },
  ),
  one(
    "stack-variable-offset",
    2,
    [ldx(8, R1, R1, 0), movx(R2, R10), alux("add", R2, R1), st(1, R2, -8, 0), ...done()],
    {
      name: "stack-variable-offset/unbounded",
      also: { "math-unbounded": 2 },
    },
  ),
  one("stack-bounds", 0, [st(8, R10, -520, 0), ...done()], { also: { "stack-bounds-old": 0 } }),
  one("stack-bounds", 0, [st(8, R10, 8, 0), ...done()], {
    name: "stack-bounds/above",
    also: { "stack-bounds-old": 0 },
  }),
  one("stack-bounds", 4, [movx(R2, R10), alu("add", R2, -516), ...ldMap(R1), call(LOOKUP), ...done()], {
    name: "stack-bounds/helper",
    maps: [HASH],
    also: { "stack-bounds-old": 4 },
  }),
  one("context-access", 0, [ldx(8, R0, R1, 100000 % 32768), exit()], { type: SOCKET }),
  one("context-access", 0, [st(8, R1, 0, 0), ...done()], {
    name: "context-access/write",
    also: { "store-constant-place": 0 },
  }),
  one("context-access", 0, [ldx(8, R0, R1, 4000), exit()], { name: "context-access/kprobe" }),
  one("context-modified", 1, [alu("add", R1, 8), ldx(4, R0, R1, 0), ...done()], { type: XDP }),
  one(
    "context-variable",
    3,
    [ldx(4, R2, R1, 0), alu("and", R2, 4), alux("add", R1, R2), ldx(4, R0, R1, 0), ...done()],
    {
      type: SOCKET,
    },
  ),
  one("misaligned", 0, [st(8, R10, -12, 0), ...done()], { also: {} }),
  one("misaligned", 7, [...lookup(), jmp("eq", R0, 0, 1), ldx(8, R1, R0, 1), ...done()], {
    name: "misaligned/map",
    maps: [ARRAY],
    flags: 1,
  }),
  one("map-read-only", 2, [...ldValue(R1, 0, 0), st(8, R1, 0, 1), ...done()], {
    maps: [{ ...ARRAY, entries: 1, flags: 0x80 }],
  }),
  one("map-write-only", 2, [...ldValue(R1, 0, 0), ldx(8, R0, R1, 0), ...done()], {
    maps: [{ ...ARRAY, entries: 1, flags: 0x100 }],
  }),
  one(
    "map-flags-for-helper",
    8,
    [
      st(4, R10, -4, 0),
      st(8, R10, -16, 0),
      movx(R2, R10),
      alu("add", R2, -4),
      movx(R3, R10),
      alu("add", R3, -16),
      mov(R4, 0),
      ...ldMap(R1),
      call(UPDATE),
      ...done(),
    ],
    {
      maps: [{ ...HASH, flags: 0x80 }],
      insn: 9,
    },
  ),
  one("spilled-pointer", 1, [stx(8, R10, -8, R1), st(1, R10, -8, 0), ldx(8, R1, R10, -8), ...done()], {
    flags: 0,
    also: { "stack-read-unwritten": 2, "spill-size": 2 },
    insn: 1,
  }),
  one("spill-size", 1, [stx(8, R10, -8, R1), ldx(4, R0, R10, -8), ...done()]),
  one("leaks-address", 9, [movx(R6, R1), ...lookup(), jmp("eq", R0, 0, 1), raw(0xdb, R0, R10, 0, 0), ...done()], {
    maps: [ARRAY],
    insn: 8,
  }),
  one("leaks-address", 0, [stx(8, R1, 48, R10), ...done()], {
    name: "leaks-address/context",
    type: SOCKET,
    also: { "context-access": 0 },
  }),
  one("atomic-place", 1, [mov(R2, 1), raw(0xdb, R1, R2, 0, 0), ...done()]),
  one("store-constant-place", 0, [st(4, R1, 48, 1), ...done()], { type: SOCKET, also: { "context-access": 0 } }),
  one("zero-sized", 5, [
    ldx(8, R2, R1, 0),
    alu("and", R2, 7),
    st(8, R10, -8, 0),
    movx(R1, R10),
    alu("add", R1, -8),
    call(16),
    ...done(),
  ]),
  one("not-readable", 0, [movx(R0, R6), exit()]),
  one("not-readable", 3, [movx(R6, R1), call(RANDOM), movx(R0, R10), movx(R2, R1), ...done()], {
    name: "not-readable/call",
  }),
  one("not-readable", 3, [jmp("eq", R1, 0, 1), mov(R2, 1), alu("add", R2, 0), movx(R0, R2), exit()], {
    name: "not-readable/branch",
    insn: 2,
  }),
  one("not-readable", 1, [mov(R2, 1), exit()], { name: "not-readable/exit" }),
  one("frame-pointer", 0, [mov(R10, 1), ...done()]),
  one("map-direct-offset", -1, [...ldValue(R1, 0, 32), ...done()], { maps: [{ ...ARRAY, entries: 1 }] }),
  one("map-direct-type", -1, [...ldValue(R1, 0, 0), ...done()], { maps: [HASH] }),
];

const ARITHMETIC: Case[] = [
  one("arithmetic-on-null", 6, [...lookup(), alu("add", R0, 8), ldx(1, R1, R0, 0), ...done()], { maps: [ARRAY] }),
  one("arithmetic-on-type", 2, [...ldMap(R1), alu("add", R1, 8), ...done()], {
    maps: [HASH],
    also: {},
  }),
  one("arithmetic-operator", 1, [movx(R2, R10), alu("and", R2, -8), ...done()]),
  one("arithmetic-operator", 1, [movx(R2, R10), alu("mul", R2, 8), ...done()], {
    name: "arithmetic-operator/multiply",
  }),
  one("arithmetic-32-bit", 1, [movx(R2, R10), alu32("add", R2, 8), ...done()]),
  one("pointer-plus-pointer", 1, [movx(R2, R10), alux("add", R2, R1), ...done()]),
  one("subtract-stack", 1, [mov(R2, 8), alux("sub", R2, R10), ...done()]),
  one("subtract-stack", 2, [ldx(4, R3, R1, 0), movx(R2, R10), alux("sub", R2, R3), ...done()], {
    name: "subtract-stack/variable",
  }),
  one(
    "math-unbounded",
    9,
    [
      movx(R6, R1),
      ...lookup(),
      jmp("eq", R0, 0, 3),
      ldx(8, R1, R6, 0),
      alux("add", R0, R1),
      ldx(1, R1, R0, 0),
      ...done(),
    ],
    {
      maps: [ARRAY],
      also: { "unbounded-access": 10, "index-negative": 10 },
    },
  ),
  one("value-out-of-bounds", 7, [...lookup(), jmp("eq", R0, 0, 1), alu("add", R0, 0x7fffffff), ...done()], {
    maps: [ARRAY],
    name: "math-constant",
    expect: "math-constant",
    also: { "value-out-of-bounds": 7 },
  }),
  one(
    "pointer-offset",
    8,
    [
      ...lookup(),
      jmp("eq", R0, 0, 3),
      alu("add", R0, 0x1fffffff),
      alu("add", R0, 0x1fffffff),
      ldx(1, R1, R0, 0),
      ...done(),
    ],
    {
      maps: [ARRAY],
      also: { "min-outside": 9, "map-value-bounds": 9, "value-out-of-bounds": 8 },
    },
  ),
  one("division-by-zero", 1, [mov(R0, 1), alu("div", R0, 0), exit()]),
  one("shift", 1, [mov(R0, 1), alu("lsh", R0, 64), exit()]),
  one("reserved-fields", [1, -1], [mov(R0, 1), raw(0x37, R0, 0, 5, 3), exit()]),
  one("reserved-fields", [0, -1], [raw(0x95, 1), exit()], { name: "reserved-fields/exit", also: { unreachable: 1 } }),
  one("unknown-opcode", -1, [raw(0xff), exit()], { also: { unreachable: 0 } }),
  one("unknown-opcode", -1, [mov(R0, 1), raw(0xe7, R0), exit()], { name: "unknown-opcode/alu" }),
  one("atomic-opcode", [1, 2], [st(8, R10, -8, 0), mov(R1, 1), raw(0xdb, R10, R1, -8, 0x33), ...done()], {
    also: { "reserved-fields": [-1, 2], "atomic-opcode": 1, "unknown-opcode": 2 },
  }),
  one("atomic-size", 2, [st(8, R10, -8, 0), mov(R1, 1), raw(0xd3, R10, R1, -8, 0), ...done()], {
    also: { "unknown-opcode": -1, "reserved-fields": 2 },
  }),
  one("register-number", [0, -1], [raw(0xb7, 14), ...done()]),
  one("ld-abs-type", 1, [movx(R6, R1), raw(0x20), exit()]),
];

const CALLS: Case[] = [
  one("argument-null", 8, [...lookup(), movx(R2, R0), ...ldMap(R1), call(LOOKUP), ...done()], {
    maps: [HASH],
    insn: 9,
  }),
  one("argument-number", 3, [mov(R2, 1), ...ldMap(R1), call(LOOKUP), ...done()], { maps: [HASH] }),
  one("argument-type", 3, [movx(R2, R1), ...ldMap(R1), call(LOOKUP), ...done()], { maps: [HASH] }),
  one("argument-type", 1, [movx(R2, R10), call(LOOKUP), ...done()], { name: "argument-type/map" }),
  one("argument-constant", 5, [ldx(4, R2, R1, 0), ...ldMap(R1), mov(R3, 0), call(RESERVE), ...done()], {
    maps: [RINGBUF],
    insn: 4,
    also: { "unbounded-size": 4, "index-negative": 4 },
  }),
  one("helper-unknown", 0, [call(23), ...done()], { name: "helper-unknown" }),
  one("helper-number", 0, [call(9999), ...done()]),
  one("helper-invalid", 0, [call(195896080), ...done()]),
  one("helper-license", 0, [call(6), ...done()].slice(0), {
    license: "Proprietary",
    insns: [mov(R1, 0), mov(R2, 0), mov(R3, 0), call(PROBE_READ_KERNEL), ...done()],
    insn: 3,
  }),
  one(
    "map-type-for-helper",
    5,
    [st(4, R10, -4, 0), movx(R2, R10), alu("add", R2, -4), ...ldMap(R1), call(LOOKUP), ...done()],
    { maps: [PROGS] },
  ),
  one("tail-call-map", 3, [...ldMap(R2), mov(R3, 0), call(12), ...done()], { maps: [ARRAY], insn: 3 }),
  one("reference-leak", 6, [...reserve(), jmp("eq", R0, 0, 0), ...done()], { maps: [RINGBUF], insn: 7 }),
  one(
    "reference-released",
    11,
    [
      ...reserve(),
      jmp("eq", R0, 0, 7),
      movx(R6, R0),
      movx(R1, R6),
      mov(R2, 0),
      call(SUBMIT),
      movx(R1, R6),
      mov(R2, 0),
      call(SUBMIT),
      ...done(),
    ],
    {
      maps: [RINGBUF],
      insn: 10,
      also: { "not-readable": 10, "argument-number": 12 },
    },
  ),
  one("reference-needed", 9, [...lookup(), jmp("eq", R0, 0, 3), movx(R1, R0), mov(R2, 0), call(SUBMIT), ...done()], {
    maps: [ARRAY],
    also: { "argument-type": 9, "reference-released": 9 },
  }),
  one(
    "reference-offset",
    9,
    [...reserve(), jmp("eq", R0, 0, 4), movx(R1, R0), alu("add", R1, 8), mov(R2, 0), call(SUBMIT), ...done()],
    {
      maps: [RINGBUF],
      also: { "argument-type": 9, "context-modified": 9 },
    },
  ),
  one("tail-calls-and-functions", 0, [callFunction(1), exit(), ...ldMap(R2), mov(R3, 0), call(12), ...done()], {
    maps: [PROGS],
    insn: -1,
    also: { "not-readable": 5 },
  }),
  one("ld-abs-mixed", 5, [movx(R6, R1), ...done()].slice(0, 0), {
    type: SOCKET,
    maps: [RINGBUF],
    insns: [movx(R6, R1), ...reserve(), raw(0x20), exit()],
    also: { "helper-unknown": 5, "reference-leak": 6 },
    insn: 6,
  }),
  one("lock-in-tracing", -1, done(), { maps: [lockMap()], ...lockBtf(), insns: [...ldMap(R1), ...done()] }),
  one("lock-missing-unlock", 10, [...lookup(), jmp("eq", R0, 0, 2), movx(R1, R0), call(93), ...done()], {
    type: CLS,
    maps: [lockMap()],
    ...lockBtf(),
  }),
  one("lock-held-call", 9, [...lookup(), jmp("eq", R0, 0, 3), movx(R1, R0), call(93), call(RANDOM), ...done()], {
    type: CLS,
    maps: [lockMap()],
    ...lockBtf(),
  }),
  one("lock-twice", 8, [...lookup(), jmp("eq", R0, 0, 2), movx(R1, R0), call(94), ...done()], {
    type: CLS,
    maps: [lockMap()],
    ...lockBtf(),
  }),
  one("lock-not-in-map", 8, [...lookup(), jmp("eq", R0, 0, 2), movx(R1, R0), call(93), ...done()], {
    type: CLS,
    maps: [ARRAY],
    also: {},
  }),
  one("special-field-access", 7, [...lookup(), jmp("eq", R0, 0, 1), ldx(4, R1, R0, 0), ...done()], {
    type: CLS,
    maps: [lockMap()],
    ...lockBtf(),
  }),
  one(
    "helper-sleeps",
    5,
    [st(8, R10, -8, 0), movx(R1, R10), alu("add", R1, -8), mov(R2, 8), mov(R3, 0), call(148), ...done()],
    { also: { "helper-unknown": 5, "helper-number": 5 } },
  ),
  one("kernel-function-not-allowed", 0, [raw(0x85, 0, 2, 0, 1), ...done()], {
    also: { "reserved-fields": 0, "kernel-function-needs": -1, "kernel-function-address": -1 },
    insn: -1,
  }),
];

function lockMap(): MapSpec {
  return { type: 2, key: 4, value: 8, entries: 1, keyType: 1, valueType: 3 };
}

/** int; struct bpf_spin_lock { int val }; struct value { struct bpf_spin_lock lock; int n }. */
function lockBtf(): { btf: Buffer } {
  const btf = new Btf();
  btf.int();
  btf.add("bpf_spin_lock", 4, [1, 4], btf.name("val"), 1, 0);
  btf.add("value", 4, [2, 8], btf.name("lock"), 2, 0, btf.name("n"), 1, 32);
  return { btf: btf.encode() };
}

/** int f(int); int main(void *): for programs with a global function. */
function functionBtf(linkage = 1, parameter = 1): { btf: Buffer; functions: [number, number][] } {
  const btf = new Btf();
  btf.int();
  btf.add("", 2, [0, 1]);
  btf.add("", 13, [1, 1], btf.name("ctx"), 2);
  btf.add("main", 12, [1, 3]);
  btf.add("", 13, [1, 1], btf.name("n"), parameter);
  btf.add("helper", 12, [linkage, 5]);
  return { btf: btf.encode(), functions: [] };
}

const STRUCTURE: Case[] = [
  one("unreachable", 1, [goto(1), mov(R0, 1), ...done()]),
  one("back-edge", 2, [mov(R0, 0), alu("add", R0, 1), jmp("lt", R0, 10, -2), exit()], {
    flags: 0,
    also: {},
    type: SOCKET,
    name: "back-edge/none",
    expect: "accepted",
  }),
  one("jump-range", 0, [goto(20), ...done()]),
  one("jump-into-pair", 0, [goto(1), ...ld64(R0, 1), exit()], {
    insn: 2,
    also: { "jump-into-pair": 0, unreachable: 1 },
  }),
  one("falls-off", -1, [mov(R0, 0)]),
  one("infinite-loop", 1, [mov(R0, 0), goto(-1), exit()], { also: { unreachable: 2 } }),
  one("infinite-loop", 3, [ldx(8, R6, R1, 0), mov(R0, 0), jmp("eq", R6, 0, 1), goto(-2), exit()], {
    name: "infinite-loop/branch",
    insn: 2,
    also: { "too-large": 2 },
  }),
  one("too-large", -1, [mov(R0, 0), mov(R6, 0), alu("add", R6, 1), jmp("lt", R6, 0x7fffffff, -2), exit()], {
    also: { enospc: [2, 3], "too-complex": 2 },
    insn: [2, 3],
  }),
  one(
    "too-complex",
    3,
    [mov(R6, 0), ldx(8, R2, R1, 0), jmp("gt", R2, 100, 0), alu("add", R6, 1), jmp("lt", R6, 100000, -4), ...done()],
    {
      also: { enospc: [1, 2, 3, 4], "too-large": 2 },
      insn: 2,
      insns: [
        mov(R6, 0),
        ldx(8, R2, R1, 0),
        jmpx("gt", R2, R6, 2),
        alu("add", R6, 1),
        jmp("lt", R6, 100000, -4),
        ...done(),
      ],
    },
  ),
  one(
    "stack-combined",
    -1,
    [st(8, R10, -300, 0), callFunction(1), exit(), st(8, R10, -300, 0), ...done()].map((insn) =>
      insn.code === 0x7a ? { ...insn, off: -304 } : insn,
    ),
  ),
  one("call-depth", 14, [...repeat(10, () => [callFunction(1), exit()]), ...done()]),
  one("call-destination", 0, [callFunction(50), exit()], { also: { "jump-range": 0 }, insn: -1 }),
  one("back-edge", 0, [callFunction(1), exit(), callFunction(-1), exit()], {
    name: "back-edge/recursion",
    insn: 2,
    also: { "call-depth": 2, "recursive-call": -1, "infinite-loop": 2 },
  }),
  one("exit-value-range", 1, [mov(R0, 5), exit()], { type: CGROUP_SKB }),
  one("exit-leaks-address", 1, [movx(R0, R10), exit()], { type: SOCKET }),
  one("verifier-bug", -1, [mov(R0, 0), exit()], { name: "accepted", expect: "accepted" }),
];

const BEFORE: Case[] = [
  one("func-info-missing", -1, [...done()], {
    insns: [callFunction(1), exit(), ...done()],
    ...functionBtf(),
    functions: [[0, 4]],
    expect: "func-info-count",
    name: "func-info-count",
    also: { "func-info-missing": -1 },
  }),
  one("func-info-record", -1, [...done()], { ...functionBtf(), functions: [[0, 1]] }),
  one("line-info", -1, [...done()], { ...functionBtf(), functions: [[0, 4]], lines: [[9, 1, 1, 1 << 10]] }),
  one("attach-no-id", -1, done(), { type: TRACING, attach: 24 }),
  one("attach-not-function", -1, done(), { type: TRACING, attach: 24, attachId: 1 }),
  one("map-preallocated", -1, [...ldMap(R1), ...done()], { type: PERF, maps: [{ ...HASH, flags: 1 }] }),
  one("map-fd", 0, [raw(0x18, R1, 1, 0, 0), raw(0), ...done()], { also: {}, insn: -1 }),
  one("map-count", -1, [...repeat(65, (i) => ldMap(R1, i)), ...done()], {
    maps: Array.from({ length: 65 }, () => HASH),
    also: { e2big: -1 },
  }),
  one("own-function-type", 0, [mov(R1, 0), callFunction(1), exit(), ...done()], {
    ...functionBtf(1, 2),
    functions: [
      [0, 4],
      [3, 6],
    ],
    insn: -1,
    also: {},
  }),
];

/** All cases. */
export const CASES: Case[] = [...MEMORY, ...ARITHMETIC, ...CALLS, ...STRUCTURE, ...BEFORE];
export { KPROBE };
