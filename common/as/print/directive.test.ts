// Directives one by one, without a manifest. Whole formats and damaged records: tests/format/.

import { OutBuffer } from "./buffer";
import { Directive, Flag, putBinary, putCharacter, putInteger, putMemory, putString, UNSET } from "./directive";

function make(conversion: string, flags: i32 = 0, width: i32 = UNSET, precision: i32 = UNSET): Directive {
  let directive = new Directive();
  directive.conversion = conversion.charCodeAt(0);
  directive.flags = flags;
  directive.width = width;
  directive.precision = precision;
  return directive;
}

function textOf(out: OutBuffer): string {
  return String.UTF8.decodeUnsafe(out.start, <usize>out.length);
}

function integer(value: i64, directive: Directive): string {
  let out = new OutBuffer(4, 1 << 20);
  putInteger(out, value, directive);
  return textOf(out);
}

function expect(got: string, want: string): void {
  assert(got == want, "got '" + got + "', want '" + want + "'");
}

export function test_numbers_print_in_all_bases(): void {
  expect(integer(-1, make("d")), "-1");
  expect(integer(-1, make("u")), "18446744073709551615");
  expect(integer(-1, make("x")), "ffffffffffffffff");
  expect(integer(255, make("X")), "FF");
  expect(integer(-1, make("o")), "1777777777777777777777");
  expect(integer(i64.MIN_VALUE, make("d")), "-9223372036854775808");
  expect(integer(0, make("d")), "0");
}

export function test_width_pads_on_the_side_the_flags_say(): void {
  expect(integer(42, make("d", 0, 6)), "    42");
  expect(integer(42, make("d", Flag.Left, 6)), "42    ");
  expect(integer(-42, make("d", Flag.Zero, 6)), "-00042");
  expect(integer(42, make("d", Flag.Zero | Flag.Left, 6)), "42    ");
  expect(integer(42, make("d", Flag.Plus)), "+42");
  expect(integer(42, make("d", Flag.Space)), " 42");
  expect(integer(42, make("u", Flag.Plus)), "42");
}

export function test_precision_is_the_least_number_of_digits(): void {
  expect(integer(5, make("d", 0, UNSET, 3)), "005");
  expect(integer(5, make("d", 0, 8, 3)), "     005");
  expect(integer(5, make("d", Flag.Zero, 8, 3)), "00000005");
  expect(integer(0, make("d", 0, UNSET, 0)), "0");
}

export function test_the_alternate_form_has_a_prefix_for_zero_too(): void {
  expect(integer(1, make("o", Flag.Alternate)), "01");
  expect(integer(2, make("x", Flag.Alternate)), "0x2");
  expect(integer(3, make("X", Flag.Alternate)), "0X3");
  expect(integer(0, make("x", Flag.Alternate)), "0x0");
  expect(integer(10, make("x", Flag.Alternate | Flag.Zero, 8)), "0x00000a");
}

function character(value: i64, flags: i32, width: i32): string {
  let out = new OutBuffer(4, 1 << 20);
  putCharacter(out, value, make("c", flags, width));
  return textOf(out);
}

export function test_characters_are_escaped_on_request(): void {
  expect(character(97, 0, UNSET), "a");
  expect(character(97 + 256, 0, 3), "  a");
  expect(character(0, Flag.Alternate, UNSET), "\\000");
  expect(character(9, Flag.Alternate, UNSET), "\\t");
  expect(character(42, Flag.Alternate, UNSET), "*");
  expect(character(39, Flag.Alternate, 4), "  \\'");
  expect(character(200, Flag.Alternate | Flag.Left, 6), "\\310  ");
}

export function test_binary_writes_the_low_bytes_first(): void {
  let out = new OutBuffer(4, 1 << 20);
  putBinary(out, 0x0807060504030201, make("b", 0, 4));
  assert(out.length == 4, "4 bytes");
  assert(load<u32>(out.start) == 0x04030201, "little-endian");
  out.clear();
  putBinary(out, 7, make("b"));
  assert(out.length == 8 && load<u64>(out.start) == 7, "8 bytes by default");
  out.clear();
  putBinary(out, 7, make("b", 0, 3, 2));
  assert(out.length == 3 && load<u8>(out.start) == 32, "padded to the width");
}

export function test_text_and_memory_obey_width_and_precision(): void {
  let data = memory.data<u8>([104, 101, 108, 108, 111]);
  let out = new OutBuffer(4, 1 << 20);
  putString(out, data, 5, make("s", 0, 8, 3));
  putString(out, data, 5, make("s", Flag.Left, 7));
  putMemory(out, data, 5, make("M", 0, 10, 4));
  putMemory(out, data, 5, make("m"));
  putMemory(out, data, 5, make("m", 0, UNSET, 99));
  expect(textOf(out), "     hel" + "hello  " + "  68656c6c" + "h" + "hello");
}

export function test_a_buffer_never_passes_its_limit(): void {
  let out = new OutBuffer(4, 10);
  for (let i = 0; i < 100; ++i) out.put(65);
  assert(out.length <= 10 && out.overflowed, "stopped at the limit");
  out.fill(66, i32.MAX_VALUE);
  assert(out.length <= 10, "no wrap-around");
}
