// Arithmetic without branches, against the same with branches.

import { Op } from "../ir/op";
import {
  bytesBeforeNul,
  isBetween,
  isEqual,
  isLessConstant,
  isSpace,
  isZero,
  lesser,
  maskFor,
  orZero,
  select,
  zeroBytes,
} from "./bits";
import { Random } from "./testing/random";
import { Rig } from "./testing/rig";

/** A word in which bytes are often zero. */
function wordOf(random: Random): i64 {
  let word: i64 = 0;
  for (let k = 0; k < 8; ++k) word = (word << 8) | (random.below(5) == 0 ? 0 : <i64>random.below(256));
  return word;
}

export function test_bytes_of_words(): void {
  const rig = new Rig();
  const zero = rig.begin("zero", 2).b;
  zero.ret(zero.binary(Op.Ne, zeroBytes(zero, zero.parameter(1)), zero.constant(0)));
  const before = rig.begin("before", 2).b;
  before.ret(bytesBeforeNul(before, before.parameter(1)));
  rig.build();
  const random = new Random(1);
  for (let round = 0; round < 1000; ++round) {
    const word = wordOf(random);
    let bytes = 0;
    while (bytes < 8 && ((word >> (8 * bytes)) & 255) != 0) ++bytes;
    const mask: i64 = bytes == 8 ? -1 : ((<i64>1) << (8 * bytes)) - 1;
    assert(rig.call(zero.fn.index, [0, word]) == (bytes < 8 ? 1 : 0), `whether ${word.toString(16)} has a zero byte`);
    assert(rig.call(before.fn.index, [0, word]) == mask, `${bytes} bytes of ${word.toString(16)} come before NUL`);
  }
}

export function test_choices_between_numbers(): void {
  const rig = new Rig();
  const less = rig.begin("less", 3).b;
  less.ret(lesser(less, less.parameter(1), less.parameter(2)));
  const positive = rig.begin("positive", 2).b;
  positive.ret(orZero(positive, positive.parameter(1)));
  const none = rig.begin("none", 2).b;
  none.ret(isZero(none, none.parameter(1)));
  const equal = rig.begin("equal", 2).b;
  equal.ret(isEqual(equal, equal.parameter(1), -7));
  const choice = rig.begin("choice", 4).b;
  choice.ret(select(choice, choice.parameter(1), choice.parameter(2), choice.parameter(3)));
  rig.build();
  const random = new Random(2);
  for (let round = 0; round < 500; ++round) {
    const x = random.long();
    const y = random.long();
    const one = random.below(2);
    assert(rig.call(less.fn.index, [0, x, y]) == (<u64>x < <u64>y ? x : y), `the lesser of ${x} and ${y}`);
    assert(rig.call(positive.fn.index, [0, x]) == max(x, 0), `${x} or zero`);
    assert(rig.call(none.fn.index, [0, x]) == (x == 0 ? 1 : 0), `whether ${x} is zero`);
    assert(rig.call(equal.fn.index, [0, x]) == (x == -7 ? 1 : 0), `whether ${x} is -7`);
    assert(rig.call(choice.fn.index, [0, one, x, y]) == (one == 1 ? x : y), `${one} chooses`);
  }
}

export function test_every_byte(): void {
  const rig = new Rig();
  const space = rig.begin("space", 2).b;
  space.ret(isSpace(space, space.parameter(1)));
  const digit = rig.begin("digit", 2).b;
  digit.ret(isBetween(digit, digit.parameter(1), 48, 57));
  const low = rig.begin("low", 2).b;
  low.ret(isLessConstant(low, low.parameter(1), 100));
  rig.build();
  for (let byte = 0; byte < 256; ++byte) {
    const isWhite = byte == 32 || (byte >= 9 && byte <= 13);
    assert(rig.call(space.fn.index, [0, byte]) == (isWhite ? 1 : 0), `whether ${byte} is white space`);
    const isDigit = byte >= 48 && byte <= 57;
    assert(rig.call(digit.fn.index, [0, byte]) == (isDigit ? 1 : 0), `whether ${byte} is a digit`);
    assert(rig.call(low.fn.index, [0, byte]) == (byte < 100 ? 1 : 0), `whether ${byte} is less than 100`);
  }
}

export function test_masks(): void {
  for (let number = 1; number < 2000; ++number) {
    const mask = maskFor(number);
    assert(mask >= number && (mask & (mask + 1)) == 0 && (number == 1 || mask >> 1 < number), `the mask for ${number}`);
  }
}
