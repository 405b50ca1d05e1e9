// Writes `.BTF` and `.BTF.ext`: the types that libbpf and the kernel require of an object, and the script lines of its
// code.
//
// Types here are few: integers, `void *`, functions of longs, one struct for each map, one variable for each global.
// Ids are given in the order of the calls. Kernel documentation: Documentation/bpf/btf.rst.

import { ByteWriter } from "../../common/as/byte-writer";
import { LocalType } from "../../common/as/relocation";
import {
  BTF_MAGIC,
  BTF_VERSION,
  BtfExtHeader,
  BtfHeader,
  BtfInt,
  BtfKind,
  BtfLinkage,
  btfInfo,
  CoreKind,
  CoreRelocation,
  FuncInfo,
  LineInfo,
} from "../../common/format/btf";
import { UnitPosition } from "../ir/unit";

/** One variable of a DATASEC. */
class Variable {
  constructor(
    public type: i32,
    public offset: i32,
    public bytes: i32,
  ) {}
}

/** A member of a struct or union that is to be written. */
export class BtfMemberEntry {
  constructor(
    public name: string,
    public type: i32,
    public bitOffset: i32,
    public bitSize: i32,
  ) {}
}

/** The `.BTF` section under construction. */
export class BtfWriter {
  private types: ByteWriter = new ByteWriter(1024);
  private strings: ByteWriter = new ByteWriter(1024);
  private interned: Map<string, i32> = new Map<string, i32>();
  private count: i32 = 0;
  private protos: Map<i32, i32> = new Map<i32, i32>();
  private arrays: Map<i32, i32> = new Map<i32, i32>();
  private variables: Variable[] = [];

  /** `int` */
  readonly int: i32;
  /** `long` */
  readonly long: i32;
  /** `char` */
  readonly char: i32;
  private readonly index: i32;
  private readonly voidPointer: i32;

  constructor() {
    this.strings.u8(0);
    this.interned.set("", 0);
    this.int = this.integer("int", 4, BtfInt.Signed);
    this.long = this.integer("long", 8, BtfInt.Signed);
    this.char = this.integer("char", 1, BtfInt.Signed);
    this.index = this.integer("__ARRAY_SIZE_TYPE__", 4, BtfInt.None);
    this.voidPointer = this.pointer(0);
  }

  /** Offset of a string, stored once. */
  string(text: string): i32 {
    if (this.interned.has(text)) return this.interned.get(text);
    const at = this.strings.length;
    this.strings.text(text);
    this.strings.u8(0);
    this.interned.set(text, at);
    return at;
  }

  /** `type[count]` */
  array(type: i32, count: i32): i32 {
    const id = this.begin("", BtfKind.Array, 0, 0);
    this.types.u32(type);
    this.types.u32(this.index);
    this.types.u32(count);
    return id;
  }

  /** `char[count]`, one for each count. */
  chars(count: i32): i32 {
    if (!this.arrays.has(count)) this.arrays.set(count, this.array(this.char, count));
    return this.arrays.get(count);
  }

  /**
   * A function of `parameters` longs (a handler: of one context pointer) that returns long; with static or global
   * linkage.
   */
  func(name: string, parameters: i32, handler: bool): i32 {
    const key = handler ? -1 : parameters;
    if (!this.protos.has(key)) this.protos.set(key, this.funcProto(parameters, handler));
    return this.begin(name, BtfKind.Func, BtfLinkage.Global, this.protos.get(key));
  }

  /**
   * A map in libbpf's form: a variable of a struct whose members are pointers to arrays; their counts are the values.
   * A value of 0 is left out.
   */
  mapVariable(name: string, names: string[], values: i32[]): i32 {
    const pointers: i32[] = [];
    for (let i = 0, n = values.length; i < n; ++i) pointers.push(this.pointer(this.array(this.int, values[i])));
    const id = this.begin("", BtfKind.Struct, values.length, values.length * 8);
    for (let i = 0, n = values.length; i < n; ++i) {
      this.types.u32(this.string(names[i]));
      this.types.u32(pointers[i]);
      this.types.u32(i * 64);
    }
    return this.variable(name, id);
  }

  /** A global variable of a type. */
  variable(name: string, type: i32): i32 {
    const id = this.begin(name, BtfKind.Var, 0, type);
    this.types.u32(BtfLinkage.Global);
    return id;
  }

  /** Notes a variable of the next `datasec`, in the order of offsets. */
  place(variable: i32, offset: i32, bytes: i32): void {
    this.variables.push(new Variable(variable, offset, bytes));
  }

  /** A data section of the variables placed since the last one. */
  datasec(name: string, bytes: i32): void {
    this.begin(name, BtfKind.Datasec, this.variables.length, bytes);
    for (let i = 0, n = this.variables.length; i < n; ++i) {
      this.types.u32(this.variables[i].type);
      this.types.u32(this.variables[i].offset);
      this.types.u32(this.variables[i].bytes);
    }
    this.variables = [];
  }

  /** Appends the section's bytes. */
  write(out: ByteWriter): void {
    out.u16(BTF_MAGIC);
    out.u8(BTF_VERSION);
    out.u8(0);
    out.u32(BtfHeader.Size);
    out.u32(0);
    out.u32(this.types.length);
    out.u32(this.types.length);
    out.u32(this.strings.length);
    out.append(this.types);
    out.append(this.strings);
  }

  /** A struct or union; members in the order of their offsets. */
  composite(name: string, kind: i32, members: BtfMemberEntry[], bytes: i32): i32 {
    let hasBits = false;
    for (let i = 0, n = members.length; i < n; ++i) hasBits = hasBits || members[i].bitSize > 0;
    const id = this.beginInfo(name, btfInfo(kind, members.length, hasBits ? 1 : 0), bytes);
    for (let i = 0, n = members.length; i < n; ++i) {
      this.types.u32(this.string(members[i].name));
      this.types.u32(members[i].type);
      this.types.u32(members[i].bitOffset | (members[i].bitSize << 24));
    }
    return id;
  }

  /** An enum with the names that the code uses. */
  enumeration(type: LocalType): i32 {
    const values = type.enumerators;
    const isWide = type.kind == BtfKind.Enum64;
    const id = this.beginInfo(type.name, btfInfo(type.kind, values.length, type.isSigned ? 1 : 0), type.bytes);
    for (let i = 0, n = values.length; i < n; ++i) {
      this.types.u32(this.string(values[i].name));
      this.types.u32(<i32>values[i].value);
      if (isWide) this.types.u32(<i32>(values[i].value >> 32));
    }
    return id;
  }

  /** A struct or union of which only the name is known. */
  forward(name: string, isUnion: bool): i32 {
    return this.beginInfo(name, btfInfo(BtfKind.Fwd, 0, isUnion ? 1 : 0), 0);
  }

  typedef(name: string, type: i32): i32 {
    return this.begin(name, BtfKind.Typedef, 0, type);
  }

  private begin(name: string, kind: BtfKind, vlen: i32, sizeOrType: i32): i32 {
    return this.beginInfo(name, btfInfo(kind, vlen, 0), sizeOrType);
  }

  private beginInfo(name: string, info: i32, sizeOrType: i32): i32 {
    this.types.u32(this.string(name));
    this.types.u32(info);
    this.types.u32(sizeOrType);
    return ++this.count;
  }

  integer(name: string, bytes: i32, encoding: BtfInt): i32 {
    const id = this.begin(name, BtfKind.Int, 0, bytes);
    this.types.u32((encoding << 24) | (bytes * 8));
    return id;
  }

  pointer(type: i32): i32 {
    return this.begin("", BtfKind.Ptr, 0, type);
  }

  private funcProto(parameters: i32, handler: bool): i32 {
    const id = this.begin("", BtfKind.FuncProto, parameters, handler ? this.int : this.long);
    for (let i = 0; i < parameters; ++i) {
      this.types.u32(this.string(handler ? "ctx" : `p${i}`));
      this.types.u32(handler ? this.voidPointer : this.long);
    }
    return id;
  }
}

/** What a relocated immediate is: members of a type, by their numbers. */
export class CoreEntry {
  constructor(
    public type: i32,
    public access: string,
    public kind: CoreKind,
  ) {}
}

/** Records of one section in `.BTF.ext`. */
class ExtSection {
  funcs: ByteWriter = new ByteWriter(64);
  lines: ByteWriter = new ByteWriter(256);
  relocations: ByteWriter = new ByteWriter(64);
  constructor(public name: i32) {}
}

/** The `.BTF.ext` section under construction. */
export class BtfExtWriter {
  private sections: ExtSection[] = [];
  /** The same by name, a string of the BTF. */
  private byName: Map<i32, ExtSection> = new Map<i32, ExtSection>();

  constructor(
    /** Its strings are this one's. */
    private btf: BtfWriter,
  ) {}

  /** A function begins at byte `offset` of an ELF section. Offsets rise within a section. */
  func(section: string, offset: i32, type: i32): void {
    const funcs = this.find(section).funcs;
    funcs.u32(offset);
    funcs.u32(type);
  }

  /** The code from byte `offset` on stands at this place. Offsets rise strictly within a section. */
  line(section: string, offset: i32, place: UnitPosition): void {
    const lines = this.find(section).lines;
    lines.u32(offset);
    lines.u32(this.btf.string(place.file));
    lines.u32(this.btf.string(place.text));
    // The kernel's record has 22 bits for the line and 10 for the column.
    lines.u32(((place.line & 0x3fffff) << 10) | min(place.column, 1023));
  }

  /** The immediate at byte `offset` of an ELF section is what `what` is in the kernel that runs it. */
  relocation(section: string, offset: i32, what: CoreEntry): void {
    const relocations = this.find(section).relocations;
    relocations.u32(offset);
    relocations.u32(what.type);
    relocations.u32(this.btf.string(what.access));
    relocations.u32(what.kind);
  }

  /** Whether it has no records: libbpf refuses an empty section. */
  get isEmpty(): bool {
    return this.sections.length == 0;
  }

  /** Appends the section's bytes. */
  write(out: ByteWriter): void {
    const funcs = this.writePart(FuncInfo.Size);
    const lines = this.writePart(LineInfo.Size);
    let relocations = this.writePart(CoreRelocation.Size, true);
    out.u16(BTF_MAGIC);
    out.u8(BTF_VERSION);
    out.u8(0);
    out.u32(BtfExtHeader.Size);
    out.u32(0);
    out.u32(funcs.length);
    out.u32(funcs.length);
    out.u32(lines.length);
    out.u32(funcs.length + lines.length);
    // libbpf refuses a part without sections, unless it is not there at all.
    if (relocations.length == 4) relocations = new ByteWriter();
    out.u32(relocations.length);
    out.append(funcs);
    out.append(lines);
    out.append(relocations);
  }

  private writePart(recordBytes: i32, ofRelocations: bool = false): ByteWriter {
    const out = new ByteWriter();
    out.u32(recordBytes);
    for (let i = 0, n = this.sections.length; i < n; ++i) {
      const section = this.sections[i];
      const records = ofRelocations
        ? section.relocations
        : recordBytes == FuncInfo.Size
          ? section.funcs
          : section.lines;
      if (records.length == 0) continue;
      out.u32(this.sections[i].name);
      out.u32(records.length / recordBytes);
      out.append(records);
    }
    return out;
  }

  private find(section: string): ExtSection {
    const name = this.btf.string(section);
    if (this.byName.has(name)) return this.byName.get(name);
    const added = new ExtSection(name);
    this.byName.set(name, added);
    this.sections.push(added);
    return added;
  }
}
