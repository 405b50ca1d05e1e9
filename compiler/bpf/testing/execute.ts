// Executes emitted BPF in a test world, instruction by instruction from its bytes, independently of the compiler's own
// view. Registers that a call destroys are poisoned, reading one is a fault.

import {
  Alu,
  Atomic,
  Class,
  INSN_BYTES,
  Insn,
  Jmp,
  MODE_MASK,
  Mode,
  OPERATION_MASK,
  Opcode,
  SOURCE_MASK,
  Source,
  WIDTH_MASK,
  Width,
} from "../../../common/format/bpf";
import { evaluateBinary, evaluateCompare, evaluateUnary } from "../../ir/arithmetic";
import { Op } from "../../ir/op";
import { Code, RelocationKind } from "../code";
import { Region, World } from "./world";

class Executor {
  registers: StaticArray<u64> = new StaticArray<u64>(11);
  /** Bits of registers that have a value. */
  known: i32 = 1 << 10;
  pc: i32 = 0;
  relocationAt: Map<i32, i32> = new Map();
  steps: i32 = 0;

  constructor(
    public code: Code,
    public world: World,
    args: Array<u64>,
  ) {
    for (let k = 0; k < args.length; ++k) this.set(1 + k, args[k]);
    this.registers[10] = Region.Stack;
    for (let k = 0; k < code.relocations.length; ++k) this.relocationAt.set(code.relocations[k].insn, k);
  }

  fail(what: string): void {
    if (this.world.fault == "") this.world.fault = what + " at " + this.pc.toString();
  }

  get(r: i32): u64 {
    if (r > 10 || (this.known & (1 << r)) == 0) this.fail("r" + r.toString() + " has no value");
    return r > 10 ? 0 : this.registers[r];
  }

  set(r: i32, value: u64): void {
    if (r > 9) this.fail("r10 written");
    else this.registers[r] = value;
    this.known |= 1 << r;
  }

  field(at: i32, bytes: i32): i64 {
    let value: i64 = 0;
    for (let k = bytes - 1; k >= 0; --k) value = (value << 8) | <i64>this.code.insns[this.pc * INSN_BYTES + at + k];
    return value;
  }

  width(code: i32): i32 {
    let width = code & WIDTH_MASK;
    return width == Width.B ? 1 : width == Width.H ? 2 : width == Width.W ? 4 : 8;
  }

  alu(code: i32, dst: i32, src: i32, off: i32, imm: i64): void {
    let wide = (code & 7) == Class.Alu64;
    let operation = code & OPERATION_MASK;
    let b = (code & SOURCE_MASK) == Source.X && operation != Alu.End ? this.get(src) : <u64>imm;
    if (operation == Alu.Mov) {
      this.set(dst, wide ? b : b & 0xffffffff);
      return;
    }
    if (operation == Alu.End) {
      if ((code & SOURCE_MASK) == Source.K) return;
      let op = imm == 16 ? Op.Bswap16 : imm == 32 ? Op.Bswap32 : Op.Bswap64;
      this.set(dst, evaluateUnary(op, this.get(dst)));
      return;
    }
    let a = this.get(dst);
    if (!wide) {
      this.fail("32-bit arithmetic is not expected");
      return;
    }
    this.set(dst, operation == Alu.Neg ? 0 - a : evaluateBinary(this.aluOp(operation, off), a, b));
  }

  aluOp(operation: i32, off: i32): Op {
    switch (operation) {
      case Alu.Add:
        return Op.Add;
      case Alu.Sub:
        return Op.Sub;
      case Alu.Mul:
        return Op.Mul;
      case Alu.Div:
        return off == 1 ? Op.Sdiv : Op.Udiv;
      case Alu.Mod:
        return off == 1 ? Op.Smod : Op.Umod;
      case Alu.Or:
        return Op.Or;
      case Alu.And:
        return Op.And;
      case Alu.Xor:
        return Op.Xor;
      case Alu.Lsh:
        return Op.Shl;
      case Alu.Rsh:
        return Op.Shr;
      default:
        if (operation != Alu.Arsh) this.fail("unknown arithmetic");
        return Op.Sar;
    }
  }

  compareOp(operation: i32): Op {
    switch (operation) {
      case Jmp.Jeq:
        return Op.Eq;
      case Jmp.Jne:
        return Op.Ne;
      case Jmp.Jgt:
        return Op.Ugt;
      case Jmp.Jge:
        return Op.Uge;
      case Jmp.Jlt:
        return Op.Ult;
      case Jmp.Jle:
        return Op.Ule;
      case Jmp.Jsgt:
        return Op.Sgt;
      case Jmp.Jsge:
        return Op.Sge;
      case Jmp.Jslt:
        return Op.Slt;
      default:
        if (operation != Jmp.Jsle) this.fail("unknown jump");
        return Op.Sle;
    }
  }

  atomic(code: i32, dst: i32, src: i32, off: i32, imm: i32): void {
    let address = this.get(dst) + <u64>off;
    let bytes = this.width(code);
    let old = this.world.read(address, bytes);
    if (imm == Atomic.Cmpxchg) {
      let expected = bytes == 4 ? this.get(0) & 0xffffffff : this.get(0);
      if (old == expected) this.world.write(address, bytes, this.get(src));
      this.set(0, old);
      return;
    }
    let value = this.get(src);
    this.world.write(address, bytes, imm == Atomic.Xchg ? value : old + value);
    if (imm != Atomic.Add) this.set(src, old);
  }

  /** ld_imm64 takes two places. */
  loadImmediate(dst: i32, imm: i64): void {
    let at = this.pc++;
    if (this.relocationAt.has(at)) {
      let relocation = this.code.relocations[this.relocationAt.get(at)];
      let kind = relocation.kind;
      let base: u64 =
        kind == RelocationKind.Bss ? Region.Bss : kind == RelocationKind.Rodata ? Region.Rodata : Region.Map;
      this.set(dst, base + <u64>relocation.addend);
    } else {
      this.set(dst, (<u64>imm & 0xffffffff) | ((<u64>this.field(Insn.Imm, 4)) << 32));
    }
  }

  call(src: i32, imm: i32, arity: (id: i32, isFunction: bool) => i32): void {
    let id = imm;
    let at = this.pc;
    if (this.relocationAt.has(at)) id = this.code.relocations[this.relocationAt.get(at)].addend;
    else if (src != 0) this.fail("call of a function without relocation");
    let args: Array<u64> = [];
    for (let k = 1, n = arity(id, src != 0); k <= n; ++k) args.push(this.get(k));
    let result = this.world.call(id, src != 0, args);
    this.known &= ~0x3f;
    this.set(0, result);
  }

  /** One step; false at exit. */
  step(arity: (id: i32, isFunction: bool) => i32): bool {
    let code = <i32>this.field(0, 1);
    let registers = <i32>this.field(Insn.Registers, 1);
    let dst = registers & 15;
    let src = registers >> 4;
    let off = <i32>(<i16>this.field(Insn.Off, 2));
    let imm = <i64>(<i32>this.field(Insn.Imm, 4));
    switch (code & 7) {
      case Class.Ld:
        this.loadImmediate(dst, imm);
        break;
      case Class.Ldx:
        this.set(dst, this.world.read(this.get(src) + <u64>off, this.width(code)));
        break;
      case Class.St:
        this.world.write(this.get(dst) + <u64>off, this.width(code), <u64>imm);
        break;
      case Class.Stx:
        if ((code & MODE_MASK) == Mode.Atomic) this.atomic(code, dst, src, off, <i32>imm);
        else this.world.write(this.get(dst) + <u64>off, this.width(code), this.get(src));
        break;
      case Class.Alu:
      case Class.Alu64:
        this.alu(code, dst, src, off, imm);
        break;
      default:
        if (code == Opcode.Exit) return false;
        if (code == Opcode.Call) this.call(src, <i32>imm, arity);
        else this.jump(code, dst, src, off, imm);
    }
    this.pc++;
    return true;
  }

  jump(code: i32, dst: i32, src: i32, off: i32, imm: i64): void {
    if (code == Opcode.Ja) {
      this.pc += off;
      return;
    }
    let b = (code & SOURCE_MASK) == Source.X ? this.get(src) : <u64>imm;
    let a = this.get(dst);
    if ((code & 7) == Class.Jmp32) {
      this.fail("32-bit jumps are not expected");
      return;
    }
    if (evaluateCompare(this.compareOp(code & OPERATION_MASK), a, b)) this.pc += off;
  }

  run(arity: (id: i32, isFunction: bool) => i32): u64 {
    for (let fuel = 2000000; fuel > 0; --fuel) {
      if (this.pc < 0 || this.pc >= this.code.count()) this.fail("jump out of the program");
      if (this.world.fault != "") return 0;
      ++this.steps;
      if (!this.step(arity)) return this.get(0);
    }
    this.fail("ran too long");
    return 0;
  }
}

/** Runs `code` in `world`; `arity` tells how many arguments a helper or function takes. */
export function execute(code: Code, world: World, args: Array<u64>, arity: (id: i32, isFunction: bool) => i32): u64 {
  return new Executor(code, world, args).run(arity);
}
