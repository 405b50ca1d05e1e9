// Frames on a byte stream (common/format/frame.ts): chunks of any size → whole frames, and back.
//
// Invariant: memory is at most twice one frame of MAX_FRAME_BYTES and one chunk, however small the pieces are in which
// the bytes arrive. A longer frame is an error as soon as its header is read.

import { FRAME_HEADER, MAX_FRAME_BYTES } from "../../common/format/frame.ts";

/** One frame as it came. */
export interface Frame {
  kind: number;
  flags: number;
  payload: Uint8Array;
}

/** The stream contains something that is not a frame. */
export class FrameError extends Error {
  override name = "FrameError";
}

/** Bytes that the decoder has room for at first, and again once a large frame was taken out. */
const ROOM = 1 << 17;

/** Puts chunks together and takes frames out. */
export class FrameDecoder {
  private buffer = new Uint8Array(ROOM);
  private start = 0;
  private end = 0;

  push(chunk: Uint8Array): void {
    this.makeRoom(chunk.length);
    this.buffer.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** Bytes of a frame that is not complete yet. */
  get rest(): number {
    return this.end - this.start;
  }

  /** The first bytes not consumed yet, at most `limit`: for messages about what came instead of a frame. */
  peek(limit: number): Uint8Array {
    return this.buffer.slice(this.start, Math.min(this.end, this.start + limit));
  }

  /** The next whole frame, or null if more bytes are needed. */
  next(): Frame | null {
    if (this.rest < FRAME_HEADER) return null;
    const header = new DataView(this.buffer.buffer, this.start, FRAME_HEADER);
    const length = header.getUint32(0, true);
    if (length > MAX_FRAME_BYTES) throw new FrameError(`invalid frame size: ${length} bytes`);
    if (this.rest < FRAME_HEADER + length) return null;
    const from = this.start + FRAME_HEADER;
    this.start = from + length;
    return {
      kind: header.getUint16(4, true),
      flags: header.getUint16(6, true),
      payload: this.buffer.slice(from, this.start),
    };
  }

  /** Moves what is left to the front of a buffer with room for `bytes` more; it doubles: small pieces cost little. */
  private makeRoom(bytes: number): void {
    const rest = this.rest;
    if (this.end + bytes <= this.buffer.length) return;
    const need = rest + bytes;
    const fits = need <= this.buffer.length && (need > ROOM || this.buffer.length === ROOM);
    const target = fits ? this.buffer : new Uint8Array(need <= ROOM ? ROOM : Math.max(need, rest * 2));
    if (target === this.buffer) target.copyWithin(0, this.start, this.end);
    else target.set(this.buffer.subarray(this.start, this.end));
    this.buffer = target;
    this.start = 0;
    this.end = rest;
  }
}

/** The bytes of one frame. */
export function encodeFrame(kind: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER + payload.length);
  const header = new DataView(bytes.buffer);
  header.setUint32(0, payload.length, true);
  header.setUint16(4, kind, true);
  bytes.set(payload, FRAME_HEADER);
  return bytes;
}
