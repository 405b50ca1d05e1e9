// Register allocation: virtual registers → r0..r9 and stack slots. r0..r5 are lost in calls, so what lives across one
// gets r6..r9 or the stack. The graph is built here, coloured in bpf/graph; what gets no colour is spilled (bpf/spill),
// and the whole is done again.

import { JumpKind } from "../ir/function";
import { Edges, Graph } from "./graph";
import { fillLive, MAX_LIVE } from "./live";
import { CLOBBERED, FIRST_VIRTUAL, FRAME_REGISTER, MachineBlock, MachineFunction, NoReg } from "./machine-function";
import { spill } from "./spill";

/** Rounds of spilling; two or three are usual. */
const MAX_ROUNDS: i32 = 24;
/** Edges of an interference graph; more would need more memory than a compiler should have. */
const MAX_EDGES: i32 = 3000000;

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
    if (list.length > MAX_LIVE || graph.edgeTo.length > MAX_EDGES) this.overflow = true;
    for (let k = 0, n = list.length; k < n; ++k) graph.addEdge(r, list[k]);
    if (r >= FIRST_VIRTUAL) graph.forbid(r, this.physical);
  }

  block(block: MachineBlock): void {
    while (this.list.length > 0) this.place[this.list.pop()] = -1;
    this.physical = 0;
    let out = block.liveOut;
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
function rewrite(machine: MachineFunction, graph: Graph): void {
  let trace = machine.trace;
  if (trace != null) for (let r = 0, n = machine.registers; r < n; ++r) trace.colors.push(graph.colorOf(r));
  for (let k = 0, n = machine.order.length; k < n; ++k) {
    let block = machine.blocks[machine.order[k]];
    let kept = 0;
    for (let j = 0, m = block.insns.length; j < m; ++j) {
      let i = block.insns[j];
      if (trace != null) trace.noteRegisters(i, machine.dsts[i], machine.srcs[i]);
      if (machine.third(i) != NoReg) machine.values[i] = graph.colorOf(machine.values[i]);
      if (machine.dsts[i] != NoReg) machine.dsts[i] = graph.colorOf(machine.dsts[i]);
      if (machine.srcs[i] != NoReg) machine.srcs[i] = graph.colorOf(machine.srcs[i]);
      if (machine.isMove(i) && machine.dsts[i] == machine.srcs[i]) continue;
      block.insns[kept++] = i;
    }
    block.insns.length = kept;
    if (block.jump != JumpKind.Branch) continue;
    block.a = graph.colorOf(block.a);
    if (block.b != NoReg) block.b = graph.colorOf(block.b);
  }
}

/** Gives every virtual register of `machine` a machine register, adding spill code where needed. */
export function allocateRegisters(machine: MachineFunction): void {
  let firstUnspillable = machine.registers;
  let edges = new Edges();
  for (let round = 0; round < MAX_ROUNDS; ++round) {
    let live = fillLive(machine);
    edges.clear();
    let graph = new Graph(machine, live, firstUnspillable, edges);
    let build = new Build(graph);
    for (let k = 0, n = machine.order.length; k < n && !live.overflow && !build.overflow; ++k) {
      build.block(machine.blocks[machine.order[k]]);
    }
    if (live.overflow || build.overflow) {
      let isLarge = edges.to.length > MAX_EDGES;
      machine.error = isLarge ? "is too large" : "keeps more values at once than 512 bytes of stack hold";
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
  machine.error = "is too large for register allocation";
}

/** For each register the spilled one that it was coalesced into, or -1. */
function spilledClasses(machine: MachineFunction, graph: Graph): StaticArray<i32> {
  let isSpilled = new StaticArray<bool>(machine.registers);
  for (let k = 0, n = graph.spilled.length; k < n; ++k) isSpilled[graph.spilled[k]] = true;
  let classes = new StaticArray<i32>(machine.registers);
  for (let r = 0, n = machine.registers; r < n; ++r) {
    let to = r < FIRST_VIRTUAL ? r : graph.find(r);
    classes[r] = to >= FIRST_VIRTUAL && isSpilled[to] ? to : -1;
  }
  return classes;
}
