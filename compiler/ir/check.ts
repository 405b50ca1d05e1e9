// Checks the IR's own promises between passes; never changes anything. The first broken one is reported as a sentence.

import { dominates } from "./cfg";
import { Block, Func, isConstant, isSlot, isTemp, JumpKind, NoRef, Ref, refIndex } from "./function";
import { OPS, Op, OpFlag, opIs } from "./op";
import { printInstruction, printJump } from "./print";

/** What is true of the function at a point of the pass table. */
export const enum Has {
  None = 0,
  /** Predecessors and reverse postorder; no unreachable blocks; phi operands in the order of predecessors. */
  Cfg = 1,
  Dominators = 2,
  Loops = 4,
  /** No variables: every use is dominated by its definition. */
  Ssa = 8,
  /** No critical edges into phis. */
  Split = 16,
  /** Only what BPF of all kernels has. */
  Legal = 32,
  All = 63,
}

class Check {
  message: string = "";
  /** Block of each instruction; -1: in none. */
  block: StaticArray<i32>;
  place: StaticArray<i32>;
  /** What is looked at: an instruction, or with -1 the jump of a block. */
  at: i32 = -1;
  current: Block | null = null;

  constructor(
    public fn: Func,
    public has: i32,
  ) {
    this.block = new StaticArray<i32>(fn.ops.length);
    this.place = new StaticArray<i32>(fn.ops.length);
    this.block.fill(-1);
  }

  /** Notes the first broken promise, and prints where it is. */
  fail(what: string): void {
    if (this.message != "") return;
    let where = "";
    if (this.at >= 0) where = printInstruction(this.fn, this.at);
    else if (this.current != null) where = "@" + this.current!.id.toString() + " " + printJump(this.fn, this.current!);
    this.message = what + ": " + where;
  }

  isBlock(b: i32): bool {
    return b >= 0 && b < this.fn.blocks.length && !this.fn.blocks[b].dead;
  }

  placeAll(block: Block): void {
    this.current = block;
    for (let k = 0, n = block.instructions.length; k < n; ++k) {
      let i = block.instructions[k];
      if (i < 0 || i >= this.fn.ops.length) this.fail("an instruction that does not exist");
      else if (this.block[i] >= 0) this.fail("an instruction in two places");
      else {
        this.block[i] = block.id;
        this.place[i] = k;
      }
    }
  }

  operand(r: Ref, block: Block, place: i32): void {
    let fn = this.fn;
    if (isConstant(r)) {
      if (refIndex(r) >= fn.constants.length) this.fail("a constant that does not exist");
    } else if (isSlot(r)) {
      if (refIndex(r) >= fn.slots.length) this.fail("a slot that does not exist");
    } else if (!isTemp(r)) {
      this.fail("an operand is missing");
    } else if (refIndex(r) >= fn.ops.length || this.block[refIndex(r)] < 0) {
      this.fail("an operand that nothing defines");
    } else if (!opIs(fn.ops[refIndex(r)], OpFlag.Result)) {
      this.fail("an operand without a value");
    } else if ((this.has & Has.Dominators) != 0) {
      this.definition(refIndex(r), block, place);
    }
  }

  definition(i: i32, block: Block, place: i32): void {
    let from = this.block[i];
    if (from == block.id ? this.place[i] >= place : !dominates(this.fn, from, block.id)) {
      this.fail("a use that its definition does not dominate");
    }
  }

  instruction(i: i32, block: Block, place: i32): void {
    let fn = this.fn;
    let op = fn.ops[i] as Op;
    if (op <= Op.Nop || op >= Op.Size) this.fail("an operation that does not exist");
    if (opIs(op, OpFlag.Arguments) && fn.bs[i] > 5 && op != Op.Phi) this.fail("more than five arguments");
    if (OPS[op].operands == 1 && fn.bs[i] != NoRef) this.fail("an operand too many");
    if (op == Op.Parameter && block.id != 0) this.fail("a parameter outside the entry");
    if ((op == Op.GetVar || op == Op.SetVar) && (this.has & Has.Ssa) != 0) this.fail("a variable in SSA form");
    if (op == Op.GetVar || op == Op.SetVar) {
      if (fn.immediates[i] >= fn.variables.length) this.fail("a variable that does not exist");
    }
    if (op == Op.Phi) {
      this.phi(i, block, place);
      return;
    }
    for (let k = 0, n = fn.operandCount(i); k < n; ++k) this.operand(fn.operand(i, k), block, place);
  }

  phi(i: i32, block: Block, place: i32): void {
    let fn = this.fn;
    if (place > 0 && fn.ops[block.instructions[place - 1]] != Op.Phi) this.fail("a phi behind other instructions");
    for (let k = 0, n = fn.operandCount(i); k < n; ++k) {
      let from = fn.phiBlock(i, k);
      if (!this.isBlock(from)) {
        this.fail("a phi from a block that does not exist");
        continue;
      }
      let pred = fn.blocks[from];
      this.operand(fn.operand(i, k), pred, pred.instructions.length);
      if ((this.has & Has.Cfg) != 0 && (k >= block.preds.length || block.preds[k] != from)) {
        this.fail("a phi's operands are not in the order of predecessors");
      }
    }
    if ((this.has & Has.Cfg) != 0 && fn.operandCount(i) != block.preds.length) {
      this.fail("a phi lacks an operand for a predecessor");
    }
  }

  jump(block: Block): void {
    let place = block.instructions.length;
    for (let s = 0, n = block.successorCount(); s < n; ++s) {
      if (!this.isBlock(block.successor(s))) this.fail("a jump to a block that does not exist");
      else if (block.successor(s) == 0) this.fail("a jump to the entry");
    }
    if (block.jump == JumpKind.Branch) {
      if (!opIs(block.compare, OpFlag.Compare)) this.fail("a branch without a compare");
      this.operand(block.a, block, place);
      this.operand(block.b, block, place);
    } else if (block.jump == JumpKind.Return) {
      this.operand(block.a, block, place);
    }
  }

  run(): string {
    let fn = this.fn;
    let order: Array<i32> = fn.rpo;
    if ((this.has & Has.Cfg) == 0) {
      order = [];
      for (let b = 0, n = fn.blocks.length; b < n; ++b) if (!fn.blocks[b].dead) order.push(b);
    }
    for (let k = 0, n = order.length; k < n; ++k) this.placeAll(fn.blocks[order[k]]);
    for (let k = 0, n = order.length; k < n && this.message == ""; ++k) {
      let block = fn.blocks[order[k]];
      this.current = block;
      for (let j = 0, m = block.instructions.length; j < m; ++j) {
        this.at = block.instructions[j];
        this.instruction(this.at, block, j);
      }
      this.at = -1;
      this.jump(block);
    }
    return this.message;
  }
}

/** The first broken promise of `fn`, of which `has` is known; empty if all is well. */
export function check(fn: Func, has: i32): string {
  return new Check(fn, has).run();
}
