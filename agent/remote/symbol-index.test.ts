// The symbol table in memory: sound lines, and lines that no kernel writes.

import { encodeText } from "../../common/as/bytes";
import { SymbolIndex } from "./symbol-index";

function indexOf(text: string): SymbolIndex {
  const index = new SymbolIndex();
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; ++i) {
    const line = encodeText(lines[i]);
    index.add(changetype<usize>(line), line.length);
  }
  index.sort();
  return index;
}

/** "name+offset/size module", or "-". */
function at(index: SymbolIndex, address: u64): string {
  const found = index.find(address);
  if (!found) return "-";
  const name = String.UTF8.decodeUnsafe(found.name, found.nameLength);
  const module = String.UTF8.decodeUnsafe(found.module, found.moduleLength);
  return `${name}+${found.offset}/${found.size} ${module}`;
}

function expect(actual: string, wanted: string): void {
  assert(actual == wanted, `'${actual}' should be '${wanted}'`);
}

export function test_finds_the_symbol_around_an_address(): void {
  const index = indexOf(
    "0000000000000000 A fixed_percpu_data\n" +
      "ffffffff81000000 T _stext\nffffffff81000000 t first\nffffffff81000040 T second\nffffffff81000044 t $x\n" +
      "ffffffff81000f00 b last\n" +
      "ffffffffc0002000 t b_one\t[b]\nffffffffc0000000 t a_two\t[a]\nffffffffc0000100 t a_three\t[a]",
  );
  expect(at(index, 0xffffffff81000000), "_stext+0/64 ");
  expect(at(index, 0xffffffff8100003f), "_stext+63/64 ");
  expect(at(index, 0xffffffff81000040), "second+0/3776 ");
  expect(at(index, 0xffffffff81000fff), "last+255/256 ");
  expect(at(index, 0xffffffff81001000), "-");
  expect(at(index, 0xffffffffc0000001), "a_two+1/256 a");
  expect(at(index, 0xffffffffc0000fff), "a_three+3839/3840 a");
  expect(at(index, 0xffffffffc0001000), "-");
  expect(at(index, 0xffffffffc0002000), "b_one+0/4096 b");
  expect(at(index, 0), "-");
  expect(at(index, 0xffffffffffffffff), "-");
}

export function test_takes_any_lines(): void {
  const index = indexOf(
    "\n \nffffffff81000000\nffffffff81000000 T\nffffffff81000000 T \nzz T x\n" +
      `ffffffff82000000 T ${"n".repeat(1024)}\n` +
      "ffffffff83000000 T a\x1b\xc3b\t[m\x07]\nffffffff84000000 T x\t[\nffffffff85000000000000000000 T y\n",
  );
  expect(at(index, 0xffffffff81000000), "-");
  expect(at(index, 0xffffffff82000000), "-");
  expect(at(index, 0xffffffff84000001).substring(0, 3), "x+1");
  const odd = at(index, 0xffffffff83000000);
  for (let i = 0; i < odd.length; ++i) assert(odd.charCodeAt(i) >= 32 && odd.charCodeAt(i) < 127, odd);
}

export function test_sorts_any_order(): void {
  let text = "";
  for (let i = 0; i < 3000; ++i) {
    const place = (i * 7919) % 3000;
    text += `${(0xffffffff80000000 + <u64>place * 16).toString(16)} t f${place}\n`;
  }
  const index = indexOf(text);
  for (let i = 0; i < 2999; ++i) expect(at(index, 0xffffffff80000000 + <u64>i * 16 + 5), `f${i}+5/16 `);
}

export function test_can_be_read_again(): void {
  const index = indexOf("ffffffff81000000 T one\nffffffffc0000000 t two\t[m]");
  index.clear();
  const line = encodeText("ffffffff81000000 T three");
  index.add(changetype<usize>(line), line.length);
  index.sort();
  expect(at(index, 0xffffffff81000001), "three+1/4096 ");
  expect(at(index, 0xffffffffc0000000), "-");
}
