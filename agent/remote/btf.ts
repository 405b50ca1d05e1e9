// Prepares the object's own types for the kernel, as libbpf does. Offsets and sizes that only the linker knows are
// filled in from the ELF file. Kinds that an older kernel does not know are replaced by harmless ones of the same
// length, so that ids do not change. No kernel is involved here: load.ts passes the bytes to it.

import { BtfReader, readBtf } from "../../common/as/btf-reader";
import { ByteReader } from "../../common/as/bytes";
import { ElfFile } from "../../common/as/elf-reader";
import { BtfKind, BtfType, BtfVarSecinfo, btfInfo } from "../../common/format/btf";
import { SymbolType } from "../../common/format/elf";

/** A copy of `.BTF` that is complete; null when it is damaged. */
export function prepareBtf(data: ByteReader, elf: ElfFile): StaticArray<u8> | null {
  const bytes = data.copy();
  const btf = readBtf(ByteReader.over(bytes));
  if (!btf) return null;
  for (let id = 1, n = btf.count; id < n; ++id) {
    if (btf.kind(id) == BtfKind.Datasec) fillDatasec(btf, id, elf);
  }
  return bytes;
}

/** Size of a section and offsets of its variables, from the ELF file. */
function fillDatasec(btf: BtfReader, id: i32, elf: ElfFile): void {
  const section = elf.findSection(btf.name(id));
  if (!section) return;
  const at = btf.types.address + <usize>btf.at(id);
  if (section.bytes > 0) store<i32>(at + BtfType.SizeOrType, section.bytes);
  for (let entry = 0, n = btf.vlen(id); entry < n; ++entry) {
    const symbol = elf.findSymbol(btf.name(btf.datasecVar(id, entry)), SymbolType.Object);
    if (!symbol || symbol.section != section.index) continue;
    store<i32>(at + BtfType.Size + <usize>(entry * BtfVarSecinfo.Size + BtfVarSecinfo.Offset), symbol.value);
  }
}

/** Replaces kinds that came after 5.10; false when there are none, and loading them again would fail again. */
export function sanitizeBtf(bytes: StaticArray<u8>): bool {
  const btf = readBtf(ByteReader.over(bytes));
  if (!btf) return false;
  let changed = false;
  for (let id = 1, n = btf.count; id < n; ++id) {
    const at = btf.types.address + <usize>btf.at(id);
    const vlen = btf.vlen(id);
    switch (btf.kind(id)) {
      case BtfKind.Float:
        // A struct without members, of the same size.
        store<u32>(at + BtfType.Name, 0);
        store<i32>(at + BtfType.Info, btfInfo(BtfKind.Struct, 0, 0));
        break;
      case BtfKind.DeclTag:
        // An int of one byte: both have one word behind the common part.
        store<i32>(at + BtfType.Info, btfInfo(BtfKind.Int, 0, 0));
        store<i32>(at + BtfType.SizeOrType, 1);
        store<u32>(at + BtfType.Size, 8);
        break;
      case BtfKind.TypeTag:
        store<u32>(at + BtfType.Name, 0);
        store<i32>(at + BtfType.Info, btfInfo(BtfKind.Const, 0, 0));
        break;
      case BtfKind.Enum64:
        sanitizeEnum64(btf, id, at, vlen);
        break;
      default:
        continue;
    }
    changed = true;
  }
  return changed;
}

/** A union of members at offset 0: { name, low, high } becomes { name, type, offset }. Any sized type will do. */
function sanitizeEnum64(btf: BtfReader, id: i32, at: usize, vlen: i32): void {
  let filler = 0;
  for (let other = 1; other < btf.count && filler == 0; ++other) {
    if (btf.kind(other) == BtfKind.Int && btf.sizeOrType(other) <= btf.sizeOrType(id)) filler = other;
  }
  if (filler == 0) return; // then the kernel refuses it, and the object is loaded without types
  store<i32>(at + BtfType.Info, btfInfo(BtfKind.Union, vlen, 0));
  for (let m = 0; m < vlen; ++m) {
    store<i32>(at + BtfType.Size + <usize>(m * 12 + 4), filler);
    store<i32>(at + BtfType.Size + <usize>(m * 12 + 8), 0);
  }
}
