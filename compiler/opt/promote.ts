// Small stack slots that nobody points to become variables, one for each 8-byte word, and so registers: short strings
// that are copied from place to place then cost nothing. Comes before SSA.

import { Func, isSlot, NoRef, Ref, refIndex, tempRef } from "../ir/function";
import { accessBytes, Op, OpFlag, opIs } from "../ir/op";

/** Larger slots would need more registers than there are. */
const MAX_BYTES: i32 = 32;

class Promote {
  /** Whether a slot is still thought to be promotable. */
  isPrivate: StaticArray<bool>;
  /** First variable of each promoted slot. */
  variables: StaticArray<i32>;
  list: Array<i32> = [];

  constructor(public fn: Func) {
    let n = fn.slots.length;
    this.isPrivate = new StaticArray<bool>(n);
    this.variables = new StaticArray<i32>(n);
    for (let s = 0; s < n; ++s) this.isPrivate[s] = fn.slots[s] <= MAX_BYTES;
  }

  /** `r` is used otherwise than to access its slot, which then stays in memory. */
  refuse(r: Ref): void {
    if (isSlot(r)) this.isPrivate[refIndex(r)] = false;
  }

  /** Whether the access stays in one word: any load, but stores of whole words only. */
  isPlain(i: i32): bool {
    let fn = this.fn;
    let op = fn.ops[i] as Op;
    let offset = fn.immediates[i];
    if (offset < 0 || offset + accessBytes(op) > ((fn.slots[refIndex(fn.as[i])] + 7) & ~7)) return false;
    if (op == Op.Store64 || op == Op.Load64) return (offset & 7) == 0;
    return opIs(op, OpFlag.Load) && (offset & 7) + accessBytes(op) <= 8;
  }

  find(): bool {
    let fn = this.fn;
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      let block = fn.blocks[fn.rpo[k]];
      for (let j = 0, m = block.instructions.length; j < m; ++j) {
        let i = block.instructions[j];
        let isAccess = opIs(fn.ops[i], OpFlag.Load) || fn.ops[i] == Op.Store64;
        for (let o = 0, c = fn.operandCount(i); o < c; ++o) {
          let r = fn.operand(i, o);
          if (!isAccess || o != 0 || !isSlot(r) || !this.isPlain(i)) this.refuse(r);
        }
      }
      this.refuse(block.a);
      this.refuse(block.b);
    }
    return this.isPrivate.includes(true);
  }

  addVariables(): void {
    let fn = this.fn;
    for (let s = 0, n = fn.slots.length; s < n; ++s) {
      if (!this.isPrivate[s]) continue;
      this.variables[s] = fn.variables.length;
      for (let at = 0; at < fn.slots[s]; at += 8) fn.variables.push("slot" + s.toString());
    }
  }

  add(op: Op, a: Ref, b: Ref, position: i32): Ref {
    let i = this.fn.newInstruction(op, a, b, 0);
    this.fn.positions[i] = position;
    this.list.push(i);
    return tempRef(i);
  }

  instruction(i: i32): void {
    let fn = this.fn;
    let op = fn.ops[i] as Op;
    let isAccess = opIs(op, OpFlag.Load) || op == Op.Store64;
    if (!isAccess || !isSlot(fn.as[i]) || !this.isPrivate[refIndex(fn.as[i])]) {
      this.list.push(i);
      return;
    }
    let offset = fn.immediates[i];
    let variable = this.variables[refIndex(fn.as[i])] + (offset >> 3);
    if (op == Op.Store64 || op == Op.Load64) {
      fn.ops[i] = op == Op.Store64 ? Op.SetVar : Op.GetVar;
      fn.as[i] = fn.bs[i];
      fn.bs[i] = NoRef;
      fn.immediates[i] = variable;
      this.list.push(i);
      return;
    }
    let word = this.add(Op.GetVar, NoRef, NoRef, fn.positions[i]);
    fn.immediates[refIndex(word)] = variable;
    let shifted = this.add(Op.Shr, word, fn.constant(<i64>(offset & 7) * 8), fn.positions[i]);
    fn.ops[i] = this.extension(op);
    fn.as[i] = shifted;
    fn.immediates[i] = 0;
    this.list.push(i);
  }

  extension(op: Op): Op {
    switch (op) {
      case Op.Load8u:
        return Op.Extu8;
      case Op.Load8s:
        return Op.Exts8;
      case Op.Load16u:
        return Op.Extu16;
      case Op.Load16s:
        return Op.Exts16;
      case Op.Load32u:
        return Op.Extu32;
      default:
        assert(op == Op.Load32s, "a narrow load has an extension");
        return Op.Exts32;
    }
  }

  run(): void {
    let fn = this.fn;
    if (!this.find()) return;
    this.addVariables();
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      let block = fn.blocks[fn.rpo[k]];
      this.list = [];
      for (let j = 0, m = block.instructions.length; j < m; ++j) this.instruction(block.instructions[j]);
      block.instructions = this.list;
    }
  }
}

/** Turns private slots into variables. Requires the control flow. */
export function promoteSlots(fn: Func): void {
  if (fn.slots.length > 0) new Promote(fn).run();
}
