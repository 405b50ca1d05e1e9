// Spill code: registers that got no machine register live on the stack, and each use has a short register of its own.
//
// Registers that regalloc had coalesced form a class, which has one slot. A class whose only value is a constant or an
// address gets no slot: it is made again at each use. Pointers are stored and read whole (8 bytes), so that kernels
// track them.

import { Class, Mode, Opcode, Width } from "../../common/format/bpf";
import { JumpKind } from "../ir/function";
import { Fix, FRAME_REGISTER, MachineBlock, MachineFunction, NoReg } from "./machine-function";
import { Remade, Trace } from "./trace";

const LOAD = Class.Ldx | Mode.Mem | Width.DW;
const STORE = Class.Stx | Mode.Mem | Width.DW;
const STORE_IMMEDIATE = Class.St | Mode.Mem | Width.DW;

class Spill {
  /** Slot of each class; -1: not made yet. */
  slots: StaticArray<i32>;
  /** Instruction that makes the only value of a class: -1 none seen, -2 none such. */
  origin: StaticArray<i32>;
  list: Array<i32> = [];
  /** A register that still holds a class from the instruction before, and that class; -1: none. */
  carried: i32 = NoReg;
  carriedClass: i32 = -1;
  nextCarried: i32 = NoReg;
  nextCarriedClass: i32 = -1;
  /** The carried register is another's: it may be copied, not used up. */
  isForeign: bool = false;
  nextIsForeign: bool = false;
  /** The class that the next instruction changes in place, so that storing it now would be in vain; -1: none. */
  changedNext: i32 = -1;
  /** Stands for a class within one instruction. */
  stand: i32 = NoReg;
  standClass: i32 = -1;

  constructor(
    public machine: MachineFunction,
    public classes: StaticArray<i32>,
  ) {
    this.slots = new StaticArray<i32>(classes.length);
    this.origin = new StaticArray<i32>(classes.length);
    this.slots.fill(-1);
    this.origin.fill(-1);
  }

  classOf(r: i32): i32 {
    return r < 0 || r >= this.classes.length ? -1 : this.classes[r];
  }

  isConstantMaker(i: i32): bool {
    let code = this.machine.codes[i];
    return code == Opcode.MovImm64 || code == Opcode.MovImm32 || code == Opcode.LdImm64;
  }

  /** Finds the classes that can be made again. */
  findOrigins(): void {
    let machine = this.machine;
    for (let k = 0, n = machine.order.length; k < n; ++k) {
      let insns = machine.blocks[machine.order[k]].insns;
      for (let j = 0, m = insns.length; j < m; ++j) {
        let i = insns[j];
        if (machine.definesSrc(i)) this.noteOrigin(this.classOf(machine.srcs[i]), i);
        if (!machine.defines(i)) continue;
        let to = this.classOf(machine.dsts[i]);
        if (machine.isMove(i) && this.classOf(machine.srcs[i]) == to) continue;
        this.noteOrigin(to, i);
      }
    }
  }

  noteOrigin(to: i32, i: i32): void {
    if (to < 0) return;
    this.origin[to] = this.origin[to] == -1 && this.isConstantMaker(i) ? i : -2;
  }

  isRemade(to: i32): bool {
    return this.origin[to] >= 0;
  }

  slotOf(to: i32): i32 {
    if (this.slots[to] < 0) {
      this.slots[to] = this.machine.slots.length;
      this.machine.slots.push(8);
    }
    return this.slots[to];
  }

  // ---- making instructions

  push(i: i32, position: i32): void {
    this.machine.positions[i] = position;
    this.list.push(i);
  }

  /** Brings the value of class `to` into `register`. */
  fetch(to: i32, register: i32, position: i32): void {
    let machine = this.machine;
    if (this.isRemade(to)) {
      let from = this.origin[to];
      let i = machine.insn(machine.codes[from], register, NoReg, 0, machine.imms[from]);
      machine.fixes[i] = machine.fixes[from];
      machine.values[i] = machine.values[from];
      this.push(i, position);
      return;
    }
    let i = machine.insn(LOAD, register, FRAME_REGISTER, 0, 0);
    machine.fixes[i] = Fix.Slot;
    machine.values[i] = this.slotOf(to);
    this.push(i, position);
  }

  keep(to: i32, code: i32, src: i32, imm: i64, position: i32): void {
    let machine = this.machine;
    if (src != NoReg) {
      this.nextCarried = src;
      this.nextCarriedClass = to;
      if (to == this.changedNext) return;
    }
    let i = machine.insn(code, FRAME_REGISTER, src, 0, imm);
    machine.fixes[i] = Fix.Slot;
    machine.values[i] = this.slotOf(to);
    this.push(i, position);
  }

  // ---- rewriting

  /** A register that holds `r` for the current instruction. */
  use(r: i32, position: i32): i32 {
    let to = this.classOf(r);
    if (to < 0) return r;
    if (to == this.standClass) return this.stand;
    let register = this.carried;
    if (to != this.carriedClass || this.isForeign) {
      register = this.standFor(r);
      this.fetch(to, register, position);
    }
    this.standClass = to;
    this.stand = register;
    return register;
  }

  /** A new register for the value that is `r`'s. */
  standFor(r: i32): i32 {
    let register = this.machine.newRegister();
    let trace = this.machine.trace;
    if (trace != null) trace.noteStand(register, r);
    return register;
  }

  move(i: i32): void {
    let machine = this.machine;
    let to = this.classOf(machine.dsts[i]);
    let from = this.classOf(machine.srcs[i]);
    let position = machine.positions[i];
    if (to < 0) {
      if (from == this.carriedClass)
        this.push(machine.insn(Opcode.MovReg64, machine.dsts[i], this.carried, 0, 0), position);
      else this.fetch(from, machine.dsts[i], position);
    } else if (to == from) {
      return;
    } else if (from < 0 && to != this.changedNext) {
      this.keep(to, STORE, machine.srcs[i], 0, position);
      this.nextIsForeign = true;
    } else {
      let register = this.standFor(machine.dsts[i]);
      if (from >= 0) this.fetch(from, register, position);
      else this.push(machine.insn(Opcode.MovReg64, register, machine.srcs[i], 0, 0), position);
      this.keep(to, STORE, register, 0, position);
    }
  }

  instruction(i: i32): void {
    let machine = this.machine;
    let to = this.classOf(machine.dsts[i]);
    let from = this.classOf(machine.srcs[i]);
    let third = machine.third(i);
    if (to < 0 && from < 0 && (third == NoReg || this.classOf(third) < 0)) {
      this.list.push(i);
      return;
    }
    let position = machine.positions[i];
    if (machine.isMove(i)) {
      this.move(i);
      return;
    }
    if (machine.defines(i) && to >= 0 && this.isRemade(to)) return;
    if (to >= 0 && machine.codes[i] == Opcode.MovImm64 && to != this.changedNext) {
      this.keep(to, STORE_IMMEDIATE, NoReg, machine.imms[i], position);
      return;
    }
    this.operands(i, to);
  }

  /** Replaces the operands of `i`, reading before and storing after it. */
  operands(i: i32, to: i32): void {
    let machine = this.machine;
    let position = machine.positions[i];
    let third = machine.third(i);
    let from = this.classOf(machine.srcs[i]);
    this.standClass = -1;
    if (third != NoReg) machine.values[i] = this.use(third, position);
    if (machine.readsSrc(i)) machine.srcs[i] = this.use(machine.srcs[i], position);
    let src = machine.srcs[i];
    if (machine.readsDst(i)) machine.dsts[i] = this.use(machine.dsts[i], position);
    else if (to >= 0) machine.dsts[i] = this.standFor(machine.dsts[i]);
    this.list.push(i);
    if (to >= 0 && machine.defines(i)) this.keep(to, STORE, machine.dsts[i], 0, position);
    if (from >= 0 && machine.definesSrc(i)) this.keep(from, STORE, src, 0, position);
  }

  /** The class that `i` reads and writes as its destination, or -1. */
  changedBy(i: i32): i32 {
    let machine = this.machine;
    if (!machine.defines(i) || !machine.readsDst(i)) return -1;
    let to = this.classOf(machine.dsts[i]);
    return to >= 0 && !this.isRemade(to) ? to : -1;
  }

  noteHomes(trace: Trace): void {
    for (let r = 0, n = this.classes.length; r < n; ++r) {
      let to = this.classes[r];
      if (to >= 0) trace.noteHome(r, this.isRemade(to) ? Remade : this.slots[to]);
    }
  }

  block(block: MachineBlock): void {
    this.list.length = 0;
    this.carriedClass = -1;
    for (let k = 0, n = block.insns.length; k < n; ++k) {
      this.changedNext = k + 1 < n ? this.changedBy(block.insns[k + 1]) : -1;
      this.nextCarriedClass = -1;
      this.nextIsForeign = false;
      this.instruction(block.insns[k]);
      this.carried = this.nextCarried;
      this.carriedClass = this.nextCarriedClass;
      this.isForeign = this.nextIsForeign;
    }
    this.standClass = -1;
    if (block.jump == JumpKind.Branch) {
      block.a = this.use(block.a, block.position);
      if (block.b != NoReg) block.b = this.use(block.b, block.position);
    }
    block.insns.length = 0;
    for (let k = 0, n = this.list.length; k < n; ++k) block.insns.push(this.list[k]);
  }
}

/** Puts every register with a class on the stack; `classes` names the class of each register, or -1. */
export function spill(machine: MachineFunction, classes: StaticArray<i32>): void {
  let pass = new Spill(machine, classes);
  pass.findOrigins();
  for (let k = 0, n = machine.order.length; k < n; ++k) pass.block(machine.blocks[machine.order[k]]);
  let trace = machine.trace;
  if (trace != null) pass.noteHomes(trace);
}
