// Reads a relocatable ELF64 file of BPF code into sections, symbols and relocations. Hostile input: every offset, size,
// index and name is checked here once, so that users of the result need not. The result says what is wrong;
// nothing in here traps.

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
  /** What is wrong with the file; empty if it can be used. */
  problem: string = "";

  constructor(public bytes: StaticArray<u8>) {}

  /** The first section of that name. */
  findSection(name: string): Section | null {
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      const section = this.sections[i];
      if (section.name == name) return section;
    }
    return null;
  }

  /** The function or object that begins at `value` of a section; null if none does. */
  findSymbolAt(section: i32, value: i32, type: i32): SymbolEntry | null {
    for (let i = 0, n = this.symbols.length; i < n; ++i) {
      const symbol = this.symbols[i];
      if (symbol.section == section && symbol.type == type && symbol.value == value) return symbol;
    }
    return null;
  }

  /** The symbol of that name and type. */
  findSymbol(name: string, type: i32): SymbolEntry | null {
    for (let i = 0, n = this.symbols.length; i < n; ++i) {
      const symbol = this.symbols[i];
      if (symbol.type == type && symbol.name == name) return symbol;
    }
    return null;
  }
}

/** Larger sections than this are refused (Nobits have no bytes in the file to bound them). */
const MAX_SECTION_BYTES: i32 = 0x8000000;
const MAX_SYMBOLS: i32 = 1000000;

/** Reads a file; its `problem` says whether it is a relocatable BPF file, and sound. */
export function readElf(bytes: StaticArray<u8>): ElfFile {
  const elf = new ElfFile(bytes);
  const file = ByteReader.over(bytes);
  elf.problem = identify(file);
  if (elf.problem.length == 0) elf.problem = readSections(elf, file);
  if (elf.problem.length == 0) elf.problem = readSymbols(elf);
  if (elf.problem.length == 0) elf.problem = readRelocations(elf);
  return elf;
}

// The functions below return what is wrong; empty if nothing is.

function identify(file: ByteReader): string {
  if (file.u32(ElfHeader.Magic) != ELF_MAGIC) return "not an ELF file";
  if (file.u8(ElfHeader.Class) != ELF_CLASS_64 || file.u8(ElfHeader.Data) != ELF_DATA_LSB)
    return "not a 64-bit little-endian ELF file";
  if (file.u16(ElfHeader.Type) != ElfType.Rel || file.u16(ElfHeader.Machine) != ElfMachine.Bpf)
    return "not a relocatable BPF file";
  return "";
}

function damaged(what: string): string {
  return `damaged ELF file: ${what}`;
}

function readSections(elf: ElfFile, file: ByteReader): string {
  const table = file.offset64(ElfHeader.SectionHeaders);
  const count = <i32>file.u16(ElfHeader.SectionHeaderCount);
  if (file.u16(ElfHeader.SectionHeaderSize) != SectionHeader.Size) return damaged("size of section headers");
  const headers = file.slice(table, count * SectionHeader.Size);
  if (file.failed || count == 0) return damaged("section headers");

  const namesIndex = <i32>file.u16(ElfHeader.NamesIndex);
  if (namesIndex >= count) return damaged("index of section names");
  const namesHeader = namesIndex * SectionHeader.Size;
  const names = file.slice(
    file.offset64(table + namesHeader + SectionHeader.Offset),
    file.offset64(table + namesHeader + SectionHeader.Bytes),
  );
  if (file.failed) return damaged("section names");

  for (let i = 0; i < count; ++i) {
    const at = i * SectionHeader.Size;
    const type = headers.i32(at + SectionHeader.Type);
    const size = headers.u64(at + SectionHeader.Bytes);
    if (size > <u64>MAX_SECTION_BYTES) return damaged(`size of section ${i}`);
    const name = i == 0 ? "" : names.textAt(headers.u32(at + SectionHeader.Name));
    const offset = headers.u64(at + SectionHeader.Offset);
    const stored = type == SectionType.Nobits || type == SectionType.Null ? 0 : <u32>size;
    if (stored != 0 && offset > <u64>file.length) return damaged(`offset of section ${i}`);
    const data = file.slice(stored != 0 ? <u32>offset : 0, stored);
    if (names.failed || file.failed) return damaged(`section ${i}`);
    const flags = <i32>headers.u64(at + SectionHeader.Flags);
    const link = headers.i32(at + SectionHeader.Link);
    const info = headers.i32(at + SectionHeader.Info);
    elf.sections.push(new Section(i, name, type, flags, data, <i32>size, link, info));
  }
  return "";
}

function readSymbols(elf: ElfFile): string {
  const sections = elf.sections;
  let table: Section | null = null;
  for (let i = 0, n = sections.length; i < n; ++i) {
    if (sections[i].type != SectionType.Symtab) continue;
    if (table) return damaged("two symbol tables");
    table = sections[i];
  }
  if (!table) return damaged("no symbol table");
  const link = table.link;
  if (link <= 0 || link >= sections.length || sections[link].type != SectionType.Strtab)
    return damaged("names of symbols");
  const names = sections[link].data;
  const data = table.data;
  const count = data.length / ElfSymbol.Size;
  if (count * ElfSymbol.Size != data.length || count > MAX_SYMBOLS) return damaged("size of the symbol table");
  for (let i = 0; i < count; ++i) {
    const at = i * ElfSymbol.Size;
    const info = <i32>data.u8(at + ElfSymbol.Info);
    const section = <i32>data.u16(at + ElfSymbol.Section);
    const value = data.u64(at + ElfSymbol.Value);
    const size = data.u64(at + ElfSymbol.Bytes);
    if (section < SHN_LORESERVE) {
      if (section >= sections.length) return damaged(`section of symbol ${i}`);
      const limit = <u64>sections[section].bytes;
      if (section != 0 && (value > limit || size > limit - value)) return damaged(`extent of symbol ${i}`);
    }
    let name = i == 0 ? "" : names.textAt(data.u32(at + ElfSymbol.Name));
    if (names.failed) return damaged(`name of symbol ${i}`);
    const type = info & 15;
    if (type == SymbolType.Section && section < sections.length && name.length == 0) name = sections[section].name;
    elf.symbols.push(new SymbolEntry(name, type, info >> 4, section, <i32>value, <i32>size));
  }
  return "";
}

function readRelocations(elf: ElfFile): string {
  const sections = elf.sections;
  for (let i = 0, n = sections.length; i < n; ++i) {
    const table = sections[i];
    if (table.type == SectionType.Rela) return damaged("relocations with addends");
    if (table.type != SectionType.Rel) continue;
    if (table.info <= 0 || table.info >= n) return damaged(`section that '${table.name}' relocates`);
    const relocated = sections[table.info];
    const data = table.data;
    const count = data.length / Relocation.Size;
    if (count * Relocation.Size != data.length) return damaged(`size of '${table.name}'`);
    for (let row = 0; row < count; ++row) {
      const at = row * Relocation.Size;
      const offset = data.u64(at + Relocation.Offset);
      const symbol = data.u32(at + Relocation.Symbol);
      if (offset >= <u64>relocated.bytes || symbol >= <u32>elf.symbols.length)
        return damaged(`relocation ${row} of '${relocated.name}'`);
      relocated.addRelocation(new Reloc(<i32>offset, data.i32(at + Relocation.Type), <i32>symbol));
    }
  }
  return "";
}
