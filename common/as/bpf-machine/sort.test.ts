// Sorting entries, against an insertion into a list.

import { QueueEntry } from "../../format/runtime";
import { EntrySorter } from "./sort";

/** Entries of a pattern: the kind of trouble, and how many keys there are. */
function makeEntries(count: i32, kind: i32, keys: i32): StaticArray<u64> {
  const entries = new StaticArray<u64>(3 * count + 2);
  let random: u32 = 12345 + count;
  for (let i = 0; i < count; ++i) {
    random = random * 1664525 + 1013904223;
    let key: i64 = <i64>((random >> 8) % keys) - keys / 2;
    if (kind == 1) key = i;
    if (kind == 2) key = count - i;
    if (kind == 3) key = i < count / 2 ? i : count - i;
    if (kind == 4) key = i % 2 == 0 ? i64.MIN_VALUE : i64.MAX_VALUE;
    const seq = <u64>(0x80000000 + ((i * 7919) % max(count, 1)));
    entries[3 * i] = key;
    entries[3 * i + 1] = seq << 20;
    entries[3 * i + 2] = i + 1;
  }
  entries[3 * count] = 42;
  entries[3 * count + 1] = 43;
  return entries;
}

function check(entries: StaticArray<u64>, count: i32, what: string): void {
  let numbers: i64 = 0;
  for (let i = 0; i < count; ++i) {
    numbers += <i64>entries[3 * i + 2];
    if (i == 0) continue;
    const before = <i64>entries[3 * i - 3];
    const key = <i64>entries[3 * i];
    const inOrder = before < key || (before == key && entries[3 * i - 2] <= entries[3 * i + 1]);
    assert(inOrder, `${what}: entry ${i} of ${count}`);
  }
  assert(numbers == (<i64>count * (count + 1)) / 2, `${what}: all are there`);
  assert(entries[3 * count] == 42 && entries[3 * count + 1] == 43, `${what}: what follows is left alone`);
}

export function test_sorts_entries_of_any_pattern(): void {
  const sorter = new EntrySorter();
  const counts: i32[] = [0, 1, 2, 3, 23, 24, 25, 26, 100, 1000, 5000];
  for (let i = 0; i < counts.length; ++i) {
    for (let kind = 0; kind < 5; ++kind) {
      for (let keys = 1; keys <= 1000; keys *= 10) {
        const count = counts[i];
        const what = `${count} of kind ${kind}, ${keys} keys`;
        const entries = makeEntries(count, kind, keys);
        assert(entries.length == 3 * count + 2 && QueueEntry.Size == 24, "three words each");
        sorter.sort(changetype<usize>(entries), count);
        check(entries, count, what);
        const others = makeEntries(count, kind, keys);
        sorter.sortByHeap(changetype<usize>(others), count);
        check(others, count, `${what}, by heap`);
      }
    }
  }
}

/** Strings of 16 bytes in elements of 32; those with equal first words have equal keys. */
export function test_sorts_entries_by_strings_behind_equal_keys(): void {
  const count = 300;
  const elements = new StaticArray<u64>(4 * count);
  for (let falls = 0; falls < 2; ++falls) {
    const entries = makeEntries(count, 0, 3);
    for (let i = 0; i < count; ++i) {
      const number = <i32>entries[3 * i + 2];
      elements[4 * (number - 1) + 1] = entries[3 * i];
      // Bytes order, not numbers: the first byte is the lowest.
      elements[4 * (number - 1) + 2] = <u64>((i * 37) % 100) | ((<u64>((i * 11) % 7)) << 8);
    }
    const sorter = new EntrySorter();
    sorter.setStrings(changetype<usize>(elements) + 8, 32, 16, falls == 1);
    sorter.sort(changetype<usize>(entries), count);
    for (let i = 1; i < count; ++i) {
      if (entries[3 * i] != entries[3 * i - 3]) continue;
      const x = bswap<u64>(elements[4 * (<i32>entries[3 * i - 1] - 1) + 2]);
      const y = bswap<u64>(elements[4 * (<i32>entries[3 * i + 2] - 1) + 2]);
      const isEarlier = falls == 1 ? x > y : x < y;
      const isInOrder = isEarlier || (x == y && entries[3 * i - 2] < entries[3 * i + 1]);
      assert(isInOrder, `entry ${i}, falls ${falls}`);
    }
  }
}
