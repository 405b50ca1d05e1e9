// Frames on a byte stream (common/format/frame.ts): chunks of any size → whole frames, and back.
//
// Invariant: memory is at most one frame of MAX_FRAME_BYTES and one chunk. A longer frame is an error as soon as its
// header is read.

import { FRAME_HEADER, MAX_FRAME_BYTES } from "../../common/format/frame.ts";
import { concat } from "./bytes.ts";

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

/** Puts chunks together and takes frames out. */
export class FrameDecoder {
  private chunks: Uint8Array[] = [];
  private buffered = 0;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.buffered += chunk.length;
  }

  /** Bytes of a frame that is not complete yet. */
  get rest(): number {
    return this.buffered;
  }

  /** The first bytes not consumed yet, at most `limit`: for messages about what came instead of a frame. */
  peek(limit: number): Uint8Array {
    return concat([...this.chunks, new Uint8Array(0)]).subarray(0, limit);
  }

  /** The next whole frame, or null if more bytes are needed. */
  next(): Frame | null {
    if (this.buffered < FRAME_HEADER) return null;
    if (this.chunks[0]!.length < FRAME_HEADER) this.chunks = [concat(this.chunks)];
    const first = this.chunks[0]!;
    const header = new DataView(first.buffer, first.byteOffset, FRAME_HEADER);
    const length = header.getUint32(0, true);
    if (length > MAX_FRAME_BYTES) throw new FrameError(`invalid frame size: ${length} bytes`);
    if (this.buffered < FRAME_HEADER + length) return null;
    const all = this.chunks.length === 1 ? first : concat(this.chunks);
    const end = FRAME_HEADER + length;
    this.buffered -= end;
    this.chunks = this.buffered > 0 ? [all.subarray(end)] : [];
    return {
      kind: header.getUint16(4, true),
      flags: header.getUint16(6, true),
      payload: all.subarray(FRAME_HEADER, end),
    };
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
