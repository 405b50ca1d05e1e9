// Which of many names are asked for: exact ones through a hash table, patterns one by one. Going through 200,000
// symbols allocates nothing but the names that match.

import { encodeText } from "../../common/as/bytes";
import { isGlob, matchGlob } from "../../common/format/glob";

/** A name of the kernel has at most 511 bytes (KSYM_NAME_LEN); a longer one matches no pattern. */
const MAX_NAME_BYTES: i32 = 1024;

/** Names and patterns that are looked for. */
export class NameFilter {
  hasGlobs: bool = false;
  hasNames: bool = false;
  private names: StaticArray<u8>[] = [];
  private globs: Uint8Array[] = [];
  /** The name that is matched. */
  private name: Uint8Array = new Uint8Array(MAX_NAME_BYTES);
  /** Open addressing: index into names plus one, 0 free. */
  private slots: StaticArray<i32>;
  private mask: i32;

  constructor(texts: string[]) {
    let size = 64;
    while (size < texts.length * 4) size <<= 1;
    this.slots = new StaticArray<i32>(size);
    this.mask = size - 1;
    for (let i = 0, n = texts.length; i < n; ++i) {
      const bytes = encodeText(texts[i]);
      if (isGlob(texts[i])) {
        const glob = new Uint8Array(bytes.length);
        memory.copy(glob.dataStart, changetype<usize>(bytes), bytes.length);
        this.globs.push(glob);
        this.hasGlobs = true;
      } else {
        this.names.push(bytes);
        this.insert(bytes, this.names.length);
        this.hasNames = true;
      }
    }
  }

  /** Is anything looked for? */
  get isUsed(): bool {
    return this.hasGlobs || this.hasNames;
  }

  /** Is it one of the exact names? */
  hasName(name: usize, length: i32): bool {
    if (!this.hasNames) return false;
    let slot = hash(name, length) & this.mask;
    while (unchecked(this.slots[slot]) != 0) {
      const known = unchecked(this.names[this.slots[slot] - 1]);
      if (known.length == length && memory.compare(changetype<usize>(known), name, length) == 0) return true;
      slot = (slot + 1) & this.mask;
    }
    return false;
  }

  /** Does one of the patterns match? */
  hasMatch(name: usize, length: i32): bool {
    if (!this.hasGlobs || length > MAX_NAME_BYTES) return false;
    memory.copy(this.name.dataStart, name, length);
    for (let i = 0, n = this.globs.length; i < n; ++i) {
      if (matchGlob(unchecked(this.globs[i]), this.name, length)) return true;
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
