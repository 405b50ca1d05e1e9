// Instruction selection: IR in SSA form → BPF instructions over virtual registers.
//
// Every temp gets one virtual register; constants become immediates where the encoding has them. What is cheaper to
// make again than to keep (constants, stack addresses, most ld_imm64) is made at each use. Calls move their arguments
// to r1.. and their result from r0; regalloc makes those moves disappear. Phis become parallel copies at the ends of
// the predecessors (critical edges are split before).

import { Alu, Atomic, Class, Jmp, Mode, Opcode, Source, Width } from "../../common/format/bpf";
import { Block, Func, isConstant, isSlot, isTemp, JumpKind, NoRef, Ref, refIndex } from "../ir/function";
import { Op, OpFlag, opIs, swapCompare } from "../ir/op";
import { sequenceCopies } from "./copies";
import { ColdSide, Fix, FRAME_REGISTER, KEEP_IF, MachineBlock, MachineFunction, NoReg } from "./machine-function";

/** Whether an immediate field holds `value`: 32 bits, sign-extended. */
function fitsImmediate(value: i64): bool {
  return value == <i64>(<i32>value);
}

/** Whether an offset field holds `value`: 16 bits, signed. */
export function fitsOffset(value: i32): bool {
  return value >= -32768 && value <= 32767;
}

function jumpOperation(op: Op): Jmp {
  switch (op) {
    case Op.Eq:
      return Jmp.Jeq;
    case Op.Ne:
      return Jmp.Jne;
    case Op.Slt:
      return Jmp.Jslt;
    case Op.Sle:
      return Jmp.Jsle;
    case Op.Sgt:
      return Jmp.Jsgt;
    case Op.Sge:
      return Jmp.Jsge;
    case Op.Ult:
      return Jmp.Jlt;
    case Op.Ule:
      return Jmp.Jle;
    case Op.Ugt:
      return Jmp.Jgt;
    default:
      assert(op == Op.Uge, "a branch has a compare");
      return Jmp.Jge;
  }
}

function aluOperation(op: Op): Alu {
  switch (op) {
    case Op.Add:
      return Alu.Add;
    case Op.Sub:
      return Alu.Sub;
    case Op.Mul:
      return Alu.Mul;
    case Op.Udiv:
    case Op.Sdiv:
      return Alu.Div;
    case Op.Umod:
    case Op.Smod:
      return Alu.Mod;
    case Op.And:
      return Alu.And;
    case Op.Or:
      return Alu.Or;
    case Op.Xor:
      return Alu.Xor;
    case Op.Shl:
      return Alu.Lsh;
    case Op.Shr:
      return Alu.Rsh;
    default:
      assert(op == Op.Sar, "aluOperation takes arithmetic");
      return Alu.Arsh;
  }
}

/** Width bits of a load, store or atomic. */
function widthOf(op: Op): Width {
  switch (op) {
    case Op.Load8u:
    case Op.Store8:
      return Width.B;
    case Op.Load16u:
    case Op.Store16:
      return Width.H;
    case Op.Load32u:
    case Op.Store32:
    case Op.AtomicAdd32:
    case Op.AtomicFetchAdd32:
    case Op.AtomicXchg32:
    case Op.AtomicCmpXchg32:
      return Width.W;
    default:
      return Width.DW;
  }
}

class Select {
  machine: MachineFunction;
  /** Virtual register of each temp; 0: none yet. */
  registers: StaticArray<i32>;
  uses: StaticArray<i32>;
  /** Address temps that are made again at each use. */
  sunk: StaticArray<bool>;
  /** Place of a block that ends in a jump among its successor's predecessors. */
  predIndex: StaticArray<i32>;
  block: MachineBlock;
  position: i32 = -1;

  constructor(public fn: Func) {
    this.machine = new MachineFunction(fn);
    this.registers = new StaticArray<i32>(fn.ops.length);
    this.uses = new StaticArray<i32>(fn.ops.length);
    this.sunk = new StaticArray<bool>(fn.ops.length);
    this.predIndex = new StaticArray<i32>(fn.blocks.length);
    this.block = new MachineBlock(0);
    this.machine.blocks.push(this.block);
    for (let b = 1, n = fn.blocks.length; b < n; ++b) this.machine.blocks.push(new MachineBlock(b));
    this.machine.temps = this.registers;
  }

  // ---- which addresses to keep

  /**
   * Counts uses, and decides for each address whether one register for all uses costs less than making it each time.
   */
  count(): void {
    let fn = this.fn;
    // Arguments of calls need a copy anyway; making the address in place costs one instruction more than that.
    let copied = new StaticArray<i32>(fn.ops.length);
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      let block = fn.blocks[fn.rpo[k]];
      for (let j = 0, m = block.instructions.length; j < m; ++j) {
        let i = block.instructions[j];
        let copies = opIs(fn.ops[i], OpFlag.Arguments);
        for (let o = 0, c = fn.operandCount(i); o < c; ++o) this.countUse(fn.operand(i, o), copies ? copied : null);
      }
      this.countUse(block.a, null);
      this.countUse(block.b, null);
    }
    for (let i = 0, n = fn.ops.length; i < n; ++i) {
      if (opIs(fn.ops[i], OpFlag.Address)) this.sunk[i] = 2 * this.uses[i] <= 2 + copied[i];
      else if (fn.ops[i] == Op.Add) this.sunk[i] = this.isCheapSum(i, copied);
    }
  }

  /**
   * Whether a base plus a constant, of which all uses are arguments, is made at each use: it needs no register between.
   */
  isCheapSum(i: i32, copied: StaticArray<i32>): bool {
    let fn = this.fn;
    let base = fn.as[i];
    if (!this.isImmediate(fn.bs[i]) || this.uses[i] == 0 || this.uses[i] > 2 || copied[i] != this.uses[i]) return false;
    if (isSlot(base)) return true;
    if (!isTemp(base) || fn.ops[refIndex(base)] == Op.Phi) return false;
    // The base stays in a register for its other uses.
    return this.uses[refIndex(base)] > 2 && !this.sunk[refIndex(base)];
  }

  countUse(r: Ref, copied: StaticArray<i32> | null): void {
    if (!isTemp(r)) return;
    this.uses[refIndex(r)]++;
    if (copied != null) copied[refIndex(r)]++;
  }

  // ---- making instructions

  add(code: i32, dst: i32, src: i32, off: i32, imm: i64): i32 {
    let i = this.machine.insn(code, dst, src, off, imm);
    this.machine.positions[i] = this.position;
    this.block.insns.push(i);
    return i;
  }

  fix(i: i32, kind: Fix, value: i32): void {
    this.machine.fixes[i] = kind;
    this.machine.values[i] = value;
  }

  alu(operation: Alu, dst: i32, src: i32): void {
    this.add(Class.Alu64 | operation | Source.X, dst, src, 0, 0);
  }

  aluImmediate(operation: Alu, dst: i32, imm: i64): void {
    this.add(Class.Alu64 | operation | Source.K, dst, NoReg, 0, imm);
  }

  registerOf(temp: i32): i32 {
    let known = this.registers[temp];
    if (known != 0) return known;
    let register = this.machine.newRegister();
    this.registers[temp] = register;
    return register;
  }

  /** Puts a constant into `dst`, in the shortest way. */
  constantInto(dst: i32, value: i64): void {
    if (fitsImmediate(value)) this.add(Opcode.MovImm64, dst, NoReg, 0, value);
    else if (value >>> 32 == 0) this.add(Opcode.MovImm32, dst, NoReg, 0, <i64>(<i32>value));
    else this.add(Opcode.LdImm64, dst, NoReg, 0, value);
  }

  addressInto(dst: i32, i: i32): void {
    let op = this.fn.ops[i] as Op;
    if (op == Op.Add) {
      this.sumInto(dst, i);
      return;
    }
    let insn = this.add(Opcode.LdImm64, dst, NoReg, 0, 0);
    let fix = Fix.Map;
    if (op == Op.AddressBss) fix = Fix.Bss;
    else if (op == Op.AddressRodata) fix = Fix.Rodata;
    else if (op == Op.Relocated) fix = Fix.Core;
    this.fix(insn, fix, this.fn.immediates[i]);
  }

  /** A stack address and its offset are one addition. */
  sumInto(dst: i32, i: i32): void {
    let fn = this.fn;
    let constant = fn.valueOf(fn.bs[i]);
    this.into(dst, fn.as[i]);
    if (isSlot(fn.as[i])) this.machine.imms[this.machine.imms.length - 1] = constant;
    else this.aluImmediate(Alu.Add, dst, constant);
  }

  /** Puts the value of `r` into `dst`. */
  into(dst: i32, r: Ref): void {
    if (isConstant(r)) {
      this.constantInto(dst, this.fn.valueOf(r));
    } else if (isSlot(r)) {
      this.add(Opcode.MovReg64, dst, FRAME_REGISTER, 0, 0);
      this.fix(this.add(Class.Alu64 | Alu.Add | Source.K, dst, NoReg, 0, 0), Fix.Slot, refIndex(r));
    } else if (this.sunk[refIndex(r)]) {
      this.addressInto(dst, refIndex(r));
    } else {
      this.add(Opcode.MovReg64, dst, this.registerOf(refIndex(r)), 0, 0);
    }
  }

  /** A register that holds `r`; not to be written. */
  value(r: Ref): i32 {
    if (isTemp(r) && !this.sunk[refIndex(r)]) return this.registerOf(refIndex(r));
    let register = this.machine.newRegister();
    this.into(register, r);
    return register;
  }

  /** Whether `r` can be an immediate. */
  isImmediate(r: Ref): bool {
    return isConstant(r) && fitsImmediate(this.fn.valueOf(r));
  }

  // ---- instructions

  instruction(i: i32): void {
    let fn = this.fn;
    let op = fn.ops[i] as Op;
    this.position = fn.positions[i];
    if (this.sunk[i]) return;
    if (opIs(op, OpFlag.Address)) {
      this.addressInto(this.registerOf(i), i);
    } else if (opIs(op, OpFlag.Compare)) {
      this.compare(i, op);
    } else if (op >= Op.Add && op <= Op.Sar) {
      this.binary(i, op);
    } else if (opIs(op, OpFlag.Load)) {
      this.load(i, op);
    } else if (op >= Op.Store8 && op <= Op.Store64) {
      this.store(i, op);
    } else if (opIs(op, OpFlag.Store)) {
      this.atomic(i, op);
    } else if (op == Op.CallHelper || op == Op.CallFunction || op == Op.CallLookup) {
      this.call(i, op);
    } else if (op == Op.Parameter) {
      this.add(Opcode.MovReg64, this.registerOf(i), 1 + fn.immediates[i], 0, 0);
    } else {
      this.unary(i, op);
    }
  }

  binary(i: i32, op: Op): void {
    let fn = this.fn;
    if (op == Op.Add && isSlot(fn.as[i]) && this.isImmediate(fn.bs[i])) {
      this.sumInto(this.registerOf(i), i);
      return;
    }
    let a = fn.as[i];
    let b = fn.bs[i];
    if (opIs(op, OpFlag.Commutative) && this.prefersSwap(a, b)) {
      let other = a;
      a = b;
      b = other;
    }
    let operation = aluOperation(op);
    let dst = this.registerOf(i);
    if (op == Op.Sub && isConstant(b) && fitsImmediate(-fn.valueOf(b))) {
      this.into(dst, a);
      this.aluImmediate(Alu.Add, dst, -fn.valueOf(b));
      return;
    }
    let offset = op == Op.Sdiv || op == Op.Smod ? 1 : 0;
    if (this.isImmediate(b)) {
      this.into(dst, a);
      this.add(Class.Alu64 | operation | Source.K, dst, NoReg, offset, this.shiftMasked(op, fn.valueOf(b)));
      return;
    }
    // The second operand first: dst must not be written before it is read.
    let second = this.value(b);
    this.into(dst, a);
    this.add(Class.Alu64 | operation | Source.X, dst, second, offset, 0);
  }

  shiftMasked(op: Op, value: i64): i64 {
    return op == Op.Shl || op == Op.Shr || op == Op.Sar ? value & 63 : value;
  }

  /** Whether a commutative operation is shorter with its operands exchanged. */
  prefersSwap(a: Ref, b: Ref): bool {
    if (this.isImmediate(b)) return false;
    if (this.isImmediate(a)) return true;
    if (!isTemp(a)) return isTemp(b) && this.uses[refIndex(b)] == 1 && isConstant(a);
    return isTemp(b) && this.uses[refIndex(a)] > 1 && this.uses[refIndex(b)] == 1;
  }

  unary(i: i32, op: Op): void {
    let a = this.fn.as[i];
    let dst = this.registerOf(i);
    if (op == Op.Extu32 && isTemp(a)) {
      this.add(Opcode.MovReg32, dst, this.value(a), 0, 0);
      return;
    }
    this.into(dst, a);
    switch (op) {
      case Op.Neg:
        this.aluImmediate(Alu.Neg, dst, 0);
        break;
      case Op.Not:
        this.aluImmediate(Alu.Xor, dst, -1);
        break;
      case Op.Exts8:
        this.extend(dst, 56);
        break;
      case Op.Exts16:
        this.extend(dst, 48);
        break;
      case Op.Exts32:
        this.extend(dst, 32);
        break;
      case Op.Extu8:
        this.aluImmediate(Alu.And, dst, 0xff);
        break;
      case Op.Extu16:
        this.aluImmediate(Alu.And, dst, 0xffff);
        break;
      case Op.Extu32:
        this.add(Opcode.MovReg32, dst, dst, 0, 0);
        break;
      case Op.Bswap16:
      case Op.Bswap32:
      case Op.Bswap64:
        this.add(Class.Alu | Alu.End | Source.X, dst, NoReg, 0, op == Op.Bswap16 ? 16 : op == Op.Bswap32 ? 32 : 64);
        break;
      case Op.Number:
        // To little-endian: JITs make nothing of it there, and the verifier forgets what the register held.
        this.add(Class.Alu | Alu.End | Source.K, dst, NoReg, 0, 64);
        break;
      default:
        assert(op == Op.Copy, "isel knows every op");
    }
  }

  /** Sign extension by two shifts: sign-extending moves are in new kernels only. */
  extend(dst: i32, bits: i32): void {
    this.aluImmediate(Alu.Lsh, dst, bits);
    this.aluImmediate(Alu.Arsh, dst, bits);
  }

  /** dst = 1, jump over `dst = 0` if the compare is true. */
  compare(i: i32, op: Op): void {
    let fn = this.fn;
    let a = fn.as[i];
    let b = fn.bs[i];
    if (isConstant(a)) {
      a = fn.bs[i];
      b = fn.as[i];
      op = swapCompare(op);
    }
    let dst = this.registerOf(i);
    let first = this.value(a);
    if (this.isImmediate(b)) {
      this.constantInto(dst, 1);
      this.add(KEEP_IF | Class.Jmp | jumpOperation(op) | Source.K, dst, first, 0, fn.valueOf(b));
      return;
    }
    let second = this.value(b);
    this.constantInto(dst, 1);
    let insn = this.add(KEEP_IF | Class.Jmp | jumpOperation(op) | Source.X, dst, first, 0, 0);
    this.machine.values[insn] = second;
  }

  /** A base register for memory, folding stack slots. The instruction is fixed up by memoryFix. */
  base(r: Ref): i32 {
    return isSlot(r) ? FRAME_REGISTER : this.value(r);
  }

  memoryFix(insn: i32, r: Ref): void {
    if (isSlot(r)) this.fix(insn, Fix.Slot, refIndex(r));
  }

  load(i: i32, op: Op): void {
    let fn = this.fn;
    let base = this.base(fn.as[i]);
    let dst = this.registerOf(i);
    this.memoryFix(this.add(Class.Ldx | Mode.Mem | widthOf(op), dst, base, fn.immediates[i], 0), fn.as[i]);
  }

  store(i: i32, op: Op): void {
    let fn = this.fn;
    let b = fn.bs[i];
    let base = this.base(fn.as[i]);
    let offset = fn.immediates[i];
    let insn: i32;
    if (isConstant(b) && (op != Op.Store64 || fitsImmediate(fn.valueOf(b)))) {
      insn = this.add(Class.St | Mode.Mem | widthOf(op), base, NoReg, offset, this.narrow(op, fn.valueOf(b)));
    } else {
      insn = this.add(Class.Stx | Mode.Mem | widthOf(op), base, this.value(b), offset, 0);
    }
    this.memoryFix(insn, fn.as[i]);
  }

  /** The immediate of a store, of the bytes that are written. */
  narrow(op: Op, value: i64): i64 {
    return op == Op.Store8 ? value & 0xff : op == Op.Store16 ? value & 0xffff : <i64>(<i32>value);
  }

  atomic(i: i32, op: Op): void {
    let fn = this.fn;
    let code = Class.Stx | Mode.Atomic | widthOf(op);
    let base = this.base(fn.operand(i, 0));
    let insn: i32;
    if (op == Op.AtomicCmpXchg32 || op == Op.AtomicCmpXchg64) {
      let value = this.value(fn.operand(i, 2));
      this.into(0, fn.operand(i, 1));
      insn = this.add(code, base, value, fn.immediates[i], Atomic.Cmpxchg);
      this.memoryFix(insn, fn.operand(i, 0));
      this.add(Opcode.MovReg64, this.registerOf(i), 0, 0, 0);
      return;
    }
    if (op == Op.AtomicAdd32 || op == Op.AtomicAdd64) {
      insn = this.add(code, base, this.value(fn.bs[i]), fn.immediates[i], Atomic.Add);
    } else {
      let dst = this.registerOf(i);
      this.into(dst, fn.bs[i]);
      let kind = op == Op.AtomicXchg32 || op == Op.AtomicXchg64 ? Atomic.Xchg : Atomic.Add | Atomic.Fetch;
      insn = this.add(code, base, dst, fn.immediates[i], kind);
    }
    this.memoryFix(insn, fn.operand(i, 0));
  }

  call(i: i32, op: Op): void {
    let fn = this.fn;
    let count = fn.operandCount(i);
    for (let k = 0; k < count; ++k) this.into(1 + k, fn.operand(i, k));
    let insn = this.add(Opcode.Call, NoReg, NoReg, count, op == Op.CallHelper ? fn.immediates[i] : 0);
    if (op != Op.CallHelper) this.fix(insn, Fix.Function, fn.immediates[i]);
    if (this.uses[i] > 0) this.add(Opcode.MovReg64, this.registerOf(i), 0, 0, 0);
  }

  // ---- ends of blocks

  /** The copies that the phis of `to` need on the edge from `from`. */
  phiCopies(from: Block, to: Block): void {
    let fn = this.fn;
    let dsts: Array<i32> = [];
    let srcs: Array<i32> = [];
    let late: Array<i32> = [];
    for (let k = 0, n = to.instructions.length; k < n; ++k) {
      let i = to.instructions[k];
      if (fn.ops[i] != Op.Phi) break;
      let r = fn.operand(i, this.predIndex[from.id]);
      if (isTemp(r) && !this.sunk[refIndex(r)]) {
        dsts.push(this.registerOf(i));
        srcs.push(this.registerOf(refIndex(r)));
      } else {
        late.push(this.registerOf(i));
        late.push(r);
      }
    }
    let copies = sequenceCopies(dsts, srcs, this.machine);
    for (let k = 0, n = copies.length; k < n; k += 2) this.add(Opcode.MovReg64, copies[k], copies[k + 1], 0, 0);
    // Constants and addresses come last, because their registers may be sources of the copies above.
    for (let k = 0, n = late.length; k < n; k += 2) this.into(late[k], late[k + 1]);
  }

  jump(block: Block): void {
    let fn = this.fn;
    let to = this.block;
    this.position = block.position;
    to.position = block.position;
    to.cold = block.cold;
    to.loopDepth = block.loopDepth;
    to.jump = block.jump;
    to.to = block.to;
    to.otherwise = block.otherwise;
    if (block.jump == JumpKind.Return) {
      this.into(0, block.a == NoRef ? fn.constant(0) : block.a);
    } else if (block.jump == JumpKind.Jump) {
      this.phiCopies(block, fn.blocks[block.to]);
    } else {
      this.branch(block);
    }
  }

  branch(block: Block): void {
    let to = this.block;
    let isColdTo = this.fn.blocks[block.to].cold;
    let isColdOther = this.fn.blocks[block.otherwise].cold;
    if (block.loopDepth > 0 && isColdTo != isColdOther) to.coldSide = isColdTo ? ColdSide.To : ColdSide.Otherwise;
    let a = block.a;
    let b = block.b;
    let op = block.compare;
    if (isConstant(a) && !isConstant(b)) {
      a = block.b;
      b = block.a;
      op = swapCompare(op);
    }
    to.a = this.value(a);
    if (this.isImmediate(b)) {
      to.code = Class.Jmp | jumpOperation(op) | Source.K;
      to.imm = <i32>this.fn.valueOf(b);
    } else {
      to.code = Class.Jmp | jumpOperation(op) | Source.X;
      to.b = this.value(b);
    }
  }

  run(): MachineFunction {
    let fn = this.fn;
    this.count();
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      let preds = fn.blocks[fn.rpo[k]].preds;
      for (let p = 0, m = preds.length; p < m; ++p) this.predIndex[preds[p]] = p;
    }
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      let block = fn.blocks[fn.rpo[k]];
      this.block = this.machine.blocks[block.id];
      this.machine.order.push(block.id);
      for (let p = 0, m = block.preds.length; p < m; ++p) this.block.preds.push(block.preds[p]);
      for (let j = 0, m = block.instructions.length; j < m; ++j) {
        if (fn.ops[block.instructions[j]] != Op.Phi) this.instruction(block.instructions[j]);
      }
      this.jump(block);
    }
    return this.machine;
  }
}

/** The compare's jump, negated: for layout. */
export function negateJump(code: i32): i32 {
  let operation = code & 0xf0;
  let other: i32 = Jmp.Jeq;
  switch (operation) {
    case Jmp.Jeq:
      other = Jmp.Jne;
      break;
    case Jmp.Jne:
      other = Jmp.Jeq;
      break;
    case Jmp.Jgt:
      other = Jmp.Jle;
      break;
    case Jmp.Jge:
      other = Jmp.Jlt;
      break;
    case Jmp.Jlt:
      other = Jmp.Jge;
      break;
    case Jmp.Jle:
      other = Jmp.Jgt;
      break;
    case Jmp.Jsgt:
      other = Jmp.Jsle;
      break;
    case Jmp.Jsge:
      other = Jmp.Jslt;
      break;
    case Jmp.Jslt:
      other = Jmp.Jsge;
      break;
    case Jmp.Jsle:
      other = Jmp.Jsgt;
      break;
    default:
      assert(false, "a branch has a compare that can be negated");
  }
  return (code & ~0xf0) | other;
}

/** Selects instructions for `fn`, which is in SSA form with its critical edges split. */
export function select(fn: Func): MachineFunction {
  return new Select(fn).run();
}
