// Comparing strings, against a comparison byte by byte.

import { COMPARE } from "./compare";
import { Random } from "./testing/random";
import { Rig } from "./testing/rig";

function sign(value: i64): i32 {
  return value < 0 ? -1 : value > 0 ? 1 : 0;
}

function compared(x: string, y: string): i32 {
  for (let i = 0; i < x.length && i < y.length; ++i) {
    if (x.charCodeAt(i) != y.charCodeAt(i)) return sign(x.charCodeAt(i) - y.charCodeAt(i));
  }
  return sign(x.length - y.length);
}

export function test_compare(): void {
  const lengths: i32[] = [16, 64, 512];
  for (let i = 0; i < lengths.length; ++i) {
    const most = lengths[i] - 1;
    const rig = new Rig(lengths[i]);
    const left = rig.place();
    const right = rig.place();
    const compare = COMPARE.of(rig.runtime);
    rig.build();
    const random = new Random(i);
    for (let k = 0; k < 400; ++k) {
      const x = random.text(most, k % 3 == 0 ? "" : "a\x80");
      // Half of them begin alike, some are equal.
      let y = random.text(most, k % 3 == 0 ? "" : "a\x80");
      if (k % 2 == 0) y = (x.substring(0, random.below(x.length + 1)) + y).substring(0, most);
      if (k % 9 == 0) y = x;
      rig.put(left, x);
      rig.put(right, y);
      const result = rig.call(compare, [rig.at(left), rig.at(right)]);
      assert(sign(result) == compared(x, y), `'${x}' and '${y}' compare as ${result}`);
    }
  }
}
