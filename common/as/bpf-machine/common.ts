// The quick way of what most instructions are: moves, arithmetic of 64 bits, jumps, loads and stores in the stack or in
// the region that was touched last, calls of functions. Everything else, and everything that is not in order, is left
// to BpfMachine.step, which knows all instructions.

import {
  Alu,
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
  SOURCE_MASK,
  WIDTH_MASK,
  widthBytes,
} from "../../format/bpf";
import { alu64, isTaken } from "./alu";
import { BpfMachine } from "./machine";

/** What an instruction is, as far as the loop below knows it; in an order that it decides by. */
export const enum Kind {
  /** for BpfMachine.step */
  Other = 0,
  Load1 = 1,
  Load2 = 2,
  Load4 = 3,
  Load8 = 4,
  Store1 = 5,
  Store2 = 6,
  Store4 = 7,
  Store8 = 8,
  MovImm = 9,
  AddImm = 10,
  AluImm = 11,
  MovReg = 12,
  AddReg = 13,
  AluReg = 14,
  JumpImm = 15,
  JumpReg = 16,
  Constant = 17,
  Call = 18,
  Exit = 19,
}

/** Kinds of all instructions of a code. */
export function kindsOf(code: StaticArray<u8>): StaticArray<u8> {
  const count = code.length / INSN_BYTES;
  const kinds = new StaticArray<u8>(count);
  for (let i = 0; i < count; ++i) {
    const at = changetype<usize>(code) + <usize>(i * INSN_BYTES);
    kinds[i] = <u8>kindOf(at, i + 1 < count);
  }
  return kinds;
}

function kindOf(at: usize, hasNext: bool): Kind {
  const opcode = <i32>load<u8>(at);
  const dst = <i32>load<u8>(at, Insn.Registers) & 15;
  const src = <i32>load<u8>(at, Insn.Registers) >> 4;
  const off = <i32>load<i16>(at, Insn.Off);
  if (opcode == Opcode.Call) return src == PSEUDO_CALL ? Kind.Call : Kind.Other;
  if (dst > 10 || src > 10) return Kind.Other;
  const fromRegister = (opcode & SOURCE_MASK) != 0;
  const operation = opcode & OPERATION_MASK;
  switch (opcode & CLASS_MASK) {
    case Class.Alu64:
      return dst == 10 || off != 0 || operation >= Alu.End ? Kind.Other : kindOfAlu(operation, fromRegister);
    case Class.Jmp:
      if (operation == Jmp.Exit) return Kind.Exit;
      if (operation == Jmp.Call || operation > Jmp.Jsle) return Kind.Other;
      return fromRegister ? Kind.JumpReg : Kind.JumpImm;
    case Class.Ldx:
      if (dst == 10 || (opcode & MODE_MASK) != Mode.Mem) return Kind.Other;
      return <Kind>(Kind.Load1 + ctz<i32>(widthBytes(opcode & WIDTH_MASK)));
    case Class.Stx:
      if ((opcode & MODE_MASK) != Mode.Mem) return Kind.Other;
      return <Kind>(Kind.Store1 + ctz<i32>(widthBytes(opcode & WIDTH_MASK)));
    default:
      return opcode == Opcode.LdImm64 && dst != 10 && hasNext && load<u8>(at, INSN_BYTES) == 0
        ? Kind.Constant
        : Kind.Other;
  }
}

function kindOfAlu(operation: i32, fromRegister: bool): Kind {
  if (operation == Alu.Mov) return fromRegister ? Kind.MovReg : Kind.MovImm;
  if (operation == Alu.Add) return fromRegister ? Kind.AddReg : Kind.AddImm;
  return fromRegister ? Kind.AluReg : Kind.AluImm;
}

/** Runs instructions until one that is for BpfMachine.step. Returns with the machine before that instruction. */
export function runCommon(m: BpfMachine): void {
  const registers = changetype<usize>(m.registers);
  const code = changetype<usize>(m.code);
  const kinds = m.kinds;
  const count = <u32>kinds.length;
  const stack = <u64>changetype<usize>(m.stack);
  // Seven bytes of each region are left to step: no access goes beyond its end.
  const stackRoom = <u64>m.stack.length - 7;
  const start = unchecked(m.starts[m.last]);
  const room = max<u64>(unchecked(m.ends[m.last]) - start, 7) - 7;
  const storeRoom = unchecked(m.writable[m.last]) ? room : 0;
  let fuel = m.fuel;
  let pc = <u32>m.pc;
  for (; pc < count && fuel > 0; --fuel) {
    const at = code + ((<usize>pc) << 3);
    const word = load<u64>(at);
    const dst = registers + ((<usize>word >> 5) & 0x78);
    const src = registers + ((<usize>word >> 9) & 0x78);
    const kind = <i32>unchecked(kinds[pc]);
    if (kind <= Kind.Other) break;
    if (kind <= Kind.Load8) {
      const address = load<u64>(src) + <u64>(<i64>(<i16>(<u32>word >> 16)));
      if (address - stack >= stackRoom && address - start >= room) break;
      loadInto(dst, kind, <usize>address);
      ++pc;
    } else if (kind <= Kind.Store8) {
      const address = load<u64>(dst) + <u64>(<i64>(<i16>(<u32>word >> 16)));
      if (address - stack >= stackRoom && address - start >= storeRoom) break;
      storeFrom(src, kind, <usize>address);
      ++pc;
    } else if (kind <= Kind.AluReg) {
      calculate(dst, kind, word, kind >= Kind.MovReg ? load<u64>(src) : <u64>(<i64>word >> 32));
      ++pc;
    } else if (kind <= Kind.JumpReg) {
      const b = kind == Kind.JumpReg ? load<u64>(src) : <u64>(<i64>word >> 32);
      const a = load<u64>(dst);
      const taken = isTaken(<i32>word & OPERATION_MASK, a, b, <i64>a, <i64>b);
      pc += taken ? 1 + <i32>(<i16>(<u32>word >> 16)) : 1;
    } else if (kind == Kind.Constant) {
      store<u64>(dst, (word >> 32) | (load<u64>(at, INSN_BYTES) & 0xffff_ffff_0000_0000));
      pc += 2;
    } else {
      m.pc = pc + 1;
      if (!(kind == Kind.Call ? m.enter(<i32>(<i64>word >> 32)) : m.leave())) break;
      pc = m.pc;
    }
  }
  m.fuel = fuel;
  m.pc = pc;
}

function loadInto(dst: usize, kind: i32, address: usize): void {
  if (kind == Kind.Load8) store<u64>(dst, load<u64>(address));
  else if (kind == Kind.Load4) store<u64>(dst, <u64>load<u32>(address));
  else if (kind == Kind.Load2) store<u64>(dst, <u64>load<u16>(address));
  else store<u64>(dst, <u64>load<u8>(address));
}

function storeFrom(src: usize, kind: i32, address: usize): void {
  if (kind == Kind.Store8) store<u64>(address, load<u64>(src));
  else if (kind == Kind.Store4) store<u32>(address, load<u32>(src));
  else if (kind == Kind.Store2) store<u16>(address, load<u16>(src));
  else store<u8>(address, load<u8>(src));
}

function calculate(dst: usize, kind: i32, word: u64, b: u64): void {
  if (kind == Kind.MovReg || kind == Kind.MovImm) store<u64>(dst, b);
  else if (kind == Kind.AddReg || kind == Kind.AddImm) store<u64>(dst, load<u64>(dst) + b);
  else store<u64>(dst, alu64(<i32>word & OPERATION_MASK, load<u64>(dst), b, false));
}
