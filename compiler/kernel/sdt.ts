// Markers that developers put into programs (sys/sdt.h): notes of the owner "stapsdt" say where each is, what it is
// called and where its arguments are. One name may have many sites.
//
//   note: u64 address, u64 base, u64 semaphore, "provider\0" "name\0" "arguments\0"
//
// Addresses move with the section .stapsdt.base when a program is linked again (prelink); base is where that was.

import { SectionType } from "../../common/format/elf";
import { ElfNote } from "../../common/format/linux";
import { Fields, ProgramFile } from "./program-file";

const OWNER: string = "stapsdt";
const TYPE: u32 = 3;
const HEAD_BYTES: i32 = 24;

/** One site of a marker. */
export class Marker {
  constructor(
    public provider: string,
    public name: string,
    /** where its arguments are, as the compiler says: "-4@%edi 8@-16(%rbp)" */
    public args: string,
    public address: u64,
    /** where the counter is that is not 0 while somebody traces it; 0: it has none */
    public semaphore: u64,
  ) {}
}

/** The markers of a file; none while they are not here. */
export function readMarkers(file: ProgramFile): Marker[] {
  const markers: Marker[] = [];
  const base = file.section(".stapsdt.base");
  for (let i = 0, n = file.sections.length; i < n; ++i) {
    const section = file.sections[i];
    if (section.type != SectionType.Note || section.name != ".note.stapsdt") continue;
    const notes = file.contents(section);
    if (notes !== null) addMarkers(markers, notes, base !== null ? base.address : 0);
  }
  return markers;
}

function addMarkers(markers: Marker[], notes: Fields, base: u64): void {
  let at: i64 = 0;
  while (at + ElfNote.Size <= <i64>notes.length) {
    const from = <i32>at;
    const nameBytes = <i64>notes.u32(from + ElfNote.NameBytes);
    const bytes = <i64>notes.u32(from + ElfNote.Bytes);
    const data = at + ElfNote.Size + ((nameBytes + 3) & ~3);
    const end = data + bytes;
    if (end > <i64>notes.length) return;
    const isOurs = notes.u32(from + ElfNote.Type) == TYPE && notes.text(from + ElfNote.Size) == OWNER;
    if (isOurs && bytes > HEAD_BYTES) {
      const marker = readMarker(notes, <i32>data, base);
      if (marker.name.length > 0) markers.push(marker);
    }
    at = data + ((bytes + 3) & ~3);
  }
}

function readMarker(notes: Fields, at: i32, base: u64): Marker {
  const noted = notes.u64(at + 8);
  const moved: u64 = base != 0 && noted != 0 ? base - noted : 0;
  const semaphore = notes.u64(at + 16);
  const provider = notes.text(at + HEAD_BYTES);
  const nameAt = at + HEAD_BYTES + provider.length + 1;
  const name = notes.text(nameAt);
  const args = notes.text(nameAt + name.length + 1);
  return new Marker(provider, name, args, notes.u64(at) + moved, semaphore != 0 ? semaphore + moved : 0);
}
