// An index of a kernel's BTF: where each type begins, and which types have a name. A kernel has 100,000 types in five
// megabytes, so there is no object for a type: one pass over the bytes notes offsets, and a table of hashes of names is
// made when the first name is looked up. What the types mean is in types.ts.
//
// BTF of a module (split BTF) continues the kernel's: its ids and its strings' offsets begin where the kernel's end.
//
// Hostile input: the extent of every type is checked once, in `indexBtf`; ids and strings that do not exist give 0 and
// "". A name is at most MAX_NAME bytes, printable ASCII; others count as no name.

import { encodeTextZ } from "../../common/as/bytes";
import {
  BTF_KINDS,
  BTF_MAGIC,
  BTF_VERSION,
  BtfEnum,
  BtfEnum64,
  BtfHeader,
  BtfKind,
  BtfLayout,
  BtfNewHeader,
  BtfType,
  btfInfo,
  btfKind,
  btfTrailerBytes,
  btfVlen,
} from "../../common/format/btf";

/** Longest name, with its NUL: the kernel's KSYM_NAME_LEN. */
const MAX_NAME: i32 = 512;
/** Stands for a kind whose extent is not known. */
const UNKNOWN: u32 = u32.MAX_VALUE;

/** A set of kinds, for look-ups by name. */
export type Kinds = u32;

/** The set of one kind. */
export function only(kind: BtfKind): Kinds {
  return (<u32>1) << (<u32>kind);
}

/** Kinds that are found by name. */
const NAMED: Kinds =
  (1 << BtfKind.Int) |
  (1 << BtfKind.Struct) |
  (1 << BtfKind.Union) |
  (1 << BtfKind.Enum) |
  (1 << BtfKind.Fwd) |
  (1 << BtfKind.Typedef) |
  (1 << BtfKind.Func) |
  (1 << BtfKind.Var) |
  (1 << BtfKind.Datasec) |
  (1 << BtfKind.Float) |
  (1 << BtfKind.Enum64);

/** The largest of them: a set has 32 bits. */
const MOST_NAMED: i32 = BtfKind.Enum64;

/** Which of an enum's names. */
class EnumeratorId {
  constructor(
    public type: i32,
    public number: i32,
  ) {}
}

/** Numbers 0, 1, … by hash; those of one hash rise. They are added from the last to the first. */
class HashTable {
  /** The first number of each hash, and the next one of the same hash, plus 1; 0 ends a chain. */
  private heads: StaticArray<i32>;
  private links: StaticArray<i32>;

  constructor(count: i32) {
    let size = 16;
    while (size < count) size <<= 1;
    this.heads = new StaticArray<i32>(size);
    this.links = new StaticArray<i32>(count);
  }

  /** Unchecked, since a kernel has 100,000: `i` is less than the table's count. */
  add(i: i32, hash: i32): void {
    const slot = hash & (this.heads.length - 1);
    unchecked((this.links[i] = this.heads[slot]));
    unchecked((this.heads[slot] = i + 1));
  }

  first(hash: i32): i32 {
    return this.heads[hash & (this.heads.length - 1)] - 1;
  }

  /** -1 behind the last. */
  next(i: i32): i32 {
    return this.links[i] - 1;
  }
}

/** The types of a kernel, or of a module together with its kernel. Ids are 1 … end - 1; 0 is void. */
export class BtfIndex {
  /** Why no types were read; "" if they were. */
  problem: string = "";
  /** The first id that is not the base's. */
  readonly firstId: i32;
  end: i32;
  /** Address and extent of the types and of the strings. */
  private types: usize = 0;
  private strings: usize = 0;
  private stringBytes: u32 = 0;
  /** Offset of the first string that is not the base's. */
  private readonly firstString: u32;
  /** Offsets of the types, by id - firstId. */
  private offsets: StaticArray<u32> = new StaticArray<u32>(0);
  /** The types by name: id - firstId. Made with the first look-up. */
  private names: HashTable | null = null;
  /** The enumerators by name, each with its enum and its number there. Made with the first look-up. */
  private enumerators: HashTable | null = null;
  private enums: StaticArray<i32> = new StaticArray<i32>(0);
  private enumNumbers: StaticArray<i32> = new StaticArray<i32>(0);

  constructor(
    /** keeps them alive */
    private bytes: Uint8Array,
    readonly base: BtfIndex | null,
  ) {
    this.firstId = base !== null ? base.end : 1;
    this.firstString = base !== null ? base.firstString + base.stringBytes : 0;
    this.end = this.firstId;
  }

  /** Reads the header and finds the types; says what is wrong, or "". */
  read(): string {
    const at = this.bytes.dataStart;
    const length = <u32>this.bytes.length;
    if (length < <u32>BtfHeader.Size) return "it is shorter than a header";
    if (load<u16>(at, BtfHeader.Magic) != BTF_MAGIC) return "it does not begin like BTF of a little-endian machine";
    if (load<u8>(at, BtfHeader.Version) != BTF_VERSION) return `its version is ${load<u8>(at, BtfHeader.Version)}`;
    const header = load<u32>(at, BtfHeader.HeaderBytes);
    if (header < <u32>BtfHeader.Size || header > length) return "its header has no proper size";
    const body = at + header;
    const room = length - header;
    const typeOffset = load<u32>(at, BtfHeader.TypeOffset);
    const typeBytes = load<u32>(at, BtfHeader.TypeBytes);
    const stringOffset = load<u32>(at, BtfHeader.StringOffset);
    const stringBytes = load<u32>(at, BtfHeader.StringBytes);
    if (!lies(typeOffset, typeBytes, room)) return "its types lie outside";
    if (!lies(stringOffset, stringBytes, room)) return "its strings lie outside";
    // So every string ends before the end.
    if (stringBytes > 0 && load<u8>(body + stringOffset + stringBytes - 1) != 0) return "its strings do not end";
    this.types = body + typeOffset;
    this.strings = body + stringOffset;
    this.stringBytes = stringBytes;
    return this.findTypes(typeBytes, this.extents(header, body, room));
  }

  /** For each kind the bytes of a type without elements, and then those of an element; UNKNOWN if nobody knows. */
  private extents(header: u32, body: usize, room: u32): StaticArray<u32> {
    const extents = new StaticArray<u32>(BTF_KINDS * 2);
    for (let kind = 0; kind < BTF_KINDS; ++kind) {
      const none = btfTrailerBytes(btfInfo(kind, 0, 0));
      extents[kind * 2] = none < 0 ? UNKNOWN : BtfType.Size + none;
      extents[kind * 2 + 1] = none < 0 ? 0 : btfTrailerBytes(btfInfo(kind, 1, 0)) - none;
    }
    if (header < <u32>BtfNewHeader.Size) return extents;
    const offset = load<u32>(this.bytes.dataStart, BtfNewHeader.LayoutOffset);
    const bytes = load<u32>(this.bytes.dataStart, BtfNewHeader.LayoutBytes);
    if (!lies(offset, bytes, room)) return extents;
    // Newer BTF says how large the kinds are that we do not know; they are skipped.
    for (let kind: u32 = 0; kind < min<u32>(bytes / BtfLayout.Size, BTF_KINDS); ++kind) {
      if (extents[kind * 2] != UNKNOWN || kind == 0) continue;
      const row = body + offset + kind * BtfLayout.Size;
      extents[kind * 2] = BtfType.Size + load<u8>(row, BtfLayout.FixedBytes);
      extents[kind * 2 + 1] = load<u8>(row, BtfLayout.ElementBytes);
    }
    return extents;
  }

  private findTypes(typeBytes: u32, extents: StaticArray<u32>): string {
    const offsets = new StaticArray<u32>(typeBytes / BtfType.Size);
    const types = this.types;
    let count = 0;
    let at: u32 = 0;
    // Unchecked: five megabytes in a few milliseconds. A kind is less than BTF_KINDS, a type has BtfType.Size bytes.
    while (typeBytes - at >= <u32>BtfType.Size) {
      const info = load<i32>(types + at, BtfType.Info);
      const kind = btfKind(info);
      const fixed = unchecked(extents[kind * 2]);
      if (fixed == UNKNOWN) return `type ${this.firstId + count} is of kind ${kind}, which is not known here`;
      const bytes = fixed + unchecked(extents[kind * 2 + 1]) * <u32>btfVlen(info);
      if (bytes > typeBytes - at) break;
      unchecked((offsets[count] = at));
      ++count;
      at += bytes;
    }
    if (at != typeBytes) return `type ${this.firstId + count} does not end`;
    this.offsets = offsets;
    this.end = this.firstId + count;
    return "";
  }

  /** Address of a type's common part; 0 if there is no such type. What belongs to it, lies behind it. */
  at(id: i32): usize {
    if (id >= this.firstId) return id < this.end ? this.types + this.offsets[id - this.firstId] : 0;
    const base = this.base;
    return base !== null ? base.at(id) : 0;
  }

  /** Address of the string at an offset, which a NUL ends; 0 if it does not exist or is empty. */
  stringAt(offset: u32): usize {
    if (offset < this.firstString) {
      const base = this.base;
      return base !== null ? base.stringAt(offset) : 0;
    }
    const own = offset - this.firstString;
    if (own >= this.stringBytes) return 0;
    const at = this.strings + own;
    return load<u8>(at) == 0 ? 0 : at;
  }

  /** The string at an offset; "" if it does not exist or is no name. */
  text(offset: u32): string {
    return nameText(this.stringAt(offset));
  }

  /** Whether the string at an offset is this one, of ASCII. */
  isText(offset: u32, text: string): bool {
    const at = this.stringAt(offset);
    if (at == 0) return false;
    const length = text.length;
    for (let i = 0; i < length; ++i) {
      const c = <i32>load<u8>(at + i);
      if (c == 0 || c != text.charCodeAt(i)) return false;
    }
    return load<u8>(at + length) == 0;
  }

  /** The first type of that name and of one of those kinds, or 0: first this BTF's own, then the base's. */
  find(name: string, kinds: Kinds): i32 {
    const wanted = encodeTextZ(name);
    const found = this.findAfter(wanted, kinds, 0);
    if (found != 0) return found;
    const base = this.base;
    return base !== null ? base.findAfter(wanted, kinds, 0) : 0;
  }

  /** All types of that name and of one of those kinds: this BTF's own, then the base's. */
  findAll(name: string, kinds: Kinds): i32[] {
    const all: i32[] = [];
    const wanted = encodeTextZ(name);
    let index: BtfIndex | null = this;
    while (index !== null) {
      for (let id = index.findAfter(wanted, kinds, 0); id != 0; id = index.findAfter(wanted, kinds, id)) all.push(id);
      index = index.base;
    }
    return all;
  }

  /** The first of its own types behind `after` (0: of all) that has the name and one of the kinds; 0 if none. */
  private findAfter(wanted: StaticArray<u8>, kinds: Kinds, after: i32): i32 {
    let table = this.names;
    if (table === null) {
      table = this.hashNames();
      this.names = table;
    }
    const name = changetype<usize>(wanted);
    const bytes = wanted.length;
    if (bytes < 2 || bytes > MAX_NAME) return 0;
    let i = after != 0 ? table.next(after - this.firstId) : table.first(hashOf(name, name + <usize>bytes));
    for (; i >= 0; i = table.next(i)) {
      const type = this.types + this.offsets[i];
      if ((only(btfKind(load<i32>(type, BtfType.Info))) & kinds) == 0) continue;
      if (isName(this.stringAt(load<u32>(type, BtfType.Name)), name)) return this.firstId + i;
    }
    return 0;
  }

  private hashNames(): HashTable {
    const count = this.end - this.firstId;
    const table = new HashTable(count);
    // Unchecked: i counts types.
    for (let i = count - 1; i >= 0; --i) {
      const type = this.types + unchecked(this.offsets[i]);
      const kind = btfKind(load<i32>(type, BtfType.Info));
      const offset = load<u32>(type, BtfType.Name);
      if (kind > MOST_NAMED || (only(kind) & NAMED) == 0 || offset == 0) continue;
      table.add(i, this.hashAt(offset));
    }
    return table;
  }

  /** The first enumerator of that name, this BTF's own before the base's; null if there is none. */
  findEnumerator(name: string): EnumeratorId | null {
    const wanted = encodeTextZ(name);
    let index: BtfIndex | null = this;
    while (index !== null) {
      const found = index.findOwnEnumerator(wanted);
      if (found !== null) return found;
      index = index.base;
    }
    return null;
  }

  private findOwnEnumerator(wanted: StaticArray<u8>): EnumeratorId | null {
    let table = this.enumerators;
    if (table === null) {
      table = this.hashEnumerators();
      this.enumerators = table;
    }
    const name = changetype<usize>(wanted);
    const bytes = wanted.length;
    if (bytes < 2 || bytes > MAX_NAME) return null;
    for (let i = table.first(hashOf(name, name + <usize>bytes)); i >= 0; i = table.next(i)) {
      const type = this.at(this.enums[i]);
      const number = this.enumNumbers[i];
      const offset = load<u32>(type + BtfType.Size + number * enumeratorBytes(load<i32>(type, BtfType.Info)));
      if (isName(this.stringAt(offset), name)) return new EnumeratorId(this.enums[i], number);
    }
    return null;
  }

  private hashEnumerators(): HashTable {
    let count = 0;
    for (let id = this.firstId; id < this.end; ++id) {
      const info = load<i32>(this.at(id), BtfType.Info);
      if (enumeratorBytes(info) > 0) count += btfVlen(info);
    }
    const table = new HashTable(count);
    this.enums = new StaticArray<i32>(count);
    this.enumNumbers = new StaticArray<i32>(count);
    for (let id = this.end - 1; id >= this.firstId; --id) {
      const type = this.at(id);
      const info = load<i32>(type, BtfType.Info);
      const bytes = enumeratorBytes(info);
      if (bytes == 0) continue;
      for (let k = btfVlen(info) - 1; k >= 0; --k) {
        this.enums[--count] = id;
        this.enumNumbers[count] = k;
        table.add(count, this.hashAt(load<u32>(type + BtfType.Size + k * bytes)));
      }
    }
    return table;
  }

  /** The hash of a string; 0 if there is none. */
  private hashAt(offset: u32): i32 {
    if (offset < this.firstString) return this.base!.hashAt(offset);
    const own = offset - this.firstString;
    return own < this.stringBytes ? hashOf(this.strings + own, this.strings + this.stringBytes) : 0;
  }
}

/** Reads a `.BTF` section; `base` is the kernel's for BTF of a module. What is damaged has a `problem` and no types. */
export function indexBtf(bytes: Uint8Array, base: BtfIndex | null): BtfIndex {
  const index = new BtfIndex(bytes, base);
  index.problem = index.read();
  return index;
}

/** Bytes of each name of an enum with this info word; 0 for other types. */
function enumeratorBytes(info: i32): i32 {
  const kind = btfKind(info);
  return kind == BtfKind.Enum ? BtfEnum.Size : kind == BtfKind.Enum64 ? BtfEnum64.Size : 0;
}

/** Whether a range lies in `room` bytes. */
function lies(offset: u32, bytes: u32, room: u32): bool {
  return <u64>offset + <u64>bytes <= <u64>room;
}

/** The name at an address, or "" if it is none: too long, or not printable. */
function nameText(at: usize): string {
  if (at == 0) return "";
  let length: usize = 0;
  for (; load<u8>(at + length) != 0; ++length) {
    const c = load<u8>(at + length);
    if (c < 0x20 || c > 0x7e || <i32>length + 1 >= MAX_NAME) return "";
  }
  return String.UTF8.decodeUnsafe(at, length);
}

/** Whether the string at an address, 0 for none, is the wanted one; a NUL ends both. */
function isName(at: usize, wanted: usize): bool {
  if (at == 0) return false;
  while (load<u8>(at) == load<u8>(wanted)) {
    if (load<u8>(at) == 0) return true;
    ++at;
    ++wanted;
  }
  return false;
}

/** A hash of the string at an address, which a NUL ends before `end`; of its first MAX_NAME bytes. */
function hashOf(at: usize, end: usize): i32 {
  let hash: u64 = 0;
  const last = min<usize>(end, at + MAX_NAME);
  for (; at + 8 <= last; at += 8) {
    let word = load<u64>(at);
    // The lowest bit of the first byte that is 0.
    const zeros = (word - 0x0101010101010101) & ~word & 0x8080808080808080;
    if (zeros != 0) word &= ((<u64>1) << (ctz(zeros) & ~7)) - 1;
    hash = mixed(hash ^ word);
    if (zeros != 0) return <i32>(hash >> 32);
  }
  let word: u64 = 0;
  for (let shift: u64 = 0; at < last && load<u8>(at) != 0; ++at, shift += 8) word |= (<u64>load<u8>(at)) << shift;
  return <i32>(mixed(hash ^ word) >> 32);
}

function mixed(word: u64): u64 {
  word *= 0x9e3779b97f4a7c15;
  return word ^ (word >> 32);
}
