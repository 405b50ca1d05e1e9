// Writes ELF64 relocatable BPF objects: sections in, file bytes out.
//
// Order in the file: header, section contents, section headers. The symbol table is built from `symbol()` calls; local
// symbols come before global ones, as ELF requires, whatever the order of the calls, so relocations name symbols by the
// handle that `symbol()` returned.

import { ByteWriter } from "../../common/as/byte-writer";
import {
  ELF_CLASS_64,
  ELF_DATA_LSB,
  ELF_MAGIC,
  ElfHeader,
  ElfMachine,
  ElfSymbol,
  ElfType,
  RelocationType,
  SectionFlag,
  SectionHeader,
  SectionType,
  SymbolBind,
  SymbolType,
} from "../../common/format/elf";

/** One section and its relocations. */
export class Section {
  data: ByteWriter = new ByteWriter();
  relocations: PendingRelocation[] = [];
  /** Bytes of a Nobits section. */
  nobits: i32 = 0;
  /** Handle of the section's own symbol, or -1. */
  symbol: i32 = -1;
  index: i32 = 0;
  fileOffset: i32 = 0;
  link: i32 = 0;
  info: i32 = 0;
  entrySize: i32 = 0;
  nameOffset: i32 = 0;

  constructor(
    public name: string,
    public type: SectionType,
    public flags: SectionFlag,
    public align: i32,
  ) {}

  get bytes(): i32 {
    return this.type == SectionType.Nobits ? this.nobits : this.data.length;
  }
}

class PendingRelocation {
  constructor(
    public offset: i32,
    public type: RelocationType,
    public symbol: i32,
  ) {}
}

class PendingSymbol {
  index: i32 = 0;
  constructor(
    public name: string,
    public type: SymbolType,
    public bind: SymbolBind,
    public section: Section,
    public value: i32,
    public bytes: i32,
  ) {}
}

/** An object file under construction. */
export class ElfWriter {
  private sections: Section[] = [];
  private symbols: PendingSymbol[] = [];

  /** Adds a section; sections keep their order. */
  section(name: string, type: SectionType, flags: SectionFlag, align: i32 = 8): Section {
    const section = new Section(name, type, flags, align);
    this.sections.push(section);
    section.index = this.sections.length;
    return section;
  }

  /** Adds a symbol and returns its handle. */
  symbol(name: string, type: SymbolType, section: Section, value: i32, bytes: i32): i32 {
    const bind = type == SymbolType.Section ? SymbolBind.Local : SymbolBind.Global;
    this.symbols.push(new PendingSymbol(name, type, bind, section, value, bytes));
    return this.symbols.length - 1;
  }

  /** The handle of the symbol that names a section itself. */
  sectionSymbol(section: Section): i32 {
    if (section.symbol < 0) section.symbol = this.symbol("", SymbolType.Section, section, 0, 0);
    return section.symbol;
  }

  /** Records that the instruction at byte `offset` of `section` refers to a symbol; its addend is in its imm. */
  relocate(section: Section, offset: i32, type: RelocationType, symbol: i32): void {
    section.relocations.push(new PendingRelocation(offset, type, symbol));
  }

  /** The finished file. */
  finish(): Uint8Array {
    const strings = new ByteWriter();
    strings.u8(0);
    const symtab = this.writeSymbols(strings);
    this.writeRelocations(symtab);
    const strtab = this.section(".strtab", SectionType.Strtab, SectionFlag.None, 1);
    symtab.link = strtab.index;
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      const section = this.sections[i];
      section.nameOffset = strings.length;
      strings.text(section.name);
      strings.u8(0);
    }
    strtab.data = strings;
    return this.writeFile(strtab.index);
  }

  private writeSymbols(strings: ByteWriter): Section {
    const symtab = this.section(".symtab", SectionType.Symtab, SectionFlag.None);
    symtab.entrySize = ElfSymbol.Size;
    symtab.data.zeros(ElfSymbol.Size);
    let index = 1;
    for (let bind = <i32>SymbolBind.Local; bind <= SymbolBind.Global; ++bind) {
      if (bind == SymbolBind.Global) symtab.info = index;
      for (let i = 0, n = this.symbols.length; i < n; ++i) {
        const symbol = this.symbols[i];
        if (symbol.bind != bind) continue;
        symbol.index = index++;
        let name = 0;
        if (symbol.name.length > 0) {
          name = strings.length;
          strings.text(symbol.name);
          strings.u8(0);
        }
        symtab.data.u32(name);
        symtab.data.u8(symbol.type | (symbol.bind << 4));
        symtab.data.u8(0);
        symtab.data.u16(symbol.section.index);
        symtab.data.u64(symbol.value);
        symtab.data.u64(symbol.bytes);
      }
    }
    return symtab;
  }

  private writeRelocations(symtab: Section): void {
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      const section = this.sections[i];
      const relocations = section.relocations;
      if (relocations.length == 0) continue;
      const rel = this.section(".rel" + section.name, SectionType.Rel, SectionFlag.None);
      rel.entrySize = 16;
      rel.link = symtab.index;
      rel.info = section.index;
      for (let k = 0, m = relocations.length; k < m; ++k) {
        rel.data.u64(relocations[k].offset);
        rel.data.u32(relocations[k].type);
        rel.data.u32(this.symbols[relocations[k].symbol].index);
      }
    }
  }

  /** As many bytes as the file can have: a writer that grew to them would leave as many again behind. */
  private mostBytes(): i32 {
    let bytes: i32 = ElfHeader.Size + 8 + SectionHeader.Size;
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      bytes += this.sections[i].align + this.sections[i].data.length + SectionHeader.Size;
    }
    return bytes;
  }

  private writeFile(namesIndex: i32): Uint8Array {
    const out = new ByteWriter(this.mostBytes());
    out.zeros(ElfHeader.Size);
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      const section = this.sections[i];
      out.align(section.align);
      section.fileOffset = out.length;
      if (section.type != SectionType.Nobits) out.append(section.data);
    }
    out.align(8);
    const headers = out.length;
    out.zeros(SectionHeader.Size);
    for (let i = 0, n = this.sections.length; i < n; ++i) writeSectionHeader(out, this.sections[i]);
    writeFileHeader(out, headers, this.sections.length + 1, namesIndex);
    return out.toArray();
  }
}

function writeSectionHeader(out: ByteWriter, section: Section): void {
  out.u32(section.nameOffset);
  out.u32(section.type);
  out.u64(section.flags);
  out.u64(0);
  out.u64(section.fileOffset);
  out.u64(section.bytes);
  out.u32(section.link);
  out.u32(section.info);
  out.u64(section.align);
  out.u64(section.entrySize);
}

function writeFileHeader(out: ByteWriter, headers: i32, count: i32, namesIndex: i32): void {
  out.patch32(ElfHeader.Magic, ELF_MAGIC);
  out.patch8(ElfHeader.Class, ELF_CLASS_64);
  out.patch8(ElfHeader.Data, ELF_DATA_LSB);
  out.patch8(ElfHeader.IdentVersion, 1);
  out.patch32(ElfHeader.Type, ElfType.Rel | (ElfMachine.Bpf << 16));
  out.patch32(ElfHeader.Version, 1);
  out.patch64(ElfHeader.SectionHeaders, headers);
  // Two 16-bit fields a word: header size | program headers' size, program header count | section header size, …
  out.patch32(ElfHeader.HeaderSize, ElfHeader.Size);
  out.patch32(ElfHeader.ProgramHeaderCount, SectionHeader.Size << 16);
  out.patch32(ElfHeader.SectionHeaderCount, count | (namesIndex << 16));
}
