// A piece of script text and ranges in it.
//
// A source is bytes, normally UTF-8, and never anything else: positions are byte offsets, and names and literals in the
// tree are *byte strings*, JavaScript strings in which each char is one byte (0..255). So whatever bytes a script holds
// reach its output unharmed, `length` is what the kernel will count, and only diagnostics decode (`displayText`).

/** Where a source came from. */
export const enum SourceKind {
  /** A file, or standard input. */
  UserScript,
  /** A file of the tapset library: may use what user scripts may not, such as embedded code. */
  Tapset,
  /** The text of `-e`. */
  Expression,
}

/** Lines longer than this are shown in part, bytes: a script may be one line of megabytes. */
const MAX_LINE: i32 = 400;
/** How much of a long line is shown before and after a place. */
const LINE_BEFORE: i32 = 120;
const LINE_AFTER: i32 = 160;

/** One script text with its name; the name is a byte string, as a user wrote it. */
export class Source {
  private lineStarts: i32[] | null = null;

  constructor(
    public name: string,
    public bytes: Uint8Array,
    public kind: SourceKind = SourceKind.UserScript,
  ) {}

  /** A source from a byte string; meant for tests and for short built-in texts. */
  static fromText(name: string, text: string, kind: SourceKind = SourceKind.UserScript): Source {
    return new Source(name, bytesOf(text), kind);
  }

  get length(): i32 {
    return this.bytes.length;
  }

  /** Where the text begins: behind the mark that editors of Windows put in front of UTF-8. */
  get textStart(): i32 {
    const bytes = this.bytes;
    return bytes.length >= 3 && bytes[0] == 0xef && bytes[1] == 0xbb && bytes[2] == 0xbf ? 3 : 0;
  }

  /** The bytes from `start` up to `end`, as a byte string. */
  slice(start: i32, end: i32): string {
    return byteString(this.bytes, start, end);
  }

  /** The line of an offset, counted from 1. */
  lineOf(offset: i32): i32 {
    const starts = this.getLineStarts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  /** The column of an offset, in bytes, counted from 1. */
  columnOf(offset: i32): i32 {
    return max(offset - this.getLineStarts()[this.lineOf(offset) - 1], 0) + 1;
  }

  /** How many lines there are; an empty source has one. */
  get lineCount(): i32 {
    return this.getLineStarts().length;
  }

  /** The text of a line (counted from 1) without its end, as a byte string. */
  lineText(line: i32): string {
    return this.slice(this.getLineStarts()[line - 1], this.lineEnd(line));
  }

  /** The offset of the end of a line (counted from 1), which does not belong to it. */
  private lineEnd(line: i32): i32 {
    const starts = this.getLineStarts();
    const start = starts[line - 1];
    const end = line < starts.length ? starts[line] - 1 : this.length;
    return end > start && this.bytes[end - 1] == 0x0d ? end - 1 : end;
  }

  /** What is shown of the line of an offset: all of it, or the part around the offset if it is long. */
  lineAround(offset: i32): Range {
    const line = this.lineOf(offset);
    const start = this.getLineStarts()[line - 1];
    const end = this.lineEnd(line);
    if (end - start <= MAX_LINE) return new Range(this, start, end);
    return new Range(this, max(start, offset - LINE_BEFORE), min(end, offset + LINE_AFTER));
  }

  private getLineStarts(): i32[] {
    const known = this.lineStarts;
    if (known) return known;
    const starts: i32[] = [this.textStart];
    const bytes = this.bytes;
    for (let i = 0, n = bytes.length; i < n; ++i) {
      if (bytes[i] == 0x0a) starts.push(i + 1);
    }
    this.lineStarts = starts;
    return starts;
  }
}

/** A stretch of a source; text that a macro produced also knows the call that it came from. */
export class Range {
  constructor(
    public source: Source,
    public start: i32,
    public end: i32,
    /** The macro call (or script argument) that put this text where it is, innermost first. */
    public expansion: Range | null = null,
  ) {}

  /** The range from the start of this one to the end of another of the same text; else this one. */
  to(last: Range): Range {
    if (last.source !== this.source || last.expansion !== this.expansion || last.end < this.start) return this;
    return new Range(this.source, this.start, last.end, this.expansion);
  }

  /** The text as a byte string. */
  get text(): string {
    return this.source.slice(this.start, this.end);
  }

  /** The line of the start, from 1. */
  get line(): i32 {
    return this.source.lineOf(this.start);
  }

  /** The column of the start in bytes, from 1. */
  get column(): i32 {
    return this.source.columnOf(this.start);
  }

  /** `name:line:column`. */
  get place(): string {
    return `${this.source.name}:${this.line}:${this.column}`;
  }
}

/** Makes a byte string of some bytes. */
export function byteString(bytes: Uint8Array, start: i32 = 0, end: i32 = bytes.length): string {
  const n = end > start ? end - start : 0;
  const text = changetype<string>(__new((<usize>n) << 1, idof<string>()));
  const from = bytes.dataStart + <usize>start;
  for (let i = 0; i < n; ++i) {
    store<u16>(changetype<usize>(text) + ((<usize>i) << 1), load<u8>(from + <usize>i));
  }
  return text;
}

/** The bytes of a byte string; chars above 255 lose their upper half. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0, n = text.length; i < n; ++i) bytes[i] = <u8>text.charCodeAt(i);
  return bytes;
}

/** Decodes a byte string as UTF-8 for display; each byte that is not UTF-8 becomes U+FFFD. */
export function displayText(text: string): string {
  let i = 0;
  const n = text.length;
  while (i < n && text.charCodeAt(i) < 0x80) ++i;
  if (i == n) return text;
  // Never more UTF-16 units than bytes.
  const decoded = changetype<string>(__new((<usize>n) << 1, idof<string>()));
  let length = 0;
  for (i = 0; i < n; ) {
    const width = sequenceLength(text, i);
    const point = width > 0 ? decodeSequence(text, i, width) : 0xfffd;
    i += width > 0 ? width : 1;
    if (point < 0x10000) {
      setUnit(decoded, length++, point);
    } else {
      setUnit(decoded, length++, 0xd7c0 + (point >> 10));
      setUnit(decoded, length++, 0xdc00 | (point & 0x3ff));
    }
  }
  return decoded.substring(0, length);
}

function setUnit(text: string, index: i32, unit: i32): void {
  store<u16>(changetype<usize>(text) + ((<usize>index) << 1), <u16>unit);
}

/** The length of the valid UTF-8 sequence at `i`, or 0. */
function sequenceLength(text: string, i: i32): i32 {
  const first = text.charCodeAt(i);
  if (first < 0x80) return 1;
  const length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length == 0 || first > 0xf4 || i + length > text.length) return 0;
  for (let k = 1; k < length; ++k) {
    if ((text.charCodeAt(i + k) & 0xc0) != 0x80) return 0;
  }
  const point = decodeSequence(text, i, length);
  const smallest = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
  if (point < smallest || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return 0;
  return length;
}

function decodeSequence(text: string, i: i32, length: i32): i32 {
  const first = text.charCodeAt(i);
  if (length == 1) return first;
  let point = first & (0x7f >> length);
  for (let k = 1; k < length; ++k) point = (point << 6) | (text.charCodeAt(i + k) & 0x3f);
  return point;
}
