// Counts the instructions in a BPF object: sections of code, 8 bytes an instruction.

const INSN_BYTES = 8;
const SHT_PROGBITS = 1;
const SHF_EXECINSTR = 4;

/** Instructions of a 64-bit little-endian object by section, executable ones only. */
export function countInstructions(object: Uint8Array): Map<string, number> {
  const view = new DataView(object.buffer, object.byteOffset, object.byteLength);
  const table = Number(view.getBigUint64(40, true));
  const entry = view.getUint16(58, true);
  const count = view.getUint16(60, true);
  const header = (index: number) => table + index * entry;
  const offset = (index: number) => Number(view.getBigUint64(header(index) + 24, true));
  const size = (index: number) => Number(view.getBigUint64(header(index) + 32, true));
  const strings = offset(view.getUint16(62, true));
  const found = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const isCode = (view.getUint32(header(i) + 8, true) & SHF_EXECINSTR) !== 0;
    if (!isCode || view.getUint32(header(i) + 4, true) !== SHT_PROGBITS) continue;
    const start = strings + view.getUint32(header(i), true);
    const name = new TextDecoder().decode(object.subarray(start, object.indexOf(0, start)));
    if (size(i) > 0) found.set(name, size(i) / INSN_BYTES);
  }
  return found;
}

/** Of all sections together. */
export function totalInstructions(object: Uint8Array): number {
  return [...countInstructions(object).values()].reduce((sum, insns) => sum + insns, 0);
}
