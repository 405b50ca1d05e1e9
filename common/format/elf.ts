// Shared by compiler, agent and host; must remain portable (constants and pure integer functions only).
//
// ELF64 as far as a BPF object and the symbols of programs need it: byte offsets in the headers and tables, and
// constants. All little-endian; the relocations are those of EM_BPF.

/** 0x7f 'E' 'L' 'F' little-endian */
export const ELF_MAGIC: i32 = 0x464c457f;

/** Byte offsets in the file header (Elf64_Ehdr). */
export const enum ElfHeader {
  Magic = 0,
  /** u8: 2 = 64 bit */
  Class = 4,
  /** u8: 1 = little-endian */
  Data = 5,
  /** u8: 1 */
  IdentVersion = 6,
  /** u16: ElfType */
  Type = 16,
  /** u16: ElfMachine */
  Machine = 18,
  /** u32: 1 */
  Version = 20,
  /** u64 */
  Entry = 24,
  ProgramHeaders = 32,
  /** u64: offset of the section headers */
  SectionHeaders = 40,
  Flags = 48,
  /** u16: 64 */
  HeaderSize = 52,
  ProgramHeaderSize = 54,
  ProgramHeaderCount = 56,
  /** u16: 64 */
  SectionHeaderSize = 58,
  SectionHeaderCount = 60,
  /** u16: index of .shstrtab (or .strtab) */
  NamesIndex = 62,
  Size = 64,
}

export const ELF_CLASS_64: i32 = 2;
export const ELF_DATA_LSB: i32 = 1;

export const enum ElfType {
  Rel = 1,
  Exec = 2,
  Dyn = 3,
}

export const enum ElfMachine {
  X86_64 = 62,
  Arm64 = 183,
  Riscv = 243,
  Bpf = 247,
}

/** Byte offsets in a section header (Elf64_Shdr). */
export const enum SectionHeader {
  /** u32 offset into the names */
  Name = 0,
  /** u32 SectionType */
  Type = 4,
  /** u64 SectionFlag */
  Flags = 8,
  Address = 16,
  /** u64 */
  Offset = 24,
  /** u64 */
  Bytes = 32,
  /** u32: symtab: its strings; rel: its symtab */
  Link = 40,
  /** u32: symtab: first global symbol; rel: section that is relocated */
  Info = 44,
  Align = 48,
  EntrySize = 56,
  Size = 64,
}

/** Byte offsets in a program header (Elf64_Phdr). */
export const enum ProgramHeader {
  /** u32 SegmentType */
  Type = 0,
  /** u32 SegmentFlag */
  Flags = 4,
  /** u64 each: in the file, in memory */
  Offset = 8,
  Address = 16,
  /** u64: bytes in the file */
  FileBytes = 32,
  Align = 48,
  Size = 56,
}

export const enum SegmentType {
  Load = 1,
  Note = 4,
}

export const enum SegmentFlag {
  Exec = 1,
}

export const enum SectionType {
  Null = 0,
  Progbits = 1,
  Symtab = 2,
  Strtab = 3,
  Rela = 4,
  Note = 7,
  Nobits = 8,
  Rel = 9,
  Dynsym = 11,
}

export const enum SectionFlag {
  None = 0,
  Write = 1,
  Alloc = 2,
  Exec = 4,
}

/** Byte offsets in a symbol (Elf64_Sym). */
export const enum ElfSymbol {
  /** u32 offset into the strings */
  Name = 0,
  /** u8: SymbolType | SymbolBind << 4 */
  Info = 4,
  /** u8: visibility */
  Other = 5,
  /** u16 section index */
  Section = 6,
  /** u64 offset in its section */
  Value = 8,
  /** u64 */
  Bytes = 16,
  Size = 24,
}

export const enum SymbolType {
  Notype = 0,
  Object = 1,
  Func = 2,
  Section = 3,
  File = 4,
  /** a function that chooses a function when the program starts */
  GnuIfunc = 10,
}

export const enum SymbolBind {
  Local = 0,
  Global = 1,
  Weak = 2,
}

/** From here on section indexes have special meanings. */
export const SHN_LORESERVE: i32 = 0xff00;

/** Byte offsets in a relocation without addend (Elf64_Rel). */
export const enum Relocation {
  /** u64: byte offset in the relocated section */
  Offset = 0,
  /** u32 RelocationType */
  Type = 8,
  /** u32 symbol index */
  Symbol = 12,
  Size = 16,
}

/** R_BPF_* */
export const enum RelocationType {
  None = 0,
  /** R_BPF_64_64: a ld_imm64; the addend is in its imm */
  Ld64 = 1,
  /** R_BPF_64_ABS64, data */
  Abs64 = 2,
  /** R_BPF_64_ABS32, data */
  Abs32 = 3,
  /** R_BPF_64_NODYLD32: .BTF, .BTF.ext; ignored by loaders */
  Nodyld32 = 4,
  /** R_BPF_64_32: a call; the addend is in its imm */
  Call = 10,
}
