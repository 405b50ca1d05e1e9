// Turns a parallel copy, which reads all sources before it writes any destination, into a sequence of copies.

import { MachineFunction } from "./machine-function";

/** Pairs (dst, src) in an order that has the effect of copying all at once; a cycle goes through a new register. */
export function sequenceCopies(dsts: Array<i32>, srcs: Array<i32>, machine: MachineFunction): Array<i32> {
  let result: Array<i32> = [];
  let n = dsts.length;
  // How many pending copies read a register; which copy writes it.
  let readers = new Map<i32, i32>();
  let writer = new Map<i32, i32>();
  for (let k = 0; k < n; ++k) {
    if (dsts[k] == srcs[k]) continue;
    readers.set(srcs[k], (readers.has(srcs[k]) ? readers.get(srcs[k]) : 0) + 1);
    writer.set(dsts[k], k);
  }
  let done = new StaticArray<bool>(n);
  let ready: Array<i32> = [];
  for (let k = 0; k < n; ++k) {
    if (dsts[k] == srcs[k]) done[k] = true;
    else if (!readers.has(dsts[k])) ready.push(k);
  }
  for (let start = 0; start <= n; ++start) {
    while (ready.length > 0) {
      let k = ready.pop();
      done[k] = true;
      result.push(dsts[k]);
      result.push(srcs[k]);
      let left = readers.get(srcs[k]) - 1;
      readers.set(srcs[k], left);
      if (left == 0 && writer.has(srcs[k]) && !done[writer.get(srcs[k])]) ready.push(writer.get(srcs[k]));
    }
    if (start == n || done[start]) continue;
    // Only cycles are left: save the destination of one copy, whose reader takes the saved value.
    let saved = machine.newRegister();
    result.push(saved);
    result.push(dsts[start]);
    for (let k = 0; k < n; ++k) {
      if (!done[k] && srcs[k] == dsts[start]) srcs[k] = saved;
    }
    readers.set(saved, readers.get(dsts[start]));
    readers.set(dsts[start], 0);
    ready.push(start);
  }
  return result;
}
