// Notes what the code of a saved object has to know of the types of the kernel that runs it, and the reasons why some
// of it is right for one kernel only. compiler/object/core-types.ts writes the types that are named here.

import { LocalEnumerator, LocalMember, LocalType, Relocation } from "../../common/as/relocation";
import { BtfKind, CoreKind } from "../../common/format/btf";
import { Enumerator, Member, Types } from "./types";

const MAX_LINKS: i32 = 64;
/** Arrays of arrays go no deeper. */
const MAX_ARRAYS: i32 = 16;

/** Members of members of a struct or union that stands somewhere in memory. */
export class Access {
  constructor(
    public types: Types,
    /** The struct or union, or a typedef of one without a name. */
    public root: i32,
    public path: Member[],
  ) {}

  to(member: Member): Access {
    return new Access(this.types, this.root, this.path.concat([member]));
  }

  get key(): string {
    return `${this.root}.${this.path.map<string>((member: Member) => member.name).join(".")}`;
  }

  get last(): Member {
    return this.path[this.path.length - 1];
  }
}

/** The bytes in which a field's bits are, as libbpf finds them. */
class Extent {
  offset: i32 = 0;
  bytes: i32 = 0;
  left: i32 = 0;
  right: i32 = 0;

  constructor(access: Access) {
    let bits = 0;
    for (let i = 0, n = access.path.length; i < n; ++i) bits += access.path[i].bitOffset;
    const last = access.last;
    this.bytes = access.types.sizeOf(last.type);
    this.offset = bits >> 3;
    let size = this.bytes * 8;
    if (last.bitSize > 0) {
      size = last.bitSize;
      this.offset = (bits / 8 / this.bytes) * this.bytes;
      while (bits + size - this.offset * 8 > this.bytes * 8 && this.bytes < 8) {
        this.bytes *= 2;
        this.offset = (bits / 8 / this.bytes) * this.bytes;
      }
    }
    this.left = 64 - (last.bitSize > 0 ? bits + size - this.offset * 8 : size);
    this.right = 64 - size;
  }
}

/** All of one object. */
export class Relocations {
  /** In the order of their numbers. */
  list: Relocation[] = [];
  /** Why the object is for one kernel only; each reason once. */
  pins: string[] = [];
  /** Members that were followed since somebody emptied it. */
  followed: Access[] = [];
  private numbers: Map<string, i32> = new Map<string, i32>();
  private locals: Map<i32, LocalType> = new Map<i32, LocalType>();

  /** Something that cannot be relocated is used. */
  pin(reason: string): void {
    if (!this.pins.includes(reason)) this.pins.push(reason);
  }

  /** What a path may begin at, for a type that is a struct or union: that, or a typedef of it; 0: it has no name. */
  rootOf(types: Types, type: i32): i32 {
    let alias = 0;
    for (let i = 0; i < MAX_LINKS; ++i) {
      const kind = types.kind(type);
      const isAlias = kind == BtfKind.Typedef;
      const isModifier =
        kind == BtfKind.Const || kind == BtfKind.Volatile || kind == BtfKind.Restrict || kind == BtfKind.TypeTag;
      if (!isAlias && !isModifier) break;
      if (isAlias) alias = type;
      type = types.target(type);
    }
    type = types.strip(type);
    if (!types.isComposite(type)) return 0;
    return types.name(type).length > 0 ? type : alias;
  }

  /** The number of a relocation of a field. */
  field(kind: CoreKind, access: Access): i32 {
    const key = `${<i32>kind} ${access.key}`;
    if (this.numbers.has(key)) return this.numbers.get(key);
    const extent = new Extent(access);
    let value: i64 = 1;
    if (kind == CoreKind.FieldOffset) value = extent.offset;
    else if (kind == CoreKind.FieldSize) value = extent.bytes;
    else if (kind == CoreKind.LeftShift) value = extent.left;
    else if (kind == CoreKind.RightShift) value = extent.right;
    else if (kind == CoreKind.FieldSigned) value = access.types.isSigned(access.last.type) ? 1 : 0;
    const relocation = new Relocation(kind, this.root(access.types, access.root), value);
    let composite = this.composite(access.types, access.root);
    for (let i = 0, n = access.path.length; i < n; ++i) {
      const member = access.path[i];
      const type = this.local(access.types, member.type, 0);
      relocation.path.push(composite.add(new LocalMember(member.name, member.bitOffset, member.bitSize, type)));
      if (i + 1 < n) composite = this.composite(access.types, member.type);
    }
    return this.push(key, relocation);
  }

  /** The number of the first of four: size, shift to the left, shift to the right, whether it is signed. */
  read(access: Access): i32 {
    const first = this.field(CoreKind.FieldSize, access);
    const key = `read ${access.key}`;
    if (this.numbers.has(key)) return this.numbers.get(key);
    // The four stand together, though one of them may be there already.
    const size = this.list[first];
    const at = this.push(key, size);
    this.forget(CoreKind.LeftShift, access);
    this.forget(CoreKind.RightShift, access);
    this.forget(CoreKind.FieldSigned, access);
    this.field(CoreKind.LeftShift, access);
    this.field(CoreKind.RightShift, access);
    this.field(CoreKind.FieldSigned, access);
    return at;
  }

  private forget(kind: CoreKind, access: Access): void {
    this.numbers.delete(`${<i32>kind} ${access.key}`);
  }

  /** The number of the relocation of a type's size. */
  size(types: Types, root: i32): i32 {
    const key = `${<i32>CoreKind.TypeSize} ${root}`;
    if (this.numbers.has(key)) return this.numbers.get(key);
    return this.push(key, new Relocation(CoreKind.TypeSize, this.root(types, root), types.sizeOf(root)));
  }

  /** The number of the relocation of an enumerator, whose enum must have a name; -1: it has none. */
  enumerator(types: Types, found: Enumerator): i32 {
    if (types.name(found.type).length == 0) return -1;
    const key = `${<i32>CoreKind.EnumeratorValue} ${found.type}.${found.name}`;
    if (this.numbers.has(key)) return this.numbers.get(key);
    const type = this.local(types, found.type, 0);
    const relocation = new Relocation(CoreKind.EnumeratorValue, type, found.value);
    relocation.enumerator = type.enumerators.length;
    type.enumerators.push(new LocalEnumerator(found.name, found.value));
    return this.push(key, relocation);
  }

  private push(key: string, relocation: Relocation): i32 {
    this.list.push(relocation);
    this.numbers.set(key, this.list.length - 1);
    return this.list.length - 1;
  }

  // ---------------------------------------------------------------------------------------------------------- types

  private root(types: Types, root: i32): LocalType {
    const composite = this.composite(types, root);
    if (types.kind(root) != BtfKind.Typedef) return composite;
    if (this.locals.has(root)) return this.locals.get(root);
    const alias = new LocalType(BtfKind.Typedef, types.name(root), 0);
    alias.element = composite;
    this.locals.set(root, alias);
    return alias;
  }

  private composite(types: Types, type: i32): LocalType {
    return this.local(types, types.strip(type), 0);
  }

  private local(types: Types, type: i32, depth: i32): LocalType {
    const id = types.strip(type);
    if (this.locals.has(id)) return this.locals.get(id);
    const made = this.make(types, id, depth);
    this.locals.set(id, made);
    return made;
  }

  private make(types: Types, id: i32, depth: i32): LocalType {
    const kind = types.kind(id);
    if (kind == BtfKind.Ptr) {
      const to = types.strip(types.pointee(id));
      const made = new LocalType(kind, types.isComposite(to) ? types.name(to) : "", 8);
      made.isSigned = types.isUnion(to);
      return made;
    }
    const made = new LocalType(kind, types.name(id), max(0, types.sizeOf(id)));
    made.isSigned = types.isSigned(id);
    if (kind == BtfKind.Array) {
      made.name = "";
      made.count = types.arrayLength(id);
      if (depth < MAX_ARRAYS) made.element = this.local(types, types.element(id), depth + 1);
    }
    return made;
  }
}
