// Register allocation: virtual registers → r0..r9 and stack slots, by colouring the interference graph, with copies coalesced
// while it is safe (Appel and George, "Iterated Register Coalescing"). r0..r5 are lost in calls, so what lives across one
// gets r6..r9 or the stack.
//
// Interference with machine registers is a bit mask per virtual register; edges between virtual registers are in a hash
// set and linked lists. What gets no colour is spilled (bpf/spill) and the whole is done again.

import { JumpKind } from "../ir/function";
import { fillLive, Liveness, MAX_LIVE } from "./live";
import { CLOBBERED, COLORS, FIRST_VIRTUAL, FRAME_REGISTER, Machine, MachineBlock, NoReg } from "./machine";
import { spill } from "./spill";

const ALL_COLORS: i32 = (1 << COLORS) - 1;
/** Rounds of spilling; two or three are usual. */
const MAX_ROUNDS: i32 = 24;
/** Candidates that are compared for one spill: all, but in huge functions. */
const SPILL_WINDOW: i32 = 512;

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

/** The graph and its worklists. Nodes are virtual registers; machine registers appear as masks, and as ends of moves. */
class Graph {
  n: i32;
  pairs: PairSet = new PairSet();
  // Adjacency lists.
  head: StaticArray<i32>;
  edgeTo: Array<i32> = [];
  edgeNext: Array<i32> = [];
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
    public machine: Machine,
    public live: Liveness,
    /** Registers from here on were made by spilling: they are not spilled again. */
    public firstUnspillable: i32,
  ) {
    let n = machine.registers;
    this.n = n;
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

  /** The move needs no more thought: coalesced, constrained or given up. */
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
    for (let e = this.head[r]; e >= 0; e = this.edgeNext[e]) {
      if (this.isPresent(this.edgeTo[e])) this.enableMoves(this.edgeTo[e]);
    }
    this.enlist(r);
  }

  enableMoves(r: i32): void {
    for (let e = this.moveHead[r]; e >= 0; e = this.moveNext[e]) {
      let m = this.moveLink[e];
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

  /** George's test: every neighbour of virtual `v` that matters conflicts with `u` already. */
  isGeorgeSafe(u: i32, v: i32): bool {
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
    for (let e = this.head[u]; e >= 0; e = this.edgeNext[e]) {
      let t = this.edgeTo[e];
      if (!this.isPresent(t)) continue;
      let degree = this.degree[t] - (this.pairs.has(t, v) ? 1 : 0);
      if (degree >= COLORS) ++count;
    }
    for (let e = this.head[v]; e >= 0; e = this.edgeNext[e]) {
      let t = this.edgeTo[e];
      if (this.isPresent(t) && this.degree[t] >= COLORS && !this.pairs.has(t, u)) ++count;
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
    return this.isBriggsSafe(u, v) || this.isGeorgeSafe(u, v) || this.isGeorgeSafe(v, u);
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

/** Builds the graph by following liveness backwards through every block. */
class Build {
  /** The registers live at the current point, as a sparse set. */
  list: Array<i32> = [];
  place: StaticArray<i32>;
  /** Machine registers live at the current point. */
  physical: i32 = 0;
  overflow: bool = false;

  constructor(public graph: Graph) {
    this.place = new StaticArray<i32>(graph.n);
    this.place.fill(-1);
  }

  add(r: i32): void {
    if (r < FIRST_VIRTUAL) {
      this.physical |= 1 << r;
    } else if (this.place[r] < 0) {
      this.place[r] = this.list.length;
      this.list.push(r);
    }
  }

  remove(r: i32): void {
    if (r < FIRST_VIRTUAL) {
      this.physical &= ~(1 << r);
      return;
    }
    let at = this.place[r];
    if (at < 0) return;
    let last = this.list.pop();
    if (last != r) {
      this.list[at] = last;
      this.place[last] = at;
    }
    this.place[r] = -1;
  }

  /** `r` is written here: it may share with nothing that is live. */
  define(r: i32): void {
    let graph = this.graph;
    let list = this.list;
    if (list.length > MAX_LIVE) this.overflow = true;
    for (let k = 0, n = list.length; k < n; ++k) graph.addEdge(r, list[k]);
    if (r >= FIRST_VIRTUAL) graph.forbid(r, this.physical);
  }

  block(block: MachineBlock): void {
    while (this.list.length > 0) this.place[this.list.pop()] = -1;
    this.physical = 0;
    let out = this.graph.live.out[block.id];
    for (let k = 0, n = out.length; k < n; ++k) this.add(out[k]);
    if (block.jump == JumpKind.Return) this.add(0);
    if (block.jump == JumpKind.Branch) {
      this.add(block.a);
      if (block.b != NoReg) this.add(block.b);
    }
    for (let k = block.insns.length - 1; k >= 0 && !this.overflow; --k) this.instruction(block.insns[k]);
  }

  instruction(i: i32): void {
    let machine = this.graph.machine;
    let dst = machine.dsts[i];
    let src = machine.srcs[i];
    if (machine.isCall(i)) {
      this.call(machine.offs[i]);
      return;
    }
    if (machine.isMove(i)) {
      // A copy's source may share with its destination.
      this.remove(src);
      this.remove(dst);
      this.define(dst);
      if (dst != src && src != FRAME_REGISTER) this.graph.addMove(dst, src);
      this.add(src);
      return;
    }
    let third = machine.third(i);
    if (machine.isCompareExchange(i)) {
      this.remove(0);
      this.define(0);
    }
    if (machine.defines(i)) {
      this.remove(dst);
      // KEEP_IF reads its operands after nothing else: dst was set before, so they must differ from it.
      if (machine.readsDst(i)) this.add(dst);
      this.define(dst);
    }
    if (machine.definesSrc(i)) this.define(src);
    if (machine.isCompareExchange(i)) this.add(0);
    if (machine.readsDst(i)) this.add(dst);
    if (machine.readsSrc(i)) this.add(src);
    if (third != NoReg) this.add(third);
  }

  call(args: i32): void {
    this.physical &= ~CLOBBERED;
    for (let k = 0, n = this.list.length; k < n; ++k) this.graph.forbid(this.list[k], CLOBBERED);
    for (let k = 1; k <= args; ++k) this.physical |= 1 << k;
  }
}

/** Replaces virtual by machine registers and drops copies that have become empty. */
function rewrite(machine: Machine, graph: Graph): void {
  for (let k = 0, n = machine.order.length; k < n; ++k) {
    let block = machine.blocks[machine.order[k]];
    let kept: Array<i32> = [];
    for (let j = 0, m = block.insns.length; j < m; ++j) {
      let i = block.insns[j];
      if (machine.third(i) != NoReg) machine.values[i] = graph.colorOf(machine.values[i]);
      if (machine.dsts[i] != NoReg) machine.dsts[i] = graph.colorOf(machine.dsts[i]);
      if (machine.srcs[i] != NoReg) machine.srcs[i] = graph.colorOf(machine.srcs[i]);
      if (machine.isMove(i) && machine.dsts[i] == machine.srcs[i]) continue;
      kept.push(i);
    }
    block.insns = kept;
    if (block.jump != JumpKind.Branch) continue;
    block.a = graph.colorOf(block.a);
    if (block.b != NoReg) block.b = graph.colorOf(block.b);
  }
}

/** Gives every virtual register of `machine` a machine register, adding spill code where needed. */
export function allocateRegisters(machine: Machine): void {
  let firstUnspillable = machine.registers;
  for (let round = 0; round < MAX_ROUNDS; ++round) {
    let live = fillLive(machine);
    let graph = new Graph(machine, live, firstUnspillable);
    let build = new Build(graph);
    for (let k = 0, n = machine.order.length; k < n && !live.overflow && !build.overflow; ++k) {
      build.block(machine.blocks[machine.order[k]]);
    }
    if (live.overflow || build.overflow) {
      machine.error = "too many values are live at once for 512 bytes of stack";
      return;
    }
    graph.run();
    graph.assignColors();
    if (graph.spilled.length == 0) {
      rewrite(machine, graph);
      return;
    }
    spill(machine, spilledClasses(machine, graph));
  }
  machine.error = "registers could not be allocated";
}

/** For each register the spilled one that it was coalesced into, or -1. */
function spilledClasses(machine: Machine, graph: Graph): StaticArray<i32> {
  let isSpilled = new StaticArray<bool>(machine.registers);
  for (let k = 0, n = graph.spilled.length; k < n; ++k) isSpilled[graph.spilled[k]] = true;
  let classes = new StaticArray<i32>(machine.registers);
  for (let r = 0, n = machine.registers; r < n; ++r) {
    let to = r < FIRST_VIRTUAL ? r : graph.find(r);
    classes[r] = to >= FIRST_VIRTUAL && isSpilled[to] ? to : -1;
  }
  return classes;
}
