// Which virtual registers are live at the end of each block.
//
// For each register the blocks between its uses and its definitions are walked upwards once (no bit sets: a function may have
// tens of thousands of blocks and registers, but only what fits registers and stack can be live at a point, so the lists are
// short). Passes then follow liveness backwards inside a block.

import { JumpKind } from "../ir/function";
import { FIRST_VIRTUAL, Machine, MachineBlock, NoReg } from "./machine";

/** More values than this are never live at one place in a function that fits 512 bytes of stack. */
export const MAX_LIVE: i32 = 96;

/** Live-out registers of each block. */
export class Liveness {
  out: Array<Array<i32>> = [];
  /** More is live somewhere than registers and stack hold. */
  overflow: bool = false;
  /** Uses and definitions of each register, weighted by loop depth. */
  weights: StaticArray<i32>;

  constructor(public machine: Machine) {
    this.weights = new StaticArray<i32>(machine.registers);
    for (let b = 0, n = machine.blocks.length; b < n; ++b) this.out.push([]);
  }
}

/** Collects what live analysis needs of each block: links (block) per register, for uses above any definition and for definitions. */
class Scan {
  useHead: StaticArray<i32>;
  defHead: StaticArray<i32>;
  values: Array<i32> = [];
  next: Array<i32> = [];

  constructor(
    public machine: Machine,
    public live: Liveness,
  ) {
    this.useHead = new StaticArray<i32>(machine.registers);
    this.defHead = new StaticArray<i32>(machine.registers);
    this.useHead.fill(-1);
    this.defHead.fill(-1);
  }

  use(r: i32, b: i32, weight: i32): void {
    if (r < FIRST_VIRTUAL) return;
    this.live.weights[r] += weight;
    let head = this.useHead[r];
    if (head >= 0 && this.values[head] == b) return;
    let def = this.defHead[r];
    if (def >= 0 && this.values[def] == b) return;
    this.useHead[r] = this.link(b, head);
  }

  define(r: i32, b: i32, weight: i32): void {
    if (r < FIRST_VIRTUAL) return;
    this.live.weights[r] += weight;
    let head = this.defHead[r];
    if (head >= 0 && this.values[head] == b) return;
    this.defHead[r] = this.link(b, head);
  }

  link(value: i32, next: i32): i32 {
    this.values.push(value);
    this.next.push(next);
    return this.values.length - 1;
  }

  block(block: MachineBlock): void {
    let machine = this.machine;
    let depth = min(block.loopDepth, 3);
    // Cold code counts less than straight code, loops more.
    let weight = block.cold ? 1 : 4 << (3 * depth);
    for (let k = 0, n = block.insns.length; k < n; ++k) {
      let i = block.insns[k];
      if (machine.readsDst(i)) this.use(machine.dsts[i], block.id, weight);
      if (machine.readsSrc(i)) this.use(machine.srcs[i], block.id, weight);
      let third = machine.third(i);
      if (third != NoReg) this.use(third, block.id, weight);
      if (machine.defines(i)) this.define(machine.dsts[i], block.id, weight);
      if (machine.definesSrc(i)) this.define(machine.srcs[i], block.id, weight);
    }
    if (block.jump != JumpKind.Branch) return;
    this.use(block.a, block.id, weight);
    if (block.b != NoReg) this.use(block.b, block.id, weight);
  }
}

/** Fills the live-out lists of `machine`. */
export function fillLive(machine: Machine): Liveness {
  let live = new Liveness(machine);
  let scan = new Scan(machine, live);
  for (let k = 0, n = machine.order.length; k < n; ++k) scan.block(machine.blocks[machine.order[k]]);
  let blocks = machine.blocks.length;
  let liveIn = new StaticArray<i32>(blocks);
  let liveOut = new StaticArray<i32>(blocks);
  let defines = new StaticArray<i32>(blocks);
  let work: Array<i32> = [];
  for (let r = FIRST_VIRTUAL, n = machine.registers; r < n; ++r) {
    for (let e = scan.defHead[r]; e >= 0; e = scan.next[e]) defines[scan.values[e]] = r;
    for (let e = scan.useHead[r]; e >= 0; e = scan.next[e]) work.push(scan.values[e]);
    while (work.length > 0) {
      let b = work.pop();
      if (liveIn[b] == r) continue;
      liveIn[b] = r;
      let preds = machine.blocks[b].preds;
      for (let p = 0, m = preds.length; p < m; ++p) {
        let pred = preds[p];
        if (liveOut[pred] == r) continue;
        liveOut[pred] = r;
        let list = live.out[pred];
        list.push(r);
        if (list.length > MAX_LIVE) {
          live.overflow = true;
          return live;
        }
        if (defines[pred] != r) work.push(pred);
      }
    }
  }
  return live;
}
