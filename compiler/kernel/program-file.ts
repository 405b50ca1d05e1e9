// A program or library of the remote, as far as probes need it: where its code lies, its symbols, its build id. Read
// out of its ELF file in ranges, each when it is asked for. Hostile input: every offset, size and index is checked, and
// nothing traps; a damaged file has a `problem`.
//
//   vaddr of a symbol ──program headers──► offset in the file: what the kernel takes for a place

import { joinTexts } from "../../common/as/text-builder";
import {
  ELF_CLASS_64,
  ELF_DATA_LSB,
  ELF_MAGIC,
  ElfHeader,
  ElfSymbol,
  ElfType,
  ProgramHeader,
  SectionHeader,
  SectionType,
  SegmentFlag,
  SegmentType,
  SymbolBind,
  SymbolType,
} from "../../common/format/elf";
import { ElfNote, NOTE_OWNER_GNU, NT_GNU_BUILD_ID } from "../../common/format/linux";
import { FILE_BLOB } from "../../common/format/request";
import { BLOB_ABSENT, BLOB_UNKNOWN, BlobReader } from "./blobs";

/** Most headers of a kind that are read. */
const MOST_HEADERS: i32 = 1024;
/** Larger tables of symbols or strings are refused. */
const MOST_TABLE_BYTES: u64 = 256 << 20;
const MOST_NOTE_BYTES: u64 = 4 << 20;
const LONGEST_NAME: i32 = 4096;
/** Bytes at a place that the agent compares. */
const PLACE_BYTES: i32 = 16;

/** Little-endian fields of some bytes; out of range is 0. */
export class Fields {
  constructor(private bytes: Uint8Array) {}

  get length(): i32 {
    return this.bytes.length;
  }

  /** Whether there are `count` bytes at `at`. */
  has(at: i32, count: i32): bool {
    return at >= 0 && count >= 0 && <i64>at + <i64>count <= <i64>this.bytes.length;
  }

  u8(at: i32): i32 {
    return this.has(at, 1) ? <i32>load<u8>(this.bytes.dataStart + at) : 0;
  }

  u16(at: i32): i32 {
    return this.has(at, 2) ? <i32>load<u16>(this.bytes.dataStart + at) : 0;
  }

  u32(at: i32): u32 {
    return this.has(at, 4) ? load<u32>(this.bytes.dataStart + at) : 0;
  }

  u64(at: i32): u64 {
    return this.has(at, 8) ? load<u64>(this.bytes.dataStart + at) : 0;
  }

  /** The NUL-terminated text at `at`, a character for each byte; "" if it does not end. */
  text(at: u32): string {
    const from = <i64>at;
    if (from >= <i64>this.bytes.length) return "";
    const most = <i32>min<i64>(<i64>this.bytes.length - from, LONGEST_NAME);
    let length = 0;
    while (length < most && unchecked(this.bytes[<i32>from + length]) != 0) ++length;
    return length == most ? "" : String.UTF8.decodeUnsafe(this.bytes.dataStart + <usize>from, length);
  }
}

/** A part of the file that is mapped. */
class Segment {
  constructor(
    public isCode: bool,
    public address: u64,
    public offset: u64,
    public bytes: u64,
  ) {}
}

/** A section header. */
export class FileSection {
  constructor(
    public name: string,
    public type: u32,
    public address: u64,
    public offset: u64,
    public bytes: u64,
    public link: u32,
    public info: u32,
    public entryBytes: u64,
  ) {}
}

/** A function of the program. */
export class ProgramSymbol {
  constructor(
    public name: string,
    public address: u64,
    public bytes: u64,
    public bind: SymbolBind,
    /** the symbol is one that other files can use */
    public isExported: bool,
    /** what runs there only chooses a function (IFUNC) */
    public isChooser: bool,
  ) {}
}

/** One file. What is not here yet is asked for, and the file is pending. */
export class ProgramFile {
  /** What is wrong with it; empty if nothing is. */
  problem: string = "";
  /** Something was asked for that is not here yet. */
  isPending: bool = false;
  /** e_machine */
  machine: i32 = 0;
  buildId: string = "";
  sections: FileSection[] = [];
  private segments: Segment[] = [];
  private blob: string;
  private symbols: ProgramSymbol[] | null = null;

  constructor(
    public path: string,
    private reader: BlobReader,
  ) {
    this.blob = FILE_BLOB + path;
    this.open();
  }

  /** The bytes at an offset; null: they are not there, or not yet. */
  bytes(offset: u64, count: u64): Fields | null {
    const size = this.reader.sizeOf(this.blob);
    if (size == BLOB_UNKNOWN) {
      this.isPending = true;
      return null;
    }
    if (size < 0 || offset > <u64>size || count > <u64>size - offset) return null;
    const bytes = this.reader.bytes(this.blob, <i64>offset, <i32>count);
    if (bytes === null) this.isPending = true;
    return bytes === null ? null : new Fields(bytes);
  }

  /** The section of a name, or null. */
  section(name: string): FileSection | null {
    for (let i = 0, n = this.sections.length; i < n; ++i) if (this.sections[i].name == name) return this.sections[i];
    return null;
  }

  /** The bytes of a section; null: they are not there, or not yet. */
  contents(section: FileSection): Fields | null {
    if (section.type == SectionType.Nobits || section.bytes > MOST_TABLE_BYTES) return null;
    return this.bytes(section.offset, section.bytes);
  }

  /** Where in the file the code (or the data) at an address is; -1: there is none. */
  offsetOf(address: u64, isCode: bool = true): i64 {
    for (let i = 0, n = this.segments.length; i < n; ++i) {
      const segment = this.segments[i];
      if (segment.isCode != isCode) continue;
      if (address >= segment.address && address - segment.address < segment.bytes)
        return <i64>(address - segment.address + segment.offset);
    }
    return -1;
  }

  /** The bytes at a place of the code in hexadecimal, as many as there are up to 16; "": they are not here yet. */
  bytesAt(offset: u64): string {
    const size = this.reader.sizeOf(this.blob);
    const count = min<u64>(<u64>PLACE_BYTES, size > 0 && offset < <u64>size ? <u64>size - offset : 0);
    const fields = this.bytes(offset, count);
    return fields === null ? "" : hexOf(fields, 0, <i32>count);
  }

  /** Its functions, by address; empty while they are not here. */
  functions(): ProgramSymbol[] {
    const known = this.symbols;
    if (known !== null) return known;
    const found: ProgramSymbol[] = [];
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      const section = this.sections[i];
      if (section.type == SectionType.Symtab || section.type == SectionType.Dynsym) this.addSymbols(section, found);
    }
    if (this.isPending) return [];
    found.sort(bySymbol);
    const unique: ProgramSymbol[] = [];
    for (let i = 0, n = found.length; i < n; ++i) {
      const last = unique.length > 0 ? unique[unique.length - 1] : null;
      if (last !== null && last.address == found[i].address && last.name == found[i].name) {
        last.isExported = last.isExported || found[i].isExported;
      } else unique.push(found[i]);
    }
    this.symbols = unique;
    return unique;
  }

  /** The address of a variable; 0: there is none, or it is not here yet; -1: several have the name. */
  addressOfData(name: string): i64 {
    let found: i64 = 0;
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      const section = this.sections[i];
      const isTable = section.type == SectionType.Symtab || section.type == SectionType.Dynsym;
      if (!isTable || section.link >= <u32>this.sections.length) continue;
      const table = this.contents(section);
      const texts = this.contents(this.sections[section.link]);
      if (table === null || texts === null) continue;
      for (let at = 0, end = table.length - ElfSymbol.Size; at <= end; at += ElfSymbol.Size) {
        if (table.u16(at + ElfSymbol.Section) == 0 || (table.u8(at + ElfSymbol.Info) & 15) > SymbolType.Func) continue;
        if (withoutVersion(texts.text(table.u32(at + ElfSymbol.Name))) != name) continue;
        const address = <i64>table.u64(at + ElfSymbol.Value);
        if (found != 0 && found != address) return -1;
        found = address;
      }
    }
    return found;
  }

  /** Whether functions are called as Go does: the kernel's way of probing returns crashes such programs. */
  get isGo(): bool {
    return this.section(".gopclntab") !== null || this.section(".note.go.buildid") !== null;
  }

  private fail(problem: string): void {
    if (this.problem.length == 0) this.problem = problem;
  }

  /** Reads the headers. */
  private open(): void {
    const size = this.reader.sizeOf(this.blob);
    if (size == BLOB_ABSENT) {
      this.fail("it cannot be read");
      return;
    }
    const header = this.bytes(0, ElfHeader.Size);
    if (header === null) {
      if (!this.isPending) this.fail("it is not an ELF file");
      return;
    }
    if (<i32>header.u32(ElfHeader.Magic) != ELF_MAGIC) {
      this.fail("it is not an ELF file");
      return;
    }
    if (header.u8(ElfHeader.Class) != ELF_CLASS_64 || header.u8(ElfHeader.Data) != ELF_DATA_LSB) {
      this.fail("it is not a program of 64 bits");
      return;
    }
    const type = header.u16(ElfHeader.Type);
    if (type != ElfType.Exec && type != ElfType.Dyn) {
      this.fail("it is neither a program nor a library");
      return;
    }
    this.machine = header.u16(ElfHeader.Machine);
    this.readSegments(header);
    this.readSections(header);
  }

  private readSegments(header: Fields): void {
    const count = header.u16(ElfHeader.ProgramHeaderCount);
    if (count > MOST_HEADERS || header.u16(ElfHeader.ProgramHeaderSize) != ProgramHeader.Size) {
      this.fail("its program headers are damaged");
      return;
    }
    const table = this.bytes(header.u64(ElfHeader.ProgramHeaders), <u64>count * ProgramHeader.Size);
    if (table === null) {
      if (!this.isPending) this.fail("its program headers are damaged");
      return;
    }
    for (let i = 0; i < count; ++i) {
      const at = i * ProgramHeader.Size;
      const type = table.u32(at + ProgramHeader.Type);
      const offset = table.u64(at + ProgramHeader.Offset);
      const bytes = table.u64(at + ProgramHeader.FileBytes);
      const isCode = (table.u32(at + ProgramHeader.Flags) & SegmentFlag.Exec) != 0;
      if (type == SegmentType.Load)
        this.segments.push(new Segment(isCode, table.u64(at + ProgramHeader.Address), offset, bytes));
      if (type == SegmentType.Note && bytes <= MOST_NOTE_BYTES && this.buildId.length == 0) {
        const notes = this.bytes(offset, bytes);
        if (notes !== null) this.buildId = buildIdOf(notes);
      }
    }
  }

  private readSections(header: Fields): void {
    const count = header.u16(ElfHeader.SectionHeaderCount);
    if (count == 0) return;
    if (header.u16(ElfHeader.SectionHeaderSize) != SectionHeader.Size || count > MOST_HEADERS) {
      this.fail("its section headers are damaged");
      return;
    }
    const table = this.bytes(header.u64(ElfHeader.SectionHeaders), <u64>count * SectionHeader.Size);
    if (table === null) {
      if (!this.isPending) this.fail("its section headers are damaged");
      return;
    }
    const names = header.u16(ElfHeader.NamesIndex) * SectionHeader.Size;
    const nameBytes = table.u64(names + SectionHeader.Bytes);
    if (nameBytes > MOST_NOTE_BYTES) {
      this.fail("its names of sections are damaged");
      return;
    }
    const texts = this.bytes(table.u64(names + SectionHeader.Offset), nameBytes);
    if (texts === null) return;
    for (let i = 0; i < count; ++i) {
      const at = i * SectionHeader.Size;
      this.sections.push(
        new FileSection(
          texts.text(table.u32(at + SectionHeader.Name)),
          table.u32(at + SectionHeader.Type),
          table.u64(at + SectionHeader.Address),
          table.u64(at + SectionHeader.Offset),
          table.u64(at + SectionHeader.Bytes),
          table.u32(at + SectionHeader.Link),
          table.u32(at + SectionHeader.Info),
          table.u64(at + SectionHeader.EntrySize),
        ),
      );
    }
  }

  private addSymbols(section: FileSection, found: ProgramSymbol[]): void {
    if (section.link >= <u32>this.sections.length) return;
    const table = this.contents(section);
    const texts = this.contents(this.sections[section.link]);
    if (table === null || texts === null) return;
    const isDynamic = section.type == SectionType.Dynsym;
    for (let at = 0, end = table.length - ElfSymbol.Size; at <= end; at += ElfSymbol.Size) {
      const info = table.u8(at + ElfSymbol.Info);
      const type = info & 15;
      if ((type != SymbolType.Func && type != SymbolType.GnuIfunc) || table.u16(at + ElfSymbol.Section) == 0) continue;
      const address = table.u64(at + ElfSymbol.Value);
      if (this.offsetOf(address) < 0) continue;
      const name = withoutVersion(texts.text(table.u32(at + ElfSymbol.Name)));
      if (name.length == 0) continue;
      const bind = <SymbolBind>min(info >> 4, <i32>SymbolBind.Weak);
      const bytes = table.u64(at + ElfSymbol.Bytes);
      found.push(new ProgramSymbol(name, address, bytes, bind, isDynamic, type == SymbolType.GnuIfunc));
    }
  }
}

/** The files of one remote, each read once. */
export class ProgramFiles {
  private files: Map<string, ProgramFile> = new Map<string, ProgramFile>();

  constructor(private reader: BlobReader) {}

  /** The file of a path. */
  of(path: string): ProgramFile {
    if (!this.files.has(path)) this.files.set(path, new ProgramFile(path, this.reader));
    return this.files.get(path);
  }
}

/** "memcpy@@GLIBC_2.14" is memcpy. */
function withoutVersion(name: string): string {
  const at = name.indexOf("@");
  return at > 0 ? name.substring(0, at) : name;
}

/** By address; of one address the name that a user would say first: global before local, the fewest underscores. */
function bySymbol(a: ProgramSymbol, b: ProgramSymbol): i32 {
  if (a.address != b.address) return a.address < b.address ? -1 : 1;
  const bind = rankOf(a.bind) - rankOf(b.bind);
  if (bind != 0) return bind;
  const dashes = underscoresOf(a.name) - underscoresOf(b.name);
  if (dashes != 0) return dashes;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function rankOf(bind: SymbolBind): i32 {
  return bind == SymbolBind.Global ? 0 : bind == SymbolBind.Weak ? 1 : 2;
}

function underscoresOf(name: string): i32 {
  let count = 0;
  while (count < name.length && name.charCodeAt(count) == 0x5f) ++count;
  return count;
}

function buildIdOf(notes: Fields): string {
  let at: i64 = 0;
  while (at + ElfNote.Size <= <i64>notes.length) {
    const from = <i32>at;
    const nameBytes = <i64>notes.u32(from + ElfNote.NameBytes);
    const bytes = <i64>notes.u32(from + ElfNote.Bytes);
    const data = at + ElfNote.Size + ((nameBytes + 3) & ~3);
    const isGnu = nameBytes == 4 && <i32>notes.u32(from + ElfNote.Size) == NOTE_OWNER_GNU;
    if (data + bytes > <i64>notes.length) break;
    if (isGnu && <i32>notes.u32(from + ElfNote.Type) == NT_GNU_BUILD_ID && bytes <= 64)
      return hexOf(notes, <i32>data, <i32>bytes);
    at = data + ((bytes + 3) & ~3);
  }
  return "";
}

function hexOf(fields: Fields, at: i32, count: i32): string {
  const digits: string[] = [];
  for (let i = 0; i < count; ++i) {
    const byte = fields.u8(at + i);
    digits.push("0123456789abcdef".charAt(byte >> 4) + "0123456789abcdef".charAt(byte & 15));
  }
  return joinTexts(digits, "");
}
