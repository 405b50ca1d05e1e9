// Machine code before it is bytes, as text: what isel, regalloc and frame made (--dump=isel, --dump=regalloc,
// --dump=frame).
//
//     handler $p0_vfs_read 1 {
//     %0 in r6
//     %9 in slot 1, spilled
//     slot 0 16 bytes at r10 -16
//     @2
//       r6 = r0                               ; %0 !1
//       *(u64 *)(slot 1 +0) = r3              ; %9 !4
//       if r6 == 0 goto @5 else @3            ; !4
//
// Before regalloc registers are virtual (v11 …), and a comment says which temp of the IR an instruction makes. After it
// the head says where each temp is as long as it lives. Slots get places in frame. !4 is a position in the script;
// where its text is known, it stands on a line of its own instead.

import { joinTexts } from "../../common/as/text-builder";
import { Class, MODE_MASK, Mode, Opcode } from "../../common/format/bpf";
import { JumpKind, Linkage, NoPosition } from "../ir/function";
import { Fix, KEEP_IF, MachineBlock, MachineFunction, NoReg } from "./machine-function";
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
import { NoHome, Remade, Trace } from "./trace";

/** No temp. */
const NoTemp: i32 = -1;
/** Where comments stand. */
const COMMENT_COLUMN: i32 = 42;

class MachinePrinter {
  out: Array<string> = [];
  /** The temp of each virtual register. */
  temps: StaticArray<i32>;
  lastPosition: i32 = NoPosition;
  /** What regalloc did; empty before it. */
  trace: Trace;
  /** Offsets from r10 are known. */
  isFramed: bool;

  constructor(
    public fn: MachineFunction,
    /** The script's text at each position; may be empty. */
    public lines: Array<string>,
  ) {
    this.temps = tempsByRegister(fn);
    let trace = fn.trace;
    this.trace = trace == null ? new Trace() : trace;
    this.isFramed = fn.slotOffsets.length > 0;
  }

  head(): void {
    let fn = this.fn;
    let linkage = fn.fn.linkage == Linkage.Handler ? "handler $" : "subprogram $";
    this.out.push(linkage + fn.fn.name + " " + fn.fn.parameterCount.toString() + " {");
    if (this.trace.colors.length > 0) {
      for (let t = 0, n = fn.temps.length; t < n; ++t) {
        if (fn.temps[t] != 0) this.out.push("%" + t.toString() + " " + this.home(fn.temps[t]));
      }
    }
    for (let s = 0, n = fn.slots.length; s < n; ++s) {
      let place = this.isFramed ? " at r10 " + fn.slotOffsets[s].toString() : "";
      this.out.push("slot " + s.toString() + " " + fn.slots[s].toString() + " bytes" + place);
    }
  }

  /** Where virtual register `r` ended up. */
  home(r: i32): string {
    let slot = this.trace.homeOf(r);
    if (slot == Remade) return "made again at each use";
    if (slot != NoHome) return "in slot " + slot.toString() + ", spilled";
    let color = this.trace.colors[r];
    return color >= 0 ? "in " + spellRegister(color, true) : "nowhere";
  }

  // ---- instructions

  /** The memory that `i` reads or writes at `base`. */
  memory(i: i32, base: i32): string {
    let fn = this.fn;
    let code = fn.codes[i];
    if (fn.fixes[i] != Fix.Slot) return spellMemory(code, spellRegister(base, true), fn.offs[i]);
    let slot = fn.values[i];
    if (this.isFramed) return spellMemory(code, "r10", fn.slotOffsets[slot] + fn.offs[i]);
    return spellMemory(code, "slot " + slot.toString(), fn.offs[i]);
  }

  loadImmediate(i: i32): string {
    let fn = this.fn;
    let value = fn.values[i].toString();
    switch (fn.fixes[i]) {
      case Fix.Bss:
        return ".bss+" + value;
      case Fix.Rodata:
        return ".rodata+" + value;
      case Fix.Map:
        return "map#" + value;
      case Fix.Core:
        return "relocation#" + value;
      default:
        return hex(<u64>fn.imms[i]);
    }
  }

  alu(i: i32): string {
    let fn = this.fn;
    let imm = <i32>fn.imms[i];
    let other = imm.toString();
    if (fn.fixes[i] == Fix.Slot) {
      let slot = fn.values[i];
      other = this.isFramed ? (fn.slotOffsets[slot] + imm).toString() : "slot " + slot.toString() + " +" + other;
    }
    let code = fn.codes[i];
    return spellAlu(code, fn.dsts[i], spellOperand(code, fn.srcs[i], other), isSignedDivision(code, fn.offs[i]));
  }

  instruction(i: i32): string {
    let fn = this.fn;
    let code = fn.codes[i];
    let dst = spellRegister(fn.dsts[i], true);
    if (code >= KEEP_IF) {
      let compare = spellCompare(code & 0xff, fn.srcs[i], fn.third(i), <i32>fn.imms[i]);
      return dst + " = " + compare + " ? " + dst + " : 0";
    }
    switch (code & 7) {
      case Class.Ld:
        return dst + " = " + this.loadImmediate(i);
      case Class.Ldx:
        return dst + " = " + this.memory(i, fn.srcs[i]);
      case Class.St:
        return this.memory(i, fn.dsts[i]) + " = " + fn.imms[i].toString();
      case Class.Stx:
        if ((code & MODE_MASK) == Mode.Atomic)
          return spellAtomic(code, this.memory(i, fn.dsts[i]), fn.srcs[i], <i32>fn.imms[i]);
        return this.memory(i, fn.dsts[i]) + " = " + spellRegister(fn.srcs[i], true);
      case Class.Alu:
      case Class.Alu64:
        return this.alu(i);
      default:
        assert(code == Opcode.Call, "other jumps end blocks");
        if (fn.fixes[i] == Fix.Function) return "call function#" + fn.values[i].toString();
        return spellHelper(<i32>fn.imms[i]);
    }
  }

  /** What `i` makes, as a comment: a temp, or those that live in the slot that it stores to. */
  made(i: i32): string {
    let fn = this.fn;
    if (fn.isSpillStore(i)) return this.tempsIn(fn.values[i]);
    if (!fn.defines(i) && !fn.definesSrc(i)) return "";
    let r = fn.defines(i) ? this.trace.nameOfDst(i, fn.dsts[i]) : this.trace.nameOfSrc(i, fn.srcs[i]);
    return r < this.temps.length && this.temps[r] != NoTemp ? " %" + this.temps[r].toString() : "";
  }

  /** The temps that live in a spill slot: one, or several that never live at once and became one. */
  tempsIn(slot: i32): string {
    let text = "";
    for (let t = 0, n = this.fn.temps.length; t < n; ++t) {
      if (this.fn.temps[t] != 0 && this.trace.homeOf(this.fn.temps[t]) == slot) text += " %" + t.toString();
    }
    return text;
  }

  // ---- lines

  position(position: i32): string {
    if (position == NoPosition) return "";
    if (position >= this.lines.length) return " !" + position.toString();
    if (position != this.lastPosition) this.out.push("; " + this.lines[position]);
    this.lastPosition = position;
    return "";
  }

  line(text: string, made: string, position: i32): void {
    let comment = made + this.position(position);
    this.out.push("  " + (comment == "" ? text : text.padEnd(COMMENT_COLUMN - 3) + " ;" + comment));
  }

  block(block: MachineBlock): void {
    this.out.push("@" + block.id.toString() + (block.cold ? " cold" : ""));
    for (let k = 0, n = block.insns.length; k < n; ++k) {
      let i = block.insns[k];
      this.line(this.instruction(i), this.made(i), this.fn.positions[i]);
    }
    let to = "goto @" + block.to.toString();
    if (block.jump == JumpKind.Branch) {
      let compare = spellCompare(block.code, block.a, block.b == NoReg ? 0 : block.b, block.imm);
      to = "if " + compare + " " + to + " else @" + block.otherwise.toString();
    } else if (block.jump == JumpKind.Return) {
      to = "exit";
    }
    this.line(to, "", block.position);
  }

  run(): string {
    this.head();
    let fn = this.fn;
    for (let k = 0, n = fn.order.length; k < n; ++k) this.block(fn.blocks[fn.order[k]]);
    this.out.push("}\n");
    return joinTexts(this.out, "\n");
  }
}

/** The temp of each virtual register, or NoTemp. */
function tempsByRegister(fn: MachineFunction): StaticArray<i32> {
  let result = new StaticArray<i32>(fn.registers);
  result.fill(NoTemp);
  for (let t = 0, n = fn.temps.length; t < n; ++t) if (fn.temps[t] != 0) result[fn.temps[t]] = t;
  return result;
}

/** The function as text; `lines` has the text for each source position, and may be empty. */
export function printMachineFunction(fn: MachineFunction, lines: Array<string>): string {
  return new MachinePrinter(fn, lines).run();
}
