// Random inputs, the same in each run.

/** A generator with a seed (xorshift). */
export class Random {
  private state: u64;

  constructor(seed: u64) {
    this.state = (seed + 1) * 0x9e3779b97f4a7c15;
    for (let i = 0; i < 8; ++i) this.bits();
  }

  bits(): u64 {
    let x = this.state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    this.state = x;
    return x * 0x2545f4914f6cdd1d;
  }

  /** A number from 0 to `bound` - 1. */
  below(bound: i32): i32 {
    return <i32>((this.bits() >> 33) % <u64>bound);
  }

  /** A number of any length and sign: small ones and the extremes are frequent. */
  long(): i64 {
    switch (this.below(8)) {
      case 0:
        return this.below(20) - 10;
      case 1:
        return i64.MIN_VALUE + this.below(2);
      case 2:
        return i64.MAX_VALUE - this.below(2);
      default:
        return <i64>this.bits() >> this.below(64);
    }
  }

  /** A string of at most `most` bytes out of some letters; empty: out of all bytes but NUL. */
  text(most: i32, letters: string = ""): string {
    const length = this.below(4) == 0 ? most : this.below(most + 1);
    const codes: i32[] = [];
    for (let i = 0; i < length; ++i) {
      codes.push(letters.length == 0 ? 1 + this.below(255) : letters.charCodeAt(this.below(letters.length)));
    }
    return length == 0 ? "" : String.fromCharCodes(codes);
  }
}
