// Runs BPF code without a kernel: handlers of begin, end and timer probes in the agent, compiled programs in tests and
// in the playground. Pointers are offsets in linear memory; every access is checked against the regions that the
// program may touch, every jump against the code, so that no code whatever harms its surroundings: it ends with a
// status instead.
//
// Code is an array of instructions (common/format/bpf) that is linked already: ld_imm64 holds an address, or for a map
// MAP_HANDLE plus its index; calls are relative. alu.ts has the arithmetic, state.ts the memory that code may touch,
// helpers.ts the kernel helpers, common.ts the fast path for the most frequent instructions.

import {
  Alu,
  Atomic,
  CLASS_MASK,
  Class,
  INSN_BYTES,
  Insn,
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
} from "../../format/bpf";
import { alu32, alu64, isTaken, signExtend, swapBytes } from "./alu";
import { kindsOf, runCommon } from "./common";
import { Environment } from "./environment";
import { callHelper } from "./helpers";
import { MachineState, MachineStatus, RESERVATIONS } from "./state";

/** Nested calls; each has STACK_BYTES of stack. */
const MAX_DEPTH: i32 = 128;
/** Instructions after which the world may look after something else. */
const SLICE: i64 = 1 << 20;
/** Kept across calls: r6 … r9 and where to go on. */
const SAVED: i32 = 5;

/** One machine: memory regions, registers, stack. Reused for many runs; running allocates nothing. */
export class BpfMachine extends MachineState {
  /** Instructions that a run may execute until the world is asked again. */
  fuel: i64 = 0;
  /** Instructions that it may execute then. */
  private reserve: i64 = 0;
  /** Instruction at which the run ended. */
  pc: i32 = 0;
  readonly stack: StaticArray<u8> = new StaticArray<u8>(MAX_DEPTH * STACK_BYTES);
  private saved: StaticArray<u64> = new StaticArray<u64>(MAX_DEPTH * SAVED);
  private depth: i32 = 0;
  code: StaticArray<u8> = new StaticArray<u8>(0);
  /** Kind of each instruction. */
  kinds: StaticArray<u8> = new StaticArray<u8>(0);
  private insnCount: i32 = 0;

  constructor(environment: Environment) {
    super(environment);
    this.addRegion(changetype<usize>(this.stack), this.stack.length, true);
    this.addRegion(changetype<usize>(this.reserved), this.reserved.length, true);
  }

  /** Sets the code that runs are in. */
  setCode(code: StaticArray<u8>): void {
    this.code = code;
    this.insnCount = code.length / INSN_BYTES;
    this.kinds = kindsOf(code);
  }

  /** Runs from instruction `entry` with `context` in r1 until the program ends or may not go on. */
  run(entry: i32, context: u64, fuel: i64): MachineStatus {
    const r = this.registers;
    for (let i = 0; i < REGISTER_COUNT; ++i) r[i] = 0;
    for (let i = 0; i < RESERVATIONS; ++i) this.reservedBytes[i] = 0;
    r[1] = context;
    r[10] = <u64>changetype<usize>(this.stack) + STACK_BYTES;
    this.depth = 0;
    this.fuel = min(fuel, SLICE);
    this.reserve = fuel - this.fuel;
    this.status = MachineStatus.Done;
    this.pc = entry;
    do runCommon(this);
    while (this.step());
    return this.status;
  }

  /** Another slice of instructions, if there are any left. */
  private refuel(): bool {
    if (this.reserve <= 0) return false;
    if (!this.environment.pause()) return false;
    const more = min(this.reserve, SLICE);
    this.reserve -= more;
    this.fuel += more;
    return true;
  }

  /** Executes one instruction; false when the run is over. */
  private step(): bool {
    const pc = this.pc;
    if (<u32>pc >= <u32>this.insnCount) return this.stop(MachineStatus.BadInsn, 0);
    if (--this.fuel < 0 && !this.refuel()) return this.stop(MachineStatus.OutOfFuel, 0);
    const at = changetype<usize>(this.code) + <usize>(pc * INSN_BYTES);
    const opcode = <i32>load<u8>(at);
    const registers = <i32>load<u8>(at, Insn.Registers);
    const dst = registers & 15;
    const src = registers >> 4;
    if (dst >= REGISTER_COUNT || (src >= REGISTER_COUNT && opcode != Opcode.Call))
      return this.stop(MachineStatus.BadInsn, 0);
    const off = <i32>load<i16>(at, Insn.Off);
    const imm = load<i32>(at, Insn.Imm);
    this.pc = pc + 1;
    switch (opcode & CLASS_MASK) {
      case Class.Alu64:
      case Class.Alu:
        return this.calculate(opcode, dst, src, off, imm) || this.backTo(pc);
      case Class.Jmp:
      case Class.Jmp32:
        return this.jump(opcode, dst, src, off, imm) || this.backTo(pc);
      case Class.Ldx:
        return this.loadFrom(opcode, dst, src, off) || this.backTo(pc);
      case Class.Stx:
      case Class.St:
        return this.storeTo(opcode, dst, src, off, imm) || this.backTo(pc);
      default:
        return this.loadConstant(at, opcode, dst) || this.backTo(pc);
    }
  }

  /** The run ended at `pc`. */
  private backTo(pc: i32): bool {
    this.pc = pc;
    return false;
  }

  private loadConstant(at: usize, opcode: i32, dst: i32): bool {
    const isWhole = this.pc < this.insnCount && load<u8>(at, INSN_BYTES) == 0;
    if (opcode != Opcode.LdImm64 || !isWhole) return this.stop(MachineStatus.BadInsn, 0);
    const low = <u64>load<u32>(at, Insn.Imm);
    const high = <u64>load<u32>(at, INSN_BYTES + Insn.Imm);
    ++this.pc;
    return this.set(dst, low | (high << 32));
  }

  /** r10 is read-only. */
  private set(dst: i32, value: u64): bool {
    if (dst == 10) return this.stop(MachineStatus.BadInsn, 0);
    this.registers[dst] = value;
    return true;
  }

  private calculate(opcode: i32, dst: i32, src: i32, off: i32, imm: i32): bool {
    const is64 = (opcode & CLASS_MASK) == Class.Alu64;
    const operation = opcode & OPERATION_MASK;
    const fromRegister = (opcode & SOURCE_MASK) != 0;
    const a = unchecked(this.registers[dst]);
    if (operation == Alu.End) {
      if (imm != 16 && imm != 32 && imm != 64) return this.stop(MachineStatus.BadInsn, 0);
      const swap = is64 || fromRegister;
      return this.set(dst, swap ? swapBytes(a, imm) : imm == 64 ? a : a & (((<u64>1) << imm) - 1));
    }
    if (operation > Alu.End) return this.stop(MachineStatus.BadInsn, 0);
    let b = fromRegister ? unchecked(this.registers[src]) : <u64>(<i64>imm);
    const isSigned = off == 1;
    if (off != 0 && operation == Alu.Mov) {
      if (!fromRegister || (off != 8 && off != 16 && off != 32)) return this.stop(MachineStatus.BadInsn, 0);
      b = signExtend(b, off);
    } else if (off != 0 && !(isSigned && (operation == Alu.Div || operation == Alu.Mod))) {
      return this.stop(MachineStatus.BadInsn, 0);
    }
    return this.set(dst, is64 ? alu64(operation, a, b, isSigned) : <u64>alu32(operation, <u32>a, <u32>b, isSigned));
  }

  private jump(opcode: i32, dst: i32, src: i32, off: i32, imm: i32): bool {
    const is64 = (opcode & CLASS_MASK) == Class.Jmp;
    const operation = opcode & OPERATION_MASK;
    if (operation == Jmp.Call) return is64 ? this.call(src, imm) : this.stop(MachineStatus.BadInsn, 0);
    if (operation == Jmp.Exit)
      return is64 ? this.leave() || this.stop(MachineStatus.Done, 0) : this.stop(MachineStatus.BadInsn, 0);
    if (operation > Jmp.Jcond) return this.stop(MachineStatus.BadInsn, 0);
    // A 32-bit Ja has its distance in imm (gotol).
    if (operation == Jmp.Ja) off = is64 ? off : imm;
    const a = unchecked(this.registers[dst]);
    const b = (opcode & SOURCE_MASK) != 0 ? unchecked(this.registers[src]) : <u64>(<i64>imm);
    const taken = is64
      ? isTaken(operation, a, b, <i64>a, <i64>b)
      : isTaken(operation, <u64>(<u32>a), <u64>(<u32>b), <i64>(<i32>a), <i64>(<i32>b));
    if (taken) this.pc += off;
    return true;
  }

  private call(src: i32, imm: i32): bool {
    if (src == 0) return callHelper(this, imm);
    if (src != PSEUDO_CALL) return this.stop(MachineStatus.BadInsn, 0);
    return this.enter(imm) || this.stop(MachineStatus.TooDeep, 0);
  }

  /** Calls the function at a distance; false if calls are nested too deep. */
  enter(distance: i32): bool {
    if (this.depth + 1 >= MAX_DEPTH) return false;
    const base = this.depth++ * SAVED;
    for (let i = 0; i < 4; ++i) unchecked((this.saved[base + i] = this.registers[6 + i]));
    unchecked((this.saved[base + 4] = <u64>this.pc));
    unchecked((this.registers[10] += STACK_BYTES));
    this.pc += distance;
    return true;
  }

  /** Returns to the caller; false when there is none. */
  leave(): bool {
    if (this.depth == 0) return false;
    const base = --this.depth * SAVED;
    for (let i = 0; i < 4; ++i) unchecked((this.registers[6 + i] = this.saved[base + i]));
    this.pc = <i32>unchecked(this.saved[base + 4]);
    unchecked((this.registers[10] -= STACK_BYTES));
    return true;
  }

  private loadFrom(opcode: i32, dst: i32, src: i32, off: i32): bool {
    const bytes = widthBytes(opcode & WIDTH_MASK);
    const address = unchecked(this.registers[src]) + <u64>(<i64>off);
    const mode = opcode & MODE_MASK;
    if (mode != Mode.Mem && (mode != Mode.Memsx || bytes == 8)) return this.stop(MachineStatus.BadInsn, 0);
    if (!this.touch(address, bytes, false)) return false;
    let value: u64;
    switch (bytes) {
      case 1:
        value = <u64>load<u8>(<usize>address);
        break;
      case 2:
        value = <u64>load<u16>(<usize>address);
        break;
      case 4:
        value = <u64>load<u32>(<usize>address);
        break;
      default:
        value = load<u64>(<usize>address);
    }
    return this.set(dst, mode == Mode.Memsx ? signExtend(value, bytes * 8) : value);
  }

  private storeTo(opcode: i32, dst: i32, src: i32, off: i32, imm: i32): bool {
    const bytes = widthBytes(opcode & WIDTH_MASK);
    const address = unchecked(this.registers[dst]) + <u64>(<i64>off);
    const isRegister = (opcode & CLASS_MASK) == Class.Stx;
    const mode = opcode & MODE_MASK;
    const isAtomic = mode == Mode.Atomic && isRegister && bytes >= 4;
    if (mode != Mode.Mem && !isAtomic) return this.stop(MachineStatus.BadInsn, 0);
    if (!this.touch(address, bytes, true)) return false;
    if (isAtomic) {
      if ((address & <u64>(bytes - 1)) != 0) return this.stop(MachineStatus.WildAccess, address);
      return bytes == 8 ? this.atomic64(<usize>address, src, imm) : this.atomic32(<usize>address, src, imm);
    }
    const value = isRegister ? unchecked(this.registers[src]) : <u64>(<i64>imm);
    switch (bytes) {
      case 1:
        store<u8>(<usize>address, <u8>value);
        break;
      case 2:
        store<u16>(<usize>address, <u16>value);
        break;
      case 4:
        store<u32>(<usize>address, <u32>value);
        break;
      default:
        store<u64>(<usize>address, value);
    }
    return true;
  }

  private atomic64(at: usize, src: i32, imm: i32): bool {
    const world = this.environment;
    const value = this.registers[src];
    if (imm == Atomic.Cmpxchg) return this.set(0, world.compareExchange64(at, this.registers[0], value));
    if (imm == Atomic.Xchg) return this.set(src, world.exchange64(at, value));
    const operation = imm & ~Atomic.Fetch;
    let old: u64;
    if (operation == Atomic.Add) {
      old = world.add64(at, value);
    } else {
      if (!isBitwise(operation)) return this.stop(MachineStatus.BadInsn, 0);
      old = load<u64>(at);
      // Atomic operations have ALU's numbers.
      while (true) {
        const seen = world.compareExchange64(at, old, alu64(operation, old, value, false));
        if (seen == old) break;
        old = seen;
      }
    }
    return (imm & Atomic.Fetch) == 0 || this.set(src, old);
  }

  private atomic32(at: usize, src: i32, imm: i32): bool {
    const world = this.environment;
    const value = <u32>this.registers[src];
    if (imm == Atomic.Cmpxchg) return this.set(0, world.compareExchange32(at, <u32>this.registers[0], value));
    if (imm == Atomic.Xchg) return this.set(src, world.exchange32(at, value));
    const operation = imm & ~Atomic.Fetch;
    let old: u32;
    if (operation == Atomic.Add) {
      old = world.add32(at, value);
    } else {
      if (!isBitwise(operation)) return this.stop(MachineStatus.BadInsn, 0);
      old = load<u32>(at);
      while (true) {
        const seen = world.compareExchange32(at, old, alu32(operation, old, value, false));
        if (seen == old) break;
        old = seen;
      }
    }
    return (imm & Atomic.Fetch) == 0 || this.set(src, old);
  }
}

function isBitwise(operation: i32): bool {
  return operation == Atomic.Or || operation == Atomic.And || operation == Atomic.Xor;
}
