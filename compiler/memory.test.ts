import { keep, markMemory, memoryTop, release, setPoison } from "./memory";

function words(count: i32, first: i32): StaticArray<i32> {
  const made = new StaticArray<i32>(count);
  for (let i = 0; i < count; ++i) made[i] = first + i;
  return made;
}

function assertCounts(made: StaticArray<i32>, count: i32, first: i32): void {
  assert(made.length == count, "as long as before");
  for (let i = 0; i < count; ++i) assert(made[i] == first + i, "the same words");
}

export function test_release_gives_back_all_since_the_mark(): void {
  const top = memoryTop();
  const mark = markMemory();
  for (let i = 0; i < 1000; ++i) words(i, i);
  assert(memoryTop() > top + 1000000, "something was allocated");
  release(mark);
  assert(memoryTop() == top, "and is free again");
}

export function test_what_came_before_a_mark_stays(): void {
  const before = words(100, 7);
  const mark = markMemory();
  words(1000, 0);
  release(mark);
  words(1000, 0);
  assertCounts(before, 100, 7);
}

export function test_marks_nest(): void {
  const top = memoryTop();
  const outer = markMemory();
  const kept = words(10, 3);
  const inner = markMemory();
  words(1000, 0);
  release(inner);
  assertCounts(kept, 10, 3);
  release(outer);
  assert(memoryTop() == top, "both are free");
}

export function test_words_are_kept_whatever_lies_around_them(): void {
  setPoison(true);
  // 0, 1, 2, 5, 14, … words, right behind the mark and far from it.
  for (let count = 0; count < 100000; count = count * 3 - (count >> 1) + 1) {
    for (let before = 0; before < 3; ++before) {
      const top = memoryTop();
      const mark = markMemory();
      if (before > 0) words(before * 500, 0);
      const made = words(count, 42);
      words(50, 0);
      const kept = keep<StaticArray<i32>>(mark, made);
      assertCounts(kept, count, 42);
      assert(memoryTop() <= top + <usize>count * 4 + 64, "only they take room");
    }
  }
  setPoison(false);
}

export function test_poison_overwrites_what_was_released(): void {
  setPoison(true);
  const mark = markMemory();
  const gone = words(10, 1);
  release(mark);
  assert(gone[5] == <i32>0xaaaaaaaa, "released words are poison");
  const second = markMemory();
  words(500, 0);
  const late = words(10, 1);
  words(10, 0);
  keep<StaticArray<i32>>(second, late);
  assert(late[5] == <i32>0xaaaaaaaa, "and so are those that were moved away");
  setPoison(false);
}

export function test_the_memory_grows_in_steps_and_not_to_twice_its_size(): void {
  for (let i = 0; i < 5000; ++i) {
    keep<StaticArray<i32>>(markMemory(), words(5000, i));
  }
  // 100 MB are in use.
  const free = ((<usize>memory.size()) << 16) - memoryTop();
  assert(memoryTop() > 100000000 && free < memoryTop() / 7, "an eighth is free at the most");
}

export function test_a_buffer_of_any_length_is_kept(): void {
  const mark = markMemory();
  words(100, 0);
  const buffer = new ArrayBuffer(77);
  store<u8>(changetype<usize>(buffer) + 76, 9);
  const kept = keep<ArrayBuffer>(mark, buffer);
  assert(kept.byteLength == 77 && load<u8>(changetype<usize>(kept) + 76) == 9, "all of it");
}
