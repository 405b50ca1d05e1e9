// Facts about the control flow that passes need, computed from the blocks' jumps: predecessors, reverse postorder,
// dominators and loop depth. Everything is iterative and near-linear. Unreachable blocks are removed here, because
// kernels refuse instructions that nothing reaches.

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
    block.preds.length = 0;
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

/**
 * Dominators by semidominators with path compression, then nearest common ancestors ("Semi-NCA": Georgiadis,
 * "Linear-time algorithms for dominators and related problems"). The iterative data-flow method is quadratic on a
 * shared exit.
 */
class Dominators {
  /** Blocks in preorder of a depth-first walk; all else is indexed by place in it. */
  order: Array<i32> = [];
  number: StaticArray<i32>;
  parent: StaticArray<i32>;
  ancestor: StaticArray<i32>;
  label: StaticArray<i32>;
  semi: StaticArray<i32>;
  idom: StaticArray<i32>;
  path: Array<i32> = [];

  constructor(public fn: Func) {
    let n = fn.blocks.length;
    this.number = new StaticArray<i32>(n);
    this.parent = new StaticArray<i32>(n);
    this.ancestor = new StaticArray<i32>(n);
    this.label = new StaticArray<i32>(n);
    this.semi = new StaticArray<i32>(n);
    this.idom = new StaticArray<i32>(n);
    this.number.fill(-1);
    this.ancestor.fill(-1);
  }

  walk(): void {
    let blocks = this.fn.blocks;
    // Pairs (block, number of its parent).
    let stack: Array<i32> = [0, 0];
    while (stack.length > 0) {
      let parent = stack.pop();
      let b = stack.pop();
      if (this.number[b] >= 0) continue;
      let v = this.order.length;
      this.number[b] = v;
      this.parent[v] = parent;
      this.order.push(b);
      for (let s = blocks[b].successorCount() - 1; s >= 0; --s) {
        stack.push(blocks[b].successor(s));
        stack.push(v);
      }
    }
  }

  /** The vertex of least semidominator on the way from `v` up to the forest's root. */
  evaluate(v: i32): i32 {
    if (this.ancestor[v] < 0) return v;
    let path = this.path;
    while (this.ancestor[this.ancestor[v]] >= 0) {
      path.push(v);
      v = this.ancestor[v];
    }
    let result = this.label[v];
    while (path.length > 0) {
      let w = path.pop();
      let above = this.ancestor[w];
      if (this.semi[this.label[above]] < this.semi[this.label[w]]) this.label[w] = this.label[above];
      this.ancestor[w] = this.ancestor[above];
      result = this.label[w];
    }
    return result;
  }

  run(): void {
    let blocks = this.fn.blocks;
    this.walk();
    let n = this.order.length;
    for (let v = 0; v < n; ++v) {
      this.label[v] = v;
      this.semi[v] = v;
    }
    for (let v = n - 1; v > 0; --v) {
      let preds = blocks[this.order[v]].preds;
      for (let p = 0, m = preds.length; p < m; ++p) {
        let u = this.evaluate(this.number[preds[p]]);
        if (this.semi[u] < this.semi[v]) this.semi[v] = this.semi[u];
      }
      this.ancestor[v] = this.parent[v];
    }
    for (let v = 1; v < n; ++v) {
      let d = this.parent[v];
      while (d > this.semi[v]) d = this.idom[d];
      this.idom[v] = d;
    }
    for (let v = 0; v < n; ++v) blocks[this.order[v]].idom = this.order[this.idom[v]];
  }
}

/** Fills Block.idom and the numbers that `dominates` compares; requires fillCfg. */
export function fillDominators(fn: Func): void {
  new Dominators(fn).run();
  let tree = new DominatorTree(fn);
  let count = 0;
  // A block on the way down, -1 - block on the way up.
  let stack: Array<i32> = [0];
  while (stack.length > 0) {
    let entry = stack.pop();
    if (entry < 0) {
      fn.blocks[-1 - entry].treeLast = count;
      continue;
    }
    fn.blocks[entry].treeFirst = ++count;
    stack.push(-1 - entry);
    for (let child = tree.first[entry]; child >= 0; child = tree.next[child]) stack.push(child);
  }
}

/** Whether `a` dominates `b`; requires fillDominators. */
export function dominates(fn: Func, a: i32, b: i32): bool {
  let first = fn.blocks[b].treeFirst;
  return fn.blocks[a].treeFirst <= first && first <= fn.blocks[a].treeLast;
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

/**
 * Puts an empty block on every edge from a branch to a block with phis, so that phi copies have a place; requires
 * fillCfg.
 */
export function splitCriticalEdges(fn: Func): void {
  for (let k = 0, n = fn.rpo.length; k < n; ++k) {
    let block = fn.blocks[fn.rpo[k]];
    if (block.instructions.length == 0 || fn.ops[block.instructions[0]] != Op.Phi) continue;
    for (let p = 0, m = block.preds.length; p < m; ++p) {
      if (fn.blocks[block.preds[p]].jump == JumpKind.Branch) splitEdge(fn, block, p);
    }
  }
}

/** Splits the edge from predecessor number `p` of `target`: phi operands are in the order of predecessors. */
function splitEdge(fn: Func, target: Block, p: i32): void {
  let from = fn.blocks[target.preds[p]];
  let edge = fn.blocks[fn.newBlock("edge")];
  edge.jump = JumpKind.Jump;
  edge.to = target.id;
  edge.position = from.position;
  edge.cold = target.cold;
  if (from.to == target.id) from.to = edge.id;
  else from.otherwise = edge.id;
  target.preds[p] = edge.id;
  for (let k = 0, n = target.instructions.length; k < n; ++k) {
    let i = target.instructions[k];
    if (fn.ops[i] != Op.Phi) break;
    fn.setPhiBlock(i, p, edge.id);
  }
}
