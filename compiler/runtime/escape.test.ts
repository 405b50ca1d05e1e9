// text_str and its kin, against what is done character by character.

import { ESCAPE } from "./escape";
import { Random } from "./testing/random";
import { Rig, readText } from "./testing/rig";

/** What texts are made of: anything, mostly ASCII, first bytes and continuations of UTF-8. */
const LETTERS: StaticArray<string> = [
  "",
  'ab\n"\\\x01',
  "a\xc2\xc3\xdf\x80\xa9\xbf",
  "\xe0\xe2\xed\xef\x80\x9f\xa0\xbf\x82",
  "\xf0\xf4\x80\x8f\x90\x9f\xbf",
];

function escapeOf(code: i32): string {
  if (code >= 7 && code <= 13) return "\\" + "abtnvfr".charAt(code - 7);
  if (code == 34 || code == 92) return "\\" + String.fromCharCode(code);
  if (code >= 32 && code < 127) return String.fromCharCode(code);
  return "\\" + ((code >> 6) & 7).toString() + ((code >> 3) & 7).toString() + (code & 7).toString();
}

function hex(code: i32, digits: i32): string {
  return code.toString(16).padStart(digits, "0");
}

/** Bytes of the UTF-8 beyond ASCII that begins at a position; 0 if there is none that is valid. */
function encodedBytes(text: string, at: i32): i32 {
  const first = text.charCodeAt(at);
  const bytes =
    first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (bytes == 0 || at + bytes > text.length) return 0;
  for (let i = 1; i < bytes; ++i) {
    if ((text.charCodeAt(at + i) & 0xc0) != 0x80) return 0;
  }
  const code = codePoint(text, at, bytes);
  if (bytes == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) return 0;
  return bytes == 4 && (code < 0x10000 || code > 0x10ffff) ? 0 : bytes;
}

function codePoint(text: string, at: i32, bytes: i32): i32 {
  let code = text.charCodeAt(at) & (0x7f >> bytes);
  for (let i = 1; i < bytes; ++i) code = (code << 6) | (text.charCodeAt(at + i) & 0x3f);
  return code;
}

/** At most `most` bytes, the quotes and what says that it was cut included. */
function escaped(text: string, most: i32, quoted: bool): string {
  if (quoted && most < 5) most = 5;
  const budget = quoted ? most - 2 : most;
  let all = "";
  let whole = "";
  const room = quoted ? budget - 3 : budget;
  for (let i = 0; i < text.length; ++i) {
    const bytes = encodedBytes(text, i);
    if (bytes > 0) {
      const code = codePoint(text, i, bytes);
      all += code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
      i += bytes - 1;
    } else {
      all += escapeOf(text.charCodeAt(i));
    }
    if (all.length <= room) whole = all;
  }
  if (!quoted) return whole;
  return all.length <= budget ? `"${all}"` : `"${whole}"...`;
}

export function test_escape(): void {
  const lengths: i32[] = [16, 64, 512];
  for (let i = 0; i < lengths.length; ++i) {
    const limit = lengths[i] - 1;
    const rig = new Rig(lengths[i]);
    const text = rig.place();
    const escape = ESCAPE.of(rig.runtime);
    const to = rig.runtime.textArea.offset;
    rig.build();
    const random = new Random(i);
    for (let k = 0; k < 300; ++k) {
      const s = random.text(k % 4 == 0 ? limit : 12, LETTERS[k % LETTERS.length]);
      const most = random.below(3) == 0 ? random.below(2) * 100000 : 1 + random.below(limit);
      const quoted = random.below(2);
      rig.put(text, s);
      rig.call(escape, [rig.at(0), rig.at(text), most, quoted]);
      const expected = escaped(s, most == 0 || most > limit ? limit : most, quoted == 1);
      const actual = readText(rig.inFrame(to), limit + 8);
      assert(actual == expected, `'${s}' of ${most}, ${quoted} is ${expected}, not ${actual}`);
    }
  }
}

export function test_code_points_at_the_bounds(): void {
  const rig = new Rig(64);
  const text = rig.place();
  const escape = ESCAPE.of(rig.runtime);
  const to = rig.runtime.textArea.offset;
  rig.build();
  const texts: string[] = [
    "\xc2\x80\xdf\xbf",
    "\xe0\xa0\x80\xed\x9f\xbf",
    "\xee\x80\x80\xef\xbf\xbf",
    "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
    "\xc1\xbf",
    "\xe0\x9f\xbf",
    "\xed\xa0\x80",
    "\xf4\x90\x80\x80",
    "\xf0\x8f\xbf\xbf",
    "\xe2\x82",
  ];
  for (let i = 0; i < texts.length; ++i) {
    rig.put(text, texts[i]);
    rig.call(escape, [rig.at(0), rig.at(text), 0, 1]);
    const actual = readText(rig.inFrame(to), 72);
    assert(actual == escaped(texts[i], 63, true), actual);
  }
  rig.put(text, "gr\xc3\xbc\xc3\x9fe \xf0\x9f\x98\x80");
  rig.call(escape, [rig.at(0), rig.at(text), 0, 0]);
  assert(readText(rig.inFrame(to), 72) == "gr\\u00fc\\u00dfe \\U0001f600", "in words");
}
