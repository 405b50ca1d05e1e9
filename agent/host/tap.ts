// Reads the beginning of a stream line by line, then hands the stream on. Bytes that were read too far are put back, so
// the next reader sees the stream as if nothing had read it.

import type { Readable } from "node:stream";

/** A reader of the first lines of a stream. */
export class Tap {
  private buffer: Buffer = Buffer.alloc(0);
  private ended = false;
  /** Whether something came that `change` has not told yet. */
  private news = false;
  private wake: () => void = () => {};
  private readonly stream: Readable;
  private readonly onReadable = () => this.fill();
  private readonly onEnd = () => {
    this.ended = true;
    this.tell();
  };

  constructor(stream: NodeJS.ReadableStream) {
    this.stream = stream as Readable;
    this.stream.on("readable", this.onReadable);
    for (const event of ["end", "close", "error"]) this.stream.on(event, this.onEnd);
  }

  private fill() {
    for (let chunk = this.stream.read(); chunk !== null; chunk = this.stream.read()) {
      this.buffer = Buffer.concat([this.buffer, chunk as Buffer]);
    }
    this.tell();
  }

  private tell() {
    this.news = true;
    this.wake();
  }

  /** How many bytes wait to be taken. */
  get length(): number {
    return this.buffer.length;
  }

  /** Whether nothing more will come. */
  get isEnded(): boolean {
    return this.ended;
  }

  /** Resolves when something was read, or the stream ended, since the last call. */
  async change(): Promise<void> {
    if (!this.news) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    this.news = false;
  }

  /** Takes the bytes up to and with the first newline; null if there is none yet. */
  takeLine(): Buffer | null {
    const newline = this.buffer.indexOf(10);
    if (newline < 0) return null;
    const line = this.buffer.subarray(0, newline);
    this.buffer = this.buffer.subarray(newline + 1);
    return line;
  }

  /** Takes all that was read. */
  takeAll(): Buffer {
    const all = this.buffer;
    this.buffer = Buffer.alloc(0);
    return all;
  }

  /** Lets go of the stream; what was not taken is there for its next reader. */
  async release(): Promise<void> {
    this.stream.removeListener("readable", this.onReadable);
    for (const event of ["end", "close", "error"]) this.stream.removeListener(event, this.onEnd);
    if (this.buffer.length > 0 && !this.ended) this.stream.unshift(this.takeAll());
    // Only on the next tick does Node notice that 'readable' has no listener, and let 'data' listeners start the
    // stream.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
