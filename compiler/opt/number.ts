// Value numbering: the same operation on the same values is done once. One walk over the dominator tree with a table
// that is undone on the way up, so that what is found dominates. Covers pure operations, helpers that give the same
// value throughout an invocation, loads that nothing wrote in between (and loads of .rodata always), and forwards
// stored values to loads.
//
// A block with one predecessor begins with what its predecessor knew of memory (opt/memory); a join begins with
// nothing.

import { isPureHelper, leavesMemoryAlone } from "../ir/calls";
import { DominatorTree } from "../ir/cfg";
import { Block, Func, isTemp, NoRef, Ref, refIndex, tempRef } from "../ir/function";
import { accessBytes, Op, OpFlag, opIs } from "../ir/op";
import { lookupMakes } from "./lookups";
import { KnownMemory } from "./memory";

class Numbering {
  /** Entries of the hash table: heads by hash, links, keys, values; removed in the order they came. */
  heads: StaticArray<i32>;
  next: Array<i32> = [];
  hashes: Array<i32> = [];
  ops: Array<i32> = [];
  as: Array<Ref> = [];
  bs: Array<Ref> = [];
  immediates: Array<i32> = [];
  values: Array<Ref> = [];

  replaced: StaticArray<Ref>;
  memory: KnownMemory = new KnownMemory();
  /** What is known at the end of blocks that have successors with one predecessor. */
  endMemory: StaticArray<KnownMemory | null>;

  constructor(public fn: Func) {
    let size = 64;
    while (size < fn.ops.length) size <<= 1;
    this.heads = new StaticArray<i32>(size);
    this.replaced = new StaticArray<Ref>(fn.ops.length);
    this.endMemory = new StaticArray<KnownMemory | null>(fn.blocks.length);
    this.heads.fill(-1);
  }

  // ---- the table

  hash(op: i32, a: Ref, b: Ref, immediate: i32): i32 {
    let h = <u64>op * 0x9e3779b1 + <u64>a;
    h = h * 0x9e3779b97f4a7c15 + <u64>b;
    h = h * 0x9e3779b97f4a7c15 + <u64>immediate;
    return <i32>(h >> 32) & (this.heads.length - 1);
  }

  find(op: i32, a: Ref, b: Ref, immediate: i32): Ref {
    for (let e = this.heads[this.hash(op, a, b, immediate)]; e >= 0; e = this.next[e]) {
      if (this.ops[e] != op || this.as[e] != a || this.bs[e] != b || this.immediates[e] != immediate) continue;
      return this.values[e];
    }
    return NoRef;
  }

  put(op: i32, a: Ref, b: Ref, immediate: i32, value: Ref): void {
    let hash = this.hash(op, a, b, immediate);
    this.next.push(this.heads[hash]);
    this.heads[hash] = this.values.length;
    this.hashes.push(hash);
    this.ops.push(op);
    this.as.push(a);
    this.bs.push(b);
    this.immediates.push(immediate);
    this.values.push(value);
  }

  /** Removes entries until `length` are left. */
  undo(length: i32): void {
    while (this.values.length > length) {
      this.heads[this.hashes.pop()] = this.next.pop();
      this.ops.pop();
      this.as.pop();
      this.bs.pop();
      this.immediates.pop();
      this.values.pop();
    }
  }

  // ---- the walk

  resolve(r: Ref): Ref {
    return isTemp(r) && this.replaced[refIndex(r)] != NoRef ? this.replaced[refIndex(r)] : r;
  }

  /** Whether memory at `base` never changes. */
  isFixed(base: Ref): bool {
    return isTemp(base) && this.fn.ops[refIndex(base)] == Op.AddressRodata;
  }

  /** What is known of memory after instruction `i`, which is no load. */
  effect(i: i32, op: Op): void {
    let fn = this.fn;
    if (op >= Op.Store8 && op <= Op.Store64) {
      this.memory.write(fn, fn.as[i], fn.immediates[i], accessBytes(op));
      // Narrower stores would have to be cut off for a load.
      if (op == Op.Store64) this.memory.note(Op.Load64, fn.as[i], fn.immediates[i], fn.bs[i]);
    } else if (opIs(op, OpFlag.Store)) {
      this.memory.write(fn, fn.operand(i, 0), fn.immediates[i], accessBytes(op));
    } else if (op == Op.CallLookup) {
      if (lookupMakes(fn, i)) this.memory.clear();
    } else if (op == Op.CallFunction || (op == Op.CallHelper && !leavesMemoryAlone(fn.immediates[i]))) {
      this.memory.clear();
    }
  }

  load(i: i32, op: Op): Ref {
    let fn = this.fn;
    let known = this.memory.find(op, fn.as[i], fn.immediates[i]);
    if (known == NoRef) this.memory.note(op, fn.as[i], fn.immediates[i], tempRef(i));
    return known;
  }

  /** The earlier value that `i` equals, or NoRef after noting it. */
  number(i: i32): Ref {
    let fn = this.fn;
    let op = fn.ops[i] as Op;
    let a = fn.as[i];
    let b = fn.bs[i];
    if (opIs(op, OpFlag.Load)) {
      if (!this.isFixed(a)) return this.load(i, op);
    } else if (op == Op.CallHelper && isPureHelper(fn.immediates[i]) && b == 0) {
      a = NoRef;
    } else if (!opIs(op, OpFlag.Pure)) {
      this.effect(i, op);
      return NoRef;
    }
    let known = this.find(op, a, b, fn.immediates[i]);
    if (known == NoRef) this.put(op, a, b, fn.immediates[i], tempRef(i));
    return known;
  }

  /** Begins `block` with what is known on the only way in. */
  enter(block: Block): void {
    this.memory.clear();
    if (block.preds.length != 1) return;
    let before = this.endMemory[block.preds[0]];
    if (before != null) this.memory.copyFrom(before);
  }

  leave(block: Block): void {
    let fn = this.fn;
    let isNeeded = false;
    for (let s = 0, n = block.successorCount(); s < n; ++s) {
      if (fn.blocks[block.successor(s)].preds.length == 1) isNeeded = true;
    }
    if (!isNeeded || this.memory.loads.length == 0) return;
    let after = new KnownMemory();
    after.copyFrom(this.memory);
    this.endMemory[block.id] = after;
  }

  block(block: Block): void {
    let fn = this.fn;
    this.enter(block);
    let kept = 0;
    for (let k = 0, n = block.instructions.length; k < n; ++k) {
      let i = block.instructions[k];
      if (fn.ops[i] != Op.Phi) {
        for (let o = 0, c = fn.operandCount(i); o < c; ++o) fn.setOperand(i, o, this.resolve(fn.operand(i, o)));
        let known = this.number(i);
        if (known != NoRef) {
          this.replaced[i] = known;
          fn.ops[i] = Op.Nop;
          continue;
        }
      }
      block.instructions[kept++] = i;
    }
    block.instructions.length = kept;
    block.a = this.resolve(block.a);
    block.b = this.resolve(block.b);
    this.leave(block);
  }

  run(): void {
    let fn = this.fn;
    let tree = new DominatorTree(fn);
    // As in opt/ssa: a block on the way down, -1 - length of the table on the way up.
    let stack: Array<i32> = [0];
    while (stack.length > 0) {
      let entry = stack.pop();
      if (entry < 0) {
        this.undo(-1 - entry);
        continue;
      }
      stack.push(-1 - this.values.length);
      this.block(fn.blocks[entry]);
      for (let child = tree.first[entry]; child >= 0; child = tree.next[child]) stack.push(child);
    }
    for (let k = 0, n = fn.rpo.length; k < n; ++k) this.resolvePhis(fn.blocks[fn.rpo[k]]);
  }

  resolvePhis(block: Block): void {
    let fn = this.fn;
    for (let k = 0, n = block.instructions.length; k < n; ++k) {
      let i = block.instructions[k];
      if (fn.ops[i] != Op.Phi) break;
      for (let o = 0, c = fn.operandCount(i); o < c; ++o) fn.setOperand(i, o, this.resolve(fn.operand(i, o)));
    }
  }
}

/** Removes repeated work. Requires SSA and dominators. */
export function numberValues(fn: Func): void {
  new Numbering(fn).run();
}
