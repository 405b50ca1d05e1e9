// Reads BPF objects, anybody's: 64-bit little-endian ELF, 8 bytes an instruction.

const INSN_BYTES = 8;
const SHT_PROGBITS = 1;
const SHT_NOBITS = 8;
const SHT_REL = 9;
const SHF_EXECINSTR = 4;
const SYMBOL_BYTES = 24;
const RELOCATION_BYTES = 16;

/** A section; `type`, `flags` as in its header. */
export interface Section {
  name: string;
  type: number;
  flags: number;
  /** Bytes in memory; `bytes` is empty if the file has none of them (.bss). */
  size: number;
  bytes: Uint8Array;
  /** Of a table of relocations: the section that it is about. */
  info: number;
}

/** What a relocation in section `within` refers to. */
export interface Relocation {
  within: number;
  offset: number;
  symbol: { name: string; section: number; value: number };
}

/** All sections, in the file's order. */
export function readSections(object: Uint8Array): Section[] {
  const view = viewOf(object);
  const table = Number(view.getBigUint64(40, true));
  const entry = view.getUint16(58, true);
  const word = (index: number, at: number) => Number(view.getBigUint64(table + index * entry + at, true));
  const half = (index: number, at: number) => view.getUint32(table + index * entry + at, true);
  const strings = word(view.getUint16(62, true), 24);
  const sections: Section[] = [];
  for (let i = 0; i < view.getUint16(60, true); i++) {
    const [type, size, offset] = [half(i, 4), word(i, 32), word(i, 24)];
    const bytes = object.subarray(offset, type === SHT_NOBITS ? offset : offset + size);
    sections.push({
      name: textAt(object, strings + half(i, 0)),
      type,
      flags: word(i, 8),
      size,
      bytes,
      info: half(i, 44),
    });
  }
  return sections;
}

/** Whether the kernel gets a section's code. */
export function isCode({ type, flags, size }: Section): boolean {
  return type === SHT_PROGBITS && (flags & SHF_EXECINSTR) !== 0 && size > 0;
}

/** All relocations of an object. */
export function readRelocations(sections: Section[]): Relocation[] {
  const symbols = sections.find(({ name }) => name === ".symtab")?.bytes ?? new Uint8Array();
  const names = sections.find(({ name }) => name === ".strtab")?.bytes ?? new Uint8Array();
  const table = viewOf(symbols);
  const found: Relocation[] = [];
  for (const { type, bytes, info } of sections) {
    if (type !== SHT_REL) continue;
    for (let at = 0; at < bytes.length; at += RELOCATION_BYTES) {
      const symbol = viewOf(bytes).getUint32(at + 12, true) * SYMBOL_BYTES;
      const section = table.getUint16(symbol + 6, true);
      const name = textAt(names, table.getUint32(symbol, true));
      const value = Number(table.getBigUint64(symbol + 8, true));
      found.push({
        within: info,
        offset: Number(viewOf(bytes).getBigUint64(at, true)),
        symbol: { name, section, value },
      });
    }
  }
  return found;
}

/** Instructions of an object by section, executable ones only. */
export function countInstructions(object: Uint8Array): Map<string, number> {
  return new Map(
    readSections(object)
      .filter(isCode)
      .map(({ name, size }) => [name, size / INSN_BYTES]),
  );
}

/** Of all sections together. */
export function totalInstructions(object: Uint8Array): number {
  return [...countInstructions(object).values()].reduce((sum, insns) => sum + insns, 0);
}

/** A view of bytes that may lie within a larger buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function textAt(bytes: Uint8Array, at: number): string {
  return new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)));
}
