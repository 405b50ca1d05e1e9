// The types of the running kernel, as objects that were compiled for another one ask for them: a struct by its name, a
// member of it wherever it is now, the parameters of a function. The rules are libbpf's, so that both give the same;
// in two cases, which are said there, fewer members pass for the one that was meant.
//
// Both sides may be hostile: the object is, and a kernel's BTF is too large to trust that nothing in it is wrong.

import { BtfReader, readBtf } from "../../common/as/btf-reader";
import { ByteReader, encodeTextZ } from "../../common/as/bytes";
import { BtfEnum, BtfEnum64, BtfInt, BtfKind, BtfMember, BtfParam, BtfType } from "../../common/format/btf";
import { readFile } from "./syscall";

const KERNEL_BTF: string = "/sys/kernel/btf/vmlinux";
const MOST_BYTES: i32 = 1 << 26;
/** Anonymous members in anonymous members, and arrays of arrays. */
const MAX_DEPTH: i32 = 16;

let kernel: TypeSearch | null = null;

/** The types of this kernel; null if it has no BTF. They are read once. */
export function kernelTypes(): TypeSearch | null {
  if (kernel) return kernel;
  const bytes = readFile(KERNEL_BTF, MOST_BYTES);
  const btf: BtfReader | null = bytes ? readBtf(ByteReader.over(bytes)) : null;
  if (btf) kernel = new TypeSearch(btf);
  return kernel;
}

/** The number of a function among the kernel's types; 0 if there is none. */
export function functionId(name: string): i32 {
  const types = kernelTypes();
  const found = types ? types.findAll(BtfKind.Func, name) : [];
  return found.length > 0 ? found[0] : 0;
}

/** A member that was found. */
export class Field {
  /** From the beginning of what was searched. */
  bitOffset: i64 = 0;
  /** 0: it is no bit-field. */
  bitSize: i32 = 0;
  type: i32 = 0;
}

/** Looks for types and members in one BTF. */
export class TypeSearch {
  /** Whether enums say if they are signed: 0 is not known yet, 1 no, 2 yes. */
  private signs: i32 = 0;

  constructor(public btf: BtfReader) {}

  /** The types of that kind and name; enums of both sizes are one kind. */
  findAll(kind: i32, name: string): i32[] {
    const found: i32[] = [];
    const wanted = encodeTextZ(name);
    const types = this.btf.types.address;
    for (let id = 1, n = this.btf.count; id < n; ++id) {
      if (kindOf(this.btf.kind(id)) != kind) continue;
      if (this.isNamed(load<u32>(types + <usize>this.btf.at(id), BtfType.Name), wanted)) found.push(id);
    }
    return found;
  }

  /** Whether a string of the BTF is that one, which ends with a NUL. */
  private isNamed(at: u32, wanted: StaticArray<u8>): bool {
    const strings = this.btf.strings;
    if (!strings.has(at, wanted.length)) return false;
    return memory.compare(strings.address + at, changetype<usize>(wanted), wanted.length) == 0;
  }

  /** The type behind qualifiers, typedefs and tags. */
  strip(id: i32): i32 {
    for (let i = 0; i < MAX_DEPTH; ++i) {
      id = this.btf.strip(id);
      if (this.btf.kind(id) != BtfKind.TypeTag) return id;
      id = this.btf.sizeOrType(id);
    }
    return 0;
  }

  /** Bytes of a type's values, 0 when it has none. */
  bytesOf(id: i32): i32 {
    return this.btf.sizeOf(this.strip(id));
  }

  isComposite(id: i32): bool {
    const kind = this.btf.kind(id);
    return kind == BtfKind.Struct || kind == BtfKind.Union;
  }

  /** Whether integers or values of an enum may be negative. */
  isSigned(id: i32): bool {
    const stripped = this.strip(id);
    const kind = this.btf.kind(stripped);
    if (kind == BtfKind.Int) return (this.intWord(stripped) & (BtfInt.Signed << 24)) != 0;
    if (kind != BtfKind.Enum && kind != BtfKind.Enum64) return false;
    if (this.flag(stripped) || kind == BtfKind.Enum64 || this.enumsAreMarked) return this.flag(stripped);
    // An old pahole marks none.
    for (let i = 0, n = this.btf.vlen(stripped); i < n; ++i) {
      if (this.btf.trailer(stripped, i, BtfEnum.Size, BtfEnum.Value) < 0) return true;
    }
    return false;
  }

  private get enumsAreMarked(): bool {
    for (let id = 1, n = this.btf.count; id < n && this.signs == 0; ++id) {
      const kind = this.btf.kind(id);
      if (kind == BtfKind.Enum64 || (kind == BtfKind.Enum && this.flag(id))) this.signs = 2;
    }
    if (this.signs == 0) this.signs = 1;
    return this.signs == 2;
  }

  private flag(id: i32): bool {
    return this.btf.types.i32(this.btf.at(id) + BtfType.Info) < 0;
  }

  private intWord(id: i32): i32 {
    return this.btf.trailer(id, 0, 0, 0);
  }

  /** Member number `i` of a struct or union. */
  member(composite: i32, i: i32): Field {
    const field = new Field();
    const word = <u32>this.btf.trailer(composite, i, BtfMember.Size, BtfMember.Offset);
    const hasBits = this.flag(composite);
    field.type = this.btf.trailer(composite, i, BtfMember.Size, BtfMember.Type);
    field.bitOffset = hasBits ? word & 0xffffff : word;
    field.bitSize = hasBits ? <i32>(word >> 24) : 0;
    return field;
  }

  memberName(composite: i32, i: i32): u32 {
    return <u32>this.btf.trailer(composite, i, BtfMember.Size, BtfMember.Name);
  }

  /** The member of that name, in anonymous members, too; null if there is none. */
  findMember(composite: i32, name: string): Field | null {
    return this.searchMember(this.strip(composite), encodeTextZ(name), 0);
  }

  private searchMember(composite: i32, name: StaticArray<u8>, depth: i32): Field | null {
    if (depth > MAX_DEPTH || !this.isComposite(composite)) return null;
    for (let i = 0, n = this.btf.vlen(composite); i < n; ++i) {
      const at = this.memberName(composite, i);
      if (this.isNamed(at, name)) return this.member(composite, i);
      if (this.btf.textAt(at).length != 0) continue;
      const outer = this.member(composite, i);
      const inner = this.searchMember(this.strip(outer.type), name, depth + 1);
      if (!inner) continue;
      inner.bitOffset += outer.bitOffset;
      return inner;
    }
    return null;
  }

  /** Number of an enumerator of that name; -1 if there is none. */
  findEnumerator(id: i32, name: string): i32 {
    const wanted = encodeTextZ(name);
    const bytes = this.enumeratorBytes(id);
    for (let i = 0, n = bytes == 0 ? 0 : this.btf.vlen(id); i < n; ++i) {
      if (this.isNamed(<u32>this.btf.trailer(id, i, bytes, BtfEnum.Name), wanted)) return i;
    }
    return -1;
  }

  /** Bytes of one enumerator; 0 for what is no enum. */
  enumeratorBytes(id: i32): i32 {
    const kind = this.btf.kind(id);
    return kind == BtfKind.Enum ? BtfEnum.Size : kind == BtfKind.Enum64 ? BtfEnum64.Size : 0;
  }

  enumeratorValue(id: i32, i: i32): i64 {
    const bytes = this.enumeratorBytes(id);
    const low = this.btf.trailer(id, i, bytes, BtfEnum.Value);
    if (bytes == BtfEnum64.Size) {
      return ((<i64>this.btf.trailer(id, i, bytes, BtfEnum64.High)) << 32) | <i64>(<u32>low);
    }
    return this.isSigned(id) ? <i64>low : <i64>(<u32>low);
  }

  /**
   * Whether a member of this kernel can be what the object's member `id` of `local` is. Beyond libbpf's rules, pointers
   * to two different structs do not match, nor do arrays of integers of two sizes: the object's code knows them.
   */
  matches(local: TypeSearch, id: i32, type: i32, depth: i32 = 0): bool {
    id = local.strip(id);
    type = this.strip(type);
    if (local.isComposite(id) && this.isComposite(type)) return true;
    const inArray = depth > 0;
    const kind = kindOf(local.btf.kind(id));
    if (kind != kindOf(this.btf.kind(type)) || depth > MAX_DEPTH) return false;
    switch (kind) {
      case BtfKind.Ptr: {
        const wanted = local.btf.name(local.strip(local.btf.sizeOrType(id)));
        return wanted.length == 0 || wanted == this.btf.name(this.strip(this.btf.sizeOrType(type)));
      }
      case BtfKind.Int:
        if (inArray && local.shapeOf(id) != this.shapeOf(type)) return false;
        return ((local.intWord(id) | this.intWord(type)) & 0xff0000) == 0;
      case BtfKind.Enum: {
        const names = [local.btf.name(id), this.btf.name(type)];
        return names[0].length == 0 || names[1].length == 0 || names[0] == names[1];
      }
      case BtfKind.Array: {
        const isInner = inArray && local.btf.trailer(id, 0, 0, 8) != this.btf.trailer(type, 0, 0, 8);
        const element = local.btf.trailer(id, 0, 0, 0);
        return !isInner && this.matches(local, element, this.btf.trailer(type, 0, 0, 0), depth + 1);
      }
      default:
        return kind == BtfKind.Float || kind == BtfKind.Fwd;
    }
  }

  /** What a value is in a register (compiler/kernel/signature.ts). */
  shapeOf(type: i32): string {
    const id = this.strip(type);
    const kind = this.btf.kind(id);
    if (kind == BtfKind.Ptr) {
      const to = this.strip(this.btf.sizeOrType(id));
      return this.isComposite(to) || this.btf.kind(to) == BtfKind.Fwd ? `*${this.btf.name(to)}` : "*";
    }
    if (kind != BtfKind.Int && kindOf(kind) != BtfKind.Enum) return "";
    const bytes = this.bytesOf(id);
    return `${bytes > 1 && this.isSigned(id) ? "s" : "u"}${bytes}`;
  }

  /** The prototypes of what a parameter feature names, and how many parameters at their beginning do not count. */
  prototypes(what: string, name: string): i32[] {
    const isEvent = what == "tracepoint";
    const prefix = isEvent ? "__traceiter_" : what == "hook" ? "bpf_lsm_" : "";
    const found = this.findAll(BtfKind.Func, prefix + name);
    for (let i = 0; i < found.length; ++i) found[i] = this.btf.sizeOrType(found[i]);
    if (found.length > 0 || !isEvent) return found;
    const aliases = this.findAll(BtfKind.Typedef, "btf_trace_" + name);
    for (let i = 0; i < aliases.length; ++i) aliases[i] = this.btf.sizeOrType(this.strip(aliases[i]));
    return aliases;
  }

  /** Name and shape of parameter `i` of a prototype, "count u8"; of its result for -1; empty: there is none. */
  parameter(prototype: i32, i: i32): string {
    if (this.btf.kind(prototype) != BtfKind.FuncProto || i >= this.btf.vlen(prototype)) return "";
    if (i < 0) return `return ${this.shapeOf(this.btf.sizeOrType(prototype))}`;
    const name = this.btf.textAt(<u32>this.btf.trailer(prototype, i, BtfParam.Size, BtfParam.Name));
    return `${name} ${this.shapeOf(this.btf.trailer(prototype, i, BtfParam.Size, BtfParam.Type))}`;
  }
}

/** Enums of 32 and 64 bits are one kind here. */
function kindOf(kind: i32): i32 {
  return kind == BtfKind.Enum64 ? BtfKind.Enum : kind;
}
