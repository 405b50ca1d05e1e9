// Which of many names are asked for: exact ones through a hash table, patterns with * and ? one by one. Works on bytes in
// place, so that going through 200,000 symbols allocates nothing but the names that match.

import { encodeText } from "../../common/as/bytes";

const STAR: u8 = 0x2a;
const QUESTION: u8 = 0x3f;

/** Does `pattern` (with * and ?) match the name? */
export function matchGlob(pattern: StaticArray<u8>, name: usize, length: i32): bool {
  let p = 0;
  let n = 0;
  let star = -1;
  let restart = 0;
  while (n < length) {
    let c = p < pattern.length ? unchecked(pattern[p]) : 0;
    if (c == STAR) {
      star = p++;
      restart = n;
    } else if (c == QUESTION || (c != 0 && c == load<u8>(name + n))) {
      ++p;
      ++n;
    } else if (star >= 0) {
      // The last star takes one more character.
      p = star + 1;
      n = ++restart;
    } else {
      return false;
    }
  }
  while (p < pattern.length && unchecked(pattern[p]) == STAR) ++p;
  return p == pattern.length;
}

/** Does it have a * or ? */
export function isGlob(text: string): bool {
  return text.includes("*") || text.includes("?");
}

/** Names and patterns that are looked for. */
export class NameFilter {
  hasGlobs: bool = false;
  hasNames: bool = false;
  private names: StaticArray<u8>[] = [];
  private globs: StaticArray<u8>[] = [];
  /** Open addressing: index into names plus one, 0 free. */
  private slots: StaticArray<i32>;
  private mask: i32;

  constructor(texts: string[]) {
    let size = 64;
    while (size < texts.length * 4) size <<= 1;
    this.slots = new StaticArray<i32>(size);
    this.mask = size - 1;
    for (let i = 0, n = texts.length; i < n; ++i) {
      let bytes = encodeText(texts[i]);
      if (isGlob(texts[i])) {
        this.globs.push(bytes);
        this.hasGlobs = true;
      } else {
        this.names.push(bytes);
        this.insert(bytes, this.names.length);
        this.hasNames = true;
      }
    }
  }

  /** Is it one of the exact names? */
  hasName(name: usize, length: i32): bool {
    if (!this.hasNames) return false;
    let slot = hash(name, length) & this.mask;
    while (unchecked(this.slots[slot]) != 0) {
      let known = unchecked(this.names[this.slots[slot] - 1]);
      if (known.length == length && memory.compare(changetype<usize>(known), name, length) == 0) return true;
      slot = (slot + 1) & this.mask;
    }
    return false;
  }

  /** Does one of the patterns match? */
  hasMatch(name: usize, length: i32): bool {
    for (let i = 0, n = this.globs.length; i < n; ++i) {
      if (matchGlob(unchecked(this.globs[i]), name, length)) return true;
    }
    return false;
  }

  private insert(bytes: StaticArray<u8>, value: i32): void {
    let slot = hash(changetype<usize>(bytes), bytes.length) & this.mask;
    while (this.slots[slot] != 0) slot = (slot + 1) & this.mask;
    this.slots[slot] = value;
  }
}

function hash(at: usize, length: i32): i32 {
  let h: u32 = 0x811c9dc5;
  for (let i = 0; i < length; ++i) h = (h ^ load<u8>(at + i)) * 0x01000193;
  return <i32>(h ^ (h >> 15));
}
