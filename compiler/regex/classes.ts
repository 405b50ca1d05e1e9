// Classes of bytes that no set of an automaton distinguishes. A table has a column for each class, not for each byte.

import { Nfa } from "./nfa";

/** The classes of an automaton. The NUL, which ends a string, has class 0 to itself. */
export class ByteClasses {
  /** The class of each byte. */
  of: StaticArray<u8> = new StaticArray<u8>(256);
  count: i32 = 1;
  /** A byte of each class. */
  example: i32[] = [0];

  /** Those classes that an automaton's sets make. */
  static from(nfa: Nfa): ByteClasses {
    const kinds = new StaticArray<i32>(256);
    for (let byte = 1; byte < 256; ++byte) kinds[byte] = 1;
    for (let i = 0, n = nfa.sets.length; i < n; ++i) {
      const split = new Map<i32, i32>();
      let count = 1;
      for (let byte = 1; byte < 256; ++byte) {
        const key = kinds[byte] * 2 + (nfa.sets[i].has(byte) ? 1 : 0);
        if (!split.has(key)) split.set(key, count++);
        kinds[byte] = split.get(key);
      }
    }
    const classes = new ByteClasses();
    for (let byte = 1; byte < 256; ++byte) {
      classes.of[byte] = <u8>kinds[byte];
      if (kinds[byte] < classes.count) continue;
      classes.example.push(byte);
      ++classes.count;
    }
    return classes;
  }

  /** Fewer classes: `numbers` has the new class of each, `kept` an old one of each new one. */
  merged(numbers: StaticArray<i32>, kept: i32[]): ByteClasses {
    const classes = new ByteClasses();
    for (let byte = 1; byte < 256; ++byte) classes.of[byte] = <u8>numbers[this.of[byte]];
    classes.count = kept.length;
    classes.example = [];
    for (let i = 0, n = kept.length; i < n; ++i) classes.example.push(this.example[kept[i]]);
    return classes;
  }
}
