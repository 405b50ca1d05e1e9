// Makes BTF by hand, for tests of what reads it: independent of the compiler's writer, with all kinds, and able to make
// BTF that lies.

import { BTF_MAGIC, BTF_VERSION, BtfHeader, BtfInt, BtfKind, BtfNewHeader, btfInfo } from "../../format/btf";
import { ByteWriter } from "../byte-writer";

/** Builds a `.BTF` section. Ids are given in the order of the calls. */
export class BtfBuilder {
  private types: ByteWriter = new ByteWriter(1024);
  private strings: ByteWriter = new ByteWriter(1024);
  /** Id of the next type. */
  next: i32;
  private firstString: i32;
  /** Words behind the header. */
  layout: i32[] = [];

  /** The BTF of a module continues that of its kernel, `base`. */
  constructor(base: BtfBuilder | null = null) {
    this.next = base !== null ? base.next : 1;
    this.firstString = base !== null ? base.firstString + base.strings.length : 0;
    if (base === null) this.strings.u8(0);
  }

  /** Offset of a string; 0 for an empty one. */
  string(text: string): i32 {
    if (text.length == 0) return 0;
    const at = this.firstString + this.strings.length;
    this.strings.text(text);
    this.strings.u8(0);
    return at;
  }

  /** A type of any form; its id. `info` is an info word, `words` what lies behind the common part. */
  type(name: string, info: i32, sizeOrType: i32, words: i32[] = []): i32 {
    this.types.u32(this.string(name));
    this.types.u32(info);
    this.types.u32(sizeOrType);
    for (let i = 0; i < words.length; ++i) this.types.u32(words[i]);
    return this.next++;
  }

  /** An integer that fills its bytes. */
  int(name: string, bytes: i32, encoding: BtfInt): i32 {
    return this.type(name, btfInfo(BtfKind.Int, 0, 0), bytes, [(encoding << 24) | (bytes * 8)]);
  }

  /** A type that refers to another: pointer, typedef, qualifier, function. */
  reference(kind: BtfKind, name: string, target: i32): i32 {
    return this.type(name, btfInfo(kind, 0, 0), target);
  }

  pointer(target: i32): i32 {
    return this.reference(BtfKind.Ptr, "", target);
  }

  array(element: i32, count: i32): i32 {
    return this.type("", btfInfo(BtfKind.Array, 0, 0), 0, [element, 0, count]);
  }

  /** A struct or union; `members` has for each a name, and `words` its type and its word of offset. */
  composite(kind: BtfKind, name: string, bytes: i32, members: Fields): i32 {
    return this.type(name, btfInfo(kind, members.count, members.flag), bytes, members.words);
  }

  /** The prototype of a function. */
  proto(returns: i32, parameters: Fields): i32 {
    return this.type("", btfInfo(BtfKind.FuncProto, parameters.count, 0), returns, parameters.words);
  }

  /** No fields yet: members, values of an enum, parameters. */
  fields(): Fields {
    return new Fields(this);
  }

  /** The section. */
  build(): Uint8Array {
    const out = new ByteWriter(4096);
    const header = this.layout.length > 0 ? BtfNewHeader.Size : BtfHeader.Size;
    out.u16(BTF_MAGIC);
    out.u8(BTF_VERSION);
    out.u8(0);
    out.u32(header);
    out.u32(0);
    out.u32(this.types.length);
    out.u32(this.types.length);
    out.u32(this.strings.length);
    if (this.layout.length > 0) {
      out.u32(this.types.length + this.strings.length);
      out.u32(this.layout.length * 4);
    }
    out.append(this.types);
    out.append(this.strings);
    for (let i = 0; i < this.layout.length; ++i) out.u32(this.layout[i]);
    return out.toArray();
  }
}

/** What a type has several of. */
export class Fields {
  words: i32[] = [];
  count: i32 = 0;
  /** The type's kind flag. */
  flag: i32 = 0;

  constructor(private btf: BtfBuilder) {}

  /** A field of a name and one word. */
  add(name: string, word: i32): Fields {
    this.words.push(this.btf.string(name));
    this.words.push(word);
    ++this.count;
    return this;
  }

  /** A field of a name and two words. */
  add2(name: string, first: i32, second: i32): Fields {
    this.add(name, first);
    this.words.push(second);
    return this;
  }

  /** A bit-field of a struct or union whose members have sizes. */
  bits(name: string, type: i32, offset: i32, bits: i32): Fields {
    this.flag = 1;
    return this.add2(name, type, offset | (bits << 24));
  }
}
