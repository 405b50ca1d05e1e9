// Prints the types of a BTF as C, in the order of their ids: structs and unions with the offset and size of each
// member, enums, typedefs. Types without a name are printed where they are used. What only declares a type or names a
// function is left out.
//
// Hostile BTF ends in "...": declarations are MAX_DEPTH deep, and of one type not much more than LONGEST is printed.

import { TextBuilder } from "../../common/as/text-builder";
import { BtfArray, BtfKind } from "../../common/format/btf";
import { Member, Types } from "./types";

const MAX_DEPTH: i32 = 24;
const MAX_LINKS: i32 = 64;
/** Characters of one declaration: the longest of a kernel, a union of functions, has 20,000. */
const LONGEST: i32 = 1 << 18;
/** Characters of all: those of a kernel are four million. */
const LONGEST_DUMP: i32 = 16 << 20;

/** All types from `first` on. */
export function printTypes(types: Types, first: i32): string {
  const out = new TextBuilder();
  const used = usedTypes(types);
  for (let id = first, end = types.index.end; id < end && out.length < LONGEST_DUMP; ++id) {
    const printer = new TypePrinter(types, out);
    const kind = types.kind(id);
    if (kind == BtfKind.Typedef) {
      out.put("typedef ");
      printer.declaration(types.target(id), types.name(id), 0, 0);
    } else if (isDefined(kind) && (types.name(id).length > 0 || (isEnum(kind) && !used[id]))) {
      // An enum without values is only declared.
      if (isEnum(kind) && types.vlen(id) == 0) continue;
      printer.define(id, 0, 0);
    } else {
      continue;
    }
    out.put(";\n\n");
  }
  return out.toString();
}

/** Whether some type refers to each: an enum without a name that none uses would be printed nowhere. */
function usedTypes(types: Types): StaticArray<bool> {
  const end = types.index.end;
  const used = new StaticArray<bool>(end);
  for (let id = 1; id < end; ++id) {
    mark(used, types.target(id));
    if (types.kind(id) == BtfKind.Array) mark(used, types.word(id, BtfArray.ElementType));
    const kind = types.kind(id);
    if (kind == BtfKind.Struct || kind == BtfKind.Union) {
      for (let i = 0, n = types.vlen(id); i < n; ++i) mark(used, types.member(id, i).type);
    }
    const proto = kind == BtfKind.FuncProto ? types.prototypeOf(id) : null;
    if (proto === null) continue;
    for (let i = 0, n = proto.parameterCount; i < n; ++i) mark(used, proto.parameterType(i));
  }
  return used;
}

function mark(used: StaticArray<bool>, id: i32): void {
  if (id > 0 && id < used.length) used[id] = true;
}

function isEnum(kind: i32): bool {
  return kind == BtfKind.Enum || kind == BtfKind.Enum64;
}

function isDefined(kind: i32): bool {
  return kind == BtfKind.Struct || kind == BtfKind.Union || isEnum(kind);
}

/** What stands around a name in its declaration: pointers, arrays and functions, from the name outwards. */
class Declarator {
  /** Ids of these types. */
  chain: i32[] = [];
  /** For each the qualifiers that it has, a blank before each. */
  qualifiers: string[] = [];
  /** The type that all of them are about, and its qualifiers. */
  base: i32 = 0;
  baseQualifiers: string = "";
  hasPointer: bool = false;

  constructor(
    private types: Types,
    id: i32,
  ) {
    let qualifiers = "";
    for (let i = 0; i < MAX_LINKS; ++i) {
      const kind = types.kind(id);
      if (kind == BtfKind.Const) qualifiers = withQualifier(qualifiers, " const");
      else if (kind == BtfKind.Volatile) qualifiers = withQualifier(qualifiers, " volatile");
      else if (kind == BtfKind.Restrict) qualifiers = withQualifier(qualifiers, " restrict");
      else if (kind == BtfKind.Ptr || kind == BtfKind.Array || kind == BtfKind.FuncProto) {
        this.chain.push(id);
        this.qualifiers.push(qualifiers);
        // Those of an array are its elements'.
        if (kind != BtfKind.Array) qualifiers = "";
        if (kind == BtfKind.Ptr) this.hasPointer = true;
      } else if (kind != BtfKind.TypeTag) break;
      id = kind == BtfKind.Array ? types.word(id, BtfArray.ElementType) : types.target(id);
    }
    this.base = id;
    this.baseQualifiers = qualifiers;
  }

  isPointer(i: i32): bool {
    return this.types.kind(this.chain[i]) == BtfKind.Ptr;
  }

  /** Whether what a pointer points to binds tighter than its `*`. */
  isEnclosed(i: i32): bool {
    return i + 1 < this.chain.length && !this.isPointer(i + 1);
  }
}

/** Prints one declaration and what is inside it. */
class TypePrinter {
  /** Where it has to end. */
  private last: i32;

  constructor(
    private types: Types,
    private out: TextBuilder,
  ) {
    this.last = out.length + LONGEST;
  }

  private isFull(depth: i32): bool {
    if (depth <= MAX_DEPTH && this.out.length < this.last) return false;
    this.out.put("...");
    return true;
  }

  /** `name` declared to be of a type that lies `base` bits behind the beginning of the outermost one. */
  declaration(id: i32, name: string, base: i64, depth: i32): void {
    if (this.isFull(depth)) return;
    const out = this.out;
    const around = new Declarator(this.types, id);
    if (around.baseQualifiers.length > 0) out.put(around.baseQualifiers.substring(1) + " ");
    // What is pointed to begins somewhere else.
    this.base(around.base, around.hasPointer ? 0 : base, depth);
    if (name.length > 0 || around.hasPointer) out.put(" ");
    for (let i = around.chain.length - 1; i >= 0; --i) {
      if (!around.isPointer(i)) continue;
      out.put(around.isEnclosed(i) ? "(*" : "*");
      out.put(around.qualifiers[i]);
      if (around.qualifiers[i].length > 0) out.put(" ");
    }
    out.put(name);
    for (let i = 0, n = around.chain.length; i < n; ++i) {
      const part = around.chain[i];
      if (around.isPointer(i)) out.put(around.isEnclosed(i) ? ")" : "");
      else if (this.types.kind(part) == BtfKind.Array) out.put(`[${<u32>this.types.word(part, BtfArray.Count)}]`);
      else this.parameters(part, depth);
    }
  }

  private parameters(id: i32, depth: i32): void {
    const out = this.out;
    const proto = this.types.prototypeOf(id)!;
    const count = proto.parameterCount;
    out.put("(");
    for (let i = 0; i < count && !this.isFull(depth); ++i) {
      if (i > 0) out.put(", ");
      this.declaration(proto.parameterType(i), proto.parameterName(i), 0, depth + 1);
    }
    if (proto.isVariadic) out.put(count > 0 ? ", ..." : "...");
    else if (count == 0) out.put("void");
    out.put(")");
  }

  /** What is neither a pointer nor an array nor qualified; with its body, if it has no name. */
  private base(id: i32, base: i64, depth: i32): void {
    const name = this.types.name(id);
    const kind = this.types.kind(id);
    if (isDefined(kind) && name.length == 0) this.define(id, base, depth);
    else if (isDefined(kind)) this.out.put(`${keyword(kind)} ${name}`);
    else if (kind == BtfKind.Fwd) this.out.put(`${this.types.isUnionForward(id) ? "union" : "struct"} ${name}`);
    else this.out.put(kind == BtfKind.Void ? "void" : name);
  }

  /** A struct, union or enum with its body. */
  define(id: i32, base: i64, depth: i32): void {
    const name = this.types.name(id);
    const kind = this.types.kind(id);
    const out = this.out;
    out.put(keyword(kind));
    out.put(name.length > 0 ? ` ${name} {\n` : " {\n");
    for (let i = 0, n = this.types.vlen(id); i < n && !this.isFull(depth); ++i) {
      this.indent(depth + 1);
      if (isEnum(kind)) this.enumerator(id, i);
      else this.member(this.types.member(id, i), base, depth + 1);
    }
    this.indent(depth);
    out.put("}");
  }

  private indent(depth: i32): void {
    for (let i = 0; i < depth; ++i) this.out.put("\t");
  }

  private enumerator(id: i32, i: i32): void {
    const enumerator = this.types.enumerator(id, i);
    const value = this.types.isSigned(id) ? enumerator.value.toString() : (<u64>enumerator.value).toString();
    this.out.put(`${enumerator.name} = ${value},\n`);
  }

  /** A member, with its offset and size in bytes, or offset in bytes and bits. */
  private member(member: Member, base: i64, depth: i32): void {
    const offset = base + member.bitOffset;
    this.declaration(member.type, member.name, offset, depth);
    const place = member.bitSize > 0 ? `.${offset & 7}` : ` ${this.types.sizeOf(member.type)}`;
    if (member.bitSize > 0) this.out.put(`: ${member.bitSize}`);
    this.out.put(`; /* ${offset >> 3}${place} */\n`);
  }
}

/** A constant array's elements may be constant again. */
function withQualifier(qualifiers: string, more: string): string {
  return qualifiers.includes(more) ? qualifiers : qualifiers + more;
}

function keyword(kind: i32): string {
  return kind == BtfKind.Struct ? "struct" : kind == BtfKind.Union ? "union" : "enum";
}
