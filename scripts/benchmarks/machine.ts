// A BPF machine that counts: how many instructions a program of anybody's executes for one event, and which helpers it
// calls. common/as/bpf-machine is the product's own and runs what our compiler emits; this one also runs what bpftrace
// and stap emit, so that all are counted alike. A pointer is a region's number in the upper half and an offset in the
// lower.

import {
  Alu,
  Atomic,
  CLASS_MASK,
  Class,
  INSN_BYTES,
  Jmp,
  MODE_MASK,
  Mode,
  OPERATION_MASK,
  Opcode,
  PSEUDO_CALL,
  REGISTER_COUNT,
  SOURCE_MASK,
  STACK_BYTES,
  WIDTH_MASK,
  widthBytes,
} from "../../common/format/bpf.ts";

const MAX_DEPTH = 8;
const FUEL = 1_000_000;
const REGION_SHIFT = 32n;
const OFFSET_MASK = 0xffffffffn;

/** Answers a helper's call: its arguments, and what it returns. */
export type CallHelper = (id: number, args: bigint[], memory: Memory) => bigint;

/** What one run of a program took. */
export interface Count {
  /** Instructions executed, those of subprograms included; a helper's call is one. */
  executed: number;
  /** Calls of helpers, by number. */
  helpers: Map<number, number>;
}

/** Everything that programs may touch. */
export class Memory {
  private readonly regions: (DataView | undefined)[] = [undefined];

  /** Lets programs touch these bytes; their address. */
  add(bytes: Uint8Array): bigint {
    return (
      BigInt(this.regions.push(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)) - 1) << REGION_SHIFT
    );
  }

  load(address: bigint, bytes: number): bigint {
    const [view, at] = this.find(address, bytes);
    if (bytes === 8) return view.getBigUint64(at, true);
    if (bytes === 4) return BigInt(view.getUint32(at, true));
    return BigInt(bytes === 2 ? view.getUint16(at, true) : view.getUint8(at));
  }

  store(address: bigint, bytes: number, value: bigint): void {
    const [view, at] = this.find(address, bytes);
    if (bytes === 8) view.setBigUint64(at, BigInt.asUintN(64, value), true);
    else if (bytes === 4) view.setUint32(at, Number(value & OFFSET_MASK), true);
    else if (bytes === 2) view.setUint16(at, Number(value & 0xffffn), true);
    else view.setUint8(at, Number(value & 0xffn));
  }

  /** The bytes themselves. */
  bytes(address: bigint, length: number): Uint8Array {
    const [view, at] = this.find(address, length);
    return new Uint8Array(view.buffer, view.byteOffset + at, length);
  }

  private find(address: bigint, bytes: number): [DataView, number] {
    const view = this.regions[Number(address >> REGION_SHIFT)];
    const at = Number(address & OFFSET_MASK);
    if (!view || at + bytes > view.byteLength)
      throw new Error(`no memory of ${bytes} bytes at 0x${address.toString(16)}`);
    return [view, at];
  }
}

interface Frame {
  back: number;
  kept: bigint[];
}

/** Runs linked code: maps and addresses stand in ld_imm64, calls of subprograms are relative. */
export class CountingMachine {
  private readonly r = new BigUint64Array(REGISTER_COUNT);
  private readonly stack: bigint;
  private readonly code: DataView;
  private readonly frames: Frame[] = [];
  private pc = 0;
  private helpers = new Map<number, number>();

  constructor(
    code: Uint8Array,
    private readonly memory: Memory,
    private readonly callHelper: CallHelper,
  ) {
    this.code = new DataView(code.buffer, code.byteOffset, code.byteLength);
    this.stack = memory.add(new Uint8Array(MAX_DEPTH * STACK_BYTES));
  }

  /** Runs from instruction `entry` to the end of its program. */
  run(entry: number, context: bigint): Count {
    this.helpers = new Map();
    this.r[1] = context;
    this.r[10] = this.stack + BigInt(STACK_BYTES);
    this.pc = entry;
    for (let executed = 1; executed <= FUEL; executed++) {
      if (!this.step()) return { executed, helpers: this.helpers };
    }
    throw new Error("the program does not end");
  }

  private step(): boolean {
    const at = this.pc++ * INSN_BYTES;
    const opcode = this.code.getUint8(at);
    const registers = this.code.getUint8(at + 1);
    const insn = {
      opcode,
      dst: registers & 15,
      src: registers >> 4,
      off: this.code.getInt16(at + 2, true),
      imm: this.code.getInt32(at + 4, true),
    };
    switch (opcode & CLASS_MASK) {
      case Class.Alu:
      case Class.Alu64:
        return this.alu(insn);
      case Class.Jmp:
      case Class.Jmp32:
        return this.jump(insn);
      case Class.Ldx:
        return this.load(insn);
      case Class.St:
      case Class.Stx:
        return this.store(insn);
      default:
        return this.immediate(insn);
    }
  }

  /** ld_imm64, one instruction of two slots. */
  private immediate({ opcode, dst, imm }: Insn): boolean {
    if (opcode !== Opcode.LdImm64) throw new Error(`unknown opcode 0x${opcode.toString(16)}`);
    const upper = this.code.getUint32(this.pc++ * INSN_BYTES + 4, true);
    this.r[dst] = (BigInt(upper) << 32n) | BigInt(imm >>> 0);
    return true;
  }

  private operand({ opcode, src, imm }: Insn): bigint {
    return (opcode & SOURCE_MASK) !== 0 ? this.reg(src) : BigInt.asUintN(64, BigInt(imm));
  }

  private reg(number: number): bigint {
    return this.r[number] as bigint;
  }

  private alu(insn: Insn): boolean {
    const bits = (insn.opcode & CLASS_MASK) === Class.Alu64 ? 64 : 32;
    const operation = insn.opcode & OPERATION_MASK;
    if (operation === Alu.End) {
      this.r[insn.dst] = swap(this.reg(insn.dst), insn.imm, (insn.opcode & SOURCE_MASK) !== 0 || bits === 64);
      return true;
    }
    const a = BigInt.asUintN(bits, this.reg(insn.dst));
    const b = BigInt.asUintN(bits, this.operand(insn));
    this.r[insn.dst] = BigInt.asUintN(bits, calculate(operation, a, b, bits));
    return true;
  }

  private jump(insn: Insn): boolean {
    const isWide = (insn.opcode & CLASS_MASK) === Class.Jmp;
    const operation = insn.opcode & OPERATION_MASK;
    if (operation === Jmp.Call) return this.call(insn);
    if (operation === Jmp.Exit) return this.leave();
    if (operation === Jmp.Ja) {
      this.pc += isWide ? insn.off : insn.imm;
      return true;
    }
    const bits = isWide ? 64 : 32;
    const a = BigInt.asUintN(bits, this.reg(insn.dst));
    const b = BigInt.asUintN(bits, this.operand(insn));
    if (isTaken(operation, a, b, bits)) this.pc += insn.off;
    return true;
  }

  private call({ src, imm }: Insn): boolean {
    if (src === PSEUDO_CALL) {
      this.frames.push({ back: this.pc, kept: [...this.r.subarray(6, 10)] });
      if (this.frames.length >= MAX_DEPTH) throw new Error("calls are nested too deeply");
      this.r[10] = this.reg(10) + BigInt(STACK_BYTES);
      this.pc += imm;
      return true;
    }
    if (src !== 0) throw new Error("calls of kernel functions are not modelled");
    this.helpers.set(imm, (this.helpers.get(imm) ?? 0) + 1);
    this.r[0] = BigInt.asUintN(64, this.callHelper(imm, [...this.r.subarray(1, 6)], this.memory));
    return true;
  }

  private leave(): boolean {
    const frame = this.frames.pop();
    if (!frame) return false;
    frame.kept.forEach((value, i) => {
      this.r[6 + i] = value;
    });
    this.r[10] = this.reg(10) - BigInt(STACK_BYTES);
    this.pc = frame.back;
    return true;
  }

  private load({ opcode, dst, src, off }: Insn): boolean {
    const bytes = widthBytes(opcode & WIDTH_MASK);
    const value = this.memory.load(this.reg(src) + BigInt(off), bytes);
    const isSigned = (opcode & MODE_MASK) === Mode.Memsx;
    this.r[dst] = isSigned ? BigInt.asUintN(64, BigInt.asIntN(8 * bytes, value)) : value;
    return true;
  }

  private store({ opcode, dst, src, off, imm }: Insn): boolean {
    const bytes = widthBytes(opcode & WIDTH_MASK);
    const address = this.reg(dst) + BigInt(off);
    const value = (opcode & CLASS_MASK) === Class.Stx ? this.reg(src) : BigInt.asUintN(64, BigInt(imm));
    if ((opcode & MODE_MASK) === Mode.Mem) this.memory.store(address, bytes, value);
    else this.atomic(address, bytes, src, imm);
    return true;
  }

  private atomic(address: bigint, bytes: number, src: number, kind: number): void {
    const old = this.memory.load(address, bytes);
    const value = this.reg(src);
    if (kind === Atomic.Cmpxchg) {
      if (BigInt.asUintN(8 * bytes, this.reg(0)) === old) this.memory.store(address, bytes, value);
      this.r[0] = old;
      return;
    }
    const next = kind === Atomic.Xchg ? value : calculate(kind & ~Atomic.Fetch, old, value, 8 * bytes);
    this.memory.store(address, bytes, next);
    if ((kind & Atomic.Fetch) !== 0) this.r[src] = old;
  }
}

interface Insn {
  opcode: number;
  dst: number;
  src: number;
  off: number;
  imm: number;
}

/** a OPERATION b of so many bits; the caller cuts the result. Atomic operations have ALU's numbers. */
function calculate(operation: number, a: bigint, b: bigint, bits: number): bigint {
  const shift = b & BigInt(bits - 1);
  switch (operation) {
    case Alu.Add:
      return a + b;
    case Alu.Sub:
      return a - b;
    case Alu.Mul:
      return a * b;
    case Alu.Div:
      return b === 0n ? 0n : a / b;
    case Alu.Mod:
      return b === 0n ? a : a % b;
    case Alu.Or:
      return a | b;
    case Alu.And:
      return a & b;
    case Alu.Xor:
      return a ^ b;
    case Alu.Lsh:
      return a << shift;
    case Alu.Rsh:
      return a >> shift;
    case Alu.Arsh:
      return BigInt.asIntN(bits, a) >> shift;
    case Alu.Neg:
      return -a;
    case Alu.Mov:
      return b;
    default:
      throw new Error(`unknown operation 0x${operation.toString(16)}`);
  }
}

function isTaken(operation: number, a: bigint, b: bigint, bits: number): boolean {
  const [x, y] = [BigInt.asIntN(bits, a), BigInt.asIntN(bits, b)];
  switch (operation) {
    case Jmp.Jeq:
      return a === b;
    case Jmp.Jne:
      return a !== b;
    case Jmp.Jgt:
      return a > b;
    case Jmp.Jge:
      return a >= b;
    case Jmp.Jlt:
      return a < b;
    case Jmp.Jle:
      return a <= b;
    case Jmp.Jset:
      return (a & b) !== 0n;
    case Jmp.Jsgt:
      return x > y;
    case Jmp.Jsge:
      return x >= y;
    case Jmp.Jslt:
      return x < y;
    case Jmp.Jsle:
      return x <= y;
    default:
      throw new Error(`unknown jump 0x${operation.toString(16)}`);
  }
}

/** The lowest `bits` of a value, their bytes in the other order if wanted. */
function swap(value: bigint, bits: number, isSwapped: boolean): bigint {
  const low = BigInt.asUintN(bits, value);
  if (!isSwapped) return low;
  let swapped = 0n;
  for (let i = 0n; i < bits; i += 8n) swapped = (swapped << 8n) | ((low >> i) & 0xffn);
  return swapped;
}
