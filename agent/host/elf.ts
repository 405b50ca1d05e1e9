// Reads an object file's sections, symbols and relocations on the host. Hostile input: every offset is checked, and
// what is damaged is an ObjectError.

import { ElfHeader, ElfSymbol, SectionHeader, SectionType, SymbolType } from "../../common/format/elf.ts";

/** The file is not an object that this program can read. */
export class ObjectError extends Error {
  override name = "ObjectError";
}

/** One section. */
export interface Section {
  name: string;
  type: number;
  /** Of relocations: the index of the section that they are about. */
  info: number;
  bytes: Uint8Array;
}

/** One symbol. */
export interface ElfSymbolView {
  name: string;
  type: number;
  section: number;
  value: number;
  size: number;
}

/** The sections of an ELF file for BPF. */
export class ElfView {
  readonly sections: Section[] = [];

  constructor(object: Uint8Array) {
    const view = viewOf(object);
    const isElf = object.length >= ElfHeader.Size && view.getUint32(0, false) === 0x7f454c46;
    if (!isElf || object[ElfHeader.Class] !== 2 || object[ElfHeader.Data] !== 1) {
      throw new ObjectError("not an object file of stap-remote (no 64-bit little-endian ELF)");
    }
    const table = Number(view.getBigUint64(ElfHeader.SectionHeaders, true));
    const entry = view.getUint16(ElfHeader.SectionHeaderSize, true);
    const count = view.getUint16(ElfHeader.SectionHeaderCount, true);
    const names = view.getUint16(ElfHeader.NamesIndex, true);
    if (entry < SectionHeader.Size || table + entry * count > object.length || names >= count) throw damaged();
    for (let i = 0; i < count; i++) {
      const at = table + i * entry;
      const type = view.getUint32(at + SectionHeader.Type, true);
      const offset = Number(view.getBigUint64(at + SectionHeader.Offset, true));
      const size = Number(view.getBigUint64(at + SectionHeader.Bytes, true));
      const isInFile = type !== SectionType.Nobits;
      if (isInFile && offset + size > object.length) throw damaged();
      const bytes = isInFile ? object.subarray(offset, offset + size) : new Uint8Array(0);
      this.sections.push({ name: "", type, info: view.getUint32(at + SectionHeader.Info, true), bytes });
    }
    const strings = this.sections[names]!.bytes;
    this.sections.forEach((section, i) => {
      section.name = textAt(strings, view.getUint32(table + i * entry + SectionHeader.Name, true));
    });
  }

  /** The bytes of a section; null if there is none of that name. */
  find(name: string): Uint8Array | null {
    return this.sections.find((section) => section.name === name)?.bytes ?? null;
  }

  /** All symbols. */
  symbols(): ElfSymbolView[] {
    const table = this.sections.find(({ type }) => type === SectionType.Symtab)?.bytes ?? new Uint8Array(0);
    const strings = this.find(".strtab") ?? new Uint8Array(0);
    const view = viewOf(table);
    const symbols: ElfSymbolView[] = [];
    for (let at = 0; at + ElfSymbol.Size <= table.length; at += ElfSymbol.Size) {
      symbols.push({
        name: textAt(strings, view.getUint32(at + ElfSymbol.Name, true)),
        type: table[at + ElfSymbol.Info]! & 15,
        section: view.getUint16(at + ElfSymbol.Section, true),
        value: Number(view.getBigUint64(at + ElfSymbol.Value, true)),
        size: Number(view.getBigUint64(at + ElfSymbol.Bytes, true)),
      });
    }
    return symbols;
  }

  /** The symbol of each relocation, with the section that it is about. */
  relocations(): { section: string; symbol: string }[] {
    const symbols = this.symbols();
    return this.sections
      .filter(({ type }) => type === SectionType.Rel)
      .flatMap(({ bytes, info }) => {
        const view = viewOf(bytes);
        const section = this.sections[info]?.name ?? "";
        return Array.from({ length: Math.floor(bytes.length / 16) }, (_, i) => {
          const symbol = symbols[view.getUint32(i * 16 + 12, true)];
          const isSection = symbol?.type === SymbolType.Section;
          return { section, symbol: (isSection ? this.sections[symbol.section]?.name : symbol?.name) ?? "" };
        });
      });
  }
}

function damaged(): ObjectError {
  return new ObjectError("damaged ELF file");
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A string that ends with NUL; "" where there is none. */
function textAt(strings: Uint8Array, at: number): string {
  const end = strings.indexOf(0, at);
  return at >= strings.length || end < 0 ? "" : new TextDecoder().decode(strings.subarray(at, end));
}
