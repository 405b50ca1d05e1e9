// Reads and writes the little-endian bytes that host and agent exchange. Reading past the end throws a RangeError,
// which the session turns into a protocol error.

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Reads fields one after the other. */
export class ByteReader {
  private readonly view: DataView;
  at = 0;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  i32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.take(8), true);
  }

  i64(): bigint {
    return this.view.getBigInt64(this.take(8), true);
  }

  /** A u32 length and that many bytes. */
  blob(): Uint8Array {
    const length = this.u32();
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  string(): string {
    return decoder.decode(this.blob());
  }

  private take(bytes: number): number {
    if (bytes > this.left) throw new RangeError(`needs ${bytes} bytes, ${this.left} are left`);
    const start = this.at;
    this.at += bytes;
    return start;
  }
}

/** Collects fields one after the other. */
export class ByteWriter {
  private readonly parts: Uint8Array[] = [];

  u8(value: number): this {
    return this.bytes(Uint8Array.of(value));
  }

  u32(value: number): this {
    const field = new Uint8Array(4);
    new DataView(field.buffer).setUint32(0, value >>> 0, true);
    return this.bytes(field);
  }

  u64(value: bigint): this {
    const field = new Uint8Array(8);
    new DataView(field.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
    return this.bytes(field);
  }

  string(value: string | Uint8Array): this {
    const bytes = typeof value === "string" ? encoder.encode(value) : value;
    return this.u32(bytes.length).bytes(bytes);
  }

  bytes(value: Uint8Array): this {
    this.parts.push(value);
    return this;
  }

  done(): Uint8Array {
    return concat(this.parts);
  }
}

/** One array of all parts. */
function concat(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
