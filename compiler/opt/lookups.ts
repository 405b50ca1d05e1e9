// Looking up the same keys twice gives the same element while nothing adds or removes one. A look-up stands for a later
// one of the same function and keys if it dominates it and the tables are in the same state at both: states are
// numbered, a new one begins behind each call that may change a table, and where ways with different states meet. One
// that made the element if there was none stands for both kinds; one that only looked does not stand for one that
// makes.
//
// A handler that looks without the lock may miss an element that another CPU adds between its two look-ups. The effect
// is the same as if the element had been added after the second.

import { dominates } from "../ir/cfg";
import { Block, Func, isConstant, isTemp, NoRef, Ref, refIndex, tempRef } from "../ir/function";
import { Op } from "../ir/op";

/** The tables' state at the function's entry. */
const AT_ENTRY: i32 = -1;

/** Whether look-up `i` makes the element if there is none. */
export function lookupMakes(fn: Func, i: i32): bool {
  const make = fn.operand(i, fn.operandCount(i) - 1);
  return !isConstant(make) || fn.valueOf(make) != 0;
}

class Lookups {
  /** State at the end of each block: the instruction that began it, or -2 minus the block where ways met. */
  states: StaticArray<i32>;
  isDone: StaticArray<bool>;
  /** Look-ups that stay, their blocks, and the states that they leave. */
  found: Array<i32> = [];
  blocks: Array<i32> = [];
  left: Array<i32> = [];
  replaced: StaticArray<Ref>;

  constructor(public fn: Func) {
    this.states = new StaticArray<i32>(fn.blocks.length);
    this.isDone = new StaticArray<bool>(fn.blocks.length);
    this.replaced = new StaticArray<Ref>(fn.ops.length);
  }

  private resolve(r: Ref): Ref {
    return isTemp(r) && this.replaced[refIndex(r)] != NoRef ? this.replaced[refIndex(r)] : r;
  }

  /** The state in which `block` begins. */
  private stateAt(block: Block): i32 {
    const preds = block.preds;
    if (preds.length == 0) return AT_ENTRY;
    for (let p = 0, n = preds.length; p < n; ++p) {
      // The state at the end of a loop is not known yet when the loop begins.
      const isSame = this.isDone[preds[p]] && this.states[preds[p]] == this.states[preds[0]];
      if (!isSame) return -2 - block.id;
    }
    return this.states[preds[0]];
  }

  private isSame(a: i32, b: i32): bool {
    const fn = this.fn;
    const keys = fn.operandCount(a) - 1;
    if (fn.immediates[a] != fn.immediates[b] || fn.operandCount(b) - 1 != keys) return false;
    for (let k = 0; k < keys; ++k) if (this.resolve(fn.operand(a, k)) != this.resolve(fn.operand(b, k))) return false;
    return lookupMakes(fn, a) || !lookupMakes(fn, b);
  }

  /** An earlier look-up that gives what `i` gives in this state, or -1. */
  private earlier(i: i32, block: i32, state: i32): i32 {
    for (let k = this.found.length - 1; k >= 0; --k) {
      if (this.left[k] != state || !this.isSame(this.found[k], i)) continue;
      if (dominates(this.fn, this.blocks[k], block)) return this.found[k];
    }
    return -1;
  }

  private block(block: Block): void {
    const fn = this.fn;
    let state = this.stateAt(block);
    let kept = 0;
    for (let k = 0, n = block.instructions.length; k < n; ++k) {
      const i = block.instructions[k];
      if (fn.ops[i] == Op.CallFunction) {
        state = i;
      } else if (fn.ops[i] == Op.CallLookup) {
        const known = this.earlier(i, block.id, state);
        if (known >= 0) {
          this.replaced[i] = tempRef(known);
          fn.ops[i] = Op.Nop;
          continue;
        }
        if (lookupMakes(fn, i)) state = i;
        this.found.push(i);
        this.blocks.push(block.id);
        this.left.push(state);
      }
      block.instructions[kept++] = i;
    }
    block.instructions.length = kept;
    this.states[block.id] = state;
    this.isDone[block.id] = true;
  }

  private rename(block: Block): void {
    const fn = this.fn;
    for (let k = 0, n = block.instructions.length; k < n; ++k) {
      const i = block.instructions[k];
      for (let o = 0, c = fn.operandCount(i); o < c; ++o) fn.setOperand(i, o, this.resolve(fn.operand(i, o)));
    }
    block.a = this.resolve(block.a);
    block.b = this.resolve(block.b);
  }

  run(): void {
    const fn = this.fn;
    for (let k = 0, n = fn.rpo.length; k < n; ++k) this.block(fn.blocks[fn.rpo[k]]);
    for (let k = 0, n = fn.rpo.length; k < n; ++k) this.rename(fn.blocks[fn.rpo[k]]);
  }
}

/** Removes repeated look-ups. Requires SSA and dominators. */
export function shareLookups(fn: Func): void {
  for (let i = 0, n = fn.ops.length; i < n; ++i) {
    if (fn.ops[i] != Op.CallLookup) continue;
    new Lookups(fn).run();
    return;
  }
}
