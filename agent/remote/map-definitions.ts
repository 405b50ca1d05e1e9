// Reads which maps an object needs from its section `.maps`. The two ring buffers are known by name; the manifest has
// their sizes. All others follow libbpf's convention: a variable whose BTF type is a struct of pointers, which say
// type, key, value and so on. maps.ts makes .rodata and .bss without a definition here. No kernel is involved.

import { BtfReader, readBtf } from "../../common/as/btf-reader";
import { ElfFile, SymbolEntry } from "../../common/as/elf-reader";
import { ManifestReader } from "../../common/as/manifest-reader";
import { MAP_CONTROL, MAP_OUTPUT, SECTION_BTF, SECTION_MAPS } from "../../common/format/attach";
import { MapFlag, MapType } from "../../common/format/bpf";
import { BtfArray, BtfKind, BtfMember } from "../../common/format/btf";
import { SymbolType } from "../../common/format/elf";
import { Manifest } from "../../common/format/manifest";

/** One map of the object. */
export class MapEntry {
  /** MapType */
  type: i32 = MapType.Unspec;
  keyBytes: i32 = 0;
  valueBytes: i32 = 0;
  maxEntries: i32 = 0;
  /** MapFlag bits */
  flags: i32 = MapFlag.None;
  /** descriptor once it is made */
  fd: i32 = -1;
  /** address of its values in linear memory, shared with the kernel; 0: they are not mapped */
  address: usize = 0;

  /** Distance of its values: the kernel aligns them. */
  get valueStride(): usize {
    return (<usize>this.valueBytes + 7) & ~7;
  }

  /** Bytes of all values. */
  get bytes(): u64 {
    return <u64>this.valueStride * <u64>(<u32>this.maxEntries);
  }

  constructor(
    public name: string,
    /** offset in `.maps`, by which relocations find it */
    public offset: i32,
  ) {}
}

/** Largest ring that is asked of a kernel, bytes. */
const MAX_RING_BYTES: i32 = 1 << 28;

/** Most bytes of a map that is mapped into our memory. */
const MAX_MAPPED_BYTES: u64 = 0x7000_0000;

/** Appends the object's maps to `maps`; empty, or what is wrong. */
export function readMaps(elf: ElfFile, manifest: ManifestReader, maps: MapEntry[]): string {
  const section = elf.findSection(SECTION_MAPS);
  if (!section) return "";
  const btfSection = elf.findSection(SECTION_BTF);
  const btf: BtfReader | null = btfSection ? readBtf(btfSection.data) : null;
  for (let i = 0, n = elf.symbols.length; i < n; ++i) {
    const symbol = elf.symbols[i];
    if (symbol.section != section.index || symbol.type != SymbolType.Object) continue;
    const map = new MapEntry(symbol.name, symbol.value);
    const known = readRing(manifest, map) || (btf !== null && readDefinition(btf, symbol, map));
    if (!known) return `map '${symbol.name}' has no definition that this agent understands`;
    maps.push(map);
  }
  return "";
}

function readRing(manifest: ManifestReader, map: MapEntry): bool {
  if (map.name != MAP_OUTPUT && map.name != MAP_CONTROL) return false;
  const bytes = manifest.header(map.name == MAP_OUTPUT ? Manifest.OutputRingSize : Manifest.ControlRingSize);
  if (bytes < 4096 || bytes > MAX_RING_BYTES || (bytes & (bytes - 1)) != 0) return false;
  map.type = MapType.Ringbuf;
  map.maxEntries = bytes;
  return true;
}

/** Reads a map's variable: struct { int (*type)[N]; int (*max_entries)[N]; K *key; V *value; … }. */
function readDefinition(btf: BtfReader, symbol: SymbolEntry, map: MapEntry): bool {
  const variable = btf.find(BtfKind.Var, symbol.name);
  if (variable == 0) return false;
  const definition = btf.strip(btf.sizeOrType(variable));
  if (btf.kind(definition) != BtfKind.Struct) return false;
  for (let m = 0, n = btf.vlen(definition); m < n; ++m) {
    const name = btf.textAt(btf.trailer(definition, m, BtfMember.Size, BtfMember.Name));
    const pointer = btf.strip(btf.trailer(definition, m, BtfMember.Size, BtfMember.Type));
    if (btf.kind(pointer) != BtfKind.Ptr) return false;
    const pointee = btf.sizeOrType(pointer);
    if (name == "key") map.keyBytes = btf.sizeOf(pointee);
    else if (name == "value") map.valueBytes = btf.sizeOf(pointee);
    else if (!readNumber(btf, pointee, name, map)) return false;
  }
  if (map.type == MapType.Unspec) return false;
  if ((map.flags & MapFlag.Mmapable) == 0) return true;
  return map.valueBytes > 0 && map.maxEntries > 0 && map.valueBytes < 1 << 28 && map.bytes <= MAX_MAPPED_BYTES;
}

/** A number N is spelt as the length of an array type. */
function readNumber(btf: BtfReader, array: i32, name: string, map: MapEntry): bool {
  const type = btf.strip(array);
  if (btf.kind(type) != BtfKind.Array) return false;
  const value = btf.trailer(type, 0, BtfArray.Size, BtfArray.Count);
  if (name == "type") map.type = value;
  else if (name == "max_entries") map.maxEntries = value;
  else if (name == "map_flags") map.flags = value;
  else if (name == "key_size") map.keyBytes = value;
  else if (name == "value_size") map.valueBytes = value;
  else return false;
  return true;
}
