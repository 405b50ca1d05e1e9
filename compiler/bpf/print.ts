// BPF code as text, in the spelling of bpftool and the kernel's verifier, with the script's lines between.
//
//     ; probe.stp:3: printf("%d\n", pid())
//        0: (85) call bpf_get_current_pid_tgid#14
//        1: (77) r0 >>= 32

import { joinTexts } from "../../common/as/text-builder";
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
  PSEUDO_CALL,
  SOURCE_MASK,
  Source,
  WIDTH_MASK,
  Width,
} from "../../common/format/bpf";
import { helperRow } from "../ir/calls";
import { Code, Relocation, RelocationKind } from "./code";

function readI32(bytes: Array<u8>, at: i32): i32 {
  return <i32>bytes[at] | ((<i32>bytes[at + 1]) << 8) | ((<i32>bytes[at + 2]) << 16) | ((<i32>bytes[at + 3]) << 24);
}

function readI16(bytes: Array<u8>, at: i32): i32 {
  return <i32>(<i16>(<i32>bytes[at] | ((<i32>bytes[at + 1]) << 8)));
}

function hex(value: u64): string {
  return "0x" + value.toString(16);
}

function hexByte(value: i32): string {
  return (value < 16 ? "0" : "") + value.toString(16);
}

function aluSymbol(operation: i32): string {
  switch (operation) {
    case Alu.Add:
      return "+=";
    case Alu.Sub:
      return "-=";
    case Alu.Mul:
      return "*=";
    case Alu.Div:
      return "/=";
    case Alu.Or:
      return "|=";
    case Alu.And:
      return "&=";
    case Alu.Lsh:
      return "<<=";
    case Alu.Rsh:
      return ">>=";
    case Alu.Mod:
      return "%=";
    case Alu.Xor:
      return "^=";
    case Alu.Arsh:
      return "s>>=";
    default:
      return "=";
  }
}

function jumpSymbol(operation: i32): string {
  switch (operation) {
    case Jmp.Jeq:
      return "==";
    case Jmp.Jgt:
      return ">";
    case Jmp.Jge:
      return ">=";
    case Jmp.Jset:
      return "&";
    case Jmp.Jne:
      return "!=";
    case Jmp.Jsgt:
      return "s>";
    case Jmp.Jsge:
      return "s>=";
    case Jmp.Jlt:
      return "<";
    case Jmp.Jle:
      return "<=";
    case Jmp.Jslt:
      return "s<";
    default:
      return "s<=";
  }
}

function widthName(code: i32): string {
  switch (code & WIDTH_MASK) {
    case Width.B:
      return "u8";
    case Width.H:
      return "u16";
    case Width.W:
      return "u32";
    default:
      return "u64";
  }
}

/** A disassembler of one function. */
class Printer {
  /** The next relocation that is not behind the current instruction. */
  nextRelocation: i32 = 0;

  constructor(public code: Code) {}

  register(r: i32, wide: bool): string {
    return (wide ? "r" : "w") + r.toString();
  }

  memory(code: i32, base: i32, off: i32): string {
    let place = off < 0 ? " " + off.toString() : " +" + off.toString();
    return "*(" + widthName(code) + " *)(r" + base.toString() + place + ")";
  }

  alu(code: i32, dst: i32, src: i32, off: i32, imm: i32): string {
    let wide = (code & 7) == Class.Alu64;
    let name = this.register(dst, wide);
    let operation = code & OPERATION_MASK;
    if (operation == Alu.Neg) return name + " = -" + name;
    if (operation == Alu.End) {
      let order = (code & SOURCE_MASK) == Source.X ? "be" : "le";
      return "r" + dst.toString() + " = " + order + imm.toString() + " r" + dst.toString();
    }
    let signed = off == 1 && (operation == Alu.Div || operation == Alu.Mod) ? "s" : "";
    let other = (code & SOURCE_MASK) == Source.X ? this.register(src, wide) : imm.toString();
    return name + " " + signed + aluSymbol(operation) + " " + other;
  }

  jump(code: i32, dst: i32, src: i32, off: i32, imm: i32): string {
    let place = "pc" + (off < 0 ? "" : "+") + off.toString();
    let operation = code & OPERATION_MASK;
    if (code == Opcode.Exit) return "exit";
    if (code == Opcode.Ja) return "goto " + place;
    let wide = (code & 7) == Class.Jmp;
    let other = (code & SOURCE_MASK) == Source.X ? this.register(src, wide) : imm.toString();
    return "if " + this.register(dst, wide) + " " + jumpSymbol(operation) + " " + other + " goto " + place;
  }

  call(src: i32, imm: i32, relocation: Relocation | null): string {
    if (relocation != null) return "call function#" + relocation.addend.toString();
    if (src == PSEUDO_CALL) return "call pc" + (imm < 0 ? "" : "+") + imm.toString();
    let helper = helperRow(imm);
    return "call " + (helper === null ? "helper" : "bpf_" + helper.name) + "#" + imm.toString();
  }

  atomic(code: i32, dst: i32, src: i32, off: i32, imm: i32): string {
    let place = this.memory(code, dst, off);
    let source = this.register(src, (code & WIDTH_MASK) == Width.DW);
    if (imm == Atomic.Add) return "lock " + place + " += " + source;
    if (imm == Atomic.Xchg) return source + " = xchg(" + place + ", " + source + ")";
    if (imm == Atomic.Cmpxchg) return "r0 = cmpxchg(" + place + ", r0, " + source + ")";
    return source + " = fetch_add(" + place + ", " + source + ")";
  }

  loadImmediate(at: i32, dst: i32, relocation: Relocation | null): string {
    let bytes = this.code.insns;
    let text = "r" + dst.toString() + " = ";
    if (relocation != null) {
      let addend = relocation.addend.toString();
      if (relocation.kind == RelocationKind.Map) return text + "map#" + addend;
      return text + (relocation.kind == RelocationKind.Bss ? ".bss+" : ".rodata+") + addend;
    }
    let low = <u64>(<u32>readI32(bytes, at + Insn.Imm));
    let high = <u64>(<u32>readI32(bytes, at + INSN_BYTES + Insn.Imm));
    return text + hex(low | (high << 32));
  }

  relocationAt(insn: i32): Relocation | null {
    let list = this.code.relocations;
    if (this.nextRelocation >= list.length || list[this.nextRelocation].insn != insn) return null;
    return list[this.nextRelocation++];
  }

  instruction(insn: i32): string {
    let bytes = this.code.insns;
    let at = insn * INSN_BYTES;
    let code = <i32>bytes[at];
    let dst = <i32>bytes[at + Insn.Registers] & 15;
    let src = <i32>bytes[at + Insn.Registers] >> 4;
    let off = readI16(bytes, at + Insn.Off);
    let imm = readI32(bytes, at + Insn.Imm);
    let relocation = this.relocationAt(insn);
    switch (code & 7) {
      case Class.Ld:
        return this.loadImmediate(at, dst, relocation);
      case Class.Ldx:
        return "r" + dst.toString() + " = " + this.memory(code, src, off);
      case Class.St:
        return this.memory(code, dst, off) + " = " + imm.toString();
      case Class.Stx:
        if ((code & MODE_MASK) == Mode.Atomic) return this.atomic(code, dst, src, off, imm);
        return this.memory(code, dst, off) + " = r" + src.toString();
      case Class.Alu:
      case Class.Alu64:
        return this.alu(code, dst, src, off, imm);
      default:
        if (code == Opcode.Call) return this.call(src, imm, relocation);
        return this.jump(code, dst, src, off, imm);
    }
  }
}

/** Disassembly of a function. `lines` has the text for each source position; positions beyond it are not shown. */
export function printCode(code: Code, lines: Array<string>): string {
  let text: Array<string> = [];
  let printer = new Printer(code);
  let nextLine = 0;
  for (let insn = 0, n = code.count(); insn < n; ++insn) {
    if (nextLine < code.lines.length && code.lines[nextLine].insn == insn) {
      let position = code.lines[nextLine++].position;
      if (position < lines.length) text.push("; " + lines[position]);
    }
    let opcode = <i32>code.insns[insn * INSN_BYTES];
    text.push(insn.toString().padStart(4) + ": (" + hexByte(opcode) + ") " + printer.instruction(insn));
    if (opcode == Opcode.LdImm64) ++insn;
  }
  text.push("");
  return joinTexts(text, "\n");
}
