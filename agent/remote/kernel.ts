// What the running kernel is: its ticks and its build id.

import { ElfNote, NOTE_OWNER_GNU, NT_GNU_BUILD_ID } from "../../common/format/linux";
import { CLOCK_REALTIME_COARSE, clock_getres, readFile } from "./syscall";

/** Nanoseconds between jiffies (1e9 / CONFIG_HZ): the step of the coarse clock. 0 if unknown. */
export function jiffyNs(): i64 {
  return clock_getres(CLOCK_REALTIME_COARSE);
}

/** CONFIG_HZ, or 0. */
export function jiffiesPerSecond(): i32 {
  const step = jiffyNs();
  return step <= 0 ? 0 : <i32>((1000000000 + step / 2) / step);
}

/** The kernel's build id in hexadecimal, or "". */
export function kernelBuildId(): string {
  return buildIdIn("/sys/kernel/notes");
}

/** The build id in a file of ELF notes, or "". */
export function buildIdIn(path: string): string {
  const notes = readFile(path, 1 << 20);
  return notes ? findBuildId(notes) : "";
}

/** The build id among ELF notes, or "". Others' notes may have the same type: the kernel has some of Xen's. */
export function findBuildId(notes: StaticArray<u8>): string {
  const base = changetype<usize>(notes);
  let at = 0;
  while (at + ElfNote.Size <= notes.length) {
    const nameBytes = load<u32>(base + at, ElfNote.NameBytes);
    const bytes = load<u32>(base + at, ElfNote.Bytes);
    const type = load<u32>(base + at, ElfNote.Type);
    const data = <i64>at + ElfNote.Size + ((<i64>nameBytes + 3) & ~3);
    const next = data + ((<i64>bytes + 3) & ~3);
    if (data + bytes > <i64>notes.length) break;
    // Other owners have notes of this type as well: Xen has.
    const isGnu = nameBytes == 4 && load<i32>(base + at, ElfNote.Size) == NOTE_OWNER_GNU;
    if (type == NT_GNU_BUILD_ID && isGnu && bytes <= 64) return hexOf(base + <usize>data, <i32>bytes);
    at = <i32>next;
  }
  return "";
}

/** Bytes in hexadecimal. */
export function hexOf(at: usize, bytes: i32): string {
  let text = "";
  for (let i = 0; i < bytes; ++i) {
    const byte = <i32>load<u8>(at + i);
    text += "0123456789abcdef".charAt(byte >> 4) + "0123456789abcdef".charAt(byte & 15);
  }
  return text;
}
