// Lengths of instructions, against those that binutils shows.

import { Fields } from "./program-file";
import { instructionLength } from "./x86-length";

/** "f3 0f 1e fa": all of it is one instruction. */
function check(text: string): void {
  const words = text.split(" ");
  const bytes = new Uint8Array(words.length + 16);
  for (let i = 0; i < words.length; ++i) bytes[i] = <u8>I64.parseInt(words[i], 16);
  const length = instructionLength(new Fields(bytes), 0);
  assert(length == words.length, `${text}: ${length}`);
}

export function test_instructions_of_one_byte_opcodes(): void {
  const cases: string[] = [
    "55",
    "48 89 e5",
    "48 83 ec 10",
    "48 81 ec 00 01 00 00",
    "c3",
    "c9",
    "90",
    "66 90",
    "e8 11 22 33 44",
    "eb fe",
    "74 05",
    "b8 01 00 00 00",
    "48 b8 01 02 03 04 05 06 07 08",
    "66 b8 01 00",
    "c7 45 fc 00 00 00 00",
    "66 c7 45 fc 00 00",
    "c6 05 11 22 33 44 01",
    "f6 c3 01",
    "f6 d3",
    "f7 c1 01 00 00 00",
    "f7 d9",
    "8b 44 24 08",
    "8b 04 25 28 00 00 00",
    "8d 84 8b 10 00 00 00",
    "64 48 8b 04 25 28 00 00 00",
    "69 c0 e8 03 00 00",
    "6b c0 0a",
    "68 00 00 00 00",
    "6a 01",
    "c2 08 00",
    "c8 10 00 00",
    "a8 01",
    "d1 e8",
    "ff 25 11 22 33 44",
    "41 ff d4",
    "f0 48 0f b1 0f",
    "a0 01 02 03 04 05 06 07 08",
    "cc",
  ];
  for (let i = 0; i < cases.length; ++i) check(cases[i]);
}

export function test_instructions_of_longer_opcodes(): void {
  const cases: string[] = [
    "f3 0f 1e fa",
    "0f 05",
    "0f 0b",
    "0f 84 00 01 00 00",
    "0f b6 c0",
    "0f a4 c2 04",
    "0f ba e0 05",
    "0f 1f 44 00 00",
    "66 2e 0f 1f 84 00 00 00 00 00",
    "f3 0f 10 05 11 22 33 44",
    "66 0f 70 c0 1b",
    "66 0f 38 00 c1",
    "66 0f 3a 0f c1 08",
    "0f c8",
    "c5 f8 77",
    "c5 fd 6f 06",
    "c5 fd 70 c0 1b",
    "c4 e2 7d 18 05 11 22 33 44",
    "c4 e3 7d 19 c1 01",
    "62 f1 7c 48 28 c1",
    "62 f1 fd 48 6f 44 24 01",
    "62 f3 7d 48 25 c0 ff",
  ];
  for (let i = 0; i < cases.length; ++i) check(cases[i]);
}

export function test_what_is_no_instruction_has_no_length(): void {
  const bytes = new Uint8Array(16);
  bytes[0] = 0x06;
  assert(instructionLength(new Fields(bytes), 0) == 0, "push es is none in 64 bits");
  const prefixes = new Uint8Array(32);
  prefixes.fill(0x66);
  assert(instructionLength(new Fields(prefixes), 0) == 0, "prefixes alone");
  const cut = new Uint8Array(3);
  cut[0] = 0xe8;
  assert(instructionLength(new Fields(cut), 0) == 0, "cut off");
}
