// The stack frame: a place below r10 for every slot that is used.

import { STACK_BYTES } from "../../common/format/bpf";
import { Fix, Machine } from "./machine";

/** Fills slotOffsets and stackBytes; the function's own slots that nothing uses any more get no room. */
export function layOutFrame(machine: Machine): void {
  let used = new StaticArray<bool>(machine.slots.length);
  for (let k = 0, n = machine.order.length; k < n; ++k) {
    let insns = machine.blocks[machine.order[k]].insns;
    for (let j = 0, m = insns.length; j < m; ++j) {
      if (machine.fixes[insns[j]] == Fix.Slot) used[machine.values[insns[j]]] = true;
    }
  }
  let top = 0;
  for (let s = 0, n = machine.slots.length; s < n; ++s) {
    if (used[s]) top -= (machine.slots[s] + 7) & ~7;
    machine.slotOffsets.push(top);
  }
  machine.stackBytes = -top;
  if (-top > STACK_BYTES) {
    machine.error = "needs " + (-top).toString() + " bytes of stack, and the kernel allows " + STACK_BYTES.toString();
  }
}
