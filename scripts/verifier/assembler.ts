// Instructions, BTF and system calls for cases.ts: what it takes to hand the kernel a small program.

/** Registers. */
export const R0 = 0;
export const R1 = 1;
export const R2 = 2;
export const R3 = 3;
export const R4 = 4;
export const R6 = 6;
export const R10 = 10;

/** One slot of 8 bytes. */
export interface Insn {
  code: number;
  dst: number;
  src: number;
  off: number;
  imm: number;
  /** The index of the map whose descriptor goes into imm. */
  map?: number;
}

export function raw(code: number, ...fields: [dst?: number, src?: number, off?: number, imm?: number]): Insn {
  const [dst = 0, src = 0, off = 0, imm = 0] = fields;
  return { code, dst, src, off, imm };
}

const OPERATIONS = { add: 0, sub: 1, mul: 2, div: 3, or: 4, and: 5, lsh: 6, rsh: 7, neg: 8, mod: 9, xor: 10, mov: 11 };
const CONDITIONS = { ja: 0, eq: 1, gt: 2, ge: 3, set: 4, ne: 5, sgt: 6, sge: 7, lt: 10, le: 11, slt: 12, sle: 13 };
const WIDTHS = { 4: 0, 2: 8, 1: 16, 8: 24 };
type Width = keyof typeof WIDTHS;

/** rD op= imm, in 64 bits. */
export function alu(operation: keyof typeof OPERATIONS, dst: number, imm: number): Insn {
  return raw((OPERATIONS[operation] << 4) | 0x07, dst, 0, 0, imm);
}
/** rD op= rS, in 64 bits. */
export function alux(operation: keyof typeof OPERATIONS, dst: number, src: number): Insn {
  return raw((OPERATIONS[operation] << 4) | 0x0f, dst, src);
}
export function alu32(operation: keyof typeof OPERATIONS, dst: number, imm: number): Insn {
  return raw((OPERATIONS[operation] << 4) | 0x04, dst, 0, 0, imm);
}
export const mov = (dst: number, imm: number): Insn => alu("mov", dst, imm);
export const movx = (dst: number, src: number): Insn => alux("mov", dst, src);
export function ldx(width: Width, dst: number, src: number, off: number): Insn {
  return raw(0x61 | WIDTHS[width], dst, src, off);
}
export function stx(width: Width, dst: number, off: number, src: number): Insn {
  return raw(0x63 | WIDTHS[width], dst, src, off);
}
export function st(width: Width, dst: number, off: number, imm: number): Insn {
  return raw(0x62 | WIDTHS[width], dst, 0, off, imm);
}
export function jmp(condition: keyof typeof CONDITIONS, dst: number, imm: number, off: number): Insn {
  return raw((CONDITIONS[condition] << 4) | 0x05, dst, 0, off, imm);
}
export function jmpx(condition: keyof typeof CONDITIONS, dst: number, src: number, off: number): Insn {
  return raw((CONDITIONS[condition] << 4) | 0x0d, dst, src, off);
}
export const goto = (off: number): Insn => jmp("ja", 0, 0, off);
export const call = (helper: number): Insn => raw(0x85, 0, 0, 0, helper);
export const callFunction = (off: number): Insn => raw(0x85, 0, 1, 0, off);
export const exit = (): Insn => raw(0x95);
/** rD = 64 bits. */
export function ld64(dst: number, low: number, high = 0, src = 0): Insn[] {
  return [raw(0x18, dst, src, 0, low), raw(0, 0, 0, 0, high)];
}
/** rD = map. */
export function ldMap(dst: number, map = 0): Insn[] {
  return [{ ...raw(0x18, dst, 1), map }, raw(0)];
}
/** rD = address of the map's first value, plus an offset. */
export function ldValue(dst: number, map: number, off: number): Insn[] {
  return [{ ...raw(0x18, dst, 2), map }, raw(0, 0, 0, 0, off)];
}
export const repeat = (n: number, make: (i: number) => Insn | Insn[]): Insn[] =>
  Array.from({ length: n }, (_, i) => make(i)).flat();

/** Instructions as bytes; imm of maps is filled in by the proxy. */
export function encode(insns: readonly Insn[]): Buffer {
  const bytes = Buffer.alloc(insns.length * 8);
  insns.forEach(({ code, dst, src, off, imm }, i) => {
    bytes.writeUInt8(code, i * 8);
    bytes.writeUInt8((src << 4) | dst, i * 8 + 1);
    bytes.writeInt16LE(off, i * 8 + 2);
    bytes.writeInt32LE(imm | 0, i * 8 + 4);
  });
  return bytes;
}

/** BTF, type by type; ids begin at 1. */
export class Btf {
  private strings = "\0";
  private readonly types: Buffer[] = [];

  name(text: string): number {
    const at = this.strings.length;
    this.strings += `${text}\0`;
    return at;
  }

  /** A type: name, kind, number of members, size or type, and the words behind. Returns its id. */
  add(name: string, kind: number, [vlen, size]: [number, number], ...words: number[]): number {
    const bytes = Buffer.alloc(12 + words.length * 4);
    bytes.writeUInt32LE(name === "" ? 0 : this.name(name), 0);
    bytes.writeUInt32LE(((kind << 24) | vlen) >>> 0, 4);
    bytes.writeUInt32LE(size, 8);
    words.forEach((word, i) => {
      bytes.writeUInt32LE(word >>> 0, 12 + i * 4);
    });
    this.types.push(bytes);
    return this.types.length;
  }

  int(): number {
    return this.add("int", 1, [0, 4], 0x01000020);
  }

  with(build: (btf: Btf) => void): Btf {
    build(this);
    return this;
  }

  encode(): Buffer {
    const types = Buffer.concat(this.types);
    const strings = Buffer.from(this.strings, "latin1");
    const header = Buffer.alloc(24);
    header.writeUInt16LE(0xeb9f, 0);
    header.writeUInt8(1, 2);
    header.writeUInt32LE(24, 4);
    header.writeUInt32LE(types.length, 12);
    header.writeUInt32LE(types.length, 16);
    header.writeUInt32LE(strings.length, 20);
    return Buffer.concat([header, types, strings]);
  }
}

/** One call of bpf(2) for bpf-proxy.c. */
export interface BpfCall {
  command: number;
  attr: Buffer;
  /** Descriptors of earlier calls: where in a buffer (or attr: -1) the result of which call goes. */
  fixups: { buffer: number; offset: number; reply: number }[];
  buffers: { offset: number; bytes: Buffer }[];
}

export function encodeCall({ command, attr, fixups, buffers }: BpfCall): Buffer {
  const words = (...values: number[]) => {
    const bytes = Buffer.alloc(values.length * 4);
    values.forEach((value, i) => {
      bytes.writeUInt32LE(value >>> 0, i * 4);
    });
    return bytes;
  };
  return Buffer.concat([
    words(command, attr.length, fixups.length, buffers.length),
    attr,
    ...fixups.map(({ buffer, offset, reply }) => words(buffer, offset, reply)),
    ...buffers.flatMap(({ offset, bytes }) => [words(offset, bytes.length), bytes]),
  ]);
}
