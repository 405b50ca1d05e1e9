// Removes stores that a later store of the same block overwrites before anything can read them: locals in a frame are
// set to zero where they begin, and to their value soon after.

import { leavesMemoryAlone } from "../ir/calls";
import { Block, Func, Ref } from "../ir/function";
import { accessBytes, Op, OpFlag, opIs } from "../ir/op";
import { mayAlias } from "./memory";

/** Overwritten places that are remembered. */
const MAX_PLACES: i32 = 48;

function isCall(op: Op): bool {
  return op == Op.CallFunction || op == Op.CallLookup;
}

class DeadStores {
  bases: Array<Ref> = [];
  from: Array<i32> = [];
  to: Array<i32> = [];

  constructor(public fn: Func) {}

  clear(): void {
    this.bases.length = 0;
    this.from.length = 0;
    this.to.length = 0;
  }

  isOverwritten(base: Ref, from: i32, to: i32): bool {
    for (let k = this.bases.length - 1; k >= 0; --k) {
      if (this.bases[k] == base && this.from[k] <= from && to <= this.to[k]) return true;
    }
    return false;
  }

  /** Memory is read here: stores to it that come before are needed. */
  read(base: Ref, from: i32, to: i32): void {
    for (let k = this.bases.length - 1; k >= 0; --k) {
      let isApart = this.to[k] <= from || to <= this.from[k];
      if (this.bases[k] == base ? isApart : !mayAlias(this.fn, this.bases[k], base)) continue;
      this.bases.splice(k, 1);
      this.from.splice(k, 1);
      this.to.splice(k, 1);
    }
  }

  /** Whether instruction `i` is a store that is not needed. Notes what `i` writes and reads, for those before it. */
  isDead(i: i32): bool {
    let fn = this.fn;
    let op = fn.ops[i] as Op;
    if (op >= Op.Store8 && op <= Op.Store64) {
      let from = fn.immediates[i];
      let to = from + accessBytes(op);
      if (this.isOverwritten(fn.as[i], from, to)) return true;
      if (this.bases.length == MAX_PLACES) this.clear();
      this.bases.push(fn.as[i]);
      this.from.push(from);
      this.to.push(to);
    } else if (opIs(op, OpFlag.Load)) {
      this.read(fn.as[i], fn.immediates[i], fn.immediates[i] + accessBytes(op));
    } else if (op == Op.CallHelper ? !leavesMemoryAlone(fn.immediates[i]) : isCall(op) || opIs(op, OpFlag.Store)) {
      this.clear();
    }
    return false;
  }

  block(block: Block): void {
    this.clear();
    let list = block.instructions;
    let removed = 0;
    for (let k = list.length - 1; k >= 0; --k) {
      if (!this.isDead(list[k])) continue;
      this.fn.ops[list[k]] = Op.Nop;
      ++removed;
    }
    if (removed == 0) return;
    let kept = 0;
    for (let k = 0, n = list.length; k < n; ++k) if (this.fn.ops[list[k]] != Op.Nop) list[kept++] = list[k];
    list.length = kept;
  }
}

/** Removes overwritten stores. Requires SSA. */
export function removeDeadStores(fn: Func): void {
  let pass = new DeadStores(fn);
  for (let k = 0, n = fn.rpo.length; k < n; ++k) pass.block(fn.blocks[fn.rpo[k]]);
}
