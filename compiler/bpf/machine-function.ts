// BPF instructions over virtual registers: what isel makes, regalloc rewrites and emit encodes.
//
// Registers 0..10 are the machine's, numbers from FIRST_VIRTUAL are virtual. Form is BPF's own two-address form. Blocks
// keep their own lists; the jump at a block's end is kept apart, so that layout can change until emit.
// Virtual registers may be defined more than once (phi copies): this is no longer SSA.

import { Alu, Class, MODE_MASK, Mode, OPERATION_MASK, Opcode, SOURCE_MASK, Source } from "../../common/format/bpf";
import { Func, JumpKind, NoBlock, NoPosition } from "../ir/function";
import { Trace } from "./trace";

export const FRAME_REGISTER: i32 = 10;
/** The first virtual register. */
export const FIRST_VIRTUAL: i32 = 11;
/** Registers that can hold values: r0 .. r9. */
export const COLORS: i32 = 10;
/** Registers that a call destroys: r0 .. r5. */
export const CLOBBERED: i32 = 0x3f;
/** No register. */
export const NoReg: i32 = -1;

/** dst = (compare third/imm) ? dst : 0, in two instructions: a jump over `dst = 0`. Low byte: the jump's opcode. */
export const KEEP_IF: i32 = 0x100;

/** What remains to be filled in an instruction. */
export const enum Fix {
  None = 0,
  /** ld_imm64 with a relocation; value = addend. */
  Bss = 1,
  Rodata = 2,
  Map = 3,
  /** Call of a function of the module; value = index. */
  Function = 4,
  /** The offset (memory) or immediate (add) gets the stack slot's place; value = slot. */
  Slot = 5,
  /** ld_imm64 of a number that depends on the kernel's types; value = number of the relocation. */
  Core = 6,
}

/** A side of a branch. */
export const enum ColdSide {
  None = 0,
  To = 1,
  Otherwise = 2,
}

/** A block of machine code. */
export class MachineBlock {
  insns: Array<i32> = [];
  jump: JumpKind = JumpKind.None;
  /** Opcode of the branch, class Jmp or Jmp32, with its source bit; taken: to `to`. */
  code: i32 = 0;
  a: i32 = NoReg;
  /** Register compared with, if the source bit is X. */
  b: i32 = NoReg;
  imm: i32 = 0;
  to: i32 = NoBlock;
  otherwise: i32 = NoBlock;
  position: i32 = NoPosition;
  preds: Array<i32> = [];
  /** What is live at the end, by bpf/live. */
  liveOut: Array<i32> = [];
  cold: bool = false;
  /** In a loop: the side of the branch that is cold and must fall through. */
  coldSide: ColdSide = ColdSide.None;
  loopDepth: i32 = 0;

  constructor(public id: i32) {}

  successorCount(): i32 {
    return this.jump == JumpKind.Jump ? 1 : this.jump == JumpKind.Branch ? 2 : 0;
  }

  successor(k: i32): i32 {
    return k == 0 ? this.to : this.otherwise;
  }
}

const NONE = new StaticArray<i32>(0);

/** A function as BPF instructions over registers. */
export class MachineFunction {
  blocks: Array<MachineBlock> = [];
  /** Blocks in the order of the code. */
  order: Array<i32> = [];
  registers: i32 = FIRST_VIRTUAL;
  /** Bytes of each stack slot: the function's own, then spill slots. */
  slots: Array<i32>;
  /** Offsets from the frame pointer, by bpf/frame. */
  slotOffsets: Array<i32> = [];
  stackBytes: i32 = 0;
  /** Not empty: the function does not fit the machine. */
  error: string = "";

  // One entry per instruction.
  codes: Array<i32> = [];
  dsts: Array<i32> = [];
  srcs: Array<i32> = [];
  /** Of calls: the number of arguments. */
  offs: Array<i32> = [];
  imms: Array<i64> = [];
  fixes: Array<i32> = [];
  values: Array<i32> = [];
  positions: Array<i32> = [];

  /** Virtual register of each temp; 0: none. */
  temps: StaticArray<i32> = NONE;
  /** What a dump shows beside the code; null without one. */
  trace: Trace | null = null;

  constructor(public fn: Func) {
    this.slots = fn.slots.slice(0);
  }

  newRegister(): i32 {
    return this.registers++;
  }

  /** The number of a new instruction, in no block yet. */
  insn(code: i32, dst: i32, src: i32, off: i32, imm: i64): i32 {
    let i = this.codes.length;
    this.codes.push(code);
    this.dsts.push(dst);
    this.srcs.push(src);
    this.offs.push(off);
    this.imms.push(imm);
    this.fixes.push(Fix.None);
    this.values.push(0);
    this.positions.push(NoPosition);
    return i;
  }

  /** Whether `i` stores a register to a spill slot. */
  isSpillStore(i: i32): bool {
    let code = this.codes[i];
    let isStore = code < KEEP_IF && (code & 7) == Class.Stx && (code & MODE_MASK) == Mode.Mem;
    return isStore && this.fixes[i] == Fix.Slot && this.values[i] >= this.fn.slots.length;
  }

  /** Whether `i` copies a whole register. */
  isMove(i: i32): bool {
    return this.codes[i] == Opcode.MovReg64 && this.fixes[i] == Fix.None;
  }

  /** Whether `i` writes its dst. */
  defines(i: i32): bool {
    let code = this.codes[i];
    if (code >= KEEP_IF) return true;
    switch (code & 7) {
      case Class.Ld:
      case Class.Ldx:
      case Class.Alu:
      case Class.Alu64:
        return true;
      default:
        return false;
    }
  }

  /** Whether `i` reads its dst. */
  readsDst(i: i32): bool {
    let code = this.codes[i];
    if (code >= KEEP_IF) return true;
    switch (code & 7) {
      case Class.Alu:
      case Class.Alu64:
        return (code & OPERATION_MASK) != Alu.Mov;
      case Class.St:
      case Class.Stx:
        return true;
      default:
        return false;
    }
  }

  /** Whether `i` reads its src. */
  readsSrc(i: i32): bool {
    let code = this.codes[i];
    if (code >= KEEP_IF) return true;
    switch (code & 7) {
      case Class.Ldx:
      case Class.Stx:
        return true;
      case Class.Alu:
      case Class.Alu64:
        return (code & SOURCE_MASK) == Source.X && (code & OPERATION_MASK) != Alu.End;
      default:
        return false;
    }
  }

  /** Whether `i` writes its src: atomics that fetch. */
  definesSrc(i: i32): bool {
    let code = this.codes[i];
    if (code >= KEEP_IF || (code & 7) != Class.Stx || (code & MODE_MASK) != Mode.Atomic) return false;
    let imm = <i32>this.imms[i];
    return (imm & 1) != 0 && imm != 0xf1;
  }

  /** Whether `i` compares with r0 and writes it. */
  isCompareExchange(i: i32): bool {
    let code = this.codes[i];
    if (code >= KEEP_IF || (code & 7) != Class.Stx || (code & MODE_MASK) != Mode.Atomic) return false;
    return <i32>this.imms[i] == 0xf1;
  }

  isCall(i: i32): bool {
    return this.codes[i] == Opcode.Call;
  }

  /** The second compared register of KEEP_IF, or NoReg. */
  third(i: i32): i32 {
    let code = this.codes[i];
    return code >= KEEP_IF && (code & SOURCE_MASK) == Source.X ? this.values[i] : NoReg;
  }
}
