// Frames on standard input and output (layout: common/format/frame.ts). Any bytes may come in: a length over the limit
// is malformed, a frame is handed out only when all of it is there. Going out, frames collect in one buffer that is
// written as far as the reader takes it; `record` returns false when the buffer is full, and draining stops
// (back-pressure).
//
// Invariant: in a session's steady state nothing is allocated here: both buffers have grown to what they need.

import { AgentFrame, FRAME_HEADER, MAX_FRAME_BYTES } from "../../common/format/frame";
import { Errno } from "./errors";
import { read, write } from "./syscall";

/** What `FrameReader.next` found. */
export const enum Incoming {
  /** no whole frame yet */
  None = 0,
  /** one frame: kind, at, length */
  Frame = 1,
  /** bytes that are not a frame */
  Malformed = 2,
}

const READ_BYTES: i32 = 65536;

/** Takes bytes from a descriptor and cuts them into frames. */
export class FrameReader {
  private buffer: StaticArray<u8> = new StaticArray<u8>(READ_BYTES);
  private start: i32 = 0;
  private end: i32 = 0;
  /** The descriptor is at its end, or reading fails. */
  ended: bool = false;
  /** The frame that `next` found: kind, address and length of its payload; valid until `fill`. */
  kind: i32 = 0;
  at: usize = 0;
  length: i32 = 0;

  constructor(private fd: i32) {}

  /** Reads once what is there; false if nothing came, or there is no room before frames are taken out. */
  fill(): bool {
    this.makeRoom();
    if (this.ended || this.end == this.buffer.length) return false;
    const got = read(this.fd, changetype<usize>(this.buffer) + this.end, this.buffer.length - this.end);
    if (got == -Errno.EAGAIN || got == -Errno.EINTR) return false;
    if (got <= 0) {
      this.ended = true;
      return false;
    }
    this.end += got;
    return true;
  }

  /** Drops all that has come and reads once more; false if nothing came. */
  skip(): bool {
    this.start = this.end;
    return this.fill();
  }

  /** Cuts off the next frame. */
  next(): Incoming {
    const have = this.end - this.start;
    if (have < FRAME_HEADER) return Incoming.None;
    const header = changetype<usize>(this.buffer) + this.start;
    const length = load<u32>(header);
    if (length > <u32>MAX_FRAME_BYTES) return Incoming.Malformed;
    if (<u32>(have - FRAME_HEADER) < length) return Incoming.None;
    this.kind = <i32>load<u16>(header, 4);
    this.at = header + FRAME_HEADER;
    this.length = <i32>length;
    this.start += FRAME_HEADER + this.length;
    return Incoming.Frame;
  }

  /** Moves what is left to the front, and grows the buffer for a frame that does not fit. */
  private makeRoom(): void {
    const have = this.end - this.start;
    const base = changetype<usize>(this.buffer);
    const need =
      have < FRAME_HEADER ? FRAME_HEADER : FRAME_HEADER + <i32>min<u32>(load<u32>(base + this.start), MAX_FRAME_BYTES);
    if (this.start > 0) memory.copy(base, base + this.start, have);
    this.start = 0;
    this.end = have;
    // The buffer grows with the bytes that arrived, not with the length that was announced.
    if (need <= this.buffer.length || have < this.buffer.length) return;
    const larger = new StaticArray<u8>(min(need, have * 4));
    memory.copy(changetype<usize>(larger), base, have);
    this.buffer = larger;
  }
}

/** Reads the fields of one payload; out of range is 0 or "" and `failed`. */
export class Payload {
  failed: bool = false;

  constructor(
    public at: usize,
    public left: i32,
  ) {}

  /** Begins to read another payload. */
  open(at: usize, bytes: i32): void {
    this.at = at;
    this.left = bytes;
    this.failed = false;
  }

  u8(): i32 {
    return this.has(1) ? <i32>load<u8>(this.take(1)) : 0;
  }

  u32(): u32 {
    return this.has(4) ? load<u32>(this.take(4)) : 0;
  }

  /** A string of at most `most` bytes: u32 length, bytes. */
  text(most: i32): string {
    const length = this.u32();
    if (length > <u32>most || !this.has(<i32>length)) {
      this.failed = true;
      return "";
    }
    return String.UTF8.decodeUnsafe(this.take(<i32>length), length);
  }

  private has(bytes: i32): bool {
    if (bytes <= this.left) return true;
    this.failed = true;
    return false;
  }

  private take(bytes: i32): usize {
    const at = this.at;
    this.at += bytes;
    this.left -= bytes;
    return at;
  }
}

/** Draining stops when so many bytes wait. */
const FULL_BYTES: i32 = 262144;
/** Room beyond that for one more record or frame, so that draining never allocates. */
const SLACK_BYTES: i32 = 262144;

/** A frame of records ends when it holds so many bytes, so that the host can begin to print. */
const BATCH_BYTES: i32 = 65536;

/** Collects frames and writes them to a descriptor. */
export class FrameWriter {
  private buffer: StaticArray<u8> = new StaticArray<u8>(FULL_BYTES + SLACK_BYTES);
  private start: i32 = 0;
  private end: i32 = 0;
  private frame: i32 = 0;
  /** Kind of the frame of records that is open, or 0. */
  private recordKind: i32 = 0;
  /** The reader has closed its end: everything is dropped from then on. */
  broken: bool = false;
  /** Bytes written so far. */
  written: u64 = 0;

  constructor(private fd: i32) {}

  get pending(): i32 {
    return this.end - this.start;
  }

  /**
   * Adds a record to the frame of that kind that is open, or begins one. False: full; write some and offer it again.
   * Control records still fit when output no longer does.
   */
  record(kind: i32, address: usize, bytes: i32): bool {
    if (this.pending >= (kind == AgentFrame.Control ? FULL_BYTES + SLACK_BYTES / 2 : FULL_BYTES)) return false;
    if (this.recordKind != kind || this.frameBytes >= BATCH_BYTES) {
      this.begin(kind);
      this.recordKind = kind;
    }
    const padded = (bytes + 7) & ~7;
    const at = this.extend(8 + padded);
    store<u64>(at + padded, 0); // the padding; at least 8 bytes are there
    store<u64>(at, <u64>bytes);
    memory.copy(at + 8, address, bytes);
    return true;
  }

  /** Ends the frame of records that is open, if one is. */
  seal(): void {
    if (this.recordKind == 0) return;
    this.recordKind = 0;
    this.finish();
  }

  /** Begins a frame. */
  begin(kind: i32): void {
    this.seal();
    this.ensure(FRAME_HEADER);
    this.frame = this.end;
    const header = changetype<usize>(this.buffer) + this.end;
    store<u32>(header, 0);
    store<u16>(header, <u16>kind, 4);
    store<u16>(header, 0, 6);
    this.end += FRAME_HEADER;
  }

  /** Ends the frame that was begun. */
  finish(): void {
    store<u32>(changetype<usize>(this.buffer) + this.frame, <u32>(this.end - this.frame - FRAME_HEADER));
    if (this.broken) this.end = this.start;
  }

  /** Bytes in the frame that was begun. */
  get frameBytes(): i32 {
    return this.end - this.frame - FRAME_HEADER;
  }

  u8(value: i32): void {
    store<u8>(this.extend(1), <u8>value);
  }

  u32(value: u32): void {
    store<u32>(this.extend(4), value);
  }

  u64(value: u64): void {
    store<u64>(this.extend(8), value);
  }

  bytes(from: usize, count: i32): void {
    memory.copy(this.extend(count), from, count);
  }

  /** A string of the wire: u32 length, bytes. */
  text(text: string): void {
    const length = <i32>String.UTF8.byteLength(text);
    this.u32(length);
    String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, this.extend(length));
  }

  /** Room for `count` bytes at the end of the frame, to be filled by the caller. */
  extend(count: i32): usize {
    this.ensure(count);
    const at = changetype<usize>(this.buffer) + this.end;
    this.end += count;
    return at;
  }

  /** Writes what the other side takes; false if something is left. */
  flush(): bool {
    this.seal();
    while (this.start < this.end && !this.broken) {
      const put = write(this.fd, changetype<usize>(this.buffer) + this.start, this.end - this.start);
      if (put == -Errno.EINTR) continue;
      if (put == -Errno.EAGAIN) return false;
      if (put < 0) {
        this.broken = true;
        break;
      }
      this.start += put;
      this.written += put;
    }
    this.start = 0;
    this.end = 0;
    return true;
  }

  /** The reader takes nothing any more: what waits is dropped. */
  giveUp(): void {
    this.broken = true;
  }

  private ensure(count: i32): void {
    if (this.end + count <= this.buffer.length) return;
    const have = this.end - this.start;
    const base = changetype<usize>(this.buffer);
    if (have + count <= this.buffer.length) {
      memory.copy(base, base + this.start, have);
    } else {
      const larger = new StaticArray<u8>(max(this.buffer.length * 2, have + count));
      memory.copy(changetype<usize>(larger), base + this.start, have);
      this.buffer = larger;
    }
    this.frame -= this.start;
    this.end = have;
    this.start = 0;
  }
}
