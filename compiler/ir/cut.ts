// Cuts a function at the jumps that suspend it (Builder.suspend), so that each call of it runs one piece.
//
// A suspending jump becomes a return of 0; the entry gets a search that goes to the piece whose number it is told. A
// temp or variable that lives across a cut has a place in memory: stored where it is defined, loaded in every block
// that uses it. Pointers, and what the verifier must see bounded, are not kept but computed again where they are used:
// the verifier would not believe a pointer that comes from memory. What the entry block defines holds in all pieces.
//
// Comes before SSA: no phis. What owns which place is the caller's business (CutMemory).

import { fillCfg } from "./cfg";
import { Block, Func, isConstant, isTemp, JumpKind, NoRef, Ref, refIndex, tempRef } from "./function";
import { Lists } from "./lists";
import { Op, OpFlag, opIs } from "./op";

/** Where values are kept across cuts. */
export abstract class CutMemory {
  /** `base`: the variable, set in the entry block, from whose address places count. */
  constructor(public base: i32) {}

  /** The offset of eight bytes for a value that instruction `i` defines. */
  abstract place(i: i32): i32;
}

class Cutter {
  /** The block of each instruction; -1 none. */
  private home: i32[] = [];
  /** Whether a block begins a piece, and whether it belongs to the entry's search. */
  private begins: StaticArray<bool>;
  private searches: StaticArray<bool>;
  /** Whether a variable is set in the entry block. */
  private fixed: StaticArray<bool>;
  /** Whether a value lives across a cut. */
  private crosses: StaticArray<bool> = new StaticArray<bool>(0);
  private list: i32[] = [];
  private block: i32 = 0;
  /** In the block that is rewritten: what stands for a temp there. */
  private known: Map<i32, Ref> = new Map<i32, Ref>();

  constructor(
    private fn: Func,
    private pieces: i32[],
    private memory: CutMemory,
  ) {
    this.begins = new StaticArray<bool>(0);
    this.searches = new StaticArray<bool>(0);
    this.fixed = new StaticArray<bool>(fn.variables.length);
  }

  run(number: Ref): void {
    const fn = this.fn;
    const search = fn.blocks.length;
    const reached = this.findReached();
    this.search(fn.blocks[0], number, reached);
    this.begins = new StaticArray<bool>(fn.blocks.length);
    this.searches = new StaticArray<bool>(fn.blocks.length);
    for (let k = 0, n = reached.length; k < n; ++k) this.begins[this.pieces[reached[k]]] = true;
    for (let b = search, n = fn.blocks.length; b < n; ++b) this.searches[b] = true;
    this.searches[0] = true;
    fillCfg(fn);
    this.findHomes();
    this.findCrossing();
    this.rewriteAll(true);
    this.findHomes();
    this.findCrossing();
    this.rewriteAll(false);
    this.cutVariables();
    for (let b = 0, n = fn.blocks.length; b < n; ++b) this.cutJump(fn.blocks[b]);
  }

  // ------------------------------------------------------------------------------------------------------- the search

  /**
   * The numbers of the pieces that may run: all but those that only unreachable code would come back to. Of what these
   * use, some is defined in that code.
   */
  private findReached(): i32[] {
    const fn = this.fn;
    const resumed = new StaticArray<bool>(fn.blocks.length);
    for (let b = 0, n = fn.blocks.length; b < n; ++b) {
      if (fn.blocks[b].suspends) resumed[fn.blocks[b].to] = true;
    }
    const work: i32[] = [];
    for (let k = 0, n = this.pieces.length; k < n; ++k) if (!resumed[this.pieces[k]]) work.push(this.pieces[k]);
    const seen = new StaticArray<bool>(fn.blocks.length);
    while (work.length > 0) {
      const b = work.pop();
      if (seen[b]) continue;
      seen[b] = true;
      for (let k = 0, n = fn.blocks[b].successorCount(); k < n; ++k) work.push(fn.blocks[b].successor(k));
    }
    const reached: i32[] = [];
    for (let k = 0, n = this.pieces.length; k < n; ++k) if (seen[this.pieces[k]]) reached.push(k);
    return reached;
  }

  /** Ends `block` with a binary search for the piece among `numbers`. */
  private search(block: Block, number: Ref, numbers: i32[]): void {
    if (numbers.length == 1) {
      block.jump = JumpKind.Jump;
      block.to = this.pieces[numbers[0]];
      return;
    }
    const fn = this.fn;
    const middle = numbers.length >> 1;
    const lower = fn.newBlock("below");
    const upper = fn.newBlock("above");
    block.jump = JumpKind.Branch;
    block.compare = Op.Ult;
    block.a = number;
    block.b = fn.constant(numbers[middle]);
    block.to = lower;
    block.otherwise = upper;
    this.search(fn.blocks[lower], number, numbers.slice(0, middle));
    this.search(fn.blocks[upper], number, numbers.slice(middle));
  }

  private cutJump(block: Block): void {
    if (!block.suspends) return;
    block.suspends = false;
    if (block.dead) return;
    block.jump = JumpKind.Return;
    block.a = this.fn.constant(0);
  }

  // --------------------------------------------------------------------------------------------------------- liveness

  private findHomes(): void {
    const fn = this.fn;
    this.home.length = fn.ops.length;
    this.home.fill(-1);
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      const block = fn.blocks[fn.rpo[k]];
      for (let j = 0, m = block.instructions.length; j < m; ++j) {
        const i = block.instructions[j];
        assert(fn.ops[i] != Op.Phi, "a function is cut before SSA");
        this.home[i] = block.id;
        if (fn.ops[i] == Op.SetVar && block.id == 0) this.fixed[fn.immediates[i]] = true;
      }
    }
  }

  /** Notes a use of a temp in another block than its own. */
  private noteUse(uses: Lists, r: Ref, block: i32): void {
    if (!isTemp(r)) return;
    const home = this.home[refIndex(r)];
    if (home > 0 && home != block) uses.add(refIndex(r), block);
  }

  /** Finds the temps that live where a piece begins. */
  private findCrossing(): void {
    const fn = this.fn;
    const uses = new Lists(fn.ops.length);
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      const block = fn.blocks[fn.rpo[k]];
      for (let j = 0, m = block.instructions.length; j < m; ++j) {
        const i = block.instructions[j];
        for (let o = 0, c = fn.operandCount(i); o < c; ++o) this.noteUse(uses, fn.operand(i, o), block.id);
      }
      this.noteUse(uses, block.a, block.id);
      this.noteUse(uses, block.b, block.id);
    }
    this.crosses = new StaticArray<bool>(fn.ops.length);
    const seen = new StaticArray<i32>(fn.blocks.length);
    seen.fill(-1);
    for (let i = 0, n = fn.ops.length; i < n; ++i) {
      if (uses.head[i] < 0) continue;
      const work: i32[] = [];
      for (let e = uses.head[i]; e >= 0; e = uses.next[e]) work.push(uses.values[e]);
      seen[this.home[i]] = i;
      this.crosses[i] = this.reachesPiece(work, seen, i);
    }
  }

  /** Whether going back from the blocks in `work`, not beyond those marked, comes to where a piece begins. */
  private reachesPiece(work: i32[], seen: StaticArray<i32>, mark: i32): bool {
    while (work.length > 0) {
      const b = work.pop();
      if (seen[b] == mark) continue;
      seen[b] = mark;
      if (this.begins[b]) return true;
      const preds = this.fn.blocks[b].preds;
      for (let p = 0, n = preds.length; p < n; ++p) if (!this.searches[preds[p]]) work.push(preds[p]);
    }
    return false;
  }

  // --------------------------------------------------------------------------------------------------- computed again

  /** Whether an instruction gives the same in every piece without reading what may have changed. */
  private isFixed(i: i32): bool {
    const fn = this.fn;
    const op = fn.ops[i] as Op;
    if (opIs(op, OpFlag.Address)) return true;
    if (op == Op.GetVar) return this.fixed[fn.immediates[i]];
    if (!opIs(op, OpFlag.Load) || !isTemp(fn.as[i])) return false;
    return fn.ops[refIndex(fn.as[i])] == Op.AddressRodata;
  }

  private isPointer(r: Ref): bool {
    if (!isTemp(r)) return false;
    const i = refIndex(r);
    const op = this.fn.ops[i] as Op;
    if (op == Op.Add || op == Op.Sub) return this.isPointer(this.fn.as[i]) || this.isPointer(this.fn.bs[i]);
    return this.isFixed(i) && !opIs(op, OpFlag.Load) && op != Op.Relocated;
  }

  /** Whether a value that lives across a cut is computed again rather than kept. */
  private isRebuilt(i: i32): bool {
    const fn = this.fn;
    const op = fn.ops[i] as Op;
    if (op == Op.And) return isConstant(fn.as[i]) || isConstant(fn.bs[i]);
    return this.isFixed(i) || this.isPointer(tempRef(i));
  }

  /** What stands for `r` in the block that is rewritten; `inside` of an address all that is pure is computed again. */
  private rebuilt(r: Ref, inside: bool): Ref {
    if (!isTemp(r)) return r;
    const i = refIndex(r);
    if (this.home[i] <= 0 || this.home[i] == this.block) return r;
    const fn = this.fn;
    const op = fn.ops[i] as Op;
    const again = inside ? opIs(op, OpFlag.Pure) || this.isFixed(i) : this.crosses[i] && this.isRebuilt(i);
    if (!again) return r;
    if (this.known.has(i)) return this.known.get(i);
    const within = inside || op != Op.And;
    const a = this.rebuilt(fn.as[i], within);
    const b = this.rebuilt(fn.bs[i], within);
    const copy = this.append(op, a, b, fn.immediates[i], fn.positions[i]);
    this.known.set(i, copy);
    return copy;
  }

  // ------------------------------------------------------------------------------------------------------------- kept

  private append(op: Op, a: Ref, b: Ref, immediate: i32, position: i32): Ref {
    const i = this.fn.newInstruction(op, a, b, immediate);
    this.fn.positions[i] = position;
    this.list.push(i);
    return tempRef(i);
  }

  private base(position: i32): Ref {
    return this.append(Op.GetVar, NoRef, NoRef, this.memory.base, position);
  }

  private places: Map<i32, i32> = new Map<i32, i32>();

  private placeOf(i: i32): i32 {
    if (!this.places.has(i)) this.places.set(i, this.memory.place(i));
    return this.places.get(i);
  }

  /** The value of a temp that is kept, loaded once in each block. */
  private loaded(r: Ref, position: i32): Ref {
    if (!isTemp(r)) return r;
    const i = refIndex(r);
    if (i >= this.crosses.length || !this.crosses[i] || this.home[i] == this.block) return r;
    if (this.known.has(i)) return this.known.get(i);
    const value = this.append(Op.Load64, this.base(position), NoRef, this.placeOf(i), position);
    this.known.set(i, value);
    return value;
  }

  private replaced(r: Ref, again: bool, position: i32): Ref {
    return again ? this.rebuilt(r, false) : this.loaded(r, position);
  }

  /** Rewrites all blocks: addresses first, and when it is known what they need, the values that are kept. */
  private rewriteAll(again: bool): void {
    const fn = this.fn;
    for (let k = 0, n = fn.rpo.length; k < n; ++k) this.rewrite(fn.blocks[fn.rpo[k]], again);
  }

  private rewrite(block: Block, again: bool): void {
    const fn = this.fn;
    this.block = block.id;
    this.list = [];
    this.known.clear();
    for (let j = 0, m = block.instructions.length; j < m; ++j) {
      const i = block.instructions[j];
      const position = fn.positions[i];
      for (let o = 0, c = fn.operandCount(i); o < c; ++o) {
        fn.setOperand(i, o, this.replaced(fn.operand(i, o), again, position));
      }
      this.list.push(i);
      if (again || !this.crosses[i]) continue;
      const base = this.base(position);
      this.append(Op.Store64, base, tempRef(i), this.placeOf(i), position);
    }
    block.a = this.replaced(block.a, again, block.position);
    block.b = this.replaced(block.b, again, block.position);
    block.instructions = this.list;
  }

  // -------------------------------------------------------------------------------------------------------- variables

  /** Puts variables that live across a cut into memory altogether. */
  private cutVariables(): void {
    const fn = this.fn;
    const variables = fn.variables.length;
    const owner = new StaticArray<i32>(variables);
    const crossing = this.findCrossingVariables(owner);
    const at = new StaticArray<i32>(variables);
    at.fill(-1);
    for (let v = 0; v < variables; ++v) if (crossing[v]) at[v] = this.memory.place(owner[v]);
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      const block = fn.blocks[fn.rpo[k]];
      this.list = [];
      for (let j = 0, m = block.instructions.length; j < m; ++j) this.cutAccess(block.instructions[j], at);
      block.instructions = this.list;
    }
  }

  private cutAccess(i: i32, at: StaticArray<i32>): void {
    const fn = this.fn;
    const op = fn.ops[i] as Op;
    const place = op == Op.GetVar || op == Op.SetVar ? at[fn.immediates[i]] : -1;
    if (place >= 0) {
      const base = this.base(fn.positions[i]);
      if (op == Op.SetVar) fn.bs[i] = fn.as[i];
      fn.ops[i] = op == Op.SetVar ? Op.Store64 : Op.Load64;
      fn.as[i] = base;
      fn.immediates[i] = place;
    }
    this.list.push(i);
  }

  /** Which variables are read behind a cut before they are set; `owner`: an instruction that sets each. */
  private findCrossingVariables(owner: StaticArray<i32>): StaticArray<bool> {
    const fn = this.fn;
    const variables = fn.variables.length;
    const reads = new Lists(variables);
    const sets = new Lists(variables);
    const lastSet = new StaticArray<i32>(variables);
    lastSet.fill(-1);
    for (let k = 0, n = fn.rpo.length; k < n; ++k) {
      const block = fn.blocks[fn.rpo[k]];
      for (let j = 0, m = block.instructions.length; j < m; ++j) {
        const i = block.instructions[j];
        const v = fn.immediates[i];
        if (fn.ops[i] == Op.SetVar) {
          lastSet[v] = block.id;
          owner[v] = i;
          sets.add(v, block.id);
        } else if (fn.ops[i] == Op.GetVar && !this.fixed[v] && lastSet[v] != block.id) {
          reads.add(v, block.id);
        }
      }
    }
    const crossing = new StaticArray<bool>(variables);
    const seen = new StaticArray<i32>(fn.blocks.length);
    seen.fill(-1);
    for (let v = 0; v < variables; ++v) {
      // What nothing sets is 0 everywhere.
      if (reads.head[v] >= 0 && sets.head[v] >= 0) crossing[v] = this.isExposed(v, reads, sets, seen);
    }
    return crossing;
  }

  /** Whether a variable is live where a piece begins. */
  private isExposed(v: i32, reads: Lists, sets: Lists, seen: StaticArray<i32>): bool {
    const kills = new Set<i32>();
    for (let e = sets.head[v]; e >= 0; e = sets.next[e]) kills.add(sets.values[e]);
    const work: i32[] = [];
    for (let e = reads.head[v]; e >= 0; e = reads.next[e]) work.push(reads.values[e]);
    while (work.length > 0) {
      const b = work.pop();
      if (seen[b] == v) continue;
      seen[b] = v;
      if (this.begins[b]) return true;
      const preds = this.fn.blocks[b].preds;
      for (let p = 0, n = preds.length; p < n; ++p) {
        if (!this.searches[preds[p]] && !kills.has(preds[p])) work.push(preds[p]);
      }
    }
    return false;
  }
}

/**
 * Cuts `fn`, whose entry block is open. `pieces`: the block that each piece begins with, by number; `number`: the
 * number of the piece to run, a temp of the entry block.
 */
export function cut(fn: Func, pieces: i32[], number: Ref, memory: CutMemory): void {
  assert(pieces.length > 0 && fn.blocks[0].jump == JumpKind.None, "there is a first piece, and the entry is open");
  new Cutter(fn, pieces, memory).run(number);
}
