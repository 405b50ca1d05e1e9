// Compresses a stream on its way to the host, block by block: a zlib stream (RFC 1950, 1951), which every host can
// unpack, and which ends with a check sum. The remote need not have any tool for that.
//
//   fill the room → compress → take output, until the input ends
//
// Text and tables of the kernel's types shrink to a third. Memory is the same for any length of the stream: the last 32
// KiB, a block, and the tables to find repetitions by.

import { PrefixCode } from "./huffman";

/** How far back a repetition may lie. */
const WINDOW: i32 = 32768;
/** Bytes that share one pair of codes. */
const BLOCK: i32 = 65536;
/** Repetitions shorter than this are not looked for. */
const SHORTEST: i32 = 4;
const LONGEST: i32 = 258;
/** Earlier places of the same four bytes that are tried, newest first. */
const TRIES: i32 = 16;
const HASH_BITS: i32 = 15;

const END_OF_BLOCK: i32 = 256;
const ADLER_BASE: u32 = 65521;
/** Bytes after which the sums of the check may overflow. */
const ADLER_RUN: i32 = 5552;

/** The order in which the lengths of the lengths' own code are written. */
const LENGTH_ORDER: StaticArray<i32> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Collects bits, the lowest first. */
class BitWriter {
  /** A symbol takes 15 bits at most, so a block takes at most twice its length, and its codes. */
  buffer: StaticArray<u8> = new StaticArray<u8>(2 * BLOCK + 1024);
  length: i32 = 0;
  private bits: u64 = 0;
  private count: i32 = 0;

  put(value: u32, count: i32): void {
    this.bits |= (<u64>value) << this.count;
    this.count += count;
    while (this.count >= 8) {
      this.buffer[this.length++] = <u8>this.bits;
      this.bits >>= 8;
      this.count -= 8;
    }
  }

  /** Fills the last byte up. */
  align(): void {
    if (this.count > 0) this.put(0, 8 - this.count);
  }

  /** Starts a new stream. */
  reset(): void {
    this.length = 0;
    this.bits = 0;
    this.count = 0;
  }
}

/** See the head of this file. */
export class Deflater {
  private input: StaticArray<u8> = new StaticArray<u8>(WINDOW + BLOCK);
  // Positions in the stream: of the first byte of `input`, of the block, of its end.
  private base: i32 = 0;
  private start: i32 = 0;
  private end: i32 = 0;
  /** By hash of four bytes: where they were last, plus 1; 0: nowhere. */
  private newest: StaticArray<i32> = new StaticArray<i32>(1 << HASH_BITS);
  /** By position: where the same hash was before it, likewise. */
  private before: StaticArray<i32> = new StaticArray<i32>(WINDOW);
  /** The block as symbols: a byte, or `length << 16 | distance - 1`. */
  private tokens: StaticArray<u32> = new StaticArray<u32>(BLOCK);
  private tokenCount: i32 = 0;
  private distance: i32 = 0;
  private literals: PrefixCode = new PrefixCode(286, 15);
  private distances: PrefixCode = new PrefixCode(30, 15);
  private lengths: PrefixCode = new PrefixCode(19, 7);
  /** The lengths of both codes, run-length encoded: `extra << 8 | symbol`. */
  private runs: StaticArray<i32> = new StaticArray<i32>(286 + 30);
  private runCount: i32 = 0;
  private out: BitWriter = new BitWriter();
  private low: u32 = 1;
  private high: u32 = 0;

  /** Begins a stream. */
  begin(): void {
    this.base = 0;
    this.start = 0;
    this.end = 0;
    this.newest.fill(0);
    this.low = 1;
    this.high = 0;
    this.out.reset();
    // 32 KiB window, no dictionary.
    this.out.put(0x0178, 16);
  }

  /** Bytes that fit before the next `compress`, and where they go. */
  get room(): i32 {
    return this.start + BLOCK - this.end;
  }
  get roomAt(): usize {
    return this.at(this.end);
  }

  /** So many bytes were put there. */
  take(count: i32): void {
    this.sum(this.at(this.end), count);
    this.end += count;
  }

  /** Compresses what was taken. `output` has all that can be sent of it. */
  compress(isLast: bool): void {
    this.findTokens();
    this.putBlock(isLast);
    if (isLast) {
      this.out.align();
      this.out.put(bswap<u32>((this.high << 16) | this.low), 32);
    }
    this.slide();
  }

  get output(): usize {
    return changetype<usize>(this.out.buffer);
  }
  get outputBytes(): i32 {
    return this.out.length;
  }

  /** The output was sent. */
  clearOutput(): void {
    this.out.length = 0;
  }

  private at(position: i32): usize {
    return changetype<usize>(this.input) + (position - this.base);
  }

  private sum(at: usize, count: i32): void {
    while (count > 0) {
      const run = min(count, ADLER_RUN);
      for (let i = 0; i < run; ++i) {
        this.low += load<u8>(at + i);
        this.high += this.low;
      }
      this.low %= ADLER_BASE;
      this.high %= ADLER_BASE;
      at += run;
      count -= run;
    }
  }

  /** Keeps the window. */
  private slide(): void {
    this.start = this.end;
    const surplus = this.end - this.base - WINDOW;
    if (surplus <= 0) return;
    memory.copy(changetype<usize>(this.input), changetype<usize>(this.input) + surplus, WINDOW);
    this.base += surplus;
  }

  /** Turns the block into tokens. A repetition waits for one byte: if a longer one begins there, that is taken. */
  private findTokens(): void {
    this.tokenCount = 0;
    this.literals.clear();
    this.distances.clear();
    // What waits at `at - 1`: -1 nothing, 0 a byte, else a repetition of that length.
    let waiting = -1;
    let distance = 0;
    let at = this.start;
    while (at < this.end) {
      const next = this.longestAt(at);
      if (waiting > 0 && waiting >= next) {
        this.addMatch(waiting, distance);
        const end = at - 1 + waiting;
        for (++at; at < end; ++at) this.note(at);
        waiting = -1;
        continue;
      }
      if (waiting >= 0) this.addLiteral(at - 1);
      waiting = next;
      distance = this.distance;
      ++at;
    }
    if (waiting >= 0) this.addLiteral(at - 1);
    this.literals.count(END_OF_BLOCK);
  }

  private addLiteral(at: i32): void {
    const byte = load<u8>(this.at(at));
    this.tokens[this.tokenCount++] = byte;
    this.literals.count(byte);
  }

  private addMatch(length: i32, distance: i32): void {
    this.tokens[this.tokenCount++] = ((<u32>length) << 16) | <u32>(distance - 1);
    this.literals.count(lengthSymbol(length));
    this.distances.count(distanceSymbol(distance - 1));
  }

  /** Notes the four bytes at a position; where they were before, plus 1. */
  private note(at: i32): i32 {
    if (at + SHORTEST > this.end) return 0;
    const hash = <i32>((load<u32>(this.at(at)) * 0x9e3779b1) >> (32 - HASH_BITS));
    const earlier = this.newest[hash];
    this.newest[hash] = at + 1;
    this.before[at & (WINDOW - 1)] = earlier;
    return earlier;
  }

  /** Length of the longest repetition at a position, its distance in `distance`; 0 if there is none. */
  private longestAt(at: i32): i32 {
    let next = this.note(at);
    const most = min(LONGEST, this.end - at);
    const lowest = max(this.base, at - WINDOW + 1);
    let best = SHORTEST - 1;
    for (let tries = 0; tries < TRIES && next > lowest && best < most; ++tries) {
      const from = next - 1;
      if (load<u8>(this.at(from + best)) == load<u8>(this.at(at + best))) {
        const length = commonLength(this.at(from), this.at(at), most);
        if (length > best) {
          best = length;
          this.distance = at - from;
        }
      }
      next = this.before[from & (WINDOW - 1)];
    }
    return best < SHORTEST ? 0 : best;
  }

  private putBlock(isLast: bool): void {
    const literals = this.literals;
    const distances = this.distances;
    const out = this.out;
    literals.build();
    distances.build();
    this.putCodes(isLast);
    for (let i = 0, n = this.tokenCount; i < n; ++i) {
      const token = this.tokens[i];
      const length = <i32>(token >> 16);
      if (length == 0) out.put(literals.codes[token], literals.lengths[token]);
      else this.putMatch(length, <i32>(token & 0xffff));
    }
    out.put(literals.codes[END_OF_BLOCK], literals.lengths[END_OF_BLOCK]);
  }

  private putMatch(length: i32, distance: i32): void {
    const literals = this.literals;
    const distances = this.distances;
    const out = this.out;
    const symbol = lengthSymbol(length);
    out.put(literals.codes[symbol], literals.lengths[symbol]);
    const lengthBits = lengthExtra(length);
    out.put((length - 3) & ((1 << lengthBits) - 1), lengthBits);
    const far = distanceSymbol(distance);
    out.put(distances.codes[far], distances.lengths[far]);
    const distanceBits = distanceExtra(distance);
    out.put(distance & ((1 << distanceBits) - 1), distanceBits);
  }

  /** The head of a block: both codes, by their lengths. */
  private putCodes(isLast: bool): void {
    const out = this.out;
    const literals = max(257, this.literals.used);
    const distances = max(1, this.distances.used);
    this.runCount = 0;
    this.lengths.clear();
    this.addRuns(this.literals.lengths, literals);
    this.addRuns(this.distances.lengths, distances);
    this.lengths.build();
    let written = LENGTH_ORDER.length;
    while (written > 4 && this.lengths.lengths[LENGTH_ORDER[written - 1]] == 0) --written;
    out.put((isLast ? 1 : 0) | 0b100, 3);
    out.put(literals - 257, 5);
    out.put(distances - 1, 5);
    out.put(written - 4, 4);
    for (let i = 0; i < written; ++i) out.put(this.lengths.lengths[LENGTH_ORDER[i]], 3);
    for (let i = 0, n = this.runCount; i < n; ++i) {
      const symbol = this.runs[i] & 0xff;
      out.put(this.lengths.codes[symbol], this.lengths.lengths[symbol]);
      if (symbol >= 16) out.put(this.runs[i] >> 8, symbol == 16 ? 2 : symbol == 17 ? 3 : 7);
    }
  }

  /** Adds lengths: 16 repeats the last one 3 to 6 times, 17 and 18 are 3 to 10 and 11 to 138 zeros. */
  private addRuns(lengths: StaticArray<u8>, count: i32): void {
    let at = 0;
    while (at < count) {
      const length = lengths[at];
      let run = 1;
      while (at + run < count && lengths[at + run] == length) ++run;
      at += run;
      if (length != 0) {
        this.addRun(length, 0);
        --run;
      }
      while (run >= 3) {
        const most = length != 0 ? 6 : 138;
        const part = min(run, most);
        if (length != 0) this.addRun(16, part - 3);
        else if (part <= 10) this.addRun(17, part - 3);
        else this.addRun(18, part - 11);
        run -= part;
      }
      for (; run > 0; --run) this.addRun(length, 0);
    }
  }

  private addRun(symbol: i32, extra: i32): void {
    this.runs[this.runCount++] = (extra << 8) | symbol;
    this.lengths.count(symbol);
  }
}

/** How many bytes are the same, `most` at the most. */
function commonLength(a: usize, b: usize, most: i32): i32 {
  let length = 0;
  while (length + 8 <= most) {
    const difference = load<u64>(a + length) ^ load<u64>(b + length);
    if (difference != 0) return length + <i32>(ctz(difference) >> 3);
    length += 8;
  }
  while (length < most && load<u8>(a + length) == load<u8>(b + length)) ++length;
  return length;
}

// The symbols of RFC 1951, 3.2.5: each stands for a range twice as wide as four (two) symbols before it.

function lengthExtra(length: i32): i32 {
  return length < 11 || length == LONGEST ? 0 : 29 - clz(length - 3);
}

function lengthSymbol(length: i32): i32 {
  if (length == LONGEST) return 285;
  const extra = lengthExtra(length);
  return 257 + (extra << 2) + ((length - 3) >> extra);
}

function distanceExtra(distance: i32): i32 {
  return distance < 4 ? 0 : 30 - clz(distance);
}

function distanceSymbol(distance: i32): i32 {
  const extra = distanceExtra(distance);
  return (extra << 1) + (distance >> extra);
}
