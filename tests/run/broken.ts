// Objects that the kernel's verifier refuses: good ones in which one instruction is changed.

import { ElfView } from "../../agent/host/elf.ts";

const INSN_BYTES = 8;
/** r4 = *(u64 *)(r9 + 0) */
const READ_THROUGH_R9 = [0x79, 0x94, 0, 0, 0, 0, 0, 0];
/** First byte of a store of eight bytes, from a register or a constant: what a record is filled with. */
const STORES = [0x7b, 0x7a];

/** Makes the first store of eight bytes in a program a read through r9, in which small programs never put anything. */
export function breakFirstStore(object: Uint8Array, section: string): void {
  const code = new ElfView(object).find(section);
  for (let at = 0; code && at < code.length; at += INSN_BYTES) {
    if (!STORES.includes(code[at] as number)) continue;
    code.set(READ_THROUGH_R9, at);
    return;
  }
  throw new Error(`${section} stores nothing`);
}
