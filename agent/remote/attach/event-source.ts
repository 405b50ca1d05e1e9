// The kernel's dynamic event sources `kprobe` and `uprobe`, as /sys describes them.

import { readFile } from "../syscall";

/** One event source. */
export class EventSource {
  /** perf event type; negative: the kernel has none */
  type: i32;
  /** Bit of config that makes a return probe: the file says "config:0". */
  returnBit: i32;

  constructor(name: string) {
    const folder = `/sys/bus/event_source/devices/${name}`;
    this.type = readNumber(`${folder}/type`);
    this.returnBit = max(readNumber(`${folder}/format/retprobe`), 0);
  }
}

/** The last number in a small file; -2 if it cannot be read. */
function readNumber(path: string): i32 {
  const bytes = readFile(path, 4096);
  if (!bytes) return -2;
  let number = -2;
  for (let i = 0, n = bytes.length; i < n; ++i) {
    const digit = <i32>bytes[i] - 48;
    if (digit >= 0 && digit <= 9) number = (number < 0 ? 0 : number * 10) + digit;
    else if (bytes[i] != 10) number = -2;
  }
  return number;
}
