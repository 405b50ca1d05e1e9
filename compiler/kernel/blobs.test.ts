import { BLOB_ABSENT, BLOB_UNKNOWN, BlobReader, Blobs } from "./blobs";

/** Bytes `from`, `from + 1`, …, as they lie in a blob whose byte n is n. */
function bytes(from: i32, count: i32): Uint8Array {
  const made = new Uint8Array(count);
  for (let i = 0; i < count; ++i) made[i] = <u8>(from + i);
  return made;
}

function assertCounts(found: Uint8Array | null, from: i32, count: i32): void {
  assert(found !== null && found.length == count, "as many as asked for");
  for (let i = 0; i < count; ++i) assert(found![i] == <u8>(from + i), "the right ones");
}

export function test_an_unknown_blob_is_asked_for_in_whole_grains(): void {
  const reader = new BlobReader(new Blobs());
  assert(reader.bytes("b", 5000, 10) === null, "not here");
  assert(reader.needs.length == 1 && reader.needs[0].name == "b", "one blob");
  assert(reader.needs[0].text == "4096,4096", "the grain around it");
}

export function test_ranges_that_touch_become_one(): void {
  const reader = new BlobReader(new Blobs());
  reader.bytes("b", 40960, 1);
  reader.bytes("b", 0, 4097);
  reader.bytes("b", 12288, 1);
  assert(reader.needs[0].text == "0,8192\n12288,4096\n40960,4096", "in order, apart");
  reader.bytes("b", 8000, 5000);
  assert(reader.needs[0].text == "0,16384\n40960,4096", "joined");
  reader.bytes("other", 1, 1);
  assert(reader.needs.length == 2, "each blob its own");
}

export function test_bytes_come_from_one_part_or_from_several(): void {
  const blobs = new Blobs();
  assert(blobs.add("b", 100, 200, bytes(100, 50)) && blobs.add("b", 0, 200, bytes(0, 100)), "two parts");
  assert(blobs.add("b", 140, 200, bytes(140, 60)), "and one that overlaps");
  const reader = new BlobReader(blobs);
  assertCounts(reader.bytes("b", 110, 20), 110, 20);
  assertCounts(reader.bytes("b", 0, 200), 0, 200);
  assertCounts(reader.bytes("b", 90, 70), 90, 70);
  assert(reader.needs.length == 0, "nothing is lacking");
}

export function test_the_end_of_a_blob_cuts_what_is_read_and_asked_for(): void {
  const blobs = new Blobs();
  blobs.add("b", 0, 5000, bytes(0, 4096));
  const reader = new BlobReader(blobs);
  assert(reader.bytes("b", 4000, 4000) === null, "the rest is not here");
  assert(reader.needs[0].text == "4096,904", "only it is asked for");
  blobs.add("b", 4096, 5000, bytes(0, 904));
  const again = new BlobReader(blobs);
  const found = again.bytes("b", 4990, 4000);
  assert(found !== null && found.length == 10, "fewer at the end");
  const behind = again.bytes("b", 9000, 4);
  assert(behind !== null && behind.length == 0 && again.needs.length == 0, "none behind it");
}

export function test_a_blob_may_be_absent_or_empty(): void {
  const blobs = new Blobs();
  blobs.addAbsent("no");
  blobs.add("empty", 0, 0, bytes(0, 0));
  const reader = new BlobReader(blobs);
  assert(reader.bytes("no", 0, 8) === null && reader.sizeOf("no") == BLOB_ABSENT, "absent");
  assert(reader.bytes("empty", 0, 8)!.length == 0 && reader.sizeOf("empty") == 0, "empty");
  assert(reader.needs.length == 0, "both are known");
  assert(reader.sizeOf("new") == BLOB_UNKNOWN && reader.needs[0].text == "0,0", "a size alone can be asked for");
}

export function test_parts_that_do_not_fit_are_refused(): void {
  const blobs = new Blobs();
  assert(!blobs.add("b", 10, 12, bytes(0, 3)) && !blobs.add("b", -1, 12, bytes(0, 3)), "outside");
  assert(!blobs.add("b", 13, 12, bytes(0, 0)), "behind the end");
  assert(blobs.add("b", 0, 12, bytes(0, 3)) && !blobs.add("b", 3, 13, bytes(3, 3)), "another size");
}
