// What this machine is, as Hello tells the host.

import { CLOCK_REALTIME_COARSE, clock_getres, readFile } from "./syscall";

const NT_GNU_BUILD_ID: u32 = 3;

/** Nanoseconds between jiffies (1e9 / CONFIG_HZ): the step of the coarse clock. 0 if unknown. */
export function jiffyNs(): i64 {
  return clock_getres(CLOCK_REALTIME_COARSE);
}

/** CONFIG_HZ, or 0. */
export function jiffiesPerSecond(): i32 {
  let step = jiffyNs();
  return step <= 0 ? 0 : <i32>((1000000000 + step / 2) / step);
}

/** The kernel's build id in hexadecimal, or "". */
export function kernelBuildId(): string {
  let notes = readFile("/sys/kernel/notes", 1 << 20);
  if (!notes) return "";
  let base = changetype<usize>(notes);
  let at = 0;
  while (at + 12 <= notes.length) {
    let nameBytes = load<u32>(base + at);
    let bytes = load<u32>(base + at, 4);
    let type = load<u32>(base + at, 8);
    let data = <i64>at + 12 + ((<i64>nameBytes + 3) & ~3);
    let next = data + ((<i64>bytes + 3) & ~3);
    if (data + bytes > <i64>notes.length) break;
    if (type == NT_GNU_BUILD_ID && nameBytes == 4 && bytes <= 64) return hex(base + <usize>data, <i32>bytes);
    at = <i32>next;
  }
  return "";
}

function hex(at: usize, bytes: i32): string {
  let text = "";
  for (let i = 0; i < bytes; ++i) {
    let byte = <i32>load<u8>(at + i);
    text += "0123456789abcdef".charAt(byte >> 4) + "0123456789abcdef".charAt(byte & 15);
  }
  return text;
}
