// Cases, white space and numbers, against what is done character by character.

import { CASE, LEADING, STRTOL, TRIMMED } from "./characters";
import { Random } from "./testing/random";
import { Rig } from "./testing/rig";

function inCase(text: string, upper: bool): string {
  let result = "";
  for (let i = 0; i < text.length; ++i) {
    const c = text.charCodeAt(i);
    if (upper && c >= 97 && c <= 122) result += String.fromCharCode(c - 32);
    else if (!upper && c >= 65 && c <= 90) result += String.fromCharCode(c + 32);
    else result += text.charAt(i);
  }
  return result;
}

export function test_case(): void {
  const lengths: i32[] = [16, 64, 512];
  for (let i = 0; i < lengths.length; ++i) {
    const rig = new Rig(lengths[i]);
    const to = rig.place();
    const text = rig.place();
    const convert = CASE.of(rig.runtime);
    rig.build();
    const random = new Random(i);
    for (let k = 0; k < 150; ++k) {
      const s = random.text(lengths[i] - 1, k % 2 == 0 ? "" : "@AZ[`az{");
      const upper = random.below(2);
      rig.put(text, s);
      rig.call(convert, [rig.at(to), rig.at(text), upper]);
      assert(rig.get(to) == inCase(s, upper == 1), `'${s}' in case ${upper} is not '${rig.get(to)}'`);
      rig.call(convert, [rig.at(text), rig.at(text), upper]);
      assert(rig.get(text) == inCase(s, upper == 1), "the same in place");
    }
  }
}

function isSpace(code: i32): bool {
  return code == 32 || (code >= 9 && code <= 13);
}

export function test_white_space(): void {
  const lengths: i32[] = [16, 64, 512];
  for (let i = 0; i < lengths.length; ++i) {
    const rig = new Rig(lengths[i]);
    const text = rig.place();
    const leading = LEADING.of(rig.runtime);
    const trimmed = TRIMMED.of(rig.runtime);
    rig.build();
    const random = new Random(i);
    for (let k = 0; k < 200; ++k) {
      const letters = k % 3 == 0 ? " \t\n\v\f\r" : k % 3 == 1 ? "  \t\x08\x0e\x1f\xa0\x8d!" : "   a";
      const s = random.text(lengths[i] - 1, letters);
      let before = 0;
      while (before < s.length && isSpace(s.charCodeAt(before))) ++before;
      let length = s.length;
      while (length > 0 && isSpace(s.charCodeAt(length - 1))) --length;
      rig.put(text, s);
      assert(rig.call(leading, [rig.at(text)]) == before, `${before} bytes of white space lead`);
      assert(rig.call(trimmed, [rig.at(text)]) == length, `the length without white space is ${length}`);
    }
  }
}

function digitOf(text: string, at: i32): i32 {
  const c = at < text.length ? text.charCodeAt(at) : 0;
  if (c >= 48 && c <= 57) return c - 48;
  if (c >= 65 && c <= 70) return c - 55;
  return c >= 97 && c <= 102 ? c - 87 : 255;
}

function strtol(text: string, base: i32): i64 {
  let at = 0;
  const negative = text.startsWith("-");
  if (negative) ++at;
  const marked = text.startsWith("0x", at) || text.startsWith("0X", at);
  if (base == 0) {
    base = 10;
    if (text.startsWith("0", at)) base = marked && digitOf(text, at + 2) < 16 ? 16 : 8;
  }
  if (base == 16 && marked) at += 2;
  let value: i64 = 0;
  while (digitOf(text, at) < base) value = value * base + digitOf(text, at++);
  return negative ? -value : value;
}

class Strtol {
  rig: Rig = new Rig(64);
  text: i32;
  strtol: i32;

  constructor() {
    this.text = this.rig.place();
    this.strtol = STRTOL.of(this.rig.runtime);
    this.rig.build();
  }

  read(text: string, base: i32): i64 {
    this.rig.put(this.text, text);
    return this.rig.call(this.strtol, [this.rig.at(this.text), base]);
  }
}

export function test_strtol_chosen(): void {
  const it = new Strtol();
  assert(it.read("", 10) == 0 && it.read("-", 10) == 0 && it.read("+1", 10) == 0, "no number is zero");
  assert(it.read("9223372036854775807", 10) == i64.MAX_VALUE, "the greatest");
  assert(it.read("-9223372036854775808", 10) == i64.MIN_VALUE, "the least");
  assert(it.read("0x1f", 0) == 31 && it.read("0X1F", 16) == 31 && it.read("1f", 16) == 31, "hex");
  assert(it.read("017", 0) == 15 && it.read("019", 0) == 1 && it.read("0xg", 0) == 0, "octal, and what is none");
  assert(it.read("0x1f", 10) == 0 && it.read("102", 2) == 2 && it.read("12a", 10) == 12, "up to what is no digit");
  assert(it.read(" 1", 10) == 0, "white space is no digit");
}

export function test_strtol_random(): void {
  const it = new Strtol();
  const random = new Random(4);
  const bases: i32[] = [0, 2, 8, 10, 16];
  for (let k = 0; k < 1000; ++k) {
    let text = random.text(24, k % 2 == 0 ? "0123456789abcdefABCDEFgxX-/:@`" : "0127");
    if (random.below(3) == 0) text = "0x" + text;
    if (random.below(3) == 0) text = "-" + text;
    const base = bases[random.below(bases.length)];
    const value = it.read(text, base);
    assert(value == strtol(text, base), `'${text}' in base ${base} is ${strtol(text, base)}, not ${value}`);
  }
}
