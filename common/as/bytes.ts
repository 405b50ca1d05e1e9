// Bytes that come from outside: ByteReader reads little-endian fields at any offset of a range of bytes and never
// outside it. A read that does not fit answers 0 and sets `failed`, so that a parser of hostile input may read
// several fields and check once. (Bytes that are made here go through byte-writer.ts.)

/** Reads fields of a range of bytes; out of range is 0 and `failed`. */
export class ByteReader {
  /** A read did not fit. Sticky. */
  failed: bool = false;

  /** Callers other than `over` and `slice` must have checked the range. */
  constructor(
    /** keeps the bytes alive */
    public owner: StaticArray<u8>,
    /** where the range begins in owner */
    public start: i32,
    public length: i32,
  ) {}

  /** Reads all of `bytes`. */
  static over(bytes: StaticArray<u8>): ByteReader {
    return new ByteReader(bytes, 0, bytes.length);
  }

  /** Are there `count` bytes at `at`? Says so without failing. */
  has(at: u32, count: u32): bool {
    return <u64>at + <u64>count <= <u64>this.length;
  }

  /** Address of the range's first byte: valid as long as the owner lives. */
  get address(): usize {
    return changetype<usize>(this.owner) + <usize>this.start;
  }

  u8(at: u32): u32 {
    return this.check(at, 1) ? load<u8>(this.address + at) : 0;
  }

  u16(at: u32): u32 {
    return this.check(at, 2) ? load<u16>(this.address + at) : 0;
  }

  u32(at: u32): u32 {
    return this.check(at, 4) ? load<u32>(this.address + at) : 0;
  }

  i32(at: u32): i32 {
    return this.check(at, 4) ? load<i32>(this.address + at) : 0;
  }

  u64(at: u32): u64 {
    return this.check(at, 8) ? load<u64>(this.address + at) : 0;
  }

  /** A u64 that has to be an offset or size in this range: 0 and `failed` when it is larger than the range. */
  offset64(at: u32): i32 {
    const value = this.u64(at);
    if (value <= <u64>this.length) return <i32>value;
    this.failed = true;
    return 0;
  }

  /** The range [at, at + count) as a reader of its own; empty and `failed` when it does not fit. */
  slice(at: u32, count: u32): ByteReader {
    if (!this.check(at, count)) return new ByteReader(this.owner, 0, 0);
    return new ByteReader(this.owner, this.start + <i32>at, <i32>count);
  }

  /** `count` bytes at `at` as text (UTF-8; what is not, comes out as something, never as a trap). */
  text(at: u32, count: u32): string {
    if (!this.check(at, count)) return "";
    return decodeText(this.address + at, <i32>count);
  }

  /** The NUL-terminated text at `at`; `failed` when no NUL follows. */
  textAt(at: u32): string {
    let end = at;
    while (end < <u32>this.length && load<u8>(this.address + end) != 0) ++end;
    if (end >= <u32>this.length) {
      this.failed = true;
      return "";
    }
    return decodeText(this.address + at, <i32>(end - at));
  }

  /** A copy of the range. */
  copy(): StaticArray<u8> {
    const bytes = new StaticArray<u8>(this.length);
    memory.copy(changetype<usize>(bytes), this.address, <usize>this.length);
    return bytes;
  }

  private check(at: u32, count: u32): bool {
    if (this.has(at, count)) return true;
    this.failed = true;
    return false;
  }
}

/** Bytes at `address` as text. A byte that is not valid UTF-8 is read as Latin-1. */
export function decodeText(address: usize, length: i32): string {
  if (isText(address, length)) return String.UTF8.decodeUnsafe(address, <usize>length);
  let text = "";
  for (let i = 0; i < length; ++i) text += String.fromCharCode(load<u8>(address + i));
  return text;
}

/** Is it well-formed UTF-8? (Overlong forms are let through: they decode to something.) */
export function isText(address: usize, length: i32): bool {
  let at = 0;
  while (at < length) {
    const lead = load<u8>(address + at);
    const more =
      lead < 0x80
        ? 0
        : lead >= 0xc2 && lead < 0xe0
          ? 1
          : (lead & 0xf0) == 0xe0
            ? 2
            : lead >= 0xf0 && lead < 0xf5
              ? 3
              : -1;
    if (more < 0 || at + more >= length) return false;
    for (let i = 1; i <= more; ++i) if ((load<u8>(address + at + i) & 0xc0) != 0x80) return false;
    at += more + 1;
  }
  return true;
}

/** `text` as UTF-8, without a NUL. */
export function encodeText(text: string): StaticArray<u8> {
  const bytes = new StaticArray<u8>(String.UTF8.byteLength(text));
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, changetype<usize>(bytes));
  return bytes;
}

/** `text` as UTF-8 with a NUL at its end, as the kernel expects it. */
export function encodeTextZ(text: string): StaticArray<u8> {
  const bytes = new StaticArray<u8>(String.UTF8.byteLength(text) + 1);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, changetype<usize>(bytes));
  return bytes;
}
