// Mutable locals into temps: every GetVar becomes the value that reaches it, phis join values where paths meet.
//
// Phis go to the iterated dominance frontier of a variable's assignments, but only where the variable is live, so dead
// phis are never made. Then one walk over the dominator tree renames. A variable read before it is set is 0.
// Requires the control flow and dominators; afterwards no GetVar and SetVar are left.

import { DominatorTree } from "../ir/cfg";
import { Block, Func, isTemp, NoRef, Ref, refIndex, tempRef } from "../ir/function";
import { Lists } from "../ir/lists";
import { Op } from "../ir/op";

class Ssa {
  /** Blocks that assign a variable. */
  assigned: Lists;
  /** Blocks that read a variable before they assign it. */
  exposed: Lists;
  /** Blocks in a block's dominance frontier. */
  frontier: Lists;
  /** Variable of a phi made here, by instruction number minus `firstPhi`. */
  phiVariables: Array<i32> = [];
  firstPhi: i32;
  /** Value of each variable, and what to restore on the way up the tree: pairs (variable, value). */
  current: StaticArray<Ref>;
  undo: Array<i32> = [];
  /** What a removed GetVar stands for. */
  replaced: StaticArray<Ref>;

  constructor(public fn: Func) {
    let variables = fn.variables.length;
    this.assigned = new Lists(variables);
    this.exposed = new Lists(variables);
    this.frontier = new Lists(fn.blocks.length);
    this.current = new StaticArray<Ref>(variables);
    this.firstPhi = fn.ops.length;
    this.replaced = new StaticArray<Ref>(fn.ops.length);
  }

  scan(): void {
    let fn = this.fn;
    let lastSet = new StaticArray<i32>(fn.variables.length);
    lastSet.fill(-1);
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      let block = fn.blocks[fn.rpo[k]];
      for (let j = 0, m = block.instructions.length; j < m; ++j) {
        let i = block.instructions[j];
        let variable = fn.immediates[i];
        if (fn.ops[i] == Op.SetVar) {
          lastSet[variable] = block.id;
          this.assigned.add(variable, block.id);
        } else if (fn.ops[i] == Op.GetVar && lastSet[variable] != block.id) {
          this.exposed.add(variable, block.id);
        }
      }
    }
  }

  fillFrontier(): void {
    let fn = this.fn;
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      let block = fn.blocks[fn.rpo[k]];
      if (block.preds.length < 2) continue;
      for (let p = 0, m = block.preds.length; p < m; ++p) {
        let runner = block.preds[p];
        // Another predecessor has marked the rest of the way up to the dominator.
        while (runner != block.idom && this.frontier.last(runner) != block.id) {
          this.frontier.add(runner, block.id);
          runner = fn.blocks[runner].idom;
        }
      }
    }
  }

  /** Marks with `variable` the blocks at whose start it is live. */
  markLive(variable: i32, live: StaticArray<i32>, kills: StaticArray<i32>): void {
    let fn = this.fn;
    let work: Array<i32> = [];
    for (let e = this.assigned.head[variable]; e >= 0; e = this.assigned.next[e]) {
      kills[this.assigned.values[e]] = variable;
    }
    for (let e = this.exposed.head[variable]; e >= 0; e = this.exposed.next[e]) work.push(this.exposed.values[e]);
    while (work.length > 0) {
      let b = work.pop();
      if (live[b] == variable) continue;
      live[b] = variable;
      let preds = fn.blocks[b].preds;
      for (let p = 0, n = preds.length; p < n; ++p) if (kills[preds[p]] != variable) work.push(preds[p]);
    }
  }

  placePhis(): void {
    let fn = this.fn;
    let n = fn.blocks.length;
    let live = new StaticArray<i32>(n);
    let kills = new StaticArray<i32>(n);
    let placed = new StaticArray<i32>(n);
    live.fill(-1);
    kills.fill(-1);
    placed.fill(-1);
    // Collected per block and put in front at the end: unshift for each would be quadratic.
    let phis = new Lists(n);
    for (let variable = 0, count = fn.variables.length; variable < count; ++variable) {
      if (this.exposed.head[variable] < 0) continue;
      this.markLive(variable, live, kills);
      let work: Array<i32> = [];
      for (let e = this.assigned.head[variable]; e >= 0; e = this.assigned.next[e]) work.push(this.assigned.values[e]);
      while (work.length > 0) {
        let b = work.pop();
        for (let e = this.frontier.head[b]; e >= 0; e = this.frontier.next[e]) {
          let to = this.frontier.values[e];
          if (placed[to] == variable || live[to] != variable) continue;
          placed[to] = variable;
          phis.add(to, this.newPhi(variable, fn.blocks[to]));
          work.push(to);
        }
      }
    }
    for (let b = 0; b < n; ++b) {
      if (phis.head[b] < 0) continue;
      let list: Array<i32> = [];
      for (let e = phis.head[b]; e >= 0; e = phis.next[e]) list.push(phis.values[e]);
      list.reverse();
      fn.blocks[b].instructions = list.concat(fn.blocks[b].instructions);
    }
  }

  /** A phi whose operands are filled while renaming, so its count starts at 0. */
  newPhi(variable: i32, block: Block): i32 {
    let fn = this.fn;
    let start = fn.args.length;
    for (let k = 0, n = block.preds.length * 2; k < n; ++k) fn.args.push(0);
    this.phiVariables.push(variable);
    return fn.newInstruction(Op.Phi, start, 0, 0);
  }

  rename(): void {
    let fn = this.fn;
    let tree = new DominatorTree(fn);
    this.current.fill(fn.constant(0));
    // A block's number on the way down; on the way up -1 - length of the undo list when it was entered.
    let stack: Array<i32> = [0];
    while (stack.length > 0) {
      let entry = stack.pop();
      if (entry < 0) {
        this.restore(-1 - entry);
        continue;
      }
      stack.push(-1 - this.undo.length);
      this.renameBlock(fn.blocks[entry]);
      for (let child = tree.first[entry]; child >= 0; child = tree.next[child]) stack.push(child);
    }
  }

  restore(length: i32): void {
    while (this.undo.length > length) {
      let value = this.undo.pop();
      this.current[this.undo.pop()] = value;
    }
  }

  assign(variable: i32, value: Ref): void {
    this.undo.push(variable);
    this.undo.push(this.current[variable]);
    this.current[variable] = value;
  }

  /** The value of an operand: what stands for it, if it was a GetVar. */
  resolve(r: Ref): Ref {
    if (!isTemp(r) || refIndex(r) >= this.firstPhi) return r;
    let other = this.replaced[refIndex(r)];
    return other != NoRef ? other : r;
  }

  renameBlock(block: Block): void {
    let fn = this.fn;
    let kept = 0;
    for (let k = 0, n = block.instructions.length; k < n; ++k) {
      let i = block.instructions[k];
      let op = fn.ops[i] as Op;
      if (op == Op.Phi) {
        if (i >= this.firstPhi) this.assign(this.phiVariables[i - this.firstPhi], tempRef(i));
      } else if (op == Op.GetVar) {
        this.replaced[i] = this.current[fn.immediates[i]];
        fn.ops[i] = Op.Nop;
        continue;
      } else if (op == Op.SetVar) {
        this.assign(fn.immediates[i], this.resolve(fn.as[i]));
        fn.ops[i] = Op.Nop;
        continue;
      } else {
        for (let j = 0, m = fn.operandCount(i); j < m; ++j) fn.setOperand(i, j, this.resolve(fn.operand(i, j)));
      }
      block.instructions[kept++] = i;
    }
    block.instructions.length = kept;
    block.a = this.resolve(block.a);
    block.b = this.resolve(block.b);
    for (let s = 0, m = block.successorCount(); s < m; ++s) this.fillPhis(block, fn.blocks[block.successor(s)]);
  }

  fillPhis(from: Block, to: Block): void {
    let fn = this.fn;
    for (let k = 0, n = to.instructions.length; k < n; ++k) {
      let i = to.instructions[k];
      if (fn.ops[i] != Op.Phi) break;
      if (i >= this.firstPhi) {
        let at = fn.as[i] + 2 * fn.bs[i];
        fn.args[at] = this.current[this.phiVariables[i - this.firstPhi]];
        fn.args[at + 1] = from.id;
        fn.bs[i] = fn.bs[i] + 1;
      } else {
        // A phi of the input (IL text): its operand from here may be a GetVar.
        for (let j = 0, m = fn.operandCount(i); j < m; ++j) {
          if (fn.phiBlock(i, j) == from.id) fn.setOperand(i, j, this.resolve(fn.operand(i, j)));
        }
      }
    }
  }
}

/** Promotes all variables of `fn`. */
export function ssa(fn: Func): void {
  if (fn.variables.length == 0) return;
  let pass = new Ssa(fn);
  pass.scan();
  pass.fillFrontier();
  pass.placePhis();
  pass.rename();
  fn.variables = [];
}
