// Value numbering: the same operation on the same values is done once. One walk over the dominator tree with a table that is
// undone on the way up, so that what is found dominates. Covers pure operations, helpers that give the same value throughout
// an invocation, loads that nothing wrote in between (and loads of .rodata always), and forwards stored values to loads.
//
// Memory has a version number, new after each write or call; a block with one predecessor begins with the version that its
// predecessor ended with.

import { isPureHelper } from "../ir/calls";
import { DominatorTree } from "../ir/cfg";
import { Block, Func, isTemp, NoRef, Ref, refIndex, tempRef } from "../ir/function";
import { Op, OpFlag, opIs } from "../ir/op";

/** The version under which loads of memory that never changes are kept. */
const FIXED_VERSION: i32 = 0;

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
  version: i32 = FIXED_VERSION;
  lastVersion: i32 = FIXED_VERSION;
  endVersions: StaticArray<i32>;

  constructor(public fn: Func) {
    let size = 64;
    while (size < fn.ops.length) size <<= 1;
    this.heads = new StaticArray<i32>(size);
    this.replaced = new StaticArray<Ref>(fn.ops.length);
    this.endVersions = new StaticArray<i32>(fn.blocks.length);
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

  newVersion(): void {
    this.version = ++this.lastVersion;
  }

  /** Whether memory at `base` never changes. */
  isFixed(base: Ref): bool {
    return isTemp(base) && this.fn.ops[refIndex(base)] == Op.AddressRodata;
  }

  /** The load that reads what a store of whole 8 bytes wrote; narrower ones would have to cut. */
  noteStore(i: i32): void {
    let fn = this.fn;
    this.newVersion();
    if (fn.ops[i] != Op.Store64) return;
    // The version takes the place of the second operand, which a load has not.
    this.put(Op.Load64, fn.as[i], this.version, fn.immediates[i], fn.bs[i]);
  }

  /** The earlier value that `i` equals, or NoRef after noting it. */
  number(i: i32): Ref {
    let fn = this.fn;
    let op = fn.ops[i] as Op;
    let a = fn.as[i];
    let b = fn.bs[i];
    if (opIs(op, OpFlag.Load)) {
      b = this.isFixed(a) ? FIXED_VERSION : this.version;
    } else if (op == Op.CallHelper && isPureHelper(fn.immediates[i]) && b == 0) {
      a = NoRef;
    } else if (!opIs(op, OpFlag.Pure)) {
      if (op >= Op.Store8 && op <= Op.Store64) this.noteStore(i);
      else if (opIs(op, OpFlag.Store) || op == Op.CallFunction || op == Op.CallHelper) this.newVersion();
      return NoRef;
    }
    let known = this.find(op, a, b, fn.immediates[i]);
    if (known == NoRef) this.put(op, a, b, fn.immediates[i], tempRef(i));
    return known;
  }

  block(block: Block): void {
    let fn = this.fn;
    if (block.preds.length == 1) this.version = this.endVersions[block.preds[0]];
    else this.newVersion();
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
    this.endVersions[block.id] = this.version;
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
