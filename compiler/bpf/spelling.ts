// How BPF instructions are written: bpftool's spelling, for encoded code (print.ts) and for code over virtual registers
// (print-machine.ts). Machine registers are r0 … r10 (w0 … as 32 bits), virtual ones v11, v12, … (vw11 … as 32 bits).

import {
  Alu,
  Atomic,
  Class,
  Jmp,
  OPERATION_MASK,
  SOURCE_MASK,
  Source,
  WIDTH_MASK,
  Width,
} from "../../common/format/bpf";
import { helperRow } from "../ir/calls";
import { FIRST_VIRTUAL } from "./machine-function";

export function hex(value: u64): string {
  return "0x" + value.toString(16);
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

/** A register: all of it, or its lower half. */
export function spellRegister(r: i32, wide: bool): string {
  if (r >= FIRST_VIRTUAL) return (wide ? "v" : "vw") + r.toString();
  return (wide ? "r" : "w") + r.toString();
}

/** Memory at an offset from a base, which is a register's name or a slot's. */
export function spellMemory(code: i32, base: string, off: i32): string {
  let place = off < 0 ? " " + off.toString() : " +" + off.toString();
  return "*(" + widthName(code) + " *)(" + base + place + ")";
}

/** The second operand of an arithmetic instruction: a register, or what stands for the immediate. */
export function spellOperand(code: i32, src: i32, immediate: string): string {
  let isRegister = (code & SOURCE_MASK) == Source.X && (code & OPERATION_MASK) != Alu.End;
  return isRegister ? spellRegister(src, (code & 7) == Class.Alu64) : immediate;
}

/** An arithmetic instruction. Divisions may be signed. */
export function spellAlu(code: i32, dst: i32, operand: string, isSigned: bool): string {
  let name = spellRegister(dst, (code & 7) == Class.Alu64);
  let operation = code & OPERATION_MASK;
  if (operation == Alu.Neg) return name + " = -" + name;
  if (operation == Alu.End) {
    let whole = spellRegister(dst, true);
    return whole + " = " + ((code & SOURCE_MASK) == Source.X ? "be" : "le") + operand + " " + whole;
  }
  return name + " " + (isSigned ? "s" : "") + aluSymbol(operation) + " " + operand;
}

/** Whether a division or remainder is signed. */
export function isSignedDivision(code: i32, off: i32): bool {
  let operation = code & OPERATION_MASK;
  return off == 1 && (operation == Alu.Div || operation == Alu.Mod);
}

/** What a branch or a KEEP_IF compares. */
export function spellCompare(code: i32, a: i32, b: i32, imm: i32): string {
  let wide = (code & 7) == Class.Jmp;
  let other = (code & SOURCE_MASK) == Source.X ? spellRegister(b, wide) : imm.toString();
  return spellRegister(a, wide) + " " + jumpSymbol(code & OPERATION_MASK) + " " + other;
}

/** A call of a helper of the kernel. */
export function spellHelper(id: i32): string {
  let helper = helperRow(id);
  return "call " + (helper === null ? "helper" : "bpf_" + helper.name) + "#" + id.toString();
}

/** An atomic operation on `place`; `imm` says which. */
export function spellAtomic(code: i32, place: string, src: i32, imm: i32): string {
  let source = spellRegister(src, (code & WIDTH_MASK) == Width.DW);
  if (imm == Atomic.Add) return "lock " + place + " += " + source;
  if (imm == Atomic.Xchg) return source + " = xchg(" + place + ", " + source + ")";
  if (imm == Atomic.Cmpxchg) return "r0 = cmpxchg(" + place + ", r0, " + source + ")";
  return source + " = fetch_add(" + place + ", " + source + ")";
}
