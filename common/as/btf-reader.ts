// Reads a `.BTF` section into an index of its types. Hostile input: `readBtf` checks the extent of every type once;
// accessors answer 0 or "" for ids and strings that do not exist. Meant for the small BTF of objects, not for a
// kernel's.

import {
  BTF_MAGIC,
  BtfHeader,
  BtfKind,
  BtfType,
  BtfVarSecinfo,
  btfKind,
  btfTrailerBytes,
  btfVlen,
} from "../format/btf";
import { ByteReader } from "./bytes";

/** Follow at most so many modifiers: hostile BTF may go round in circles. */
const MAX_MODIFIERS: i32 = 32;

/** The types of one object. */
export class BtfReader {
  /** Byte offset of each type in `types`; index 0 is void. */
  offsets: i32[] = [0];

  constructor(
    public types: ByteReader,
    public strings: ByteReader,
  ) {}

  /** Ids are 1 … count - 1. */
  get count(): i32 {
    return this.offsets.length;
  }

  isType(id: i32): bool {
    return id > 0 && id < this.offsets.length;
  }

  /** Offset of a type's common part in `types`; 0 for void and ids that do not exist. */
  at(id: i32): i32 {
    return this.isType(id) ? this.offsets[id] : 0;
  }

  kind(id: i32): i32 {
    return this.isType(id) ? btfKind(this.types.i32(this.at(id) + BtfType.Info)) : BtfKind.Void;
  }

  vlen(id: i32): i32 {
    return this.isType(id) ? btfVlen(this.types.i32(this.at(id) + BtfType.Info)) : 0;
  }

  name(id: i32): string {
    return this.isType(id) ? this.textAt(this.types.u32(this.at(id) + BtfType.Name)) : "";
  }

  /** Bytes of the type, or the id it refers to: its kind says which. */
  sizeOrType(id: i32): i32 {
    return this.isType(id) ? this.types.i32(this.at(id) + BtfType.SizeOrType) : 0;
  }

  /** A word behind the common part: word `index` of trailer record `record`, records being `recordBytes` long. */
  trailer(id: i32, record: i32, recordBytes: i32, index: i32): i32 {
    return this.types.i32(this.at(id) + BtfType.Size + record * recordBytes + index);
  }

  /** The type behind typedefs and qualifiers. */
  strip(id: i32): i32 {
    for (let i = 0; i < MAX_MODIFIERS; ++i) {
      const kind = this.kind(id);
      const isModifier =
        kind == BtfKind.Typedef || kind == BtfKind.Const || kind == BtfKind.Volatile || kind == BtfKind.Restrict;
      if (!isModifier) return id;
      id = this.sizeOrType(id);
    }
    return 0;
  }

  /** The first type of that kind and name, or 0. */
  find(kind: i32, name: string): i32 {
    for (let id = 1, n = this.count; id < n; ++id) {
      if (this.kind(id) == kind && this.name(id) == name) return id;
    }
    return 0;
  }

  /** Bytes of a type's values; 0 when it has none or they are more than 2 GiB. */
  sizeOf(id: i32): i32 {
    let count: i64 = 1;
    for (let i = 0; i < MAX_MODIFIERS; ++i) {
      const stripped = this.strip(id);
      const kind = this.kind(stripped);
      if (kind == BtfKind.Ptr) return <i32>min<i64>(count * 8, i32.MAX_VALUE);
      if (kind != BtfKind.Array) {
        const isSized =
          kind == BtfKind.Int ||
          kind == BtfKind.Struct ||
          kind == BtfKind.Union ||
          kind == BtfKind.Enum ||
          kind == BtfKind.Enum64;
        const bytes = isSized ? count * <i64>(<u32>this.sizeOrType(stripped)) : 0;
        return bytes > i32.MAX_VALUE ? 0 : <i32>bytes;
      }
      count *= <i64>(<u32>this.trailer(stripped, 0, 0, 8));
      if (count > i32.MAX_VALUE) return 0;
      id = this.trailer(stripped, 0, 0, 0);
    }
    return 0;
  }

  /** A string of the section; "" when it does not exist. */
  textAt(offset: u32): string {
    if (offset >= <u32>this.strings.length) return "";
    const text = this.strings.textAt(offset);
    this.strings.failed = false;
    return text;
  }

  /** The Var of a Datasec's entry. */
  datasecVar(datasec: i32, entry: i32): i32 {
    return this.trailer(datasec, entry, BtfVarSecinfo.Size, BtfVarSecinfo.Type);
  }
}

/** Reads a `.BTF` section; null when it is damaged or has kinds that are not known here. */
export function readBtf(data: ByteReader): BtfReader | null {
  if (data.u16(BtfHeader.Magic) != BTF_MAGIC) return null;
  const header = data.i32(BtfHeader.HeaderBytes);
  if (header < BtfHeader.Size || header > data.length) return null;
  const body = data.slice(header, data.length - header);
  const types = body.slice(data.u32(BtfHeader.TypeOffset), data.u32(BtfHeader.TypeBytes));
  const strings = body.slice(data.u32(BtfHeader.StringOffset), data.u32(BtfHeader.StringBytes));
  if (data.failed || body.failed) return null;

  const btf = new BtfReader(types, strings);
  let at = 0;
  while (at < types.length) {
    const trailer = btfTrailerBytes(types.i32(at + BtfType.Info));
    if (trailer < 0 || !types.has(at, BtfType.Size + trailer)) return null;
    btf.offsets.push(at);
    at += BtfType.Size + trailer;
  }
  return btf;
}
