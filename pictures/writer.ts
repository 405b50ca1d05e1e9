// A file of one kind, made of a run's items while the run goes on.

import type { Item } from "./record.ts";

/** What is known of a script before it runs. */
export interface Shape {
  /** Most values that a print has. */
  values: number;
}

/** Makes a file's bytes; they come in parts. */
export interface Writer {
  /** Told before the first item. */
  begin?(shape: Shape): void;
  /** Takes an item, and the line that it came from; false if the file has no place for it. */
  add(item: Item, line: string): boolean;
  /** The bytes that are ready. */
  take(): Uint8Array;
  /** The last bytes. */
  end(): Uint8Array;
}

/** Text that waits to be written. */
export class TextPart {
  private parts: string[] = [];

  add(text: string): void {
    this.parts.push(text);
  }

  take(): Uint8Array {
    const bytes = new TextEncoder().encode(this.parts.join(""));
    this.parts = [];
    return bytes;
  }
}

/** No bytes. */
export const NOTHING = new Uint8Array(0);
