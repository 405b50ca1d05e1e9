// What a case is (cases.ts), and what many of them begin with.

import { alu, call, exit, type Insn, ldMap, mov, movx, R0, R1, R2, R3, R10, st } from "./assembler.ts";

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
  /** The kernel function that a tracing program is for: its number is looked up in the kernel's BTF. */
  attachTo?: string;
  /** Only the types are loaded. */
  typesOnly?: boolean;
  /** Loaded without any privilege, where sysctl kernel.unprivileged_bpf_disabled is 0. */
  unprivileged?: boolean;
  /** Other rows that are right on some kernels, with the instruction there. */
  also?: Record<string, number | number[]>;
}

export const KPROBE = 2;
export const SOCKET = 1;
export const CLS = 3;
export const XDP = 6;
export const PERF = 7;
export const CGROUP_SKB = 8;
export const TRACING = 26;
export const HASH: MapSpec = { type: 1, key: 4, value: 8, entries: 4 };
export const ARRAY: MapSpec = { type: 2, key: 4, value: 16, entries: 4 };
export const RINGBUF: MapSpec = { type: 27, key: 0, value: 0, entries: 4096 };
export const PROGS: MapSpec = { type: 3, key: 4, value: 4, entries: 4 };
export const LOOKUP = 1;
export const UPDATE = 2;
export const PROBE_READ_KERNEL = 113;
export const RESERVE = 131;
export const SUBMIT = 132;
export const RANDOM = 7;

/** r0 = lookup(map 0, key 0): six instructions. */
export const lookup = (map = 0): Insn[] => [
  st(4, R10, -4, 0),
  movx(R2, R10),
  alu("add", R2, -4),
  ...ldMap(R1, map),
  call(LOOKUP),
];
/** r0 = a record of the ring buffer, map 0. */
export const reserve = (size = 16): Insn[] => [...ldMap(R1), mov(R2, size), mov(R3, 0), call(RESERVE)];
export const done = (): Insn[] => [mov(R0, 0), exit()];

export function one(expect: string, insn: number | number[], insns: Insn[], more: Partial<Case> = {}): Case {
  return { name: expect, expect, insn, insns, ...more };
}
