// Folding: constants, identities, cheaper forms, copies; one walk in reverse postorder over SSA.
//
// An instruction that turns out to equal another value is dropped and its uses are redirected (`replaced`); otherwise
// it may be rewritten in place. Constants go to the right. `widths` holds how many low bits of a temp can be non-zero:
// only from what the kernel's verifier can see too, so that dropping a mask never loses a bound that it needs. Rules
// per operation are in opt/rules; this file walks. Requires SSA and reverse postorder; leaves dead instructions to
// opt/dead.

import { evaluateCompare } from "../ir/arithmetic";
import { Block, Func, isConstant, isTemp, JumpKind, NoRef, Ref, refIndex, tempRef } from "../ir/function";
import { Op, OpFlag, opIs } from "../ir/op";
import { Rules } from "./rules";

class Fold {
  /** What a dropped temp stands for; NoRef: itself. */
  replaced: StaticArray<Ref>;
  rules: Rules;

  constructor(public fn: Func) {
    this.replaced = new StaticArray<Ref>(fn.ops.length);
    this.rules = new Rules(fn);
  }

  /** The current name of an operand; equal constants become one. */
  resolve(r: Ref): Ref {
    if (isConstant(r)) return this.fn.constant(this.fn.valueOf(r));
    while (isTemp(r)) {
      let i = refIndex(r);
      if (i >= this.replaced.length || this.replaced[i] == NoRef) break;
      r = this.replaced[i];
    }
    return r;
  }

  resolveOperands(i: i32): void {
    let fn = this.fn;
    for (let k = 0, n = fn.operandCount(i); k < n; ++k) fn.setOperand(i, k, this.resolve(fn.operand(i, k)));
  }

  /** The one value that a phi can have, or NoRef. */
  phiValue(i: i32): Ref {
    let fn = this.fn;
    let value = NoRef;
    for (let k = 0, n = fn.operandCount(i); k < n; ++k) {
      let r = fn.operand(i, k);
      if (r == tempRef(i) || r == value) continue;
      if (value != NoRef) return NoRef;
      value = r;
    }
    return value;
  }

  block(block: Block): void {
    let fn = this.fn;
    let kept = 0;
    for (let k = 0, n = block.instructions.length; k < n; ++k) {
      let i = block.instructions[k];
      this.resolveOperands(i);
      let op = fn.ops[i] as Op;
      let value = op == Op.Phi ? this.phiValue(i) : this.rules.apply(i);
      if (value != NoRef && opIs(op, OpFlag.Result)) {
        this.replaced[i] = value;
        fn.ops[i] = Op.Nop;
        continue;
      }
      this.rules.fillWidth(i);
      block.instructions[kept++] = i;
    }
    block.instructions.length = kept;
    this.jump(block);
  }

  jump(block: Block): void {
    block.a = this.resolve(block.a);
    block.b = this.resolve(block.b);
    if (block.jump != JumpKind.Branch) return;
    let rules = this.rules;
    let value = rules.compare(block.compare, block.a, block.b);
    if (value != NoRef && isConstant(value)) {
      if (this.fn.valueOf(value) == 0) block.to = block.otherwise;
      block.jump = JumpKind.Jump;
      block.a = NoRef;
      block.b = NoRef;
      return;
    }
    block.compare = rules.op;
    block.a = rules.a;
    block.b = rules.b;
    if (isConstant(block.a) && isConstant(block.b)) {
      let taken = evaluateCompare(block.compare, <u64>this.fn.valueOf(block.a), <u64>this.fn.valueOf(block.b));
      block.a = this.fn.constant(taken ? 1 : 0);
      block.b = this.fn.constant(0);
      block.compare = Op.Ne;
    }
  }

  /** Operands that come around a loop may have been dropped after they were seen. */
  finish(): void {
    let fn = this.fn;
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      let block = fn.blocks[fn.rpo[k]];
      for (let j = 0, m = block.instructions.length; j < m; ++j) {
        if (fn.ops[block.instructions[j]] != Op.Phi) break;
        this.resolveOperands(block.instructions[j]);
      }
    }
  }
}

/** Folds `fn`. */
export function fold(fn: Func): void {
  let pass = new Fold(fn);
  for (let k = 0, n = fn.rpo.length; k < n; ++k) pass.block(fn.blocks[fn.rpo[k]]);
  pass.finish();
}
