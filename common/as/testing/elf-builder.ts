// Makes small ELF and manifest files by hand, for tests of what reads them: independent of the compiler's writers, and
// able to make files that those would not.

import { ElfHeader, ElfMachine, ElfSymbol, ElfType, SectionHeader, SectionType } from "../../format/elf";
import { MANIFEST_MAGIC, MANIFEST_VERSION, Manifest, rowSize, TableKind } from "../../format/manifest";
import { ByteWriter } from "../byte-writer";

/** A growing file of bytes as the readers want it. */
export function toStatic(writer: ByteWriter): StaticArray<u8> {
  const array = writer.toArray();
  const bytes = new StaticArray<u8>(array.length);
  memory.copy(changetype<usize>(bytes), array.dataStart, array.length);
  return bytes;
}

class TestSection {
  relocations: ByteWriter = new ByteWriter(64);

  constructor(
    public name: string,
    public type: i32,
    public data: ByteWriter,
    /** size of a Nobits section */
    public bytes: i32,
  ) {}
}

/** Builds a relocatable BPF file. Section numbers begin with 1. */
export class ElfBuilder {
  private sections: TestSection[] = [];
  private symbols: ByteWriter = new ByteWriter(256);
  private names: ByteWriter = new ByteWriter(256);
  private symbolCount: i32 = 1;

  constructor() {
    this.symbols.zeros(ElfSymbol.Size);
    this.names.u8(0);
  }

  /** Adds a section; its number. */
  section(name: string, data: ByteWriter): i32 {
    this.sections.push(new TestSection(name, SectionType.Progbits, data, data.length));
    return this.sections.length;
  }

  /** Adds a section without bytes in the file; its number. */
  nobits(name: string, bytes: i32): i32 {
    this.sections.push(new TestSection(name, SectionType.Nobits, new ByteWriter(16), bytes));
    return this.sections.length;
  }

  /** Adds a symbol; its number. */
  symbol(name: string, type: i32, section: i32, value: i32, bytes: i32): i32 {
    const at = this.names.length;
    this.names.text(name);
    this.names.u8(0);
    const symbols = this.symbols;
    symbols.u32(at);
    symbols.u8(type | 0x10);
    symbols.u8(0);
    symbols.u16(section);
    symbols.u64(value);
    symbols.u64(bytes);
    return this.symbolCount++;
  }

  /** Says that a place of a section is relocated by a symbol. */
  relocate(section: i32, offset: i32, type: i32, symbol: i32): void {
    const relocations = this.sections[section - 1].relocations;
    relocations.u64(offset);
    relocations.u32(type);
    relocations.u32(symbol);
  }

  /** The file. Layout: header, sections, relocations, symbols, names, section headers. */
  build(): StaticArray<u8> {
    const file = new ByteWriter(4096);
    file.zeros(ElfHeader.Size);
    const headers = new ByteWriter(1024);
    headers.zeros(SectionHeader.Size);
    const count = this.sections.length;
    let relocated = 0;
    for (let i = 0; i < count; ++i) if (this.sections[i].relocations.length > 0) ++relocated;
    const symtab = count + relocated + 1;
    for (let i = 0; i < count; ++i) {
      const section = this.sections[i];
      this.place(file, headers, section.name, section.type, section.data);
      headers.patch64(headers.length - SectionHeader.Size + SectionHeader.Bytes, section.bytes);
    }
    for (let i = 0; i < count; ++i) {
      const section = this.sections[i];
      if (section.relocations.length == 0) continue;
      this.place(file, headers, `.rel${section.name}`, SectionType.Rel, section.relocations);
      headers.patch32(headers.length - SectionHeader.Size + SectionHeader.Link, symtab);
      headers.patch32(headers.length - SectionHeader.Size + SectionHeader.Info, i + 1);
    }
    this.place(file, headers, ".symtab", SectionType.Symtab, this.symbols);
    headers.patch32(headers.length - SectionHeader.Size + SectionHeader.Link, symtab + 1);
    // The names of all: this one last, because placing adds its own name.
    const at = this.names.length;
    this.names.text(".strtab");
    this.names.u8(0);
    this.placeAt(file, headers, at, SectionType.Strtab, this.names);
    file.align(8);
    const table = file.length;
    file.append(headers);
    file.patch32(ElfHeader.Magic, 0x464c457f);
    file.patch32(ElfHeader.Class, 0x00010102);
    file.patch32(ElfHeader.Type, ElfType.Rel | (ElfMachine.Bpf << 16));
    file.patch64(ElfHeader.SectionHeaders, table);
    file.patch32(ElfHeader.SectionHeaderSize, SectionHeader.Size | ((symtab + 2) << 16));
    file.patch8(ElfHeader.NamesIndex, symtab + 1);
    return toStatic(file);
  }

  private place(file: ByteWriter, headers: ByteWriter, name: string, type: i32, data: ByteWriter): void {
    const at = this.names.length;
    this.names.text(name);
    this.names.u8(0);
    this.placeAt(file, headers, at, type, data);
  }

  private placeAt(file: ByteWriter, headers: ByteWriter, name: i32, type: i32, data: ByteWriter): void {
    file.align(8);
    const header = headers.length;
    headers.zeros(SectionHeader.Size);
    headers.patch32(header + SectionHeader.Name, name);
    headers.patch32(header + SectionHeader.Type, type);
    headers.patch64(header + SectionHeader.Offset, file.length);
    headers.patch64(header + SectionHeader.Bytes, data.length);
    file.append(data);
  }
}

/** Builds a manifest: rows of words, strings by number. */
export class ManifestBuilder {
  /** The header's words, from Machine on. */
  header: i32[] = [];
  private rows: ByteWriter[] = [];
  private strings: ByteWriter = new ByteWriter(256);
  /** Where in the rows a string's number has to become an offset: table, byte. */
  private fixups: i32[] = [];

  constructor() {
    for (let table = 0; table < TableKind.Size; ++table) this.rows.push(new ByteWriter(256));
    for (let at = <i32>Manifest.Machine; at < Manifest.Directory; at += 4) this.header.push(0);
    this.set(Manifest.Machine, 62);
    this.set(Manifest.OutputRingSize, 65536);
    this.set(Manifest.ControlRingSize, 65536);
  }

  /** Sets a word of the header. */
  set(field: i32, value: i32): void {
    this.header[(field - Manifest.Machine) / 4] = value;
  }

  /** Adds a string; a number for `row`, which becomes its offset. */
  text(value: string): i32 {
    const at = this.strings.length;
    this.strings.u32(value.length);
    this.strings.text(value);
    return at | STRING_MARK;
  }

  /** Adds a row. */
  row(table: i32, words: i32[]): void {
    const writer = this.rows[table];
    for (let i = 0; i < words.length; ++i) {
      if ((words[i] & STRING_MASK) == STRING_MARK) {
        this.fixups.push(table);
        this.fixups.push(writer.length);
      }
      writer.u32(words[i] & ~((words[i] & STRING_MASK) == STRING_MARK ? STRING_MARK : 0));
    }
  }

  build(): ByteWriter {
    let size = Manifest.Directory + TableKind.Size * 8;
    let blob = size;
    for (let table = 0; table < TableKind.Size; ++table) blob += this.rows[table].length;
    for (let i = 0; i < this.fixups.length; i += 2) {
      const rows = this.rows[this.fixups[i]];
      rows.patch32(this.fixups[i + 1], rows.get32(this.fixups[i + 1]) + blob);
    }
    const out = new ByteWriter(1024);
    out.u32(MANIFEST_MAGIC);
    out.u32(MANIFEST_VERSION);
    for (let i = 0; i < this.header.length; ++i) out.u32(this.header[i]);
    for (let table = 0; table < TableKind.Size; ++table) {
      out.u32(size);
      out.u32(this.rows[table].length / rowSize(table));
      size += this.rows[table].length;
    }
    for (let table = 0; table < TableKind.Size; ++table) out.append(this.rows[table]);
    out.append(this.strings);
    return out;
  }
}

/** Marks a string's number among a row's words: no honest word of a test looks like it. */
const STRING_MARK: i32 = 0x5a500000;
const STRING_MASK: i32 = 0x7ff00000;
