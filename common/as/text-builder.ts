// Builds text from pieces, in linear time and memory.
//
// `parts.join("")` is not an alternative: built for size (`shrinkLevel` 1 and up, as the product is) asc joins strings
// by `result += part`, which takes quadratic memory where nothing is ever freed. `text += part` in a loop has the same
// fault.

const FIRST_UNITS: i32 = 128;

/** Text that grows at its end. */
export class TextBuilder {
  private units: StaticArray<u16> = new StaticArray<u16>(FIRST_UNITS);
  private used: i32 = 0;

  /** How many UTF-16 units there are (bytes, if it holds a byte string). */
  get length(): i32 {
    return this.used;
  }

  /** Appends a text. */
  put(text: string): void {
    const count = text.length;
    this.reserve(count);
    memory.copy(this.address(this.used), changetype<usize>(text), (<usize>count) << 1);
    this.used += count;
  }

  /** Appends a part of a text. */
  putSlice(text: string, start: i32, end: i32): void {
    const count = end - start;
    if (count <= 0) return;
    this.reserve(count);
    memory.copy(this.address(this.used), changetype<usize>(text) + ((<usize>start) << 1), (<usize>count) << 1);
    this.used += count;
  }

  /** Appends one unit. */
  putUnit(unit: i32): void {
    this.reserve(1);
    store<u16>(this.address(this.used), <u16>unit);
    ++this.used;
  }

  /** What was put so far. */
  toString(): string {
    const text = changetype<string>(__new((<usize>this.used) << 1, idof<string>()));
    memory.copy(changetype<usize>(text), this.address(0), (<usize>this.used) << 1);
    return text;
  }

  private address(unit: i32): usize {
    return changetype<usize>(this.units) + ((<usize>unit) << 1);
  }

  private reserve(count: i32): void {
    if (this.used + count <= this.units.length) return;
    const grown = new StaticArray<u16>(max(this.units.length * 2, this.used + count));
    memory.copy(changetype<usize>(grown), this.address(0), (<usize>this.used) << 1);
    this.units = grown;
  }
}

/** The texts one after another, with a separator between them. */
export function joinTexts(texts: string[], separator: string = ""): string {
  const builder = new TextBuilder();
  for (let i = 0, n = texts.length; i < n; ++i) {
    if (i > 0) builder.put(separator);
    builder.put(texts[i]);
  }
  return builder.toString();
}
