// Removes instructions whose results nobody uses and that do nothing else. Requires SSA.

import { isPureHelper } from "../ir/calls";
import { Func, isTemp, Ref, refIndex } from "../ir/function";
import { Op, OpFlag, opIs } from "../ir/op";
import { lookupMakes } from "./lookups";

/** Whether instruction `i` has an effect beside its result. */
function hasEffect(fn: Func, i: i32): bool {
  let op = fn.ops[i] as Op;
  if (op == Op.CallHelper) return !isPureHelper(fn.immediates[i]);
  if (op == Op.CallLookup) return lookupMakes(fn, i);
  return op == Op.CallFunction || op == Op.SetVar || opIs(op, OpFlag.Store);
}

class Dead {
  live: StaticArray<bool>;
  work: Array<i32> = [];

  constructor(public fn: Func) {
    this.live = new StaticArray<bool>(fn.ops.length);
  }

  mark(r: Ref): void {
    if (isTemp(r)) this.markInstruction(refIndex(r));
  }

  markInstruction(i: i32): void {
    if (this.live[i]) return;
    this.live[i] = true;
    this.work.push(i);
  }

  run(): void {
    let fn = this.fn;
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      let block = fn.blocks[fn.rpo[k]];
      for (let j = 0, m = block.instructions.length; j < m; ++j) {
        if (hasEffect(fn, block.instructions[j])) this.markInstruction(block.instructions[j]);
      }
      this.mark(block.a);
      this.mark(block.b);
    }
    while (this.work.length > 0) {
      let i = this.work.pop();
      for (let k = 0, n = fn.operandCount(i); k < n; ++k) this.mark(fn.operand(i, k));
    }
    for (let k = 0, n = fn.rpo.length; k < n; ++k) this.sweep(fn.blocks[fn.rpo[k]].id);
  }

  sweep(b: i32): void {
    let fn = this.fn;
    let kept = 0;
    let list = fn.blocks[b].instructions;
    for (let j = 0, m = list.length; j < m; ++j) {
      if (this.live[list[j]]) list[kept++] = list[j];
      else fn.ops[list[j]] = Op.Nop;
    }
    list.length = kept;
  }
}

/** Removes dead instructions. */
export function removeDead(fn: Func): void {
  new Dead(fn).run();
}
