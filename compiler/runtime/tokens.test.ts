// Tokens, against a walk over the string; the string stays where it is from call to call.

import { Random } from "./testing/random";
import { Rig } from "./testing/rig";
import { clearTokens, TOKENIZE } from "./tokens";

/** What `tokenize` remembers, in the plainest way. */
class Tokenizer {
  private text: string = "";
  private position: i32 = 0;

  next(text: string, delimiters: string): string {
    if (text.length > 0) {
      this.text = text;
      this.position = 0;
    }
    while (this.position < this.text.length && delimiters.includes(this.text.charAt(this.position))) ++this.position;
    const start = this.position;
    while (this.position < this.text.length && !delimiters.includes(this.text.charAt(this.position))) ++this.position;
    return this.text.substring(start, this.position);
  }
}

export function test_tokenize(): void {
  const lengths: i32[] = [16, 64, 512];
  for (let i = 0; i < lengths.length; ++i) {
    const most = lengths[i] - 1;
    const rig = new Rig(lengths[i]);
    const to = rig.place();
    const text = rig.place();
    const delimiters = rig.place();
    const tokenize = TOKENIZE.of(rig.runtime);
    const prologue = rig.begin("prologue", 1);
    clearTokens(rig.runtime, prologue.b, prologue.address());
    prologue.b.ret(prologue.b.constant(0));
    rig.build();
    rig.call(prologue.b.fn.index, [rig.at(0)]);
    const random = new Random(i);
    const tokenizer = new Tokenizer();
    for (let k = 0; k < 400; ++k) {
      // The first call finds no string.
      const s = k == 0 || random.below(4) > 0 ? "" : random.text(most, k % 5 == 0 ? "" : "ab, ;\xff");
      const d = random.text(min(most, 5), k % 7 == 0 ? "" : ", ;\xff");
      rig.put(text, s);
      rig.put(delimiters, d);
      rig.call(tokenize, [rig.at(0), rig.at(to), rig.at(text), rig.at(delimiters)]);
      const expected = tokenizer.next(s, d);
      assert(rig.get(to) == expected, `the token is '${expected}', not '${rig.get(to)}'`);
    }
  }
}
