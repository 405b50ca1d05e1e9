// "Did you mean": the names nearest to one that does not exist.

/** Most names that a message lists. */
const MOST_SHOWN: i32 = 5;
/** Longer names are not compared: nobody mistypes a name of a hundred letters into another. */
const LONGEST: i32 = 100;

/** Collects candidates and keeps the nearest few. */
export class NearMatches {
  private names: string[] = [];
  private distances: i32[] = [];
  private row: StaticArray<i32> = new StaticArray<i32>(LONGEST + 1);
  private limit: i32;

  constructor(private wanted: string) {
    // One slip in three letters, at most four; two letters swapped are two slips. Names of two letters resemble all.
    this.limit = wanted.length < 3 ? 0 : min(4, (wanted.length + 2) / 3);
  }

  /** Considers a name. */
  add(name: string): void {
    const wanted = this.wanted;
    if (name.length > LONGEST || wanted.length > LONGEST || name == wanted) return;
    if (abs(name.length - wanted.length) > this.limit) return;
    const distance = this.distanceTo(name);
    if (distance > this.limit) return;
    let at = this.names.length;
    while (at > 0 && this.distances[at - 1] > distance) --at;
    if (at >= MOST_SHOWN || this.names.includes(name)) return;
    this.names.push("");
    this.distances.push(0);
    for (let i = this.names.length - 1; i > at; --i) {
      this.names[i] = this.names[i - 1];
      this.distances[i] = this.distances[i - 1];
    }
    this.names[at] = name;
    this.distances[at] = distance;
    if (this.names.length > MOST_SHOWN) {
      this.names.pop();
      this.distances.pop();
    }
  }

  /** Considers many names. */
  addAll(names: string[]): void {
    for (let i = 0, n = names.length; i < n; ++i) this.add(names[i]);
  }

  /** Considers a name that is an abbreviation of the wanted one, or the reverse: `timer.seconds`, `kernel.func`. */
  addShortened(name: string): void {
    const isShorter = this.wanted.startsWith(name) || name.startsWith(this.wanted);
    if (!isShorter || name.length == 0 || this.names.includes(name) || this.names.length >= MOST_SHOWN) return;
    this.names.push(name);
    this.distances.push(i32.MAX_VALUE);
  }

  /** The nearest names, nearest first. */
  get found(): string[] {
    return this.names;
  }

  /** " (similar: a, b)", or nothing if no name is near. */
  get text(): string {
    return this.names.length == 0 ? "" : ` (similar: ${this.names.join(", ")})`;
  }

  /** Edits (insert, drop, change, swap counted as two) between the wanted name and another. */
  private distanceTo(name: string): i32 {
    const wanted = this.wanted;
    const row = this.row;
    const n = wanted.length;
    for (let j = 0; j <= n; ++j) row[j] = j;
    for (let i = 0; i < name.length; ++i) {
      let diagonal = row[0];
      row[0] = i + 1;
      let least = row[0];
      const letter = name.charCodeAt(i);
      for (let j = 1; j <= n; ++j) {
        const changed = diagonal + (wanted.charCodeAt(j - 1) == letter ? 0 : 1);
        diagonal = row[j];
        row[j] = min(changed, min(row[j - 1], row[j]) + 1);
        least = min(least, row[j]);
      }
      if (least > this.limit) return least;
    }
    return row[n];
  }
}
