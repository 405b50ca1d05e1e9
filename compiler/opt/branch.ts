// Simplifies control flow: jumps over empty blocks, branches whose outcome is known on one way in, blocks that can be
// one. Requires SSA and predecessors; both are stale afterwards.

import { evaluateCompare } from "../ir/arithmetic";
import { Block, Func, isConstant, isTemp, JumpKind, NoBlock, NoRef, Ref, refIndex, tempRef } from "../ir/function";
import { Op } from "../ir/op";

class Branches {
  /** Uses of each temp. */
  uses: StaticArray<i32>;
  /** The block that a block became part of; -1: none. */
  mergedInto: StaticArray<i32>;

  constructor(public fn: Func) {
    let mergedInto = new StaticArray<i32>(fn.blocks.length);
    mergedInto.fill(-1);
    this.mergedInto = mergedInto;
    this.uses = new StaticArray<i32>(fn.ops.length);
  }

  hasPhis(block: Block): bool {
    return block.instructions.length > 0 && this.fn.ops[block.instructions[0]] == Op.Phi;
  }

  /** Whether the block holds nothing but phis. */
  isOnlyPhis(block: Block): bool {
    let n = block.instructions.length;
    return n == 0 || this.fn.ops[block.instructions[n - 1]] == Op.Phi;
  }

  /** Where a jump to `b` ends when empty blocks are passed; not into a block with phis. */
  target(b: i32): i32 {
    let blocks = this.fn.blocks;
    for (let steps = 0; steps < 64; ++steps) {
      let block = blocks[b];
      if (block.instructions.length > 0 || block.jump != JumpKind.Jump || block.to == b) break;
      if (this.hasPhis(blocks[block.to])) break;
      b = block.to;
    }
    return b;
  }

  skipEmpty(block: Block): void {
    if (block.successorCount() > 0) block.to = this.passCold(block.to);
    if (block.jump == JumpKind.Branch) block.otherwise = this.passCold(block.otherwise);
  }

  /** A cold side stays cold: its empty block is kept if it leads to one that is not. */
  passCold(b: i32): i32 {
    let to = this.target(b);
    return this.fn.blocks[b].cold && !this.fn.blocks[to].cold ? b : to;
  }

  // ---- branches on phis

  countUses(): void {
    let fn = this.fn;
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      let block = fn.blocks[fn.rpo[k]];
      for (let j = 0, m = block.instructions.length; j < m; ++j) {
        let i = block.instructions[j];
        for (let o = 0, c = fn.operandCount(i); o < c; ++o) this.use(fn.operand(i, o));
      }
      this.use(block.a);
      this.use(block.b);
    }
  }

  use(r: Ref): void {
    if (isTemp(r)) this.uses[refIndex(r)]++;
  }

  /** The operand of phi `i` that comes from block `from`. */
  phiOperand(i: i32, from: i32): Ref {
    let fn = this.fn;
    for (let k = 0, n = fn.operandCount(i); k < n; ++k) if (fn.phiBlock(i, k) == from) return fn.operand(i, k);
    return NoRef;
  }

  /** What `r` is at the end of `block` when it was entered from `from`. */
  through(block: Block, r: Ref, from: i32): Ref {
    if (!isTemp(r) || !block.instructions.includes(refIndex(r))) return r;
    return this.phiOperand(refIndex(r), from);
  }

  /** Whether the phis of `block` are used nowhere but in its branch and in the phis of its successors. */
  isContained(block: Block): bool {
    let expected = 0;
    let counted = 0;
    for (let k = 0, n = block.instructions.length; k < n; ++k) {
      let i = block.instructions[k];
      counted += this.uses[i];
      let r = tempRef(i);
      expected += (block.a == r ? 1 : 0) + (block.b == r ? 1 : 0);
      expected += this.phiUses(block.to, r, block.id) + this.phiUses(block.otherwise, r, block.id);
    }
    return expected == counted;
  }

  phiUses(b: i32, r: Ref, from: i32): i32 {
    let fn = this.fn;
    let list = fn.blocks[b].instructions;
    let count = 0;
    for (let k = 0, n = list.length; k < n; ++k) {
      if (fn.ops[list[k]] != Op.Phi) break;
      if (this.phiOperand(list[k], from) == r) ++count;
    }
    return count;
  }

  /** Joins of more ways than this are left alone: the work is quadratic in them. */
  isWide(block: Block): bool {
    return block.preds.length > 64;
  }

  /** Sends predecessors that decide the branch of `block` past it. */
  thread(block: Block): void {
    let fn = this.fn;
    if (block.jump != JumpKind.Branch || !this.hasPhis(block) || !this.isOnlyPhis(block)) return;
    if (block.to == block.id || block.otherwise == block.id) return;
    if (this.isWide(block) || this.isWide(fn.blocks[block.to]) || this.isWide(fn.blocks[block.otherwise])) return;
    if (!this.isContained(block)) return;
    for (let p = block.preds.length - 1; p >= 0; --p) {
      let pred = fn.blocks[block.preds[p]];
      if (pred.jump != JumpKind.Jump || pred.to != block.id || pred.id == block.id) continue;
      let a = this.through(block, block.a, pred.id);
      let b = this.through(block, block.b, pred.id);
      if (!isConstant(a) || !isConstant(b)) continue;
      let taken = evaluateCompare(block.compare, <u64>fn.valueOf(a), <u64>fn.valueOf(b));
      this.redirect(pred, block, taken ? block.to : block.otherwise);
    }
  }

  /** `pred` goes to `to` instead of through `block`. */
  redirect(pred: Block, block: Block, to: i32): void {
    let fn = this.fn;
    let target = fn.blocks[to];
    if (target.preds.includes(pred.id)) return;
    for (let k = 0, n = target.instructions.length; k < n; ++k) {
      let i = target.instructions[k];
      if (fn.ops[i] != Op.Phi) break;
      this.addPhiOperand(i, this.through(block, this.phiOperand(i, block.id), pred.id), pred.id);
    }
    for (let k = 0, n = block.instructions.length; k < n; ++k) {
      let i = block.instructions[k];
      for (let o = fn.operandCount(i) - 1; o >= 0; --o) {
        if (fn.phiBlock(i, o) != pred.id) continue;
        let r = fn.operand(i, o);
        if (isTemp(r)) this.uses[refIndex(r)]--;
        fn.removePhiOperand(i, o);
      }
    }
    pred.to = to;
    target.preds.push(pred.id);
    block.preds.splice(block.preds.indexOf(pred.id), 1);
  }

  addPhiOperand(i: i32, r: Ref, from: i32): void {
    let fn = this.fn;
    this.use(r);
    let pairs: Array<i32> = [];
    for (let k = 0, n = fn.operandCount(i); k < n; ++k) {
      pairs.push(fn.operand(i, k));
      pairs.push(fn.phiBlock(i, k));
    }
    pairs.push(r);
    pairs.push(from);
    fn.as[i] = fn.newArgs(pairs);
    fn.bs[i] = pairs.length >> 1;
  }

  // ---- merging

  /** Appends the only successor of `block` when `block` is its only predecessor. */
  merge(block: Block): bool {
    let fn = this.fn;
    if (block.jump != JumpKind.Jump || block.to == block.id || block.to == 0) return false;
    let next = fn.blocks[block.to];
    if (next.preds.length != 1 || this.hasPhis(next)) return false;
    for (let k = 0, n = next.instructions.length; k < n; ++k) block.instructions.push(next.instructions[k]);
    block.jump = next.jump;
    block.compare = next.compare;
    block.a = next.a;
    block.b = next.b;
    block.to = next.to;
    block.otherwise = next.otherwise;
    block.position = next.position;
    block.cold = block.cold || next.cold;
    this.mergedInto[next.id] = block.id;
    next.instructions.length = 0;
    next.jump = JumpKind.Jump;
    next.to = NoBlock;
    next.dead = true;
    return true;
  }

  /** Phis name merged blocks by what they were merged into. */
  renamePreds(block: Block): void {
    let fn = this.fn;
    for (let k = 0, n = block.instructions.length; k < n; ++k) {
      let i = block.instructions[k];
      if (fn.ops[i] != Op.Phi) break;
      for (let o = 0, c = fn.operandCount(i); o < c; ++o) {
        // Chains are merged from their heads on, so one step finds the block that all became part of.
        let to = this.mergedInto[fn.phiBlock(i, o)];
        if (to >= 0) fn.setPhiBlock(i, o, to);
      }
    }
  }
}

/** Sends jumps past branches that are decided. */
export function threadBranches(fn: Func): void {
  let pass = new Branches(fn);
  pass.countUses();
  for (let k = fn.rpo.length - 1; k >= 0; --k) pass.thread(fn.blocks[fn.rpo[k]]);
}

/** Passes empty blocks and joins blocks that follow each other. */
export function mergeBlocks(fn: Func): void {
  let pass = new Branches(fn);
  for (let k = 0, n = fn.rpo.length; k < n; ++k) {
    let block = fn.blocks[fn.rpo[k]];
    if (block.dead) continue;
    while (pass.merge(block));
  }
  for (let k = 0, n = fn.rpo.length; k < n; ++k) {
    let block = fn.blocks[fn.rpo[k]];
    if (block.dead) continue;
    pass.renamePreds(block);
    pass.skipEmpty(block);
  }
}
