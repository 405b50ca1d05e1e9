// BPF code as text, in the spelling of bpftool and the kernel's verifier, with the script's lines between.
//
//     ; probe.stp:3: printf("%d\n", pid())
//        0: (85) call bpf_get_current_pid_tgid#14
//        1: (77) r0 >>= 32

import { joinTexts } from "../../common/as/text-builder";
import { Class, INSN_BYTES, Insn, MODE_MASK, Mode, Opcode, PSEUDO_CALL } from "../../common/format/bpf";
import { Code, Relocation, RelocationKind } from "./code";
import {
  hex,
  isSignedDivision,
  spellAlu,
  spellAtomic,
  spellCompare,
  spellHelper,
  spellMemory,
  spellOperand,
  spellRegister,
} from "./spelling";

function readI32(bytes: Array<u8>, at: i32): i32 {
  return <i32>bytes[at] | ((<i32>bytes[at + 1]) << 8) | ((<i32>bytes[at + 2]) << 16) | ((<i32>bytes[at + 3]) << 24);
}

function readI16(bytes: Array<u8>, at: i32): i32 {
  return <i32>(<i16>(<i32>bytes[at] | ((<i32>bytes[at + 1]) << 8)));
}

function hexByte(value: i32): string {
  return (value < 16 ? "0" : "") + value.toString(16);
}

/** A disassembler of one function. */
class Printer {
  /** The next relocation that is not behind the current instruction. */
  nextRelocation: i32 = 0;

  constructor(public code: Code) {}

  memory(code: i32, base: i32, off: i32): string {
    return spellMemory(code, spellRegister(base, true), off);
  }

  alu(code: i32, dst: i32, src: i32, off: i32, imm: i32): string {
    return spellAlu(code, dst, spellOperand(code, src, imm.toString()), isSignedDivision(code, off));
  }

  jump(code: i32, dst: i32, src: i32, off: i32, imm: i32): string {
    let place = "pc" + (off < 0 ? "" : "+") + off.toString();
    if (code == Opcode.Exit) return "exit";
    if (code == Opcode.Ja) return "goto " + place;
    if (code == Opcode.Gotol) return "gotol pc" + (imm < 0 ? "" : "+") + imm.toString();
    return "if " + spellCompare(code, dst, src, imm) + " goto " + place;
  }

  call(src: i32, imm: i32, relocation: Relocation | null): string {
    if (relocation != null) return "call function#" + relocation.addend.toString();
    if (src == PSEUDO_CALL) return "call pc" + (imm < 0 ? "" : "+") + imm.toString();
    return spellHelper(imm);
  }

  loadImmediate(at: i32, dst: i32, relocation: Relocation | null): string {
    let bytes = this.code.insns;
    let text = "r" + dst.toString() + " = ";
    if (relocation != null) {
      let addend = relocation.addend.toString();
      if (relocation.kind == RelocationKind.Map) return text + "map#" + addend;
      if (relocation.kind == RelocationKind.Core) return text + "relocation#" + addend;
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
        if ((code & MODE_MASK) == Mode.Atomic) return spellAtomic(code, this.memory(code, dst, off), src, imm);
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
