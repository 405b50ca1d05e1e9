// Shared by compiler, agent and host; must remain portable (constants and pure integer functions only).
//
// BPF Type Format: sections `.BTF` (types) and `.BTF.ext` (functions' types, line numbers), as in the kernel's
// Documentation/bpf/btf.rst. Type ids count from 1 in the order of the type section; 0 is void.

export const BTF_MAGIC: i32 = 0xeb9f;
export const BTF_VERSION: i32 = 1;

/** Byte offsets in the header of `.BTF`. Offsets in it count from the header's end. */
export const enum BtfHeader {
  /** u16 */
  Magic = 0,
  /** u8 */
  Version = 2,
  /** u8 */
  Flags = 3,
  /** u32: bytes of this header */
  HeaderBytes = 4,
  TypeOffset = 8,
  TypeBytes = 12,
  StringOffset = 16,
  StringBytes = 20,
  Size = 24,
}

/** Byte offsets of what newer headers have behind that: what follows a type, for each kind (BtfLayout). */
export const enum BtfNewHeader {
  LayoutOffset = 24,
  LayoutBytes = 28,
  Size = 32,
}

/** Byte offsets in the layout of a kind. */
export const enum BtfLayout {
  /** u8: bytes behind the common part */
  FixedBytes = 0,
  /** u8: bytes of each of the vlen elements behind those */
  ElementBytes = 1,
  Flags = 2,
  Size = 4,
}

/** Byte offsets in the common part of a type (struct btf_type). */
export const enum BtfType {
  /** u32 offset into the strings */
  Name = 0,
  /** u32: vlen (24 bits, of which old kernels use 16) | kind << 24 (7 bits, 5 of them old) | kind flag << 31 */
  Info = 4,
  /** u32: bytes of the type, or the type id it refers to */
  SizeOrType = 8,
  Size = 12,
}

/** BTF_KIND_* */
export const enum BtfKind {
  Void = 0,
  Int = 1,
  Ptr = 2,
  Array = 3,
  Struct = 4,
  Union = 5,
  Enum = 6,
  Fwd = 7,
  Typedef = 8,
  Volatile = 9,
  Const = 10,
  Restrict = 11,
  Func = 12,
  FuncProto = 13,
  Var = 14,
  Datasec = 15,
  Float = 16,
  DeclTag = 17,
  TypeTag = 18,
  Enum64 = 19,
  LocParam = 20,
  LocProto = 21,
  Locsec = 22,
}

/** How many kinds an info word can name. */
export const BTF_KINDS: i32 = 128;

/** Linkage of Var and, in vlen, of Func. */
export const enum BtfLinkage {
  Static = 0,
  Global = 1,
  Extern = 2,
}

/** Encoding of an Int: word behind the type = encoding << 24 | bit offset << 16 | bits. */
export const enum BtfInt {
  None = 0,
  Signed = 1,
  Char = 2,
  Bool = 4,
}

/** Byte offsets in what follows an Array's common part. */
export const enum BtfArray {
  ElementType = 0,
  IndexType = 4,
  Count = 8,
  Size = 12,
}

/** Byte offsets in a member of a Struct or Union. */
export const enum BtfMember {
  Name = 0,
  Type = 4,
  /** bits; with the kind flag: bits of the field << 24 | bit offset */
  Offset = 8,
  Size = 12,
}

/** Byte offsets in a value of an Enum. */
export const enum BtfEnum {
  Name = 0,
  Value = 4,
  Size = 8,
}

/** Byte offsets in a value of an Enum64. */
export const enum BtfEnum64 {
  Name = 0,
  Low = 4,
  High = 8,
  Size = 12,
}

/** Byte offsets in a parameter of a FuncProto. A last one without name and type stands for "...". */
export const enum BtfParam {
  Name = 0,
  Type = 4,
  Size = 8,
}

/** Byte offsets in an entry of a Datasec. */
export const enum BtfVarSecinfo {
  /** id of a Var */
  Type = 0,
  Offset = 4,
  Bytes = 8,
  Size = 12,
}

/** Byte offsets in the header of `.BTF.ext`. Offsets in it count from the header's end. */
export const enum BtfExtHeader {
  /** u16 */
  Magic = 0,
  Version = 2,
  Flags = 3,
  HeaderBytes = 4,
  FuncInfoOffset = 8,
  FuncInfoBytes = 12,
  LineInfoOffset = 16,
  LineInfoBytes = 20,
  /** present when HeaderBytes reaches this far */
  CoreReloOffset = 24,
  CoreReloBytes = 28,
  Size = 32,
}

/**
 * Each info part is { u32 record bytes, then per section: { u32 section name (BTF string), u32 count, count records }
 * }.
 */
export const enum BtfExtSection {
  Name = 0,
  Count = 4,
  Size = 8,
}

/**
 * Byte offsets in a func_info record. In the file InsnOffset counts bytes of the section; for the kernel, instructions.
 */
export const enum FuncInfo {
  InsnOffset = 0,
  /** id of a Func */
  Type = 4,
  Size = 8,
}

/** Byte offsets in a line_info record. InsnOffset as in FuncInfo. */
export const enum LineInfo {
  InsnOffset = 0,
  /** BTF string */
  File = 4,
  /** BTF string: the line's text */
  Text = 8,
  /** line << 10 | column */
  LineColumn = 12,
  Size = 16,
}

/** Byte offsets in a record of the relocations (struct bpf_core_relo). InsnOffset counts bytes of the section. */
export const enum CoreRelocation {
  InsnOffset = 0,
  /** The type that the access begins at. */
  Type = 4,
  /** BTF string: numbers of members, "0:1:3"; of an enumerator, "1". */
  Access = 8,
  /** CoreKind */
  Kind = 12,
  Size = 16,
}

/** BPF_CORE_*: what the immediate of a relocated instruction is in the kernel that runs it. */
export const enum CoreKind {
  FieldOffset = 0,
  FieldSize = 1,
  FieldExists = 2,
  FieldSigned = 3,
  LeftShift = 4,
  RightShift = 5,
  LocalTypeId = 6,
  TargetTypeId = 7,
  TypeExists = 8,
  TypeSize = 9,
  EnumeratorExists = 10,
  EnumeratorValue = 11,
}

/** The info word of a type. */
export function btfInfo(kind: i32, vlen: i32, flag: i32): i32 {
  return vlen | (kind << 24) | (flag << 31);
}

/** BtfKind of an info word. */
export function btfKind(info: i32): i32 {
  return (info >>> 24) & 127;
}

/** Count of members, parameters, values … of an info word. */
export function btfVlen(info: i32): i32 {
  return info & 0xffffff;
}

/** Bytes behind the common part of a type with this info word, or -1 for an unknown kind. */
export function btfTrailerBytes(info: i32): i32 {
  const vlen = info & 0xffffff;
  switch ((info >>> 24) & 127) {
    case BtfKind.Int:
    case BtfKind.Var:
    case BtfKind.DeclTag:
      return 4;
    case BtfKind.Ptr:
    case BtfKind.Fwd:
    case BtfKind.Typedef:
    case BtfKind.Volatile:
    case BtfKind.Const:
    case BtfKind.Restrict:
    case BtfKind.Func:
    case BtfKind.Float:
    case BtfKind.TypeTag:
      return 0;
    case BtfKind.Array:
      return BtfArray.Size;
    case BtfKind.Struct:
    case BtfKind.Union:
    case BtfKind.Datasec:
    case BtfKind.Enum64:
    case BtfKind.Locsec:
      return vlen * 12;
    case BtfKind.Enum:
    case BtfKind.FuncProto:
      return vlen * 8;
    case BtfKind.LocParam:
      return 4 + vlen * 4;
    case BtfKind.LocProto:
      return vlen * 4;
    default:
      return -1;
  }
}
