import { ByteReader, decodeText, encodeText, encodeTextZ, isText } from "./bytes";

function numbered(count: i32): StaticArray<u8> {
  const bytes = new StaticArray<u8>(count);
  for (let i = 0; i < count; ++i) bytes[i] = <u8>(i + 1);
  return bytes;
}

export function test_reads_little_endian_fields(): void {
  const reader = ByteReader.over(numbered(16));
  assert(reader.u8(0) == 1 && reader.u16(1) == 0x0302 && reader.u32(2) == 0x06050403, "small fields");
  assert(reader.u64(8) == 0x100f0e0d0c0b0a09, "a long one at the end");
  assert(!reader.failed, "all of it was there");
}

export function test_fails_instead_of_leaving_its_range(): void {
  const reader = ByteReader.over(numbered(16)).slice(4, 8);
  assert(reader.u32(4) == 0x0c0b0a09, "up to the end");
  assert(reader.u32(5) == 0 && reader.failed, "one byte beyond");
  reader.failed = false;
  assert(reader.u8(0xffffffff) == 0 && reader.failed, "far beyond");
  reader.failed = false;
  assert(reader.slice(0xfffffff0, 0x20).length == 0 && reader.failed, "a slice whose end wraps");
}

export function test_reads_text_that_ends(): void {
  const bytes = encodeTextZ("abc");
  const reader = ByteReader.over(bytes);
  assert(reader.textAt(1) == "bc" && reader.textAt(3) == "", "up to the NUL");
  const open = ByteReader.over(encodeText("abc"));
  assert(open.textAt(0) == "" && open.failed, "text without an end is none");
}

export function test_decodes_what_is_no_utf8_without_harm(): void {
  const good = encodeText("gr\u00fc\u00df \u{1f600}");
  assert(isText(changetype<usize>(good), good.length), "UTF-8 is text");
  assert(decodeText(changetype<usize>(good), good.length) == "gr\u00fc\u00df \u{1f600}", "and comes back");
  const bad: StaticArray<u8> = [0x61, 0xc3, 0xff, 0xf0];
  assert(!isText(changetype<usize>(bad), bad.length), "a broken sequence is no text");
  assert(decodeText(changetype<usize>(bad), bad.length) == "a\u00c3\u00ff\u00f0", "each byte is a character then");
}
