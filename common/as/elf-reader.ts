// Reads a relocatable ELF64 file of BPF code into sections, symbols and relocations. Hostile input: every offset, size,
// index and name is checked here once, so that users of the result need not. `readElf` answers null with `elfProblem`
// set; nothing in here traps.

import {
  ELF_CLASS_64,
  ELF_DATA_LSB,
  ELF_MAGIC,
  ElfHeader,
  ElfMachine,
  ElfSymbol,
  ElfType,
  Relocation,
  SectionHeader,
  SectionType,
  SHN_LORESERVE,
  SymbolType,
} from "../format/elf";
import { ByteReader } from "./bytes";

/** One section. */
export class Section {
  /** Relocations that apply to it, in file order. */
  relocations: Reloc[] = [];
  private relocationAt: Map<i32, i32> = new Map<i32, i32>();

  constructor(
    public index: i32,
    public name: string,
    /** SectionType */
    public type: i32,
    /** SectionFlag bits */
    public flags: i32,
    /** Its bytes; empty for Nobits. */
    public data: ByteReader,
    /** Its size, also for Nobits. */
    public bytes: i32,
    public link: i32,
    public info: i32,
  ) {}

  /** Keeps a relocation that applies to this section. */
  addRelocation(reloc: Reloc): void {
    this.relocationAt.set(reloc.offset, this.relocations.length);
    this.relocations.push(reloc);
  }

  /** The relocation of what lies at byte `offset`, or null. */
  findRelocation(offset: i32): Reloc | null {
    return this.relocationAt.has(offset) ? this.relocations[this.relocationAt.get(offset)] : null;
  }
}

/** One symbol; `section` is an existing section's index, 0 (undefined) or a reserved index. */
export class SymbolEntry {
  constructor(
    public name: string,
    /** SymbolType */
    public type: i32,
    /** SymbolBind */
    public bind: i32,
    public section: i32,
    public value: i32,
    public bytes: i32,
  ) {}
}

/** One relocation; `symbol` is an existing symbol's index. */
export class Reloc {
  constructor(
    public offset: i32,
    /** RelocationType */
    public type: i32,
    public symbol: i32,
  ) {}
}

/** A checked ELF file. */
export class ElfFile {
  sections: Section[] = [];
  symbols: SymbolEntry[] = [];

  constructor(public bytes: StaticArray<u8>) {}

  /** The first section of that name. */
  findSection(name: string): Section | null {
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      let section = this.sections[i];
      if (section.name == name) return section;
    }
    return null;
  }

  /** The function or object that begins at `value` of a section; null if none does. */
  findSymbolAt(section: i32, value: i32, type: i32): SymbolEntry | null {
    for (let i = 0, n = this.symbols.length; i < n; ++i) {
      let symbol = this.symbols[i];
      if (symbol.section == section && symbol.type == type && symbol.value == value) return symbol;
    }
    return null;
  }

  /** The symbol of that name and type. */
  findSymbol(name: string, type: i32): SymbolEntry | null {
    for (let i = 0, n = this.symbols.length; i < n; ++i) {
      let symbol = this.symbols[i];
      if (symbol.type == type && symbol.name == name) return symbol;
    }
    return null;
  }
}

/** What was wrong with the last file that `readElf` refused. */
export let elfProblem: string = "";

/** Larger sections than this are refused (Nobits have no bytes in the file to bound them). */
export const MAX_SECTION_BYTES: i32 = 0x8000000;
const MAX_SYMBOLS: i32 = 1000000;

/** Reads a file; null with `elfProblem` when it is not a relocatable BPF file, or damaged. */
export function readElf(bytes: StaticArray<u8>): ElfFile | null {
  let file = ByteReader.over(bytes);
  if (file.u32(ElfHeader.Magic) != ELF_MAGIC) return refuse("not an ELF file");
  if (file.u8(ElfHeader.Class) != ELF_CLASS_64 || file.u8(ElfHeader.Data) != ELF_DATA_LSB)
    return refuse("not a 64-bit little-endian ELF file");
  if (file.u16(ElfHeader.Type) != ElfType.Rel || file.u16(ElfHeader.Machine) != ElfMachine.Bpf)
    return refuse("not a relocatable BPF file");
  let elf = new ElfFile(bytes);
  if (!readSections(elf, file)) return null;
  if (!readSymbols(elf)) return null;
  return readRelocations(elf) ? elf : null;
}

function refuse(problem: string): ElfFile | null {
  elfProblem = problem;
  return null;
}

function damaged(what: string): bool {
  elfProblem = `damaged ELF file: ${what}`;
  return false;
}

function readSections(elf: ElfFile, file: ByteReader): bool {
  let table = file.offset64(ElfHeader.SectionHeaders);
  let count = <i32>file.u16(ElfHeader.SectionHeaderCount);
  if (file.u16(ElfHeader.SectionHeaderSize) != SectionHeader.Size) return damaged("size of section headers");
  let headers = file.slice(table, count * SectionHeader.Size);
  if (file.failed || count == 0) return damaged("section headers");

  let namesIndex = <i32>file.u16(ElfHeader.NamesIndex);
  if (namesIndex >= count) return damaged("index of section names");
  let namesHeader = namesIndex * SectionHeader.Size;
  let names = file.slice(
    file.offset64(table + namesHeader + SectionHeader.Offset),
    file.offset64(table + namesHeader + SectionHeader.Bytes),
  );
  if (file.failed) return damaged("section names");

  for (let i = 0; i < count; ++i) {
    let at = i * SectionHeader.Size;
    let type = headers.i32(at + SectionHeader.Type);
    let size = headers.u64(at + SectionHeader.Bytes);
    if (size > <u64>MAX_SECTION_BYTES) return damaged(`size of section ${i}`);
    let name = i == 0 ? "" : names.textAt(headers.u32(at + SectionHeader.Name));
    let offset = headers.u64(at + SectionHeader.Offset);
    let stored = type == SectionType.Nobits || type == SectionType.Null ? 0 : <u32>size;
    if (stored != 0 && offset > <u64>file.length) return damaged(`offset of section ${i}`);
    let data = file.slice(stored != 0 ? <u32>offset : 0, stored);
    if (names.failed || file.failed) return damaged(`section ${i}`);
    let flags = <i32>headers.u64(at + SectionHeader.Flags);
    let link = headers.i32(at + SectionHeader.Link);
    let info = headers.i32(at + SectionHeader.Info);
    elf.sections.push(new Section(i, name, type, flags, data, <i32>size, link, info));
  }
  return true;
}

function readSymbols(elf: ElfFile): bool {
  let sections = elf.sections;
  let table: Section | null = null;
  for (let i = 0, n = sections.length; i < n; ++i) {
    if (sections[i].type != SectionType.Symtab) continue;
    if (table) return damaged("two symbol tables");
    table = sections[i];
  }
  if (!table) return damaged("no symbol table");
  let link = table.link;
  if (link <= 0 || link >= sections.length || sections[link].type != SectionType.Strtab)
    return damaged("names of symbols");
  let names = sections[link].data;
  let data = table.data;
  let count = data.length / ElfSymbol.Size;
  if (count * ElfSymbol.Size != data.length || count > MAX_SYMBOLS) return damaged("size of the symbol table");
  for (let i = 0; i < count; ++i) {
    let at = i * ElfSymbol.Size;
    let info = <i32>data.u8(at + ElfSymbol.Info);
    let section = <i32>data.u16(at + ElfSymbol.Section);
    let value = data.u64(at + ElfSymbol.Value);
    let size = data.u64(at + ElfSymbol.Bytes);
    if (section < SHN_LORESERVE) {
      if (section >= sections.length) return damaged(`section of symbol ${i}`);
      let limit = <u64>sections[section].bytes;
      if (section != 0 && (value > limit || size > limit - value)) return damaged(`extent of symbol ${i}`);
    }
    let name = i == 0 ? "" : names.textAt(data.u32(at + ElfSymbol.Name));
    if (names.failed) return damaged(`name of symbol ${i}`);
    let type = info & 15;
    if (type == SymbolType.Section && section < sections.length && name.length == 0) name = sections[section].name;
    elf.symbols.push(new SymbolEntry(name, type, info >> 4, section, <i32>value, <i32>size));
  }
  return true;
}

function readRelocations(elf: ElfFile): bool {
  let sections = elf.sections;
  for (let i = 0, n = sections.length; i < n; ++i) {
    let table = sections[i];
    if (table.type == SectionType.Rela) return damaged("relocations with addends");
    if (table.type != SectionType.Rel) continue;
    if (table.info <= 0 || table.info >= n) return damaged(`section that '${table.name}' relocates`);
    let relocated = sections[table.info];
    let data = table.data;
    let count = data.length / Relocation.Size;
    if (count * Relocation.Size != data.length) return damaged(`size of '${table.name}'`);
    for (let row = 0; row < count; ++row) {
      let at = row * Relocation.Size;
      let offset = data.u64(at + Relocation.Offset);
      let symbol = data.u32(at + Relocation.Symbol);
      if (offset >= <u64>relocated.bytes || symbol >= <u32>elf.symbols.length)
        return damaged(`relocation ${row} of '${relocated.name}'`);
      relocated.addRelocation(new Reloc(<i32>offset, data.i32(at + Relocation.Type), <i32>symbol));
    }
  }
  return true;
}
