// A small program in ELF, made for tests: one segment of code, a build id, symbols.
//
//   0 header | 64 program headers | 256 note | 512 code | 1024 symbols | 1280 their names | 1536 section headers

import {
  ELF_CLASS_64,
  ELF_DATA_LSB,
  ELF_MAGIC,
  ElfHeader,
  ElfMachine,
  ElfSymbol,
  ElfType,
  ProgramHeader,
  SectionHeader,
  SectionType,
  SegmentFlag,
  SegmentType,
} from "../../../common/format/elf";
import { ElfNote, NOTE_OWNER_GNU, NT_GNU_BUILD_ID } from "../../../common/format/linux";

const NOTE_AT: i32 = 256;
const CODE_AT: i32 = 512;
const CODE_BYTES: i32 = 512;
const SYMBOLS_AT: i32 = 1024;
const NAMES_AT: i32 = 1280;
const SECTION_NAMES_AT: i32 = 1408;
const SECTIONS_AT: i32 = 1536;
/** Where the code is in memory. */
export const CODE_ADDRESS: u64 = 0x400200;
/** How many bytes a sample has. */
export const PROGRAM_BYTES: i32 = SECTIONS_AT + 4 * SectionHeader.Size;

function symbol(at: usize, name: i32, address: u64, info: i32): void {
  store<i32>(at, name, ElfSymbol.Name);
  store<u8>(at, <u8>info, ElfSymbol.Info);
  store<u16>(at, 1, ElfSymbol.Section);
  store<u64>(at, address, ElfSymbol.Value);
  store<u64>(at, 16, ElfSymbol.Bytes);
}

function section(at: usize, name: i32, type: SectionType, place: i32): void {
  store<i32>(at, name, SectionHeader.Name);
  store<i32>(at, type, SectionHeader.Type);
  store<u64>(at, place, SectionHeader.Offset);
  store<u64>(at, type == SectionType.Symtab ? 5 * ElfSymbol.Size : 128, SectionHeader.Bytes);
  store<i32>(at, 2, SectionHeader.Link);
}

function putText(at: usize, text: string): void {
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, at);
}

/**
 * Functions: "first" and its other name "__first" at the beginning of the code, "second@@V1" 16 bytes behind it, and
 * "chooser" (IFUNC) 32 bytes behind it.
 */
export function sampleProgram(): Uint8Array {
  const bytes = new Uint8Array(PROGRAM_BYTES);
  const base = bytes.dataStart;
  store<i32>(base, ELF_MAGIC, ElfHeader.Magic);
  store<u8>(base, ELF_CLASS_64, ElfHeader.Class);
  store<u8>(base, ELF_DATA_LSB, ElfHeader.Data);
  store<u16>(base, ElfType.Exec, ElfHeader.Type);
  store<u16>(base, ElfMachine.X86_64, ElfHeader.Machine);
  store<u64>(base, 64, ElfHeader.ProgramHeaders);
  store<u64>(base, SECTIONS_AT, ElfHeader.SectionHeaders);
  store<u16>(base, ProgramHeader.Size, ElfHeader.ProgramHeaderSize);
  store<u16>(base, 2, ElfHeader.ProgramHeaderCount);
  store<u16>(base, SectionHeader.Size, ElfHeader.SectionHeaderSize);
  store<u16>(base, 4, ElfHeader.SectionHeaderCount);
  store<u16>(base, 3, ElfHeader.NamesIndex);
  const code = base + 64;
  store<i32>(code, SegmentType.Load, ProgramHeader.Type);
  store<i32>(code, SegmentFlag.Exec, ProgramHeader.Flags);
  store<u64>(code, CODE_AT, ProgramHeader.Offset);
  store<u64>(code, CODE_ADDRESS, ProgramHeader.Address);
  store<u64>(code, CODE_BYTES, ProgramHeader.FileBytes);
  const note = code + ProgramHeader.Size;
  store<i32>(note, SegmentType.Note, ProgramHeader.Type);
  store<u64>(note, NOTE_AT, ProgramHeader.Offset);
  store<u64>(note, 36, ProgramHeader.FileBytes);
  store<i32>(base + NOTE_AT, 4, ElfNote.NameBytes);
  store<i32>(base + NOTE_AT, 20, ElfNote.Bytes);
  store<i32>(base + NOTE_AT, NT_GNU_BUILD_ID, ElfNote.Type);
  store<i32>(base + NOTE_AT + ElfNote.Size, NOTE_OWNER_GNU);
  for (let i = 0; i < 20; ++i) store<u8>(base + NOTE_AT + 16 + i, <u8>(i + 1));
  for (let i = 0; i < CODE_BYTES; ++i) store<u8>(base + CODE_AT + i, 0x90);
  putText(base + NAMES_AT + 1, "first\0__first\0second@@V1\0chooser");
  symbol(base + SYMBOLS_AT + ElfSymbol.Size, 7, CODE_ADDRESS, 0x12);
  symbol(base + SYMBOLS_AT + 2 * ElfSymbol.Size, 1, CODE_ADDRESS, 0x12);
  symbol(base + SYMBOLS_AT + 3 * ElfSymbol.Size, 15, CODE_ADDRESS + 16, 0x12);
  symbol(base + SYMBOLS_AT + 4 * ElfSymbol.Size, 26, CODE_ADDRESS + 32, 0x1a);
  putText(base + SECTION_NAMES_AT + 1, ".symtab\0.strtab\0.shstrtab");
  section(base + SECTIONS_AT + SectionHeader.Size, 1, SectionType.Symtab, SYMBOLS_AT);
  section(base + SECTIONS_AT + 2 * SectionHeader.Size, 9, SectionType.Strtab, NAMES_AT);
  section(base + SECTIONS_AT + 3 * SectionHeader.Size, 17, SectionType.Strtab, SECTION_NAMES_AT);
  return bytes;
}
