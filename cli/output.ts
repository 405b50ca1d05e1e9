// Writes the script's text to standard output or to the file of -o. Writes happen in the background, because Node's own
// standard output would block the whole program on a full pipe, heartbeats included. `write` waits while too much is
// queued, which in turn slows the remote down.
//
// Invariant: at most QUEUE_BYTES and one batch are in memory. A reader that has gone away (`| head`) is not an error.

import { closeSync, openSync, rmSync, write as writeCallback } from "node:fs";
import { isatty } from "node:tty";
import { promisify } from "node:util";
import { EXIT, ExitError } from "./exit.ts";
import type { Rotation } from "./option-values.ts";
import { strftime } from "./strftime.ts";

const QUEUE_BYTES = 1 << 20;
const RETRY_MS = 5;
const writeFd = promisify(writeCallback);

/** What takes the text of a run. */
export interface Sink {
  /** Whether somebody looks at what is written. */
  readonly isTerminal: boolean;
  /** Called once when the reader has gone. */
  onReaderGone: () => void;
  /** Takes bytes; waits while too much is queued. */
  write(bytes: Uint8Array): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A place for bytes, written in order. */
export class Output implements Sink {
  /** Writes that the system has not finished. */
  static hanging = 0;
  private waiting: Uint8Array[] = [];
  private queued = 0;
  private pump: Promise<void> | undefined;
  private failure: ExitError | undefined;
  /** The reader of the pipe has gone: nothing more is written. */
  readerGone = false;
  /** Called once when the reader has gone. */
  onReaderGone: () => void = () => {};

  constructor(
    private fd: number,
    private name: string,
    private readonly owned: boolean,
  ) {}

  /** Standard output, or a new file, whose name may hold the time (strftime's %Y, %H …); with `rotate`, several. */
  static open(file: string | undefined, rotate?: Rotation): Output {
    if (file === undefined) return new Output(1, "standard output", false);
    const output = new Output(-1, "", true);
    output.begin(file, rotate);
    return output;
  }

  private rotating: { pattern: string; rotate: Rotation } | undefined;
  /** Files written so far, when they rotate. */
  private files: string[] = [];
  private number = 0;
  private written = 0;

  /** Opens the first file, or the next one. */
  private begin(pattern: string, rotate?: Rotation): void {
    if (rotate) this.rotating = { pattern, rotate };
    const name = strftime(pattern, new Date()) + (rotate ? `.${this.number++}` : "");
    try {
      const fd = openSync(name, "w");
      if (this.fd >= 0) closeSync(this.fd);
      this.fd = fd;
    } catch (error) {
      throw new ExitError(EXIT.failed, `cannot write '${name}': ${reasonOf(error)}`);
    }
    this.name = `'${name}'`;
    this.written = 0;
    if (!rotate) return;
    this.files.push(name);
    if (rotate.keep > 0 && this.files.length > rotate.keep) rmSync(this.files.shift() as string, { force: true });
  }

  /** Begins the next file if these bytes would make this one too large. */
  private rotateFor(bytes: number): void {
    const rotating = this.rotating;
    if (!rotating) return;
    if (this.written > 0 && this.written + bytes > rotating.rotate.bytes) {
      this.begin(rotating.pattern, rotating.rotate);
    }
    this.written += bytes;
  }

  /** Whether somebody looks at what is written: then control characters of the remote do not pass as they are. */
  get isTerminal(): boolean {
    return isatty(this.fd);
  }

  /** Queues bytes, which must not change afterwards. */
  queue(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.readerGone || this.failure) return;
    this.waiting.push(bytes);
    this.queued += bytes.length;
    this.pump ??= this.drain();
  }

  /** Queues bytes, and waits while too much is queued; throws if an earlier write failed. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.failure) throw this.failure;
    this.queue(bytes);
    if (this.queued > QUEUE_BYTES) await this.flush();
  }

  /** Waits until all is written. */
  async flush(): Promise<void> {
    await this.pump;
    if (this.failure) throw this.failure;
  }

  /** Writes what is left and closes a file of ours. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      if (this.owned) closeSync(this.fd);
    }
  }

  private loseReader(): void {
    this.readerGone = true;
    this.onReaderGone();
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0 && !this.readerGone && !this.failure) {
      const whole = this.waiting.length === 1 || this.rotating !== undefined;
      const batch = whole ? this.waiting.shift()! : Buffer.concat(this.waiting.splice(0));
      await this.writeAll(batch);
      this.queued -= batch.length;
    }
    this.waiting = [];
    this.queued = 0;
    this.pump = undefined;
  }

  private async writeAll(bytes: Uint8Array): Promise<void> {
    let at = 0;
    try {
      this.rotateFor(bytes.length);
    } catch (error) {
      this.failure = error as ExitError;
      return;
    }
    while (at < bytes.length) {
      try {
        Output.hanging++;
        at += (await writeFd(this.fd, bytes, at, bytes.length - at, null)).bytesWritten;
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === "EAGAIN") {
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
          continue;
        }
        if (code === "EPIPE") this.loseReader();
        else this.failure = new ExitError(EXIT.failed, `cannot write ${this.name}: ${reasonOf(error)}`);
        return;
      } finally {
        Output.hanging--;
      }
    }
  }
}

/** Writes a text, and closes the output. */
export async function writeText(output: Sink, text: string): Promise<void> {
  await output.write(new TextEncoder().encode(text));
  await output.close();
}

/** What the system said, without Node's prefix and path. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOENT: "no such file or directory",
    EACCES: "permission denied",
    EPERM: "operation not permitted",
    EISDIR: "it is a directory",
    ENOTDIR: "a part of the path is not a directory",
    ENOSPC: "no space left on device",
    EROFS: "read-only file system",
  };
  return (code && known[code]) ?? message;
}
