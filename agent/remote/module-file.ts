// The file of a module that is not loaded, and the types in it. /lib/modules/RELEASE/modules.dep has a line for each:
//
//      kernel/fs/xfs/xfs.ko.xz: kernel/lib/libcrc32c.ko.xz
//
// Only files that are not compressed can be read.

import { encodeText } from "../../common/as/bytes";
import { ELF_MAGIC, ElfHeader, SectionHeader } from "../../common/format/elf";
import { UtsField } from "../../common/format/linux";
import { LineReader } from "./lines";
import { close, O_CLOEXEC, O_RDONLY, open, read, seek, uname } from "./syscall";

const SUFFIX: string = ".ko";
const NAME: StaticArray<u8> = encodeText(".BTF\0");
/** Larger tables are no module's. */
const MOST_SECTIONS: i32 = 512;
const SECTION_BYTES: i32 = 64;
const MOST_NAMES: i32 = 32768;
const HEADER: usize = memory.data(64, 8);

/** A file that is open at the beginning of its section .BTF. */
export class TypesInFile {
  constructor(
    public fd: i32,
    public bytes: i32,
  ) {}
}

/** Opens the types in the file of a module; null if it has no file that can be read, or no types. */
export function openModuleTypes(module: string): TypesInFile | null {
  const path = findModuleFile(module);
  const fd = path.length == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return null;
  const bytes = goToTypes(fd);
  if (bytes > 0) return new TypesInFile(fd, bytes);
  close(fd);
  return null;
}

/** The path of a module's file, which is not compressed; "" if there is none. */
function findModuleFile(module: string): string {
  const folder = `/lib/modules/${uname(UtsField.Release)}`;
  const wanted = module.replaceAll("-", "_") + SUFFIX;
  const lines = new LineReader(`${folder}/modules.dep`);
  let found = lines.isOpen ? "" : `${folder}/${module}${SUFFIX}`;
  while (found.length == 0 && lines.next()) {
    const line = String.UTF8.decodeUnsafe(lines.at, pathLength(lines));
    const name = line.substring(line.lastIndexOf("/") + 1).replaceAll("-", "_");
    if (name == wanted) found = `${folder}/${line}`;
  }
  lines.close();
  return found;
}

function pathLength(lines: LineReader): i32 {
  let length = 0;
  while (length < lines.length && load<u8>(lines.at + length) != 0x3a) ++length;
  return length;
}

/** Goes to the section .BTF; its bytes, or 0 if there is none. The file may hold anything. */
function goToTypes(fd: i32): i32 {
  if (!readAt(fd, 0, HEADER, ElfHeader.Size) || load<i32>(HEADER) != ELF_MAGIC) return 0;
  const count = <i32>load<u16>(HEADER, ElfHeader.SectionHeaderCount);
  const namesAt = <i32>load<u16>(HEADER, ElfHeader.NamesIndex);
  if (count > MOST_SECTIONS || namesAt >= count) return 0;
  if (load<u16>(HEADER, ElfHeader.SectionHeaderSize) != SECTION_BYTES) return 0;
  const table = new StaticArray<u8>(count * SECTION_BYTES);
  const sections = changetype<usize>(table);
  if (!readAt(fd, load<u64>(HEADER, ElfHeader.SectionHeaders), sections, table.length)) return 0;
  const ofNames = sections + <usize>namesAt * SECTION_BYTES;
  const nameBytes = load<u64>(ofNames, SectionHeader.Bytes);
  if (nameBytes > <u64>MOST_NAMES) return 0;
  const names = new StaticArray<u8>(<i32>nameBytes);
  if (!readAt(fd, load<u64>(ofNames, SectionHeader.Offset), changetype<usize>(names), names.length)) return 0;
  for (let i = 0; i < count; ++i) {
    const section = sections + <usize>i * SECTION_BYTES;
    const name = load<u32>(section, SectionHeader.Name);
    if (name + <u32>NAME.length > <u32>names.length || name > <u32>names.length) continue;
    if (memory.compare(changetype<usize>(names) + name, changetype<usize>(NAME), NAME.length) != 0) continue;
    const bytes = load<u64>(section, SectionHeader.Bytes);
    const isThere = bytes <= <u64>i32.MAX_VALUE && seek(fd, load<i64>(section, SectionHeader.Offset)) >= 0;
    return isThere ? <i32>bytes : 0;
  }
  return 0;
}

function readAt(fd: i32, offset: u64, to: usize, bytes: i32): bool {
  if (seek(fd, <i64>offset) < 0) return false;
  let done = 0;
  while (done < bytes) {
    const got = read(fd, to + done, bytes - done);
    if (got <= 0) return false;
    done += got;
  }
  return true;
}
