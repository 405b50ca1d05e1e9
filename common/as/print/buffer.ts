// A growing run of bytes in raw memory. It is reused, so after the first few batches nothing is allocated. The text of
// printfs, of messages and of unfinished units collects in such buffers.
//
// Invariant: a buffer is never longer than `limit`. What does not fit is dropped, and `overflowed` is set.

/** Bytes that are appended to and taken as a whole. */
export class OutBuffer {
  start: usize;
  length: i32 = 0;
  capacity: i32;
  /** Longest it may get, bytes. */
  limit: i32;
  /** Something did not fit since the last `clear`. */
  overflowed: bool = false;

  constructor(capacity: i32, limit: i32) {
    this.start = heap.alloc(<usize>capacity);
    this.capacity = capacity;
    this.limit = limit;
  }

  /** Forgets the contents, keeps the memory. */
  clear(): void {
    this.length = 0;
    this.overflowed = false;
  }

  /** Forgets the contents and all memory but `capacity` bytes. */
  shrink(capacity: i32): void {
    heap.free(this.start);
    this.start = heap.alloc(<usize>capacity);
    this.capacity = capacity;
    this.clear();
  }

  /** Makes room for `bytes` more; false if the limit forbids it. */
  reserve(bytes: i32): bool {
    if (bytes < 0 || bytes > this.limit - this.length) {
      this.overflowed = true;
      return false;
    }
    let needed = this.length + bytes;
    if (needed <= this.capacity) return true;
    let capacity = this.capacity;
    while (capacity < needed) capacity = capacity < 1 << 29 ? capacity << 1 : needed;
    if (capacity > this.limit) capacity = this.limit;
    this.start = heap.realloc(this.start, <usize>capacity);
    this.capacity = capacity;
    return true;
  }

  /** Appends one byte. */
  put(byte: i32): void {
    if (this.length >= this.capacity && !this.reserve(1)) return;
    store<u8>(this.start + <usize>this.length, <u8>byte);
    this.length++;
  }

  /** Appends `bytes` bytes from `source`. */
  putBytes(source: usize, bytes: i32): void {
    if (bytes <= 0 || !this.reserve(bytes)) return;
    memory.copy(this.start + <usize>this.length, source, <usize>bytes);
    this.length += bytes;
  }

  /** Appends `byte`, `count` times. */
  fill(byte: i32, count: i32): void {
    if (count <= 0 || !this.reserve(count)) return;
    memory.fill(this.start + <usize>this.length, <u8>byte, <usize>count);
    this.length += count;
  }

  /** Appends an ASCII string; for our own words, not for data. */
  putText(text: string): void {
    for (let i = 0, n = text.length; i < n; ++i) this.put(text.charCodeAt(i));
  }

  /** Appends a number in decimal. */
  putUnsigned(value: u64): void {
    let digits = 1;
    for (let rest = value; rest >= 10; rest /= 10) digits++;
    if (!this.reserve(digits)) return;
    let at = this.start + <usize>(this.length + digits);
    this.length += digits;
    do {
      store<u8>(--at, <u8>(48 + (value % 10)));
      value /= 10;
    } while (value != 0);
  }

  /** Appends a signed number in decimal. */
  putSigned(value: i64): void {
    if (value < 0) {
      this.put(45);
      this.putUnsigned(0 - <u64>value);
    } else {
      this.putUnsigned(<u64>value);
    }
  }

  /** Ends a line that has no newline yet; `from` is where the line's stream began. */
  endLine(from: i32): void {
    if (this.length == from || load<u8>(this.start + <usize>(this.length - 1)) != 10) this.put(10);
  }
}
