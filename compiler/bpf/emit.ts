// Machine code → bytes: places jumps, encodes instructions, collects relocations and lines.
//
// Blocks come in the order that layout chose; a jump to the next block costs nothing. Empty blocks are jumped through.
// Where a jump of 16 bits does not reach, code for the agent's interpreter has jumps of 32 bits; the kernels before 6.6
// have none.

import { Class, INSN_BYTES, Insn, Opcode, PSEUDO_CALL, Pseudo, SOURCE_MASK, Source } from "../../common/format/bpf";
import { Func, JumpKind, NoPosition } from "../ir/function";
import { Code, CodeLine, Relocation, RelocationKind } from "./code";
import { negateJump } from "./isel";
import { ColdSide, Fix, KEEP_IF, MachineBlock, MachineFunction, NoReg } from "./machine-function";

/** The kernel's limit on instructions of a program. */
const MAX_INSNS: i32 = 1000000;

class Emit {
  code: Code;
  /** First instruction of each block. */
  starts: StaticArray<i32>;
  /** Pairs (instruction, block) whose offset waits for the block's place. */
  jumps: Array<i32> = [];
  lastPosition: i32 = NoPosition;
  /** The block that returns a constant, by constant: one serves all. */
  returns: Map<i64, i32> = new Map();
  /** All jumps have 32 bits. */
  isFar: bool = false;

  constructor(
    public machine: MachineFunction,
    private fn: Func,
  ) {
    this.code = new Code(fn);
    this.starts = new StaticArray<i32>(0);
  }

  /** Whether `i` puts a constant into r0. */
  isResult(i: i32): bool {
    return this.machine.codes[i] == Opcode.MovImm64 && this.machine.dsts[i] == 0;
  }

  /** Whether a block does nothing but return a constant. */
  isConstantReturn(block: MachineBlock): bool {
    return block.jump == JumpKind.Return && block.insns.length == 1 && this.isResult(block.insns[0]);
  }

  /** Finds the last return of each constant, which most likely needs no jump to reach. */
  findReturns(): void {
    let machine = this.machine;
    for (let k = 0, n = machine.order.length; k < n; ++k) {
      let block = machine.blocks[machine.order[k]];
      if (this.isConstantReturn(block)) this.returns.set(machine.imms[block.insns[0]], block.id);
    }
    for (let k = machine.order.length - 1; k >= 0; --k) {
      let block = machine.blocks[machine.order[k]];
      if (block.jump == JumpKind.Return && block.insns.length > 1 && this.splitReturn(block, k)) return;
    }
  }

  /** If `block` ends by returning a constant that others return, makes its end a block that they can jump to. */
  splitReturn(block: MachineBlock, place: i32): bool {
    let machine = this.machine;
    let last = block.insns[block.insns.length - 1];
    if (!this.isResult(last) || !this.returns.has(machine.imms[last])) return false;
    let tail = new MachineBlock(machine.blocks.length);
    machine.blocks.push(tail);
    tail.insns = [block.insns.pop()];
    tail.jump = JumpKind.Return;
    tail.position = block.position;
    block.jump = JumpKind.Jump;
    block.to = tail.id;
    machine.order = machine.order
      .slice(0, place + 1)
      .concat([tail.id])
      .concat(machine.order.slice(place + 1));
    this.returns.set(machine.imms[last], tail.id);
    return true;
  }

  /** Where a jump to `b` ends: empty blocks that only jump on are passed, returns of the same constant are one. */
  target(b: i32): i32 {
    let machine = this.machine;
    let blocks = machine.blocks;
    // The bound ends the search in an empty endless loop.
    for (let steps = blocks.length; steps > 0; --steps) {
      let block = blocks[b];
      if (this.isConstantReturn(block)) return this.returns.get(machine.imms[block.insns[0]]);
      if (block.insns.length > 0 || block.jump != JumpKind.Jump) break;
      b = block.to;
    }
    return b;
  }

  /** Points jumps past empty blocks and drops blocks that nothing reaches then. */
  thread(): void {
    let machine = this.machine;
    this.findReturns();
    let reached = new StaticArray<bool>(machine.blocks.length);
    let work: Array<i32> = [machine.order[0]];
    reached[work[0]] = true;
    while (work.length > 0) {
      let block = machine.blocks[work.pop()];
      if (block.jump == JumpKind.Return) continue;
      block.to = this.target(block.to);
      if (block.jump == JumpKind.Branch) {
        block.otherwise = this.target(block.otherwise);
        if (block.otherwise == block.to) block.jump = JumpKind.Jump;
      }
      for (let s = 0, n = block.successorCount(); s < n; ++s) {
        let next = block.successor(s);
        if (reached[next]) continue;
        reached[next] = true;
        work.push(next);
      }
    }
    let order: Array<i32> = [];
    for (let k = 0, n = machine.order.length; k < n; ++k) if (reached[machine.order[k]]) order.push(machine.order[k]);
    machine.order = order;
  }

  // ---- bytes

  raw(opcode: i32, dst: i32, src: i32, off: i32, imm: i32): void {
    let bytes = this.code.insns;
    bytes.push(opcode as u8);
    bytes.push(((dst & 15) | ((src & 15) << 4)) as u8);
    bytes.push(off as u8);
    bytes.push((off >> 8) as u8);
    bytes.push(imm as u8);
    bytes.push((imm >> 8) as u8);
    bytes.push((imm >> 16) as u8);
    bytes.push((imm >> 24) as u8);
  }

  line(position: i32): void {
    if (position == NoPosition || position == this.lastPosition) return;
    let lines = this.code.lines;
    let at = this.code.count();
    // The first line covers what has no position before it: every function starts with one.
    if (lines.length == 0) at = 0;
    if (lines.length > 0 && lines[lines.length - 1].insn == at) lines[lines.length - 1].position = position;
    else lines.push(new CodeLine(at, position));
    this.lastPosition = position;
  }

  relocation(kind: RelocationKind, addend: i32): void {
    this.code.relocations.push(new Relocation(this.code.count(), kind, addend));
  }

  instruction(i: i32): void {
    let machine = this.machine;
    let code = machine.codes[i];
    this.line(machine.positions[i]);
    if (code >= KEEP_IF) this.keepIf(i, code & 0xff);
    else if (code == Opcode.LdImm64) this.loadImmediate(i);
    else if (code == Opcode.Call) this.call(i);
    else this.plain(i, code);
  }

  plain(i: i32, code: i32): void {
    let machine = this.machine;
    let dst = machine.dsts[i];
    let src = machine.srcs[i] == NoReg ? 0 : machine.srcs[i];
    let off = machine.offs[i];
    let imm = <i32>machine.imms[i];
    if (machine.fixes[i] == Fix.Slot) {
      let place = machine.slotOffsets[machine.values[i]];
      if ((code & 7) == Class.Alu64) imm += place;
      else off += place;
    }
    this.raw(code, dst, src, off, imm);
  }

  keepIf(i: i32, code: i32): void {
    let machine = this.machine;
    let other = machine.third(i);
    this.raw(code, machine.srcs[i], other == NoReg ? 0 : other, 1, <i32>machine.imms[i]);
    this.raw(Opcode.MovImm64, machine.dsts[i], 0, 0, 0);
  }

  loadImmediate(i: i32): void {
    let machine = this.machine;
    let fix = machine.fixes[i] as Fix;
    let low = <i32>machine.imms[i];
    let high = <i32>(machine.imms[i] >> 32);
    let pseudo: i32 = Pseudo.None;
    if (fix != Fix.None) {
      this.relocation(relocationOf(fix), machine.values[i]);
      if (fix != Fix.Core) pseudo = fix == Fix.Map ? Pseudo.MapFd : Pseudo.MapValue;
    }
    this.raw(Opcode.LdImm64, machine.dsts[i], pseudo, 0, low);
    this.raw(0, 0, 0, 0, high);
  }

  call(i: i32): void {
    let machine = this.machine;
    if (machine.fixes[i] == Fix.Function) {
      this.relocation(RelocationKind.Function, machine.values[i]);
      this.raw(Opcode.Call, 0, PSEUDO_CALL, 0, 0);
    } else {
      this.raw(Opcode.Call, 0, 0, 0, <i32>machine.imms[i]);
    }
  }

  // ---- blocks

  jumpTo(code: i32, a: i32, b: i32, imm: i32, block: i32): void {
    if (this.isFar) {
      // A condition has 16 bits only: it jumps over the jump that passes the far one.
      if (code != Opcode.Ja) {
        this.raw(code, a == NoReg ? 0 : a, b == NoReg ? 0 : b, 1, imm);
        this.raw(Opcode.Ja, 0, 0, 1, 0);
      }
      code = Opcode.Gotol;
      a = NoReg;
      b = NoReg;
      imm = 0;
    }
    this.jumps.push(this.code.count());
    this.jumps.push(block);
    this.raw(code, a == NoReg ? 0 : a, b == NoReg ? 0 : b, 0, imm);
  }

  end(block: MachineBlock, next: i32): void {
    if (block.jump == JumpKind.Return) {
      this.line(block.position);
      this.raw(Opcode.Exit, 0, 0, 0, 0);
      return;
    }
    if (block.jump == JumpKind.Jump) {
      if (block.to != next) this.jumpTo(Opcode.Ja, NoReg, NoReg, 0, block.to);
      return;
    }
    this.line(block.position);
    let b = (block.code & SOURCE_MASK) == Source.X ? block.b : NoReg;
    // The verifier follows the fall-through first, so the side that leaves a loop falls through, at the cost of a jump.
    if (block.to == next ? block.coldSide != ColdSide.Otherwise : block.coldSide == ColdSide.To) {
      this.jumpTo(negateJump(block.code), block.a, b, block.imm, block.otherwise);
      if (block.to != next) this.jumpTo(Opcode.Ja, NoReg, NoReg, 0, block.to);
      return;
    }
    this.jumpTo(block.code, block.a, b, block.imm, block.to);
    if (block.otherwise != next) this.jumpTo(Opcode.Ja, NoReg, NoReg, 0, block.otherwise);
  }

  resolveJumps(): void {
    let bytes = this.code.insns;
    for (let k = 0, n = this.jumps.length; k < n; k += 2) {
      let at = this.jumps[k];
      let off = this.starts[this.jumps[k + 1]] - at - 1;
      if (this.isFar) {
        for (let byte = 0; byte < 4; ++byte) bytes[at * INSN_BYTES + Insn.Imm + byte] = (off >> (8 * byte)) as u8;
        continue;
      }
      if (off < -32768 || off > 32767) {
        this.code.error =
          "is too long: a jump crosses " + (off < 0 ? -off : off).toString() + " instructions, and BPF allows 32767";
        return;
      }
      bytes[at * INSN_BYTES + 2] = off as u8;
      bytes[at * INSN_BYTES + 3] = (off >> 8) as u8;
    }
  }

  run(): Code {
    this.thread();
    this.encode();
    if (this.code.error != "" && this.fn.isForAgent && this.code.count() <= MAX_INSNS) {
      this.isFar = true;
      this.code = new Code(this.fn);
      this.jumps = [];
      this.lastPosition = NoPosition;
      this.encode();
    }
    if (this.code.error != "") this.code.insns = [];
    return this.code;
  }

  encode(): void {
    let machine = this.machine;
    this.starts = new StaticArray<i32>(machine.blocks.length);
    for (let k = 0, n = machine.order.length; k < n; ++k) {
      let block = machine.blocks[machine.order[k]];
      this.starts[block.id] = this.code.count();
      for (let j = 0, m = block.insns.length; j < m; ++j) this.instruction(block.insns[j]);
      this.end(block, k + 1 < n ? machine.order[k + 1] : -1);
    }
    this.code.stackBytes = machine.stackBytes;
    if (this.code.count() > MAX_INSNS) {
      this.code.error =
        "has " + this.code.count().toString() + " instructions, and the kernel allows " + MAX_INSNS.toString();
    } else {
      this.resolveJumps();
    }
  }
}

function relocationOf(fix: Fix): RelocationKind {
  if (fix == Fix.Bss) return RelocationKind.Bss;
  if (fix == Fix.Core) return RelocationKind.Core;
  return fix == Fix.Rodata ? RelocationKind.Rodata : RelocationKind.Map;
}

/** Encodes a function whose registers and frame are decided. */
export function emit(machine: MachineFunction): Code {
  return new Emit(machine, machine.fn).run();
}
