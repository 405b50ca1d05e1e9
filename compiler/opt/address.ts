// One base for many addresses: an address in .bss or .rodata that is used only to reach memory becomes another,
// dominating address plus an offset in the access. ld_imm64 takes two instructions, an offset none.

import { dominates } from "../ir/cfg";
import { Func, isTemp, NoRef, Ref, refIndex, tempRef } from "../ir/function";
import { Op, OpFlag, opIs } from "../ir/op";

class Share {
  /** Addresses that were used otherwise than as the base of an access. */
  hasOtherUse: StaticArray<bool>;
  /** Smallest and largest offset of the accesses of an address. */
  lowest: StaticArray<i32>;
  highest: StaticArray<i32>;
  block: StaticArray<i32>;
  /** Addresses that others were turned into. */
  bases: Array<i32> = [];
  /** The base of a turned address, as a ref. */
  replaced: StaticArray<Ref>;

  constructor(public fn: Func) {
    let n = fn.ops.length;
    this.hasOtherUse = new StaticArray<bool>(n);
    this.lowest = new StaticArray<i32>(n);
    this.highest = new StaticArray<i32>(n);
    this.block = new StaticArray<i32>(n);
    this.replaced = new StaticArray<Ref>(n);
  }

  isAddress(r: Ref): bool {
    if (!isTemp(r)) return false;
    let op = this.fn.ops[refIndex(r)];
    return op == Op.AddressBss || op == Op.AddressRodata;
  }

  collect(): void {
    let fn = this.fn;
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      let block = fn.blocks[fn.rpo[k]];
      for (let j = 0, m = block.instructions.length; j < m; ++j) {
        let i = block.instructions[j];
        this.block[i] = block.id;
        let isAccess = opIs(fn.ops[i], OpFlag.Load | OpFlag.Store);
        for (let o = 0, c = fn.operandCount(i); o < c; ++o) this.note(fn.operand(i, o), i, isAccess && o == 0);
      }
      this.note(block.a, -1, false);
      this.note(block.b, -1, false);
    }
  }

  note(r: Ref, user: i32, isAccess: bool): void {
    if (!this.isAddress(r)) return;
    let i = refIndex(r);
    if (!isAccess) {
      this.hasOtherUse[i] = true;
      return;
    }
    let offset = this.fn.immediates[user];
    if (offset < this.lowest[i]) this.lowest[i] = offset;
    if (offset > this.highest[i]) this.highest[i] = offset;
  }

  /** A base that reaches all that address `i` reaches. */
  findBase(i: i32): i32 {
    let fn = this.fn;
    for (let k = 0, n = this.bases.length; k < n; ++k) {
      let base = this.bases[k];
      if (fn.ops[base] != fn.ops[i]) continue;
      let delta = <i64>fn.immediates[i] - <i64>fn.immediates[base];
      if (delta + this.lowest[i] < -32768 || delta + this.highest[i] > 32767) continue;
      if (dominates(fn, this.block[base], this.block[i])) return base;
    }
    return -1;
  }

  choose(): void {
    let fn = this.fn;
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      let list = fn.blocks[fn.rpo[k]].instructions;
      for (let j = 0, m = list.length; j < m; ++j) {
        let i = list[j];
        if (!this.isAddress(tempRef(i))) continue;
        let base = this.hasOtherUse[i] ? -1 : this.findBase(i);
        if (base >= 0) this.replaced[i] = tempRef(base);
        else if (this.bases.length < MAX_BASES) this.bases.push(i);
      }
    }
  }

  rewrite(): void {
    let fn = this.fn;
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      let list = fn.blocks[fn.rpo[k]].instructions;
      for (let j = 0, m = list.length; j < m; ++j) {
        let i = list[j];
        if (!opIs(fn.ops[i], OpFlag.Load | OpFlag.Store)) continue;
        let r = fn.operand(i, 0);
        if (!isTemp(r) || this.replaced[refIndex(r)] == NoRef) continue;
        let base = this.replaced[refIndex(r)];
        fn.immediates[i] = fn.immediates[i] + fn.immediates[refIndex(r)] - fn.immediates[refIndex(base)];
        fn.setOperand(i, 0, base);
      }
    }
  }
}

/** Bases that are looked at for each address. */
const MAX_BASES: i32 = 16;

/** Shares the bases of accesses to .bss and .rodata. Requires SSA and dominators; leaves dead addresses. */
export function shareAddresses(fn: Func): void {
  let pass = new Share(fn);
  pass.collect();
  pass.choose();
  pass.rewrite();
}
