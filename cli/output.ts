// Where the script's text goes: standard output or the file of -o. Writes happen in the background (Node's own standard
// output would block the whole program on a full pipe, and with it the heartbeats); `write` waits while too much is
// under way, which slows the remote down in turn.
//
// Invariant: at most QUEUE_BYTES plus one batch are in memory; a reader that went away (`| head`) is no error.

import { closeSync, openSync, write as writeCallback } from "node:fs";
import { promisify } from "node:util";
import { EXIT, ExitError } from "./exit.ts";

const QUEUE_BYTES = 1 << 20;
const RETRY_MS = 5;
const writeFd = promisify(writeCallback);

/** A place for bytes, written in order. */
export class Output {
  /** Writes that the system has not finished. */
  static hanging = 0;
  private queue: Uint8Array[] = [];
  private queued = 0;
  private pump: Promise<void> | undefined;
  private failure: ExitError | undefined;
  /** The reader of the pipe has gone: nothing more is written. */
  readerGone = false;
  /** Called once when the reader has gone. */
  onReaderGone: () => void = () => {};

  constructor(
    private readonly fd: number,
    private readonly name: string,
    private readonly owned: boolean,
  ) {}

  /** Standard output, or a new file. */
  static open(file: string | undefined): Output {
    if (file === undefined) return new Output(1, "standard output", false);
    try {
      return new Output(openSync(file, "w"), `'${file}'`, true);
    } catch (error) {
      throw new ExitError(EXIT.failed, `cannot write '${file}': ${reasonOf(error)}`);
    }
  }

  /** Queues bytes, which must not change afterwards; throws if an earlier write failed. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.failure) throw this.failure;
    if (bytes.length === 0 || this.readerGone) return;
    this.queue.push(bytes);
    this.queued += bytes.length;
    this.pump ??= this.drain();
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
    while (this.queue.length > 0 && !this.readerGone && !this.failure) {
      const batch = this.queue.length === 1 ? this.queue[0]! : Buffer.concat(this.queue);
      this.queue = [];
      await this.writeAll(batch);
      this.queued -= batch.length;
    }
    this.queue = [];
    this.queued = 0;
    this.pump = undefined;
  }

  private async writeAll(bytes: Uint8Array): Promise<void> {
    let at = 0;
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

/** What the system said, without Node's prefix and path. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOENT: "no such file or directory",
    EACCES: "permission denied",
    EPERM: "operation not permitted",
    EISDIR: "it is a directory",
    ENOTDIR: "a part of the path is no directory",
    ENOSPC: "no space left on device",
    EROFS: "read-only file system",
  };
  return (code && known[code]) ?? message;
}
