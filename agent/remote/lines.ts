// Goes through a large text file of /proc or /sys line by line: 64 KiB at a time, no allocation per line.

import { Errno } from "./errors";
import { close, O_CLOEXEC, O_RDONLY, open, read } from "./syscall";

const BUFFER_BYTES: i32 = 65536;

/** Length of a line's first word. */
export function firstWord(reader: LineReader): i32 {
  let length = 0;
  while (length < reader.length && load<u8>(reader.at + length) > 0x20) ++length;
  return length;
}

/** Reads lines; `at` and `length` are the newest one's, without its newline, valid until the next. */
export class LineReader {
  at: usize = 0;
  length: i32 = 0;
  private fd: i32;
  private buffer: StaticArray<u8> = new StaticArray<u8>(BUFFER_BYTES);
  private start: i32 = 0;
  private end: i32 = 0;
  private isOver: bool = false;

  constructor(path: string) {
    this.fd = open(path, O_RDONLY | O_CLOEXEC);
    this.isOver = this.fd < 0;
  }

  /** Could the file be opened? */
  get isOpen(): bool {
    return this.fd >= 0;
  }

  /** Takes the next line; false at the end. A line longer than the buffer comes in pieces. */
  next(): bool {
    const base = changetype<usize>(this.buffer);
    let at = this.start;
    while (true) {
      while (at < this.end && load<u8>(base + at) != 10) ++at;
      const isFull = at - this.start == BUFFER_BYTES;
      if (at < this.end || isFull || (this.isOver && at > this.start)) {
        this.at = base + this.start;
        this.length = at - this.start;
        this.start = at < this.end ? at + 1 : at;
        return true;
      }
      if (this.isOver) return false;
      at -= this.start;
      this.fill();
    }
  }

  close(): void {
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
    this.isOver = true;
  }

  /** Moves the unfinished line to the front and reads on. */
  private fill(): void {
    const base = changetype<usize>(this.buffer);
    memory.copy(base, base + this.start, this.end - this.start);
    this.end -= this.start;
    this.start = 0;
    const got = read(this.fd, base + this.end, BUFFER_BYTES - this.end);
    if (got == -Errno.EINTR) return;
    if (got <= 0) this.isOver = true;
    else this.end += got;
  }
}
