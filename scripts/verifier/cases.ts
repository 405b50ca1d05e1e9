// Small programs that kernels refuse, each for a reason of its own: what the rows of the catalogue are tried with.
// `insn` is the instruction that the message is about (-1: none).

import {
  alu,
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
import {
  ARRAY,
  type Case,
  CGROUP_SKB,
  CLS,
  done,
  HASH,
  KPROBE,
  LOOKUP,
  lookup,
  type MapSpec,
  one,
  PERF,
  PROBE_READ_KERNEL,
  PROGS,
  RANDOM,
  RESERVE,
  RINGBUF,
  reserve,
  SOCKET,
  SUBMIT,
  TRACING,
} from "./case.ts";
import { ARITHMETIC, MEMORY } from "./cases-of-memory.ts";

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

/** Types only: the bytes of some BTF, changed. */
function types(expect: string, name: string, change: (bytes: Buffer) => void, build?: (btf: Btf) => void): Case {
  const btf = new Btf();
  btf.int();
  build?.(btf);
  const bytes = btf.encode();
  change(bytes);
  return { name, expect, insn: -1, insns: [], btf: bytes, typesOnly: true };
}
const unchanged = () => {};

const TYPES: Case[] = [
  types("btf-header", "btf-header/magic", (bytes) => void bytes.writeUInt16LE(0x1234, 0)),
  types("btf-header", "btf-header/length", (bytes) => void bytes.writeUInt32LE(0x10000, 20)),
  types("btf-strings", "btf-strings", (bytes) => void bytes.writeUInt8(1, bytes.length - 1)),
  types("btf-kind-newer", "btf-kind-newer", unchanged, (btf) => void btf.add("", 31, [0, 0])),
  types("btf-type", "btf-type/pointer", unchanged, (btf) => void btf.add("", 2, [0, 99])),
  types("btf-member", "btf-member", unchanged, (btf) => void btf.add("s", 4, [1, 4], btf.name("m"), 1, 4096)),
  types("btf-type", "btf-type/function", unchanged, (btf) => void btf.add("f", 12, [0, 1])),
];

/** BPF_TRACE_FENTRY, _FEXIT, BPF_MODIFY_RETURN; BPF_F_SLEEPABLE. */
const [FENTRY, MODIFY, SLEEPABLE] = [24, 26, 16];
const entry = (expect: string, insn: number | number[], insns: Insn[], more: Partial<Case> = {}): Case =>
  one(expect, insn, insns, { type: TRACING, attach: FENTRY, attachTo: "vfs_read", ...more });

const ATTACHED: Case[] = [
  entry("attach-argument", 0, [ldx(8, R2, R1, 64), ...done()], { also: { "context-access": 0 } }),
  entry("attach-argument-type", 0, [ldx(8, R2, R1, 8), ldx(1, R3, R2, 0), ...done()], {
    also: { "number-as-pointer": 1 },
  }),
  entry("attach-not-sleepable", -1, done(), { flags: SLEEPABLE, attachTo: "schedule" }),
  one("attach-sleepable-type", -1, done(), { flags: SLEEPABLE, type: PERF }),
  entry("attach-modify", -1, done(), { attach: MODIFY }),
  entry(
    "helper-in-probe",
    [5, 6],
    [ldx(8, R1, R1, 0), movx(R2, R10), alu("add", R2, -8), mov(R3, 8), call(147), ...done()],
    {
      insn: 4,
      also: { "argument-kernel-type": 4, "stack-indirect-unwritten": 4 },
    },
  ),
  entry("struct-bounds", 1, [ldx(8, R2, R1, 0), ldx(8, R3, R2, 20000), ...done()]),
  entry("kernel-pointer-negative", 1, [ldx(8, R2, R1, 0), ldx(8, R3, R2, -8), ...done()]),
  entry(
    "kernel-pointer-variable",
    3,
    [ldx(8, R2, R1, 0), ldx(8, R3, R1, 16), alu("and", R3, 8), alux("add", R2, R3), ldx(8, R3, R2, 0), ...done()],
    {
      insn: 4,
    },
  ),
  entry("kernel-read-only", 1, [ldx(8, R2, R1, 0), st(8, R2, 0, 1), ...done()], { name: "kernel-read-only/entry" }),
  entry("exit-value-range", 1, [mov(R0, 5), exit()], { name: "exit-value-range/entry" }),
  entry("argument-kernel-type", 5, [ldx(8, R2, R1, 0), ...ldMap(R1), mov(R3, 0), mov(R4, 0), call(156), ...done()], {
    maps: [{ type: 29, key: 4, value: 4, entries: 0, flags: 1, keyType: 1, valueType: 1 }],
    btf: new Btf().with((btf) => btf.int()).encode(),
    also: { "argument-trusted": 5, "helper-unknown": 5 },
  }),
  entry("map-for-sleepable", -1, [...ldMap(R1), ...done()], {
    flags: SLEEPABLE,
    maps: [PROGS],
    also: { "attach-not-sleepable": -1 },
  }),
];

const poor = (expect: string, insn: number | number[], insns: Insn[], more: Partial<Case> = {}): Case =>
  one(expect, insn, insns, { type: SOCKET, unprivileged: true, name: `${expect}/unprivileged`, ...more });

const UNPRIVILEGED: Case[] = [
  poor(
    "stack-variable-unprivileged",
    3,
    [ldx(4, R1, R1, 0), alu("and", R1, 7), movx(R2, R10), alux("add", R2, R1), st(1, R2, -8, 0), ...done()],
    {
      also: { "stack-pointer-unprivileged": 3 },
    },
  ),
  poor("stack-pointer-unprivileged", 1, [movx(R2, R10), alu("add", R2, 100), ...done()]),
  poor("leaks-address", 6, [...lookup(), jmp("eq", R0, 0, 1), stx(8, R0, 0, R10), ...done()], {
    maps: [ARRAY],
    insn: 7,
  }),
  poor(
    "mixed-bounds",
    8,
    [movx(R6, R1), ...lookup(), jmp("eq", R0, 0, 3), ldx(4, R1, R6, 0), alux("add", R0, R1), mov(R1, 0), ...done()],
    {
      maps: [ARRAY],
      also: { "stack-pointer-unprivileged": 9, "unbounded-access": 9, "index-negative": 9 },
    },
  ),
  poor("pointer-comparison", 0, [jmp("eq", R1, 5, 0), ...done()]),
  poor("partial-copy", 0, [raw(0xbc, R2, R1), ...done()]),
  poor("exit-leaks-address", 1, [movx(R0, R10), exit()]),
  poor("spilled-pointer", 1, [stx(8, R10, -8, R1), st(1, R10, -8, 0), ...done()]),
  poor("functions-unprivileged", -1, [callFunction(1), exit(), ...done()]),
  poor("back-edge", 2, [mov(R0, 0), alu("add", R0, 1), jmp("lt", R0, 10, -2), exit()], {
    name: "back-edge/unprivileged",
  }),
  poor("eperm", -1, done(), { type: KPROBE }),
];

const MORE: Case[] = [
  one("jump-into-pair", 3, [mov(R0, 0), jmp("eq", R1, 0, 1), ...ld64(R0, 1), exit()], {
    name: "jump-into-pair/branch",
    insn: [1, 2, 3],
    also: { "unknown-opcode": 1 },
  }),
  one("too-many-functions", -1, [
    ...repeat(260, (i) => callFunction(260 - i - 1 + 2 + 2 * i)),
    ...done(),
    ...repeat(260, () => done()),
  ]),
  one(
    "dynptr",
    6,
    [
      movx(R1, R10),
      alu("add", R1, -8),
      mov(R2, 8),
      movx(R3, R10),
      alu("add", R3, -32),
      mov(R4, 0),
      mov(5, 0),
      call(201),
      ...done(),
    ],
    {
      insn: 7,
      also: { "helper-number": 7, "stack-read-below": 7, "stack-indirect-unwritten": 7 },
    },
  ),
  one(
    "argument-string",
    9,
    [
      st(8, R10, -8, 0),
      movx(R1, R10),
      alu("add", R1, -8),
      mov(R2, 8),
      ...ldValue(R3, 0, 0),
      mov(R4, 0),
      mov(5, 0),
      call(165),
      ...done(),
    ],
    {
      insn: 8,
      maps: [{ ...ARRAY, entries: 1 }],
      also: { "helper-number": 8, "helper-unknown": 8 },
    },
  ),
  one("func-info-missing", 0, [raw(0x18, R2, 4, 0, 3), raw(0), mov(R0, 0), exit(), ...done()], {
    insn: [-1, 0],
    also: { "unknown-opcode": [-1, 0], unreachable: 4 },
  }),
  one("own-function-count", -1, [mov(R1, 0), callFunction(1), exit(), ...done()], {
    ...sixParameters(),
    insn: [-1, 1, 3],
    also: { "stack-argument": 1 },
  }),
  one("exit-value-type", 5, [mov(R1, 0), callFunction(1), exit(), movx(R0, R10), exit()], {
    ...functionBtf(1, 1),
    functions: [
      [0, 4],
      [3, 6],
    ],
    insn: 4,
  }),
  one("own-function-arguments", 1, [mov(R1, 0), mov(R2, 0), callFunction(2), mov(R0, 0), exit(), ...done()], {
    ...pointerParameter(),
    insn: 2,
    also: { "number-as-pointer": 2, "own-function-type": [-1, 2] },
  }),
  one("map-cgroup-storage", -1, [...ldMap(R1, 0), ...ldMap(R1, 1), ...done()], {
    type: CGROUP_SKB,
    maps: [0, 1].map(() => ({ type: 19, key: 16, value: 8, entries: 0 })),
    also: { ebusy: -1 },
  }),
  one("einval", -1, done(), { type: 999 }),
  one("e2big", -1, []),
  one("reference-released", 9, [...lookup(), jmp("eq", R0, 0, 4), movx(R1, R0), mov(R2, 0), call(SUBMIT), ...done()], {
    name: "reference-released/value",
    maps: [ARRAY],
    insn: 9,
    also: { "argument-type": 9, "reference-needed": 9 },
  }),
];

/** int helper(int, int, int, int, int, int). */
function sixParameters() {
  const btf = new Btf();
  btf.int();
  btf.add("", 2, [0, 1]);
  btf.add("", 13, [1, 1], btf.name("ctx"), 2);
  btf.add("main", 12, [1, 3]);
  btf.add("", 13, [6, 1], ...Array.from({ length: 6 }, (_, i) => [btf.name(`p${i}`), 1]).flat());
  btf.add("helper", 12, [1, 5]);
  return {
    btf: btf.encode(),
    functions: [
      [0, 4],
      [3, 6],
    ] as [number, number][],
  };
}

/** int helper(int *). */
function pointerParameter() {
  const { btf } = functionBtf(1, 2);
  return {
    btf,
    functions: [
      [0, 4],
      [5, 6],
    ] as [number, number][],
  };
}

/** All cases. */
export const CASES: Case[] = [
  ...[...MEMORY, ...ARITHMETIC, ...CALLS, ...STRUCTURE, ...BEFORE],
  ...[...TYPES, ...ATTACHED, ...UNPRIVILEGED, ...MORE],
];
