// The interference graph of register allocation and its colouring, with copies coalesced while it is safe (Appel and
// George, "Iterated Register Coalescing").
//
// Nodes are virtual registers. Interference with machine registers is a bit mask per node; edges between nodes are in a
// hash set and in linked lists. A node is in one worklist: simplify (few neighbours, no copies), freeze (few
// neighbours, copies), spill (many neighbours); once simplified it waits on a stack for its colour, once coalesced it
// is another's alias.

import { Liveness } from "./live";
import { COLORS, FIRST_VIRTUAL, MachineFunction } from "./machine-function";

const ALL_COLORS: i32 = (1 << COLORS) - 1;
/** Candidates that are compared for one spill: all, but in huge functions. */
const SPILL_WINDOW: i32 = 512;
/** Nodes with more neighbours than this are merged by George's test on the other node only. */
const MAX_BRIGGS: i32 = 500;

/** A set of unordered pairs of registers. */
class PairSet {
  table: StaticArray<u64> = new StaticArray<u64>(256);
  count: i32 = 0;

  /** Adds a pair; false if it was there. */
  add(a: i32, b: i32): bool {
    if (this.count * 2 >= this.table.length) this.grow();
    let key = this.key(a, b);
    let at = this.find(key);
    if (this.table[at] == key) return false;
    this.table[at] = key;
    this.count++;
    return true;
  }

  clear(): void {
    this.table.fill(0);
    this.count = 0;
  }

  has(a: i32, b: i32): bool {
    let key = this.key(a, b);
    return this.table[this.find(key)] == key;
  }

  // Never 0: virtual registers are not.
  private key(a: i32, b: i32): u64 {
    return a < b ? ((<u64>a) << 32) | <u64>b : ((<u64>b) << 32) | <u64>a;
  }

  private find(key: u64): i32 {
    let mask = this.table.length - 1;
    let at = <i32>((key * 0x9e3779b97f4a7c15) >> 32) & mask;
    while (unchecked(this.table[at]) != 0 && unchecked(this.table[at]) != key) at = (at + 1) & mask;
    return at;
  }

  private grow(): void {
    let old = this.table;
    this.table = new StaticArray<u64>(old.length * 2);
    for (let k = 0, n = old.length; k < n; ++k) if (old[k] != 0) this.table[this.find(old[k])] = old[k];
  }
}

/** The large buffers of a graph, used again in every round. */
export class Edges {
  pairs: PairSet = new PairSet();
  to: Array<i32> = [];
  next: Array<i32> = [];

  clear(): void {
    this.pairs.clear();
    this.to.length = 0;
    this.next.length = 0;
  }
}

const enum State {
  /** Not in any list: a machine register. */
  None = 0,
  Simplify = 1,
  Freeze = 2,
  Spill = 3,
  /** On the stack of simplified registers. */
  Selected = 4,
  Coalesced = 5,
}

const enum MoveState {
  Active = 0,
  Ready = 1,
  /** Coalesced, constrained or given up. */
  Done = 2,
}

/**
 * The graph and its worklists. Nodes are virtual registers; machine registers appear as masks, and as ends of moves.
 */
export class Graph {
  n: i32;
  pairs: PairSet;
  // Adjacency lists.
  head: StaticArray<i32>;
  edgeTo: Array<i32>;
  edgeNext: Array<i32>;
  /** Machine registers that a node may not have. */
  forbidden: StaticArray<i32>;
  degree: StaticArray<i32>;
  state: StaticArray<i32>;
  alias: StaticArray<i32>;
  color: StaticArray<i32>;
  /** Weighted uses; -1: never spill. */
  weight: StaticArray<i32>;

  // Moves, and those of each node.
  moveDst: Array<i32> = [];
  moveSrc: Array<i32> = [];
  moveState: Array<i32> = [];
  moveHead: StaticArray<i32>;
  moveLink: Array<i32> = [];
  moveNext: Array<i32> = [];
  /** Moves of each node that are not done. */
  moveCount: StaticArray<i32>;

  simplifyList: Array<i32> = [];
  freezeList: Array<i32> = [];
  spillList: Array<i32> = [];
  readyMoves: Array<i32> = [];
  selected: Array<i32> = [];
  spilled: Array<i32> = [];

  constructor(
    public machine: MachineFunction,
    public live: Liveness,
    /** Registers from here on were made by spilling: they are not spilled again. */
    public firstUnspillable: i32,
    edges: Edges,
  ) {
    let n = machine.registers;
    this.n = n;
    this.pairs = edges.pairs;
    this.edgeTo = edges.to;
    this.edgeNext = edges.next;
    this.head = new StaticArray<i32>(n);
    this.forbidden = new StaticArray<i32>(n);
    this.degree = new StaticArray<i32>(n);
    this.state = new StaticArray<i32>(n);
    this.alias = new StaticArray<i32>(n);
    this.color = new StaticArray<i32>(n);
    this.weight = live.weights;
    this.moveHead = new StaticArray<i32>(n);
    this.moveCount = new StaticArray<i32>(n);
    this.head.fill(-1);
    this.color.fill(-1);
    this.moveHead.fill(-1);
  }

  // ---- build

  addEdge(a: i32, b: i32): void {
    if (a == b) return;
    if (a < FIRST_VIRTUAL) {
      if (b >= FIRST_VIRTUAL) this.forbid(b, 1 << a);
      return;
    }
    if (b < FIRST_VIRTUAL) {
      this.forbid(a, 1 << b);
      return;
    }
    if (!this.pairs.add(a, b)) return;
    this.head[a] = this.edge(b, this.head[a]);
    this.head[b] = this.edge(a, this.head[b]);
    this.degree[a]++;
    this.degree[b]++;
  }

  private edge(to: i32, next: i32): i32 {
    this.edgeTo.push(to);
    this.edgeNext.push(next);
    return this.edgeTo.length - 1;
  }

  forbid(r: i32, mask: i32): void {
    mask &= ALL_COLORS;
    let added = mask & ~this.forbidden[r];
    if (added == 0) return;
    this.forbidden[r] |= added;
    this.degree[r] += popcnt(added);
  }

  addMove(dst: i32, src: i32): void {
    let m = this.moveDst.length;
    this.moveDst.push(dst);
    this.moveSrc.push(src);
    this.moveState.push(MoveState.Ready);
    if (dst >= FIRST_VIRTUAL) this.linkMove(dst, m);
    if (src >= FIRST_VIRTUAL) this.linkMove(src, m);
    this.readyMoves.push(m);
  }

  private linkMove(r: i32, m: i32): void {
    this.moveCount[r]++;
    this.moveLink.push(m);
    this.moveNext.push(this.moveHead[r]);
    this.moveHead[r] = this.moveLink.length - 1;
  }

  /** What `r` was coalesced into. */
  find(r: i32): i32 {
    while (r >= FIRST_VIRTUAL && this.state[r] == State.Coalesced) {
      let to = this.alias[r];
      if (to >= FIRST_VIRTUAL && this.state[to] == State.Coalesced) this.alias[r] = this.alias[to];
      r = to;
    }
    return r;
  }

  // ---- worklists

  isMoveRelated(r: i32): bool {
    return this.moveCount[r] > 0;
  }

  /** The move is decided: coalesced, constrained or given up. */
  finish(m: i32): void {
    this.moveState[m] = MoveState.Done;
    let a = this.find(this.moveDst[m]);
    let b = this.find(this.moveSrc[m]);
    if (a >= FIRST_VIRTUAL) this.moveCount[a]--;
    if (b >= FIRST_VIRTUAL) this.moveCount[b]--;
  }

  makeWorklists(): void {
    for (let r = FIRST_VIRTUAL; r < this.n; ++r) this.enlist(r);
  }

  enlist(r: i32): void {
    if (this.degree[r] >= COLORS) {
      this.state[r] = State.Spill;
      this.spillList.push(r);
    } else if (this.isMoveRelated(r)) {
      this.state[r] = State.Freeze;
      this.freezeList.push(r);
    } else {
      this.state[r] = State.Simplify;
      this.simplifyList.push(r);
    }
  }

  /** Whether `r` still is in the graph. */
  isPresent(r: i32): bool {
    return this.state[r] != State.Selected && this.state[r] != State.Coalesced;
  }

  simplify(r: i32): void {
    this.state[r] = State.Selected;
    this.selected.push(r);
    for (let e = this.head[r]; e >= 0; e = this.edgeNext[e]) {
      let t = this.edgeTo[e];
      if (this.isPresent(t)) this.decrementDegree(t);
    }
  }

  decrementDegree(r: i32): void {
    let d = this.degree[r]--;
    if (d != COLORS || this.state[r] != State.Spill) return;
    this.enableMoves(r);
    this.compact(r);
    for (let e = this.head[r]; e >= 0; e = this.edgeNext[e]) {
      if (this.isPresent(this.edgeTo[e])) this.enableMoves(this.edgeTo[e]);
    }
    this.enlist(r);
  }

  enableMoves(r: i32): void {
    let last = -1;
    for (let e = this.moveHead[r]; e >= 0; e = this.moveNext[e]) {
      let m = this.moveLink[e];
      if (this.moveState[m] == MoveState.Done) {
        // Not looked at again.
        if (last < 0) this.moveHead[r] = this.moveNext[e];
        else this.moveNext[last] = this.moveNext[e];
        continue;
      }
      last = e;
      if (this.moveState[m] != MoveState.Active) continue;
      this.moveState[m] = MoveState.Ready;
      this.readyMoves.push(m);
    }
  }

  // ---- coalescing

  interferes(a: i32, b: i32): bool {
    if (a < FIRST_VIRTUAL && b < FIRST_VIRTUAL) return true;
    if (a < FIRST_VIRTUAL) return (this.forbidden[b] & (1 << a)) != 0;
    if (b < FIRST_VIRTUAL) return (this.forbidden[a] & (1 << b)) != 0;
    return this.pairs.has(a, b);
  }

  /** Drops the edges of `r` to nodes that have left the graph. */
  compact(r: i32): void {
    let last = -1;
    for (let e = this.head[r]; e >= 0; e = this.edgeNext[e]) {
      if (this.isPresent(this.edgeTo[e])) {
        last = e;
      } else if (last < 0) {
        this.head[r] = this.edgeNext[e];
      } else {
        this.edgeNext[last] = this.edgeNext[e];
      }
    }
  }

  /** George's test: every neighbour of virtual `v` that matters conflicts with `u` already. */
  isGeorgeSafe(u: i32, v: i32): bool {
    this.compact(v);
    for (let e = this.head[v]; e >= 0; e = this.edgeNext[e]) {
      let t = this.edgeTo[e];
      if (!this.isPresent(t) || this.degree[t] < COLORS) continue;
      if (!this.interferes(t, u)) return false;
    }
    return u < FIRST_VIRTUAL || (this.forbidden[v] & ~this.forbidden[u]) == 0;
  }

  /** Briggs' test: the merged node has fewer than COLORS neighbours of significant degree. */
  isBriggsSafe(u: i32, v: i32): bool {
    let count = popcnt(this.forbidden[u] | this.forbidden[v]);
    if (this.degree[u] > MAX_BRIGGS) return false;
    this.compact(u);
    this.compact(v);
    for (let e = this.head[u]; e >= 0; e = this.edgeNext[e]) {
      let t = this.edgeTo[e];
      if (!this.isPresent(t)) continue;
      let degree = this.degree[t] - (this.pairs.has(t, v) ? 1 : 0);
      if (degree >= COLORS && ++count >= COLORS) return false;
    }
    for (let e = this.head[v]; e >= 0; e = this.edgeNext[e]) {
      let t = this.edgeTo[e];
      if (!this.isPresent(t) || this.degree[t] < COLORS || this.pairs.has(t, u)) continue;
      if (++count >= COLORS) return false;
    }
    return count < COLORS;
  }

  coalesce(m: i32): void {
    let u = this.find(this.moveDst[m]);
    let v = this.find(this.moveSrc[m]);
    // u is a machine register, or the one of higher degree: v's edges are what is copied.
    if (v < FIRST_VIRTUAL || (u >= FIRST_VIRTUAL && this.degree[u] < this.degree[v])) {
      let other = u;
      u = v;
      v = other;
    }
    if (u == v) {
      this.finish(m);
      this.addToSimplify(u);
    } else if (this.interferes(u, v)) {
      this.finish(m);
      this.addToSimplify(u);
      this.addToSimplify(v);
    } else if (this.isSafe(u, v)) {
      this.finish(m);
      this.combine(u, v);
      this.addToSimplify(u);
    } else {
      this.moveState[m] = MoveState.Active;
    }
  }

  isSafe(u: i32, v: i32): bool {
    if (u < FIRST_VIRTUAL) return this.isGeorgeSafe(u, v);
    // The cheap test first: v has few neighbours.
    return (
      this.isGeorgeSafe(u, v) || this.isBriggsSafe(u, v) || (this.degree[u] <= MAX_BRIGGS && this.isGeorgeSafe(v, u))
    );
  }

  addToSimplify(r: i32): void {
    if (r < FIRST_VIRTUAL || this.state[r] != State.Freeze) return;
    if (this.degree[r] >= COLORS || this.isMoveRelated(r)) return;
    this.state[r] = State.Simplify;
    this.simplifyList.push(r);
  }

  combine(u: i32, v: i32): void {
    this.state[v] = State.Coalesced;
    this.alias[v] = u;
    if (u >= FIRST_VIRTUAL) {
      this.weight[u] += this.weight[v];
      this.forbid(u, this.forbidden[v]);
      for (let e = this.moveHead[v]; e >= 0; e = this.moveNext[e]) {
        if (this.moveState[this.moveLink[e]] != MoveState.Done) this.linkMove(u, this.moveLink[e]);
      }
      this.enableMoves(u);
    }
    for (let e = this.head[v]; e >= 0; e = this.edgeNext[e]) {
      let t = this.edgeTo[e];
      if (!this.isPresent(t)) continue;
      this.addEdge(t, u);
      this.decrementDegree(t);
    }
    if (u >= FIRST_VIRTUAL && this.degree[u] >= COLORS && this.state[u] == State.Freeze) {
      this.state[u] = State.Spill;
      this.spillList.push(u);
    }
  }

  // ---- giving up

  freezeMoves(r: i32): void {
    for (let e = this.moveHead[r]; e >= 0; e = this.moveNext[e]) {
      let m = this.moveLink[e];
      if (this.moveState[m] == MoveState.Done) continue;
      this.finish(m);
      let a = this.find(this.moveDst[m]);
      let b = this.find(this.moveSrc[m]);
      this.addToSimplify(a == r ? b : a);
    }
  }

  /** The register that is cheapest to keep on the stack for the room that it frees. */
  pickSpill(): i32 {
    let best = -1;
    let bestCost: f64 = 0;
    let list = this.spillList;
    for (let k = list.length - 1, stop = list.length - SPILL_WINDOW; k >= 0 && k >= stop; --k) {
      let r = list[k];
      if (this.state[r] != State.Spill) {
        let last = list.pop();
        if (k < list.length) list[k] = last;
        continue;
      }
      let cost = <f64>this.weight[r] / <f64>this.degree[r];
      if (r >= this.firstUnspillable) cost += 1e12;
      if (best >= 0 && cost >= bestCost) continue;
      best = r;
      bestCost = cost;
    }
    return best;
  }

  run(): void {
    this.makeWorklists();
    for (;;) {
      if (this.simplifyList.length > 0) {
        let r = this.simplifyList.pop();
        if (this.state[r] == State.Simplify) this.simplify(r);
      } else if (this.readyMoves.length > 0) {
        let m = this.readyMoves.pop();
        if (this.moveState[m] == MoveState.Ready) this.coalesce(m);
      } else if (this.freezeList.length > 0) {
        let r = this.freezeList.pop();
        if (this.state[r] != State.Freeze) continue;
        this.state[r] = State.Simplify;
        this.simplifyList.push(r);
        this.freezeMoves(r);
      } else {
        let r = this.pickSpill();
        if (r < 0 && this.spillList.length == 0) return;
        if (r < 0) continue;
        this.state[r] = State.Simplify;
        this.simplifyList.push(r);
        this.freezeMoves(r);
      }
    }
  }

  // ---- colours

  /** The colour of a partner in a move that could not be coalesced, if it is free; else the first free one. */
  pickColor(r: i32, taken: i32): i32 {
    for (let e = this.moveHead[r]; e >= 0; e = this.moveNext[e]) {
      let m = this.moveLink[e];
      let a = this.find(this.moveDst[m]);
      let other = a == r ? this.find(this.moveSrc[m]) : a;
      let color = other < FIRST_VIRTUAL ? other : this.color[other];
      if (color >= 0 && color < COLORS && (taken & (1 << color)) == 0) return color;
    }
    return ctz(~taken);
  }

  assignColors(): void {
    while (this.selected.length > 0) {
      let r = this.selected.pop();
      let taken = this.forbidden[r];
      for (let e = this.head[r]; e >= 0; e = this.edgeNext[e]) {
        let t = this.find(this.edgeTo[e]);
        let color = t < FIRST_VIRTUAL ? t : this.color[t];
        if (color >= 0) taken |= 1 << color;
      }
      if ((taken & ALL_COLORS) == ALL_COLORS) this.spilled.push(r);
      else this.color[r] = this.pickColor(r, taken);
    }
  }

  colorOf(r: i32): i32 {
    if (r < FIRST_VIRTUAL) return r;
    let to = this.find(r);
    return to < FIRST_VIRTUAL ? to : this.color[to];
  }
}
