// Which virtual registers are live at the end of each block.
//
// For each register the blocks between its uses and its definitions are walked upwards once (no bit sets: a function
// may have tens of thousands of blocks and registers, but only what fits registers and stack can be live at a point, so
// the lists are short). Passes then follow liveness backwards inside a block.

import { JumpKind } from "../ir/function";
import { Lists } from "../ir/lists";
import { FIRST_VIRTUAL, MachineBlock, MachineFunction, NoReg } from "./machine-function";

/** More values than this are never live at one place in a function that fits 512 bytes of stack. */
export const MAX_LIVE: i32 = 96;

/** What liveness tells beside MachineBlock.liveOut. */
export class Liveness {
  /** More is live somewhere than registers and stack hold. */
  overflow: bool = false;
  /** Uses and definitions of each register, weighted by loop depth. */
  weights: StaticArray<i32>;

  constructor(public machine: MachineFunction) {
    this.weights = new StaticArray<i32>(machine.registers);
  }
}

/** Collects of each register the blocks that use it above any definition, and those that define it. */
class Scan {
  uses: Lists;
  definitions: Lists;

  constructor(
    public machine: MachineFunction,
    public live: Liveness,
  ) {
    this.uses = new Lists(machine.registers);
    this.definitions = new Lists(machine.registers);
  }

  use(r: i32, b: i32, weight: i32): void {
    if (r < FIRST_VIRTUAL) return;
    this.live.weights[r] += weight;
    if (this.definitions.last(r) != b) this.uses.add(r, b);
  }

  define(r: i32, b: i32, weight: i32): void {
    if (r < FIRST_VIRTUAL) return;
    this.live.weights[r] += weight;
    this.definitions.add(r, b);
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

/** Fills MachineBlock.liveOut with the registers that are live at the end of each block. */
export function fillLive(machine: MachineFunction): Liveness {
  let live = new Liveness(machine);
  let scan = new Scan(machine, live);
  for (let k = 0, n = machine.order.length; k < n; ++k) scan.block(machine.blocks[machine.order[k]]);
  live.overflow = !spreadLive(machine, scan.uses, scan.definitions);
  return live;
}

/**
 * Fills MachineBlock.liveOut, from the blocks that use a thing above any definition and
 * those that define it. False if more is live somewhere than can be.
 */
export function spreadLive(machine: MachineFunction, uses: Lists, definitions: Lists): bool {
  let blocks = machine.blocks.length;
  let liveIn = new StaticArray<i32>(blocks);
  let liveOut = new StaticArray<i32>(blocks);
  let defines = new StaticArray<i32>(blocks);
  let work: Array<i32> = [];
  for (let b = 0; b < blocks; ++b) machine.blocks[b].liveOut.length = 0;
  liveIn.fill(-1);
  liveOut.fill(-1);
  defines.fill(-1);
  for (let r = 0, n = uses.head.length; r < n; ++r) {
    for (let e = definitions.head[r]; e >= 0; e = definitions.next[e]) defines[definitions.values[e]] = r;
    for (let e = uses.head[r]; e >= 0; e = uses.next[e]) work.push(uses.values[e]);
    while (work.length > 0) {
      let b = work.pop();
      if (liveIn[b] == r) continue;
      liveIn[b] = r;
      let preds = machine.blocks[b].preds;
      for (let p = 0, m = preds.length; p < m; ++p) {
        let pred = preds[p];
        if (liveOut[pred] == r) continue;
        liveOut[pred] = r;
        let out = machine.blocks[pred].liveOut;
        out.push(r);
        if (out.length > MAX_LIVE) return false;
        if (defines[pred] != r) work.push(pred);
      }
    }
  }
  return true;
}
