// The stack frame: a place below r10 for every slot that is used.
//
// The function's own slots may be pointed to, so each has a place of its own. Spill slots are only stored to and read
// whole: those that are never live at once share a place, found as in regalloc, by liveness and colouring.

import { Class, STACK_BYTES } from "../../common/format/bpf";
import { Lists } from "../ir/lists";
import { spreadLive } from "./live";
import { Fix, MachineBlock, MachineFunction } from "./machine-function";

/** Most spill slots that fit the stack. */
const MAX_PLACES: i32 = STACK_BYTES / 8;

class Frame {
  /** The function's own slots. */
  own: i32;
  /** Neighbours of each spill slot. */
  conflicts: Lists;
  place: StaticArray<i32>;
  used: StaticArray<bool>;
  places: i32 = 0;

  constructor(public machine: MachineFunction) {
    let n = machine.slots.length;
    this.own = machine.fn.slots.length;
    this.conflicts = new Lists(n);
    this.place = new StaticArray<i32>(n);
    this.used = new StaticArray<bool>(n);
    this.place.fill(-1);
  }

  /** The slot that `i` touches, or -1. */
  slotOf(i: i32): i32 {
    return this.machine.fixes[i] == Fix.Slot ? this.machine.values[i] : -1;
  }

  isRead(i: i32): bool {
    return (this.machine.codes[i] & 7) == Class.Ldx;
  }

  scan(): void {
    let machine = this.machine;
    let uses = new Lists(machine.slots.length);
    let definitions = new Lists(machine.slots.length);
    for (let k = 0, n = machine.order.length; k < n; ++k) {
      let block = machine.blocks[machine.order[k]];
      for (let j = 0, m = block.insns.length; j < m; ++j) {
        let s = this.slotOf(block.insns[j]);
        if (s < 0) continue;
        this.used[s] = true;
        if (s < this.own) continue;
        if (!this.isRead(block.insns[j])) definitions.add(s, block.id);
        else if (definitions.last(s) != block.id) uses.add(s, block.id);
      }
    }
    if (!spreadLive(machine, uses, definitions)) this.places = MAX_PLACES + 1;
  }

  /** Notes which spill slots are live together in `block`. */
  conflict(block: MachineBlock, live: Array<i32>): void {
    for (let k = block.insns.length - 1; k >= 0; --k) {
      let s = this.slotOf(block.insns[k]);
      if (s < this.own) continue;
      let at = live.indexOf(s);
      if (this.isRead(block.insns[k])) {
        if (at < 0) live.push(s);
        continue;
      }
      if (at >= 0) {
        live[at] = live[live.length - 1];
        live.pop();
      }
      for (let j = 0, n = live.length; j < n; ++j) {
        this.conflicts.add(s, live[j]);
        this.conflicts.add(live[j], s);
      }
    }
  }

  /** Gives each spill slot the first place that no conflicting one has. */
  choose(): void {
    let taken = new StaticArray<i32>(MAX_PLACES + 1);
    taken.fill(-1);
    for (let s = this.own, n = this.machine.slots.length; s < n; ++s) {
      if (!this.used[s]) continue;
      for (let e = this.conflicts.head[s]; e >= 0; e = this.conflicts.next[e]) {
        let other = this.place[this.conflicts.values[e]];
        if (other >= 0) taken[other] = s;
      }
      let place = 0;
      while (place < MAX_PLACES && taken[place] == s) ++place;
      this.place[s] = place;
      this.places = max(this.places, place + 1);
    }
  }

  run(): void {
    let machine = this.machine;
    this.scan();
    for (let k = 0, n = machine.order.length; k < n && this.places == 0; ++k) {
      let block = machine.blocks[machine.order[k]];
      this.conflict(block, block.liveOut);
    }
    if (this.places == 0) this.choose();
    let top = 0;
    for (let s = 0; s < this.own; ++s) {
      if (this.used[s]) top -= (machine.slots[s] + 7) & ~7;
      machine.slotOffsets.push(top);
    }
    for (let s = this.own, n = machine.slots.length; s < n; ++s) machine.slotOffsets.push(top - 8 - 8 * this.place[s]);
    machine.stackBytes = 8 * this.places - top;
  }
}

/** Fills slotOffsets and stackBytes; the function's own slots that nothing uses any more get no room. */
export function layOutFrame(machine: MachineFunction): void {
  new Frame(machine).run();
  let bytes = machine.stackBytes;
  if (bytes > STACK_BYTES) {
    machine.error = "needs more than the " + STACK_BYTES.toString() + " bytes of stack that the kernel allows";
  }
}
