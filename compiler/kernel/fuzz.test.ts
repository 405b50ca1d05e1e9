// Damaged BTF: whatever the bytes are, they are refused, or there is an answer to every question. The sweep
// (scripts/sweeps/types.ts) does more of it.

import { BtfBuilder } from "../../common/as/testing/btf-builder";
import { BtfHeader, BtfKind } from "../../common/format/btf";
import { Random } from "../syntax/random";
import { BtfIndex, indexBtf } from "./btf-index";
import { explore } from "./testing/explore";
import { sampleKernel } from "./testing/sample";

/** A word of the types becomes another: an id, an offset of a string, an info word, or anything. */
function damage(bytes: Uint8Array, types: i32, end: i32, random: Random): void {
  const at = bytes.dataStart + BtfHeader.Size + random.below(types >> 2) * 4;
  switch (random.below(6)) {
    case 0:
      store<i32>(at, random.below(end + 2));
      break;
    case 1:
      store<i32>(at, (random.below(24) << 24) | random.below(8) | (random.below(2) << 31));
      break;
    case 2:
      store<i32>(at, load<i32>(at) ^ (1 << random.below(32)));
      break;
    case 3:
      store<i32>(at, i32.MAX_VALUE - 1 + random.below(4));
      break;
    case 4:
      store<i32>(at, load<i32>(bytes.dataStart + BtfHeader.Size + random.below(types >> 2) * 4));
      break;
    default:
      store<u8>(bytes.dataStart + random.below(bytes.length), <u8>random.below(256));
  }
}

function fuzz(first: i32, count: i32, most: i32): void {
  const kernel = sampleKernel();
  const good = kernel.build();
  const types = load<i32>(good.dataStart, BtfHeader.TypeBytes);
  let read = 0;
  for (let seed = first; seed < first + count; ++seed) {
    const random = new Random(seed);
    const bytes = good.slice();
    for (let i = 1 + random.below(most); i > 0; --i) damage(bytes, types, kernel.next, random);
    const index = indexBtf(bytes, null);
    if (index.problem.length == 0) ++read;
    explore(index);
  }
  assert(read > 0 && read < count, `some are read: ${read} of ${count}`);
}

export function test_btf_with_one_damaged_word_has_answers(): void {
  fuzz(1, 400, 1);
}

export function test_btf_with_many_damaged_words_has_answers(): void {
  fuzz(100001, 400, 12);
}

export function test_damaged_btf_of_a_module_has_answers(): void {
  const kernel = sampleKernel();
  const base = indexBtf(kernel.build(), null);
  const module = new BtfBuilder(kernel);
  const own = module.reference(BtfKind.Volatile, "", 1);
  module.composite(BtfKind.Struct, "own", 8, module.fields().add2("a", own, 0).add2("", 1, 32));
  module.array(own, 3);
  const good = module.build();
  const types = load<i32>(good.dataStart, BtfHeader.TypeBytes);
  for (let seed = 1; seed < 200; ++seed) {
    const bytes = good.slice();
    damage(bytes, types, module.next, new Random(seed));
    explore(indexBtf(bytes, base));
  }
}

export function test_undamaged_btf_has_members_values_and_parameters(): void {
  const index: BtfIndex = indexBtf(sampleKernel().build(), null);
  assert(explore(index) > 30, "they are seen");
}
