// Calls of functions of other files go through small pieces of code, each of which jumps to an address that the dynamic
// linker fills in. A relocation says of that address which function it is for, and the code which address it takes:
//
//   x86_64   [endbr64] [bnd] jmp *slot(%rip)           arm64   [bti c] adrp x16, slot; ldr x17, [x16, #slot]; …; br x17

import { ElfSymbol, SectionType } from "../../common/format/elf";
import { Arch } from "./facts";
import { Fields, FileSection, ProgramFile } from "./program-file";

const ENTRY_BYTES: i32 = 16;
/** Elf64_Rela: offset, info, addend. */
const RELA_BYTES: i32 = 24;
const SECTIONS: StaticArray<string> = [".plt.sec", ".plt", ".plt.got"];

/** The piece of code that calls one function. */
export class PltEntry {
  constructor(
    public name: string,
    public address: u64,
  ) {}
}

/** All of a file; none while they are not here. */
export function readPlt(file: ProgramFile, arch: Arch): PltEntry[] {
  const names = slotNames(file);
  const entries: PltEntry[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < SECTIONS.length; ++i) {
    const section = file.section(SECTIONS[i]);
    const code = section !== null ? file.contents(section) : null;
    if (section === null || code === null) continue;
    // Pieces of 8 bytes are in .plt.got.
    const step = SECTIONS[i] == ".plt.got" ? ENTRY_BYTES / 2 : ENTRY_BYTES;
    for (let at = 0; at + 8 <= code.length; at += step) {
      const slot = arch == Arch.Arm64 ? slotOfArm64(code, at, section.address) : slotOfX86(code, at, section.address);
      if (!names.has(slot) || seen.has(names.get(slot))) continue;
      seen.add(names.get(slot));
      entries.push(new PltEntry(names.get(slot), section.address + at));
    }
  }
  return entries;
}

/** The functions by the addresses at which the dynamic linker puts theirs. */
function slotNames(file: ProgramFile): Map<u64, string> {
  const names = new Map<u64, string>();
  for (let i = 0, n = file.sections.length; i < n; ++i) {
    const section = file.sections[i];
    if (section.type == SectionType.Rela && section.link < <u32>n) addNames(file, section, names);
  }
  return names;
}

function addNames(file: ProgramFile, section: FileSection, names: Map<u64, string>): void {
  const symbols = file.sections[section.link];
  if (symbols.type != SectionType.Dynsym || symbols.link >= <u32>file.sections.length) return;
  const relocations = file.contents(section);
  const table = file.contents(symbols);
  const texts = file.contents(file.sections[symbols.link]);
  if (relocations === null || table === null || texts === null) return;
  for (let at = 0; at + RELA_BYTES <= relocations.length; at += RELA_BYTES) {
    const symbol = <i64>(relocations.u64(at + 8) >> 32) * ElfSymbol.Size;
    if (symbol == 0 || symbol + ElfSymbol.Size > <i64>table.length) continue;
    const name = texts.text(table.u32(<i32>symbol + ElfSymbol.Name));
    if (name.length > 0) names.set(relocations.u64(at), name.split("@")[0]);
  }
}

function slotOfX86(code: Fields, at: i32, base: u64): u64 {
  // endbr64
  if (code.u32(at) == 0xfa1e0ff3) at += 4;
  // bnd
  if (code.u8(at) == 0xf2) ++at;
  if (code.u16(at) != 0x25ff) return 0;
  return base + at + 6 + <u64>(<i64>(<i32>code.u32(at + 2)));
}

function slotOfArm64(code: Fields, at: i32, base: u64): u64 {
  // bti c
  if (code.u32(at) == 0xd503245f) at += 4;
  const page = code.u32(at);
  const read = code.u32(at + 4);
  // adrp x16; ldr x17, [x16, #12 bits of words]
  if ((page & 0x9f00001f) != 0x90000010 || (read & 0xffc003ff) != 0xf9400211) return 0;
  const high = <i64>(((page >> 5) & 0x7ffff) << 2) | <i64>((page >> 29) & 3);
  const pages = (high << 43) >> 43;
  return ((base + at) & ~4095) + <u64>(pages << 12) + <u64>(((read >> 10) & 0xfff) << 3);
}
