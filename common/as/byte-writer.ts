// A growing buffer of little-endian bytes, for everything this project writes: instructions, ELF, BTF, manifests.
//
// Offsets are i32 from the start; `patch*` overwrites what was written. Nothing is freed under the stub run-time: start
// with a capacity that fits when it is known.

/** Appends and patches little-endian bytes. */
export class ByteWriter {
  private bytes: Uint8Array;
  /** Bytes written so far. */
  length: i32 = 0;

  constructor(capacity: i32 = 256) {
    this.bytes = new Uint8Array(capacity > 16 ? capacity : 16);
  }

  u8(value: i32): void {
    const at = this.grow(1);
    store<u8>(this.address(at), <u8>value);
  }

  u16(value: i32): void {
    const at = this.grow(2);
    store<u16>(this.address(at), <u16>value);
  }

  u32(value: i32): void {
    const at = this.grow(4);
    store<i32>(this.address(at), value);
  }

  u64(value: i64): void {
    const at = this.grow(8);
    store<i64>(this.address(at), value);
  }

  /** Appends zero bytes. */
  zeros(count: i32): void {
    const at = this.grow(count);
    memory.fill(this.address(at), 0, <usize>count);
  }

  /** Appends zeros until the length is a multiple of `alignment`, a power of two. */
  align(alignment: i32): void {
    const rest = this.length & (alignment - 1);
    if (rest != 0) this.zeros(alignment - rest);
  }

  /** Appends a byte string (source.ts): the low byte of each char. */
  text(value: string): void {
    const n = value.length;
    const at = this.grow(n);
    const to = this.address(at);
    for (let i = 0; i < n; ++i) store<u8>(to + <usize>i, <u8>value.charCodeAt(i));
  }

  /** Forgets what was written behind a length. */
  truncate(length: i32): void {
    assert(length <= this.length, "a writer is cut where it has been");
    this.length = length;
  }

  /** Appends what another writer holds. */
  append(other: ByteWriter): void {
    const n = other.length;
    const at = this.grow(n);
    memory.copy(this.address(at), other.address(0), <usize>n);
  }

  /** Appends an array's bytes. */
  appendArray(other: Uint8Array): void {
    const n = other.length;
    const at = this.grow(n);
    memory.copy(this.address(at), other.dataStart, <usize>n);
  }

  patch8(at: i32, value: i32): void {
    assert(at >= 0 && at < this.length, "patch outside of what was written");
    store<u8>(this.address(at), <u8>value);
  }

  patch32(at: i32, value: i32): void {
    assert(at >= 0 && at + 4 <= this.length, "patch outside of what was written");
    store<i32>(this.address(at), value);
  }

  patch64(at: i32, value: i64): void {
    assert(at >= 0 && at + 8 <= this.length, "patch outside of what was written");
    store<i64>(this.address(at), value);
  }

  /** Reads back a little-endian word. */
  get32(at: i32): i32 {
    assert(at >= 0 && at + 4 <= this.length, "read outside of what was written");
    return load<i32>(this.address(at));
  }

  /** A copy of what was written. */
  toArray(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  private address(at: i32): usize {
    return this.bytes.dataStart + <usize>at;
  }

  /** Makes room for `count` more bytes; returns where they begin. */
  private grow(count: i32): i32 {
    const at = this.length;
    const needed = at + count;
    if (needed > this.bytes.length) {
      let capacity = this.bytes.length << 1;
      while (capacity < needed) capacity <<= 1;
      const bigger = new Uint8Array(capacity);
      memory.copy(bigger.dataStart, this.bytes.dataStart, <usize>at);
      this.bytes = bigger;
    }
    this.length = needed;
    return at;
  }
}
