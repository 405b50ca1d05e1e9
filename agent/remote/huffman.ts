// Prefix codes for deflate.ts: from how often each symbol occurs to the length and the bits of its code (RFC 1951,
// 3.2.2).
//
// A code that comes out longer than the format allows is made again from counts that lie closer together. So codes may
// be a little longer than the best ones, and always fit.

/** The code of one alphabet. Count symbols, `build`, read `lengths` and `codes`, `clear`. */
export class PrefixCode {
  counts: StaticArray<u32>;
  /** Bits of each symbol's code; 0: it does not occur. */
  lengths: StaticArray<u8>;
  /** The code itself, its first bit lowest, as the stream has it. */
  codes: StaticArray<u32>;
  /** Symbols that occur, rarest first. */
  private order: StaticArray<i32>;
  /** Of each leaf in that order, then of each inner node: its weight and the inner node above it. */
  private weights: StaticArray<u32>;
  private parents: StaticArray<i32>;

  constructor(
    public size: i32,
    /** The longest code. */
    private limit: i32,
  ) {
    this.counts = new StaticArray<u32>(size);
    this.lengths = new StaticArray<u8>(size);
    this.codes = new StaticArray<u32>(size);
    this.order = new StaticArray<i32>(size);
    this.weights = new StaticArray<u32>(2 * size);
    this.parents = new StaticArray<i32>(2 * size);
  }

  count(symbol: i32): void {
    this.counts[symbol] += 1;
  }

  /** Forgets what was counted. */
  clear(): void {
    this.counts.fill(0);
  }

  /** Symbols up to the last that occurs. */
  get used(): i32 {
    let used = this.size;
    while (used > 0 && this.lengths[used - 1] == 0) --used;
    return used;
  }

  /** Makes the code. A single symbol gets a second one beside it: readers want codes without gaps. */
  build(): void {
    let leaves = this.sortLeaves();
    if (leaves == 1) {
      this.counts[this.order[0] == 0 ? 1 : 0] = 1;
      leaves = this.sortLeaves();
    }
    this.lengths.fill(0);
    if (leaves == 0) return;
    while (!this.measure(leaves)) this.flatten(leaves);
    this.assign();
  }

  /** Fills `order` and the leaves' weights; how many symbols occur. */
  private sortLeaves(): i32 {
    let leaves = 0;
    for (let symbol = 0; symbol < this.size; ++symbol) {
      const count = this.counts[symbol];
      if (count == 0) continue;
      let at = leaves++;
      for (; at > 0 && this.weights[at - 1] > count; --at) {
        this.weights[at] = this.weights[at - 1];
        this.order[at] = this.order[at - 1];
      }
      this.weights[at] = count;
      this.order[at] = symbol;
    }
    return leaves;
  }

  /** Brings the weights closer together; their order stays. */
  private flatten(leaves: i32): void {
    for (let i = 0; i < leaves; ++i) this.weights[i] = (this.weights[i] >> 1) | 1;
  }

  /** Joins the two lightest nodes until one is left; false if a code would be too long. */
  private measure(leaves: i32): bool {
    const nodes = 2 * leaves - 1;
    let leaf = 0;
    let inner = leaves;
    for (let node = leaves; node < nodes; ++node) {
      let weight: u32 = 0;
      for (let k = 0; k < 2; ++k) {
        // Inner nodes are made in the order of their weights.
        const isLeaf = leaf < leaves && (inner == node || this.weights[leaf] <= this.weights[inner]);
        const child = isLeaf ? leaf++ : inner++;
        this.parents[child] = node;
        weight += this.weights[child];
      }
      this.weights[node] = weight;
    }
    return this.descend(leaves, nodes - 1);
  }

  /** Depths from the root down. Parents come behind their children, so each is measured before them. */
  private descend(leaves: i32, root: i32): bool {
    const depths = this.parents;
    depths[root] = 0;
    for (let node = root - 1; node >= 0; --node) depths[node] = depths[this.parents[node]] + 1;
    for (let i = 0; i < leaves; ++i) {
      if (depths[i] > this.limit) return false;
      this.lengths[this.order[i]] = <u8>depths[i];
    }
    return true;
  }

  /** Codes of one length follow each other in the symbols' order, shorter ones come first. */
  private assign(): void {
    let code: u32 = 0;
    for (let length = 1; length <= this.limit; ++length, code <<= 1) {
      for (let symbol = 0; symbol < this.size; ++symbol) {
        if (this.lengths[symbol] == length) this.codes[symbol] = reversed(code++, length);
      }
    }
  }
}

function reversed(code: u32, length: i32): u32 {
  let result: u32 = 0;
  for (let i = 0; i < length; ++i, code >>= 1) result = (result << 1) | (code & 1);
  return result;
}
