import { byteString, bytesOf, displayText, Range, Source } from "./source";

export function test_counts_lines_and_columns_from_one(): void {
  const source = Source.fromText("a.stp", "hello\nworld\n\nx");
  assert(source.lineCount == 4, "four lines");
  const range = new Range(source, 8, 10);
  assert(range.place == "a.stp:2:3", "place: " + range.place);
  assert(source.lineOf(0) == 1 && source.lineOf(5) == 1 && source.lineOf(6) == 2, "a newline belongs to its line");
  assert(source.lineOf(14) == 4, "past the end");
}

export function test_gives_lines_without_their_ends(): void {
  const source = Source.fromText("a", "one\r\ntwo\n");
  assert(source.lineText(1) == "one", "carriage return goes");
  assert(source.lineText(2) == "two", "newline goes");
  assert(source.lineText(3) == "", "the last line is empty");
}

export function test_keeps_every_byte_in_byte_strings(): void {
  const bytes = new Uint8Array(256);
  for (let i = 0; i < 256; ++i) bytes[i] = <u8>i;
  const text = byteString(bytes);
  assert(text.length == 256, "one char a byte");
  const back = bytesOf(text);
  for (let i = 0; i < 256; ++i) assert(back[i] == <u8>i, "byte survives");
}

export function test_decodes_utf8_only_for_display(): void {
  const source = Source.fromText("a", "\xc3\xa4 \xff");
  assert(source.length == 4, "bytes are counted");
  assert(displayText(source.lineText(1)) == "\u00e4 \ufffd", "decoded");
}

export function test_decodes_characters_of_every_width_and_nothing_else(): void {
  assert(displayText("a\xc3\xa4\xe4\xb8\x96\xf0\x9f\x98\x80") == "a\u00e4\u4e16\u{1f600}", "1 to 4 bytes");
  assert(displayText("\xc3") == "\ufffd" && displayText("\xe4\xb8") == "\ufffd\ufffd", "cut off");
  assert(displayText("\xc0\x80") == "\ufffd\ufffd", "too long a form");
  assert(displayText("\xed\xa0\x80") == "\ufffd\ufffd\ufffd", "half a surrogate pair");
  assert(displayText("\xf5\x80\x80\x80").length == 4 && displayText("\xf4\x90\x80\x80").length == 4, "too large");
}
