// Sets of bytes: the bytes that may stand at one position of a string. No set contains NUL, which ends a string.

/** A set of bytes 1..255. */
export class ByteSet {
  private words: StaticArray<u64> = new StaticArray<u64>(4);

  has(byte: i32): bool {
    const bit = <u64>(byte & 63);
    return ((this.words[byte >> 6] >> bit) & 1) != 0;
  }

  add(byte: i32): void {
    const bit = <u64>(byte & 63);
    if (byte > 0 && byte < 256) this.words[byte >> 6] |= (<u64>1) << bit;
  }

  addRange(first: i32, last: i32): void {
    for (let byte = first; byte <= last; ++byte) this.add(byte);
  }

  addAll(other: ByteSet): void {
    for (let i = 0; i < 4; ++i) this.words[i] |= other.words[i];
  }

  /** All bytes that are not in it now. */
  negate(): void {
    for (let i = 0; i < 4; ++i) this.words[i] = ~this.words[i];
    this.words[0] &= ~(<u64>1);
  }

  equals(other: ByteSet): bool {
    for (let i = 0; i < 4; ++i) {
      if (this.words[i] != other.words[i]) return false;
    }
    return true;
  }

  /** The one byte that is in it, or -1. */
  get only(): i32 {
    let count = 0;
    let found = -1;
    for (let i = 0; i < 4; ++i) {
      const word = this.words[i];
      if (word == 0) continue;
      count += <i32>popcnt<u64>(word);
      found = i * 64 + <i32>ctz<u64>(word);
    }
    return count == 1 ? found : -1;
  }
}

/** Adds a class of POSIX, `[:name:]`, as the C locale has it; returns false if there is none of that name. */
export function addNamedClass(set: ByteSet, name: string): bool {
  if (name == "digit") set.addRange(0x30, 0x39);
  else if (name == "lower") set.addRange(0x61, 0x7a);
  else if (name == "upper") set.addRange(0x41, 0x5a);
  else if (name == "alpha") addLetters(set);
  else if (name == "alnum") addLettersAndDigits(set);
  else if (name == "xdigit") addHexDigits(set);
  else if (name == "blank") addBlanks(set);
  else if (name == "space") addSpaces(set);
  else if (name == "cntrl") addControls(set);
  else if (name == "print") set.addRange(0x20, 0x7e);
  else if (name == "graph") set.addRange(0x21, 0x7e);
  else if (name == "punct") addPunctuation(set);
  else return false;
  return true;
}

function addLetters(set: ByteSet): void {
  set.addRange(0x41, 0x5a);
  set.addRange(0x61, 0x7a);
}

function addLettersAndDigits(set: ByteSet): void {
  addLetters(set);
  set.addRange(0x30, 0x39);
}

function addHexDigits(set: ByteSet): void {
  set.addRange(0x30, 0x39);
  set.addRange(0x41, 0x46);
  set.addRange(0x61, 0x66);
}

function addBlanks(set: ByteSet): void {
  set.add(0x20);
  set.add(0x09);
}

function addControls(set: ByteSet): void {
  set.addRange(0x01, 0x1f);
  set.add(0x7f);
}

function addPunctuation(set: ByteSet): void {
  set.addRange(0x21, 0x2f);
  set.addRange(0x3a, 0x40);
  set.addRange(0x5b, 0x60);
  set.addRange(0x7b, 0x7e);
}

/** Adds what `[[:space:]]` and `\s` are. */
export function addSpaces(set: ByteSet): void {
  set.addRange(0x09, 0x0d);
  set.add(0x20);
}

/** Adds what `\w` is. */
export function addWordBytes(set: ByteSet): void {
  addLettersAndDigits(set);
  set.add(0x5f);
}
