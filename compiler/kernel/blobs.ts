// Large inputs by name, read in parts: "kernel-btf" and, later, files with their sections, BTF of modules, symbols.
//
// `Blobs` holds what the host has sent: parts of a blob, its size, or that there is no such blob. It lives as long as
// the instance. A `BlobReader` serves one run of the passes. What it cannot answer it notes, and the driver returns
// that as needs: ranges in whole grains, joined where they touch, so that many small reads of one round ask for few
// parts.
//
// A reader of a format goes on as far as it can with what it has: it takes null for "not now", asks for everything else
// that it knows it wants, and gives up its round. So rounds are as few as the format is deep.

import { joinTexts } from "../../common/as/text-builder";

/** What `sizeOf` says of a blob that does not exist, and of one of which nothing is known yet. */
export const BLOB_ABSENT: i64 = -1;
export const BLOB_UNKNOWN: i64 = -2;

/** Ranges that are asked for begin and end at multiples of this. */
const BLOB_GRAIN: i64 = 4096;

/** Bytes of a blob that are here. */
class Part {
  constructor(
    public offset: i64,
    public bytes: Uint8Array,
  ) {}

  get end(): i64 {
    return this.offset + this.bytes.length;
  }
}

/** What is known of one blob. */
class Blob {
  /** Ordered by offset; parts may overlap. */
  parts: Part[] = [];
  constructor(public size: i64) {}

  add(part: Part): void {
    let at = this.parts.length;
    this.parts.push(part);
    while (at > 0 && this.parts[at - 1].offset > part.offset) {
      this.parts[at] = this.parts[at - 1];
      --at;
    }
    this.parts[at] = part;
  }

  /** The part that holds the byte at `offset` and reaches farthest, or null. */
  partAt(offset: i64): Part | null {
    let best: Part | null = null;
    let farthest = offset;
    for (let i = 0, n = this.parts.length; i < n && this.parts[i].offset <= offset; ++i) {
      if (this.parts[i].end <= farthest) continue;
      best = this.parts[i];
      farthest = this.parts[i].end;
    }
    return best;
  }
}

/** The blobs that the host has sent. */
export class Blobs {
  private byName: Map<string, Blob> = new Map<string, Blob>();

  /** Adds bytes of a blob whose whole size is `size`; false if they do not lie inside it. */
  add(name: string, offset: i64, size: i64, bytes: Uint8Array): bool {
    if (offset < 0 || size < 0 || offset > size || bytes.length > size - offset) return false;
    if (!this.byName.has(name)) this.byName.set(name, new Blob(size));
    const blob = this.byName.get(name);
    if (blob.size != size) return false;
    if (bytes.length > 0) blob.add(new Part(offset, bytes));
    return true;
  }

  /** Notes that there is no such blob. */
  addAbsent(name: string): void {
    if (!this.byName.has(name)) this.byName.set(name, new Blob(BLOB_ABSENT));
  }

  /** The blob's size, BLOB_ABSENT or BLOB_UNKNOWN. */
  sizeOf(name: string): i64 {
    return this.byName.has(name) ? this.byName.get(name).size : BLOB_UNKNOWN;
  }

  /** Where the bytes from `offset` on end that are here without a gap; `offset` itself if there are none. */
  reach(name: string, offset: i64, end: i64): i64 {
    const blob = this.byName.get(name);
    while (offset < end) {
      const part = blob.partAt(offset);
      if (part === null) return offset;
      offset = part.end;
    }
    return end;
  }

  /** Bytes that are all here: a view if one part has them, else a copy. */
  bytes(name: string, offset: i64, length: i32): Uint8Array {
    const blob = this.byName.get(name);
    const first = blob.partAt(offset);
    if (first === null) return new Uint8Array(length);
    const skip = <i32>(offset - first.offset);
    if (first.bytes.length - skip >= length) return first.bytes.subarray(skip, skip + length);
    const joined = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const part = blob.partAt(offset + at)!;
      const from = <i32>(offset + at - part.offset);
      const count = min(part.bytes.length - from, length - at);
      memory.copy(joined.dataStart + at, part.bytes.dataStart + from, count);
      at += count;
    }
    return joined;
  }
}

/** The ranges of one blob that a run lacks. */
export class BlobNeed {
  /** Pairs begin, end; ordered, apart from each other. */
  private ranges: i64[] = [];
  constructor(public name: string) {}

  /** Adds a range and joins it with those that it touches. */
  add(begin: i64, end: i64): void {
    const merged: i64[] = [];
    let placed = false;
    for (let i = 0, n = this.ranges.length; i < n; i += 2) {
      const b = this.ranges[i];
      const e = this.ranges[i + 1];
      if (e < begin || (placed && b > end)) {
        merged.push(b);
        merged.push(e);
      } else if (b > end) {
        merged.push(begin);
        merged.push(end);
        merged.push(b);
        merged.push(e);
        placed = true;
      } else {
        begin = min(begin, b);
        end = max(end, e);
      }
    }
    if (!placed) {
      merged.push(begin);
      merged.push(end);
    }
    this.ranges = merged;
  }

  /** Lines "offset,length". */
  get text(): string {
    const lines: string[] = [];
    for (let i = 0, n = this.ranges.length; i < n; i += 2) {
      lines.push(`${this.ranges[i]},${this.ranges[i + 1] - this.ranges[i]}`);
    }
    return joinTexts(lines, "\n");
  }
}

/** Reads blobs for one run, and notes what it lacks. */
export class BlobReader {
  needs: BlobNeed[] = [];

  constructor(private blobs: Blobs) {}

  /** The size of a blob, BLOB_ABSENT, or BLOB_UNKNOWN: then it is asked for. */
  sizeOf(name: string): i64 {
    const size = this.blobs.sizeOf(name);
    // Whatever is sent of a blob tells its size.
    if (size == BLOB_UNKNOWN && !this.isNeeded(name)) this.need(name, 0, 0);
    return size;
  }

  /**
   * The bytes from `offset` on, at most `length`, fewer at the end of the blob. Null: there is no such blob, or they
   * are not here yet and were asked for.
   */
  bytes(name: string, offset: i64, length: i32): Uint8Array | null {
    const size = this.blobs.sizeOf(name);
    if (size == BLOB_ABSENT) return null;
    if (size == BLOB_UNKNOWN) {
      this.need(name, offset, offset + length);
      return null;
    }
    const begin = min(offset, size);
    const end = min(offset + length, size);
    const have = this.blobs.reach(name, begin, end);
    if (have == end) return this.blobs.bytes(name, begin, <i32>(end - begin));
    this.need(name, have, end);
    return null;
  }

  private need(name: string, begin: i64, end: i64): void {
    const size = this.blobs.sizeOf(name);
    const last = (end + BLOB_GRAIN - 1) & -BLOB_GRAIN;
    this.needOf(name).add(begin & -BLOB_GRAIN, size >= 0 ? min(last, size) : last);
  }

  private isNeeded(name: string): bool {
    for (let i = 0, n = this.needs.length; i < n; ++i) if (this.needs[i].name == name) return true;
    return false;
  }

  private needOf(name: string): BlobNeed {
    for (let i = 0, n = this.needs.length; i < n; ++i) {
      if (this.needs[i].name == name) return this.needs[i];
    }
    const need = new BlobNeed(name);
    this.needs.push(need);
    return need;
  }
}
