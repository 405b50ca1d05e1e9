// What several hosts print into one place: whole lines, each with the host's name before it.

import type { Sink } from "../output.ts";

const NEWLINE = 10;
/** A line that has not ended after so many bytes is shown as if it had. */
const LONGEST = 1 << 16;

/** Cuts bytes into lines and puts `before` in front of each. */
export class Prefixer {
  private rest: Uint8Array = new Uint8Array(0);
  private readonly before: Uint8Array;

  constructor(before: string) {
    this.before = new TextEncoder().encode(before);
  }

  /** The whole lines of what came until now. */
  add(bytes: Uint8Array): Uint8Array {
    const all = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    const end = all.lastIndexOf(NEWLINE) + 1;
    // A copy: the caller may use the bytes again.
    this.rest = all.slice(end);
    const whole = all.subarray(0, end);
    if (this.rest.length <= LONGEST) return this.prefixed(whole);
    return Buffer.concat([this.prefixed(whole), this.end()]);
  }

  /** The line that has not ended, as a line. */
  end(): Uint8Array {
    if (this.rest.length === 0) return this.rest;
    const line = Buffer.concat([this.rest, Uint8Array.of(NEWLINE)]);
    this.rest = new Uint8Array(0);
    return this.prefixed(line);
  }

  private prefixed(lines: Uint8Array): Uint8Array {
    if (this.before.length === 0 || lines.length === 0) return lines;
    const parts: Uint8Array[] = [];
    for (let from = 0; from < lines.length; ) {
      const end = lines.indexOf(NEWLINE, from) + 1;
      parts.push(this.before, lines.subarray(from, end));
      from = end;
    }
    return Buffer.concat(parts);
  }
}

/** One host's part of an output that several share; closing it leaves the output open. */
export class HostSink implements Sink {
  onReaderGone: () => void = () => {};
  private readonly lines: Prefixer;

  constructor(
    private readonly shared: SharedSink,
    before: string,
  ) {
    this.lines = new Prefixer(before);
    shared.parts.add(this);
  }

  get isTerminal(): boolean {
    return this.shared.sink.isTerminal;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.shared.sink.write(this.lines.add(bytes));
  }

  /** What has not ended its line waits: others may print in between. */
  async flush(): Promise<void> {
    await this.shared.sink.flush();
  }

  async close(): Promise<void> {
    this.shared.parts.delete(this);
    await this.shared.sink.write(this.lines.end());
    await this.shared.sink.flush();
  }
}

/** An output that several hosts share. */
export class SharedSink {
  readonly parts = new Set<HostSink>();

  constructor(readonly sink: Sink) {
    sink.onReaderGone = () => {
      for (const part of this.parts) part.onReaderGone();
    };
  }
}
