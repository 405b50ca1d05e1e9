// Facts about the control flow that passes need, computed from the blocks' jumps: predecessors, reverse postorder, dominators
// and loop depth. Everything is iterative and near-linear. Unreachable blocks are removed here, because kernels refuse
// instructions that nothing reaches.

import { Block, Func, JumpKind, NoBlock, NoRef, Ref } from "./function";
import { Op } from "./op";

/**
 * Fills Block.preds, Block.rpo and Func.rpo; removes unreachable blocks and the phi operands that came from them.
 * Afterwards operand k of a phi comes from preds[k].
 */
export function fillCfg(fn: Func): void {
  fillRpo(fn);
  for (let b = 0, n = fn.blocks.length; b < n; ++b) {
    let block = fn.blocks[b];
    block.preds = [];
    if (block.rpo >= 0 || block.dead) continue;
    block.dead = true;
    block.instructions = [];
    block.jump = JumpKind.None;
  }
  for (let k = 0, n = fn.rpo.length; k < n; ++k) {
    let block = fn.blocks[fn.rpo[k]];
    for (let s = 0, m = block.successorCount(); s < m; ++s) fn.blocks[block.successor(s)].preds.push(block.id);
  }
  let place = new StaticArray<i32>(fn.blocks.length);
  place.fill(-1);
  for (let k = 0, n = fn.rpo.length; k < n; ++k) trimPhis(fn, fn.blocks[fn.rpo[k]], place);
}

/** A branch to the same block on both sides is a jump; a block without end returns 0. */
function normalizeJump(fn: Func, block: Block): void {
  if (block.jump == JumpKind.None) {
    block.jump = JumpKind.Return;
    block.a = fn.constant(0);
  }
  if (block.jump == JumpKind.Branch && block.to == block.otherwise) {
    block.jump = JumpKind.Jump;
    block.otherwise = NoBlock;
  }
  if (block.jump != JumpKind.Branch) {
    block.b = NoRef;
    if (block.jump == JumpKind.Jump) block.a = NoRef;
  }
}

function fillRpo(fn: Func): void {
  let postorder: Array<i32> = [];
  let stack: Array<i32> = [0];
  // Successors of the blocks on the stack that were looked at.
  let seen = new StaticArray<u8>(fn.blocks.length);
  for (let b = 0, n = fn.blocks.length; b < n; ++b) fn.blocks[b].rpo = -1;
  fn.blocks[0].rpo = 0;
  normalizeJump(fn, fn.blocks[0]);
  while (stack.length > 0) {
    let b = stack[stack.length - 1];
    let block = fn.blocks[b];
    let count = block.successorCount();
    if (<i32>seen[b] == count) {
      postorder.push(b);
      stack.pop();
      continue;
    }
    // The last successor first, so that the true side comes first in reverse.
    let next = fn.blocks[block.successor(count - 1 - seen[b])];
    seen[b] = seen[b] + 1;
    if (next.rpo >= 0) continue;
    next.rpo = 0;
    normalizeJump(fn, next);
    stack.push(next.id);
  }
  postorder.reverse();
  fn.rpo = postorder;
  for (let k = 0, n = postorder.length; k < n; ++k) fn.blocks[postorder[k]].rpo = k;
}

/** Drops the phi operands of predecessors that are gone, and puts the others into the order of Block.preds. */
function trimPhis(fn: Func, block: Block, place: StaticArray<i32>): void {
  let preds = block.preds;
  for (let p = 0, m = preds.length; p < m; ++p) place[preds[p]] = p;
  let sorted: Array<Ref> = [];
  for (let k = 0, n = block.instructions.length; k < n; ++k) {
    let i = block.instructions[k];
    if (fn.ops[i] != Op.Phi) break;
    sorted.length = preds.length;
    sorted.fill(NoRef);
    for (let j = 0, m = fn.operandCount(i); j < m; ++j) {
      let p = place[fn.phiBlock(i, j)];
      if (p >= 0) sorted[p] = fn.operand(i, j);
    }
    fn.bs[i] = preds.length;
    for (let p = 0, m = preds.length; p < m; ++p) {
      fn.setOperand(i, p, sorted[p]);
      fn.setPhiBlock(i, p, preds[p]);
    }
  }
  for (let p = 0, m = preds.length; p < m; ++p) place[preds[p]] = -1;
}

/** Fills Block.idom; requires fillCfg. (Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm".) */
export function fillDominators(fn: Func): void {
  let blocks = fn.blocks;
  for (let k = 0, n = fn.rpo.length; k < n; ++k) blocks[fn.rpo[k]].idom = NoBlock;
  blocks[0].idom = 0;
  let changed = true;
  while (changed) {
    changed = false;
    for (let k = 1, n = fn.rpo.length; k < n; ++k) {
      let block = blocks[fn.rpo[k]];
      let idom = NoBlock;
      for (let p = 0, m = block.preds.length; p < m; ++p) {
        let pred = block.preds[p];
        if (blocks[pred].idom == NoBlock) continue;
        idom = idom == NoBlock ? pred : commonDominator(fn, pred, idom);
      }
      if (idom == block.idom) continue;
      block.idom = idom;
      changed = true;
    }
  }
}

function commonDominator(fn: Func, a: i32, b: i32): i32 {
  let blocks = fn.blocks;
  while (a != b) {
    while (blocks[a].rpo > blocks[b].rpo) a = blocks[a].idom;
    while (blocks[b].rpo > blocks[a].rpo) b = blocks[b].idom;
  }
  return a;
}

/** Whether `a` dominates `b`; requires fillDominators. */
export function dominates(fn: Func, a: i32, b: i32): bool {
  let rpo = fn.blocks[a].rpo;
  while (fn.blocks[b].rpo > rpo) b = fn.blocks[b].idom;
  return a == b;
}

/** The dominator tree as lists: children of b are first[b], next[first[b]], …, until -1. */
export class DominatorTree {
  first: StaticArray<i32>;
  next: StaticArray<i32>;

  constructor(fn: Func) {
    let n = fn.blocks.length;
    this.first = new StaticArray<i32>(n);
    this.next = new StaticArray<i32>(n);
    this.first.fill(-1);
    this.next.fill(-1);
    // Backwards, so that children are in reverse postorder.
    for (let k = fn.rpo.length - 1; k > 0; --k) {
      let b = fn.rpo[k];
      let parent = fn.blocks[b].idom;
      this.next[b] = this.first[parent];
      this.first[parent] = b;
    }
  }
}

/** Fills Block.loopDepth; requires fillDominators. */
export function fillLoops(fn: Func): void {
  let blocks = fn.blocks;
  for (let k = 0, n = fn.rpo.length; k < n; ++k) blocks[fn.rpo[k]].loopDepth = 0;
  let mark = new StaticArray<i32>(blocks.length);
  mark.fill(-1);
  for (let k = 0, n = fn.rpo.length; k < n; ++k) {
    let header = blocks[fn.rpo[k]];
    let work: Array<i32> = [];
    for (let p = 0, m = header.preds.length; p < m; ++p) {
      if (blocks[header.preds[p]].rpo >= k && dominates(fn, header.id, header.preds[p])) work.push(header.preds[p]);
    }
    if (work.length == 0) continue;
    mark[header.id] = header.id;
    header.loopDepth++;
    while (work.length > 0) {
      let block = blocks[work.pop()];
      if (mark[block.id] == header.id) continue;
      mark[block.id] = header.id;
      block.loopDepth++;
      for (let p = 0, m = block.preds.length; p < m; ++p) work.push(block.preds[p]);
    }
  }
}

/** Puts an empty block on every edge from a branch to a block with phis, so that phi copies have a place. */
export function splitCriticalEdges(fn: Func): void {
  for (let k = 0, n = fn.rpo.length; k < n; ++k) {
    let block = fn.blocks[fn.rpo[k]];
    if (block.jump != JumpKind.Branch) continue;
    if (needsSplit(fn, block.to)) block.to = splitEdge(fn, block, block.to);
    if (needsSplit(fn, block.otherwise)) block.otherwise = splitEdge(fn, block, block.otherwise);
  }
}

function needsSplit(fn: Func, to: i32): bool {
  let block = fn.blocks[to];
  if (block.instructions.length == 0) return false;
  return fn.ops[block.instructions[0]] == Op.Phi;
}

function splitEdge(fn: Func, from: Block, to: i32): i32 {
  let edge = fn.blocks[fn.newBlock("edge")];
  edge.jump = JumpKind.Jump;
  edge.to = to;
  edge.position = from.position;
  let target = fn.blocks[to];
  edge.cold = target.cold;
  for (let k = 0, n = target.instructions.length; k < n; ++k) {
    let i = target.instructions[k];
    if (fn.ops[i] != Op.Phi) break;
    for (let j = 0, m = fn.operandCount(i); j < m; ++j) {
      if (fn.phiBlock(i, j) == from.id) fn.setPhiBlock(i, j, edge.id);
    }
  }
  return edge.id;
}
