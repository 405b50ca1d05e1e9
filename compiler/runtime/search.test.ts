// Finding and replacing, against the simplest way to do it.

import { FIND, REPLACE } from "./search";
import { Random } from "./testing/random";
import { Rig } from "./testing/rig";

/** The string with all occurrences of the part replaced, cut where it gets too long. */
function replaced(text: string, part: string, replacement: string, most: i32): string {
  let result = "";
  for (let at = 0; at < text.length; ) {
    if (part.length > 0 && text.startsWith(part, at)) {
      result += replacement;
      at += part.length;
    } else {
      result += text.charAt(at++);
    }
  }
  return result.length > most ? result.substring(0, most) : result;
}

class Search {
  rig: Rig;
  text: i32;
  part: i32;
  find: i32;

  constructor(maxStringLength: i32) {
    this.rig = new Rig(maxStringLength);
    this.text = this.rig.place();
    this.part = this.rig.place();
    this.find = FIND.of(this.rig.runtime);
    this.rig.build();
  }

  check(text: string, part: string): void {
    const rig = this.rig;
    rig.put(this.text, text);
    rig.put(this.part, part);
    const found = rig.call(this.find, [rig.at(this.text), rig.at(this.part)]);
    assert(found == text.indexOf(part), `'${part}' in '${text}' is at ${text.indexOf(part)}, not ${found}`);
  }
}

export function test_find_chosen(): void {
  const search = new Search(64);
  search.check("", "");
  search.check("abc", "");
  search.check("", "a");
  search.check("abc", "abcd");
  search.check("aaaaaaaab", "aaaaaaab");
  // Longer than the eight bytes that are looked for first.
  search.check("0123456789012345678X", "012345678X");
  search.check("01234567x01234567y", "01234567y");
  search.check("\xff\xfe\x80\x81", "\x80\x81");
}

export function test_find_random(): void {
  const lengths: i32[] = [16, 64, 512];
  for (let i = 0; i < lengths.length; ++i) {
    const search = new Search(lengths[i]);
    const random = new Random(i);
    for (let k = 0; k < 150; ++k) {
      const text = random.text(lengths[i] - 1, "ab");
      search.check(text, random.text(min(lengths[i] - 1, 12), "ab"));
      const at = random.below(text.length + 1);
      search.check(text, text.substring(at, at + random.below(20)));
    }
    // What one call of the scan does not reach.
    search.check("a".repeat(lengths[i] - 2) + "b", "b");
    search.check("a".repeat(lengths[i] - 1), "b");
  }
}

export function test_replace(): void {
  const lengths: i32[] = [16, 64, 512];
  for (let i = 0; i < lengths.length; ++i) {
    const most = lengths[i] - 1;
    const rig = new Rig(lengths[i]);
    const to = rig.place();
    const text = rig.place();
    const part = rig.place();
    const replacement = rig.place();
    const replace = REPLACE.of(rig.runtime);
    rig.build();
    const random = new Random(100 + i);
    for (let k = 0; k < 100; ++k) {
      const s = random.text(most, "ab");
      const p = random.text(3, "ab");
      const r = random.text(random.below(8) == 0 ? most : 5);
      rig.put(text, s);
      rig.put(part, p);
      rig.put(replacement, r);
      rig.call(replace, [rig.at(0), rig.at(to), rig.at(text), rig.at(part), rig.at(replacement)]);
      const expected = replaced(s, p, r, most);
      assert(rig.get(to) == expected, `'${s}' with '${r}' for '${p}' is '${expected}', not '${rig.get(to)}'`);
    }
  }
}
