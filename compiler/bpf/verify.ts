// Checks emitted code for what the kernel's verifier would refuse first: jumps in range and
// not into the second half of an instruction, every instruction reachable, every register read has a value on all paths
// (calls destroy r0..r5), r10 never written, stack accesses inside the frame. One forward data flow over instructions.

import {
  Alu,
  Class,
  INSN_BYTES,
  Insn,
  MODE_MASK,
  Mode,
  OPERATION_MASK,
  Opcode,
  SOURCE_MASK,
  Source,
  WIDTH_MASK,
  Width,
} from "../../common/format/bpf";
import { helperRow } from "../ir/calls";
import { Linkage } from "../ir/function";
import { Code } from "./code";

const UNSEEN: i32 = -1;

class Verifier {
  message: string = "";
  count: i32;
  /** Registers that have a value before each instruction, bits; UNSEEN: not reached. */
  known: StaticArray<i32>;
  work: Array<i32> = [];

  constructor(public code: Code) {
    let known = new StaticArray<i32>(code.count() + 1);
    known.fill(UNSEEN);
    this.known = known;
    this.count = code.count();
  }

  fail(insn: i32, what: string): void {
    if (this.message == "") this.message = "instruction " + insn.toString() + ": " + what;
  }

  byte(insn: i32, at: i32): i32 {
    return <i32>this.code.insns[insn * INSN_BYTES + at];
  }

  offset(insn: i32): i32 {
    return <i32>(<i16>(this.byte(insn, Insn.Off) | (this.byte(insn, Insn.Off + 1) << 8)));
  }

  immediate(insn: i32): i32 {
    let low = this.byte(insn, Insn.Imm) | (this.byte(insn, Insn.Imm + 1) << 8);
    return low | (this.byte(insn, Insn.Imm + 2) << 16) | (this.byte(insn, Insn.Imm + 3) << 24);
  }

  /** Control reaches `insn` with values in `known`. */
  flow(from: i32, insn: i32, known: i32): void {
    if (insn < 0 || insn >= this.count) {
      this.fail(from, "control leaves the program");
      return;
    }
    let old = this.known[insn];
    let merged = old == UNSEEN ? known : old & known;
    if (merged == old) return;
    this.known[insn] = merged;
    this.work.push(insn);
  }

  read(insn: i32, register: i32): void {
    if (register > 10) this.fail(insn, "a register that does not exist");
    else if ((this.known[insn] & (1 << register)) == 0) this.fail(insn, "r" + register.toString() + " has no value");
  }

  write(insn: i32, known: i32, register: i32): i32 {
    if (register >= 10) this.fail(insn, "r" + register.toString() + " is written");
    return known | (1 << register);
  }

  memory(insn: i32, base: i32, code: i32): void {
    if (base != 10) return;
    let width = code & WIDTH_MASK;
    let bytes = width == Width.B ? 1 : width == Width.H ? 2 : width == Width.W ? 4 : 8;
    let off = this.offset(insn);
    if (off < -this.code.stackBytes || off + bytes > 0) this.fail(insn, "a stack access outside the frame");
  }

  step(insn: i32): void {
    let code = this.byte(insn, Insn.Opcode);
    let dst = this.byte(insn, Insn.Registers) & 15;
    let src = this.byte(insn, Insn.Registers) >> 4;
    let known = this.known[insn];
    let next = insn + 1;
    switch (code & 7) {
      case Class.Ld:
        known = this.write(insn, known, dst);
        ++next;
        break;
      case Class.Ldx:
        this.read(insn, src);
        this.memory(insn, src, code);
        known = this.write(insn, known, dst);
        break;
      case Class.St:
        this.read(insn, dst);
        this.memory(insn, dst, code);
        break;
      case Class.Stx:
        known = this.store(insn, code, dst, src);
        break;
      case Class.Alu:
      case Class.Alu64:
        this.alu(insn, code, dst, src);
        known = this.write(insn, known, dst);
        break;
      default:
        this.jump(insn, code, dst, src);
        return;
    }
    this.flow(insn, next, known);
  }

  store(insn: i32, code: i32, dst: i32, src: i32): i32 {
    this.read(insn, dst);
    this.read(insn, src);
    this.memory(insn, dst, code);
    if ((code & MODE_MASK) == Mode.Atomic && this.immediate(insn) == 0xf1) this.read(insn, 0);
    return this.known[insn];
  }

  alu(insn: i32, code: i32, dst: i32, src: i32): void {
    let operation = code & OPERATION_MASK;
    let isRegister = (code & SOURCE_MASK) == Source.X && operation != Alu.End;
    if (isRegister) this.read(insn, src);
    if (operation != Alu.Mov) this.read(insn, dst);
    if (isRegister) return;
    let imm = this.immediate(insn);
    if ((operation == Alu.Div || operation == Alu.Mod) && imm == 0) this.fail(insn, "a division by constant zero");
    let isShift = operation == Alu.Lsh || operation == Alu.Rsh || operation == Alu.Arsh;
    if (isShift && (imm < 0 || imm > ((code & 7) == Class.Alu64 ? 63 : 31))) this.fail(insn, "a shift too far");
  }

  jump(insn: i32, code: i32, dst: i32, src: i32): void {
    let known = this.known[insn];
    if (code == Opcode.Exit) {
      this.read(insn, 0);
    } else if (code == Opcode.Call) {
      this.call(insn, src);
      this.flow(insn, insn + 1, (known & ~0x3f) | 1);
    } else {
      if (code == Opcode.Gotol) {
        this.flow(insn, insn + 1 + this.immediate(insn), known);
        return;
      }
      if (code != Opcode.Ja) {
        this.read(insn, dst);
        if ((code & SOURCE_MASK) == Source.X) this.read(insn, src);
        this.flow(insn, insn + 1, known);
      }
      this.flow(insn, insn + 1 + this.offset(insn), known);
    }
  }

  call(insn: i32, src: i32): void {
    if (src != 0) return;
    let helper = helperRow(this.immediate(insn));
    let count = helper === null ? 0 : helper.parameters;
    for (let r = 1; r <= count; ++r) this.read(insn, r);
  }

  run(): string {
    let code = this.code;
    if (this.count == 0) return "there is no code";
    if (code.stackBytes > 512) return "the frame is larger than 512 bytes";
    let parameters = code.linkage == Linkage.Handler ? 1 : code.parameterCount;
    this.flow(0, 0, (1 << 10) | (((1 << parameters) - 1) << 1));
    while (this.work.length > 0 && this.message == "") this.step(this.work.pop());
    for (let insn = 0; insn < this.count && this.message == ""; ++insn) {
      if (this.known[insn] == UNSEEN) this.fail(insn, "nothing reaches it");
      if (this.byte(insn, Insn.Opcode) != Opcode.LdImm64) continue;
      ++insn;
      if (this.known[insn] != UNSEEN) this.fail(insn, "the second half of an instruction is reached");
    }
    for (let k = 0, n = code.lines.length; k < n; ++k) {
      if (k == 0 ? code.lines[0].insn != 0 : code.lines[k].insn <= code.lines[k - 1].insn)
        this.fail(k, "lines out of order");
    }
    return this.message;
  }
}

/** The first promise that `code` breaks; empty if it keeps all. */
export function verify(code: Code): string {
  return new Verifier(code).run();
}
