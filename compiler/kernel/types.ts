// The C types of a kernel, as its BTF has them. A type is an id: a number of the `Types` that it came from; 0 is void.
// A module has a `Types` of its own, whose ids continue those of its kernel.
//
// Nothing is decoded before somebody asks for it. Questions about ids that do not exist, or about the wrong kind of
// type, are answered with 0, "", false or nothing, as the comments say. BTF may be hostile: chains of types are
// followed MAX_LINKS far, anonymous members MAX_DEPTH deep, and a search looks at MOST_VISITED members.

import {
  BtfArray,
  BtfEnum,
  BtfEnum64,
  BtfInt,
  BtfKind,
  BtfMember,
  BtfParam,
  BtfType,
  BtfVarSecinfo,
  btfInfo,
  btfKind,
  btfVlen,
} from "../../common/format/btf";
import { BtfIndex, Kinds, only } from "./btf-index";
import { Relocations } from "./relocations";

const MAX_LINKS: i32 = 64;
const MAX_DEPTH: i32 = 24;
const MOST_VISITED: i32 = 50_000;
/** Names of one type that are listed. */
const MOST_NAMES: i32 = 4096;
/** A search for a variable looks for so many of that name. */
const MOST_NAMESAKES: i32 = 64;
const POINTER_BYTES: i32 = 8;

/** Kinds that stand for another type without changing what its values are. */
const MODIFIERS: Kinds =
  (1 << BtfKind.Typedef) |
  (1 << BtfKind.Volatile) |
  (1 << BtfKind.Const) |
  (1 << BtfKind.Restrict) |
  (1 << BtfKind.TypeTag);
/** Kinds whose third word is the type that they refer to. */
const REFERENCES: Kinds =
  MODIFIERS | (1 << BtfKind.Ptr) | (1 << BtfKind.Func) | (1 << BtfKind.FuncProto) | (1 << BtfKind.Var);
/** Kinds whose third word is their size. */
const SIZED: Kinds =
  (1 << BtfKind.Int) |
  (1 << BtfKind.Struct) |
  (1 << BtfKind.Union) |
  (1 << BtfKind.Enum) |
  (1 << BtfKind.Float) |
  (1 << BtfKind.Enum64);
const COMPOSITES: Kinds = (1 << BtfKind.Struct) | (1 << BtfKind.Union);
const ENUMS: Kinds = (1 << BtfKind.Enum) | (1 << BtfKind.Enum64);

/** A member of a struct or union, or of an anonymous one inside it. */
export class Member {
  /** Its number in the struct or union; for one of an anonymous member, the anonymous one's before it, and so on. */
  path: i32[] = [];
  constructor(
    public name: string,
    public type: i32,
    /** From the beginning of the struct or union that was asked. */
    public bitOffset: i32,
    /** 0: it is no bit-field. */
    public bitSize: i32,
  ) {}

  /** Bytes from the beginning of the struct or union that was asked. */
  get offset(): i32 {
    return this.bitOffset >> 3;
  }
}

/** A name of an enum. */
export class Enumerator {
  constructor(
    public name: string,
    public value: i64,
    /** The enum. */
    public type: i32,
    /** Its number in the enum. */
    public index: i32,
  ) {}
}

/** A variable that BTF knows: those of the per-CPU section, on new kernels others. */
export class Variable {
  constructor(
    public name: string,
    public type: i32,
    /** The section: ".data..percpu" is that of the per-CPU variables. */
    public section: string,
    /** In the section. */
    public offset: i32,
    public bytes: i32,
  ) {}
}

/** What a function takes and returns. */
export class Prototype {
  constructor(
    private types: Types,
    /** The FuncProto. */
    public id: i32,
    /** How many parameters at the beginning do not count. */
    private skipped: i32,
  ) {}

  /** Parameters that have a type; the "..." of a variadic function is none. */
  get parameterCount(): i32 {
    const all = this.types.vlen(this.id) - this.skipped;
    return max(0, this.isVariadic ? all - 1 : all);
  }

  /** Whether "..." follows the last parameter. */
  get isVariadic(): bool {
    const last = this.types.vlen(this.id) - 1;
    if (last < this.skipped) return false;
    return this.word(last, BtfParam.Type) == 0 && this.word(last, BtfParam.Name) == 0;
  }

  /** "" if BTF does not know it. */
  parameterName(i: i32): string {
    if (i < 0 || i >= this.parameterCount) return "";
    return this.types.index.text(this.word(i + this.skipped, BtfParam.Name));
  }

  parameterType(i: i32): i32 {
    return i < 0 || i >= this.parameterCount ? 0 : this.word(i + this.skipped, BtfParam.Type);
  }

  /** The number of the parameter of that name; -1 if there is none. */
  findParameter(name: string): i32 {
    for (let i = 0, n = this.parameterCount; i < n; ++i) if (this.parameterName(i) == name) return i;
    return -1;
  }

  get returnType(): i32 {
    return this.types.target(this.id);
  }

  private word(parameter: i32, offset: i32): i32 {
    return this.types.word(this.id, parameter * BtfParam.Size + offset);
  }
}

/** A member's place while anonymous ones are searched. */
class Search {
  visited: i32 = 0;
  path: i32[] = [];
  constructor(public name: string) {}
}

/** The types of a kernel, or of a module with its kernel. */
export class Types {
  /** Types that were made up here: pointers and arrays that BTF may lack. Each has the words that BTF would have. */
  private made: StaticArray<u32>[] = [];
  private pointers: Map<i32, i32> = new Map<i32, i32>();
  /** What type-names.ts has made of types. */
  spellings: Map<i32, string> = new Map<i32, string>();
  /** Whether enums say if they are signed: 0 is not known yet, 1 no, 2 yes. */
  private signs: i32 = 0;
  /** An enum that is not marked, and whether it has a negative value. */
  private lastEnum: i32 = 0;
  private isLastSigned: bool = false;

  constructor(
    public index: BtfIndex,
    /** What the code of a saved object has to know of them; null: it runs in this kernel only. */
    public relocations: Relocations | null = null,
  ) {}

  // ----------------------------------------------------------------------------------------------- what a type is

  /** BtfKind; Void for 0 and for what does not exist. */
  kind(id: i32): i32 {
    const at = this.at(id);
    return at != 0 ? btfKind(load<i32>(at, BtfType.Info)) : BtfKind.Void;
  }

  /** How many members, values or parameters there are. */
  vlen(id: i32): i32 {
    const at = this.at(id);
    return at != 0 ? btfVlen(load<i32>(at, BtfType.Info)) : 0;
  }

  /** Its own name; "" if it has none. */
  name(id: i32): string {
    const at = this.at(id);
    return at != 0 ? this.index.text(load<u32>(at, BtfType.Name)) : "";
  }

  /** What a pointer points to, a typedef or qualifier stands for, a function returns; a Func's FuncProto. Else 0. */
  target(id: i32): i32 {
    return this.is(id, REFERENCES) ? this.third(id) : 0;
  }

  /** The type behind typedefs, qualifiers and tags. A forward declaration becomes what it declares, if that exists. */
  strip(id: i32): i32 {
    for (let i = 0; i < MAX_LINKS; ++i) {
      if (!this.is(id, MODIFIERS)) return this.kind(id) == BtfKind.Fwd ? this.defined(id) : id;
      id = this.third(id);
    }
    return 0;
  }

  /** Bytes of its values, through typedefs and arrays; -1 if they have none, or it is not known. */
  sizeOf(id: i32): i32 {
    let count: i64 = 1;
    for (let i = 0; i < MAX_LINKS; ++i) {
      id = this.strip(id);
      const kind = this.kind(id);
      if (kind == BtfKind.Var) {
        id = this.third(id);
        continue;
      }
      if (kind == BtfKind.Ptr) return sizeOrNone(count * POINTER_BYTES);
      if (kind != BtfKind.Array) return this.is(id, SIZED) ? sizeOrNone(count * <i64>(<u32>this.third(id))) : -1;
      count *= <i64>(<u32>this.word(id, BtfArray.Count));
      if (count > i32.MAX_VALUE) return -1;
      id = this.word(id, BtfArray.ElementType);
    }
    return -1;
  }

  /** What a pointer, through typedefs, points to; 0 for void and for what is no pointer. */
  pointee(id: i32): i32 {
    const stripped = this.strip(id);
    return this.kind(stripped) == BtfKind.Ptr ? this.third(stripped) : 0;
  }

  /** The elements' type of an array, through typedefs; 0 for what is none. */
  element(id: i32): i32 {
    const stripped = this.strip(id);
    return this.kind(stripped) == BtfKind.Array ? this.word(stripped, BtfArray.ElementType) : 0;
  }

  /** How many elements an array has: 0 for a flexible one; -1 for what is no array, or has more than there can be. */
  arrayLength(id: i32): i32 {
    const stripped = this.strip(id);
    return this.kind(stripped) == BtfKind.Array ? max(-1, this.word(stripped, BtfArray.Count)) : -1;
  }

  /** Whether its values, integers or those of an enum, may be negative. */
  isSigned(id: i32): bool {
    const stripped = this.strip(id);
    if (this.kind(stripped) == BtfKind.Int) return (this.intEncoding(stripped) & BtfInt.Signed) != 0;
    return this.is(stripped, ENUMS) && this.isSignedEnum(stripped);
  }

  /** Through typedefs; so are the next ones. */
  isPointer(id: i32): bool {
    return this.kind(this.strip(id)) == BtfKind.Ptr;
  }

  isArray(id: i32): bool {
    return this.kind(this.strip(id)) == BtfKind.Array;
  }

  /** A struct or a union. */
  isComposite(id: i32): bool {
    return this.is(this.strip(id), COMPOSITES);
  }

  isUnion(id: i32): bool {
    return this.kind(this.strip(id)) == BtfKind.Union;
  }

  isEnum(id: i32): bool {
    return this.is(this.strip(id), ENUMS);
  }

  /** An integer, a character or a truth value; an enum is none. */
  isInteger(id: i32): bool {
    return this.kind(this.strip(id)) == BtfKind.Int;
  }

  /** `char` itself, signed or not. */
  isChar(id: i32): bool {
    const stripped = this.strip(id);
    if (this.kind(stripped) != BtfKind.Int || this.third(stripped) != 1) return false;
    // pahole marks no type as a character.
    return (this.intEncoding(stripped) & BtfInt.Char) != 0 || this.name(stripped).endsWith("char");
  }

  isBool(id: i32): bool {
    const stripped = this.strip(id);
    return this.kind(stripped) == BtfKind.Int && (this.intEncoding(stripped) & BtfInt.Bool) != 0;
  }

  isFloat(id: i32): bool {
    return this.kind(this.strip(id)) == BtfKind.Float;
  }

  /** The type of a function, which pointers to functions point to. */
  isFunction(id: i32): bool {
    return this.kind(this.strip(id)) == BtfKind.FuncProto;
  }

  isVoid(id: i32): bool {
    return this.strip(id) == 0;
  }

  /** A struct or union that is declared and of which nothing else is known. */
  isForward(id: i32): bool {
    return this.kind(this.strip(id)) == BtfKind.Fwd;
  }

  /** Whether a forward declaration declares a union. */
  isUnionForward(id: i32): bool {
    return this.kind(id) == BtfKind.Fwd && this.flag(id);
  }

  // ----------------------------------------------------------------------------------------------- structs and unions

  /** How many members a struct or union has, through typedefs; 0 for others. */
  memberCount(id: i32): i32 {
    const stripped = this.strip(id);
    return this.is(stripped, COMPOSITES) ? this.vlen(stripped) : 0;
  }

  /** Member number `i`; one that does not exist has no name, and void as its type. */
  member(id: i32, i: i32): Member {
    const composite = this.strip(id);
    if (i < 0 || i >= this.memberCount(composite)) return new Member("", 0, 0, 0);
    const at = this.memberAt(composite, i);
    const name = this.index.text(load<u32>(at, BtfMember.Name));
    const offset = this.memberOffset(composite, i);
    // Nothing is so large: it is not there.
    const type = offset <= i32.MAX_VALUE ? load<i32>(at, BtfMember.Type) : 0;
    const member = new Member(name, type, type != 0 ? <i32>offset : 0, this.memberBits(composite, i));
    member.path.push(i);
    return member;
  }

  /** Address of member `i`, which the struct or union has. */
  private memberAt(composite: i32, i: i32): usize {
    return this.at(composite) + BtfType.Size + i * BtfMember.Size;
  }

  /** Bits from the beginning of the struct or union to its member `i`. */
  private memberOffset(composite: i32, i: i32): i64 {
    const at = this.memberAt(composite, i);
    const offset = load<u32>(at, BtfMember.Offset);
    if (this.flag(composite)) return offset & 0xffffff;
    return <i64>offset + <i64>((this.oldBits(load<i32>(at, BtfMember.Type)) >> 16) & 0xff);
  }

  /** The size of a bit-field; 0 for other members. */
  private memberBits(composite: i32, i: i32): i32 {
    const at = this.memberAt(composite, i);
    if (this.flag(composite)) return load<u32>(at, BtfMember.Offset) >> 24;
    return this.oldBits(load<i32>(at, BtfMember.Type)) & 0xff;
  }

  /** Old BTF has integers of their own for bit-fields: bit offset << 16 | bits, or 0 for a type that is none. */
  private oldBits(type: i32): i32 {
    const stripped = this.strip(type);
    if (this.kind(stripped) != BtfKind.Int) return 0;
    const word = this.word(stripped, 0) & 0xffffff;
    return word == this.third(stripped) * 8 ? 0 : word;
  }

  /** The member of that name, in anonymous members, too: then the offset is the whole one. Null if there is none. */
  findMember(id: i32, name: string): Member | null {
    if (name.length == 0) return null;
    return this.searchMember(this.strip(id), new Search(name));
  }

  private searchMember(composite: i32, search: Search): Member | null {
    if (search.path.length > MAX_DEPTH) return null;
    for (let i = 0, n = this.memberCount(composite); i < n; ++i) {
      if (++search.visited > MOST_VISITED) return null;
      const at = this.memberAt(composite, i);
      const name = load<u32>(at, BtfMember.Name);
      if (this.index.isText(name, search.name)) {
        const found = this.member(composite, i);
        found.path = search.path.concat(found.path);
        return found;
      }
      const type = load<i32>(at, BtfMember.Type);
      if (this.index.stringAt(name) != 0 || !this.isComposite(type)) continue;
      search.path.push(i);
      const inner = this.searchMember(this.strip(type), search);
      search.path.pop();
      if (inner === null) continue;
      const total = this.memberOffset(composite, i) + <i64>inner.bitOffset;
      if (total > i32.MAX_VALUE) continue;
      inner.bitOffset = <i32>total;
      return inner;
    }
    return null;
  }

  /** The names of all members, those of anonymous members among them. */
  memberNames(id: i32): string[] {
    const search = new Search("");
    const names: string[] = [];
    this.collectNames(this.strip(id), search, names);
    return names;
  }

  private collectNames(composite: i32, search: Search, names: string[]): void {
    if (search.path.length > MAX_DEPTH) return;
    for (let i = 0, n = this.memberCount(composite); i < n; ++i) {
      if (++search.visited > MOST_VISITED) return;
      const at = this.memberAt(composite, i);
      const name = this.index.text(load<u32>(at, BtfMember.Name));
      if (name.length > 0) {
        if (names.length < MOST_NAMES) names.push(name);
        continue;
      }
      search.path.push(i);
      this.collectNames(this.strip(load<i32>(at, BtfMember.Type)), search, names);
      search.path.pop();
    }
  }

  // ----------------------------------------------------------------------------------------------- enums

  /** How many names an enum has, through typedefs. */
  enumeratorCount(id: i32): i32 {
    const stripped = this.strip(id);
    return this.is(stripped, ENUMS) ? this.vlen(stripped) : 0;
  }

  /** Name number `i` of an enum, which has it. */
  enumerator(id: i32, i: i32): Enumerator {
    const type = this.strip(id);
    if (i < 0 || i >= this.enumeratorCount(type)) return new Enumerator("", 0, 0, 0);
    if (this.kind(type) == BtfKind.Enum64) {
      const at = i * BtfEnum64.Size;
      const low = <u64>(<u32>this.word(type, at + BtfEnum64.Low));
      const value = low | ((<u64>this.word(type, at + BtfEnum64.High)) << 32);
      return new Enumerator(this.index.text(this.word(type, at + BtfEnum64.Name)), value, type, i);
    }
    const at = i * BtfEnum.Size;
    const word = this.word(type, at + BtfEnum.Value);
    const value: i64 = this.isSigned(type) ? <i64>word : <i64>(<u32>word);
    return new Enumerator(this.index.text(this.word(type, at + BtfEnum.Name)), value, type, i);
  }

  /** The name of some enum; null if none has it. */
  findEnumerator(name: string): Enumerator | null {
    const found = this.index.findEnumerator(name);
    return found !== null ? this.enumerator(found.type, found.number) : null;
  }

  /** The name of a value; "" if the enum has none for it. */
  enumeratorName(id: i32, value: i64): string {
    for (let i = 0, n = this.enumeratorCount(id); i < n; ++i) {
      const enumerator = this.enumerator(id, i);
      if (enumerator.value == value) return enumerator.name;
    }
    return "";
  }

  /** Whether BTF was made by a pahole that marks signed enums; one that does not writes negative values nonetheless. */
  private get enumsAreMarked(): bool {
    if (this.signs == 0) {
      this.signs = 1;
      for (let id = 1, end = this.index.end; id < end && this.signs == 1; ++id) {
        if (this.is(id, ENUMS) && (this.flag(id) || this.kind(id) == BtfKind.Enum64)) this.signs = 2;
      }
    }
    return this.signs == 2;
  }

  private isSignedEnum(id: i32): bool {
    if (this.flag(id)) return true;
    if (this.kind(id) != BtfKind.Enum || this.enumsAreMarked) return false;
    if (this.lastEnum != id) {
      this.lastEnum = id;
      this.isLastSigned = false;
      for (let i = 0, n = this.vlen(id); i < n; ++i) {
        if (this.word(id, i * BtfEnum.Size + BtfEnum.Value) < 0) this.isLastSigned = true;
      }
    }
    return this.isLastSigned;
  }

  // ----------------------------------------------------------------------------------------------- what has a name

  /** All functions of that name: ids of Funcs. */
  findFunctions(name: string): i32[] {
    return this.index.findAll(name, only(BtfKind.Func));
  }

  /** What a Func, a FuncProto or a pointer to one takes; null for others. */
  prototypeOf(id: i32): Prototype | null {
    let proto = this.kind(id) == BtfKind.Func ? this.third(id) : this.strip(id);
    if (this.kind(proto) == BtfKind.Ptr) proto = this.strip(this.third(proto));
    return this.kind(proto) == BtfKind.FuncProto ? new Prototype(this, proto, 0) : null;
  }

  /**
   * What a tracepoint passes to its probes; null if BTF does not know it. The names are those of its `__traceiter_`
   * function; 5.10 has a few tracepoints without one, and those have no names.
   */
  tracepointPrototype(name: string): Prototype | null {
    let proto = 0;
    const functions = this.findFunctions("__traceiter_" + name);
    if (functions.length > 0) proto = this.third(functions[0]);
    if (proto == 0) proto = this.pointee(this.index.find("btf_trace_" + name, only(BtfKind.Typedef)));
    // The first parameter is the probe's own data.
    return this.kind(proto) == BtfKind.FuncProto ? new Prototype(this, proto, 1) : null;
  }

  /** The variable of that name; null if BTF does not know it. */
  findVariable(name: string): Variable | null {
    const wanted = this.index.findAll(name, only(BtfKind.Var)).slice(0, MOST_NAMESAKES);
    if (wanted.length == 0) return null;
    for (let id = 1, end = this.index.end; id < end; ++id) {
      if (this.kind(id) != BtfKind.Datasec) continue;
      for (let i = 0, n = this.vlen(id); i < n; ++i) {
        const at = i * BtfVarSecinfo.Size;
        if (!wanted.includes(this.word(id, at + BtfVarSecinfo.Type))) continue;
        const variable = this.word(id, at + BtfVarSecinfo.Type);
        const offset = this.word(id, at + BtfVarSecinfo.Offset);
        const bytes = this.word(id, at + BtfVarSecinfo.Bytes);
        return new Variable(name, this.third(variable), this.name(id), offset, bytes);
      }
    }
    return new Variable(name, this.third(wanted[0]), "", 0, 0);
  }

  /** The struct or union that a forward declaration declares; the declaration itself, if there is none. */
  private defined(forward: i32): i32 {
    const name = this.name(forward);
    const found =
      name.length > 0 ? this.index.find(name, only(this.flag(forward) ? BtfKind.Union : BtfKind.Struct)) : 0;
    return found != 0 ? found : forward;
  }

  // ----------------------------------------------------------------------------------------------- types made up here

  /** A pointer to a type. */
  pointerTo(id: i32): i32 {
    if (!this.pointers.has(id)) this.pointers.set(id, this.make([0, btfInfo(BtfKind.Ptr, 0, 0), id]));
    return this.pointers.get(id);
  }

  /** An array of `count` elements of a type. */
  arrayOf(id: i32, count: i32): i32 {
    return this.make([0, btfInfo(BtfKind.Array, 0, 0), 0, id, 0, count]);
  }

  private make(words: i32[]): i32 {
    const type = new StaticArray<u32>(words.length);
    for (let i = 0; i < words.length; ++i) type[i] = words[i];
    this.made.push(type);
    return this.index.end + this.made.length - 1;
  }

  // ----------------------------------------------------------------------------------------------- words

  /** Word at a byte offset behind the common part. The type exists, and its kind has that word. */
  word(id: i32, offset: i32): i32 {
    return load<i32>(this.at(id) + BtfType.Size + offset);
  }

  /** The size, or the type that is referred to. */
  private third(id: i32): i32 {
    const at = this.at(id);
    return at != 0 ? load<i32>(at, BtfType.SizeOrType) : 0;
  }

  private flag(id: i32): bool {
    const at = this.at(id);
    return at != 0 && load<i32>(at, BtfType.Info) < 0;
  }

  private intEncoding(id: i32): i32 {
    return (this.word(id, 0) >> 24) & 15;
  }

  private is(id: i32, kinds: Kinds): bool {
    const kind = this.kind(id);
    return kind <= BtfKind.Enum64 && (only(kind) & kinds) != 0;
  }

  private at(id: i32): usize {
    const end = this.index.end;
    if (id < end) return this.index.at(id);
    return id - end < this.made.length ? changetype<usize>(this.made[id - end]) : 0;
  }
}

function sizeOrNone(bytes: i64): i32 {
  return bytes > i32.MAX_VALUE ? -1 : <i32>bytes;
}
