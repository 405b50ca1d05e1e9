// Stacks as strings, for all counts: packed ones can be unpacked, and texts are the digits.

import { encodeText } from "../../common/as/bytes";
import { unpackAddress } from "../../common/as/stack-words";
import { Show } from "../../common/format/manifest";
import { HEX_STACK, PACK_STACK, SYMBOL_TEXT, stackArea } from "./stack";
import { Random } from "./testing/random";
import { Rig, readText } from "./testing/rig";

const FRAMES: i32 = 20;

/** Puts addresses into the area. */
function addresses(rig: Rig, random: Random): u64[] {
  const list: u64[] = [];
  for (let i = 0; i < FRAMES; ++i) {
    const address = 0xffffffff00000000 | <u64>(<u32>random.below(i32.MAX_VALUE)) | ((<u64>random.below(2)) << 31);
    list.push(random.below(8) == 0 ? 0xffffffffc0000000 : address);
    store<u64>(rig.inFrame(stackArea(rig.runtime)) + <usize>(8 * i), list[i]);
  }
  return list;
}

export function test_packs_as_many_addresses_as_asked(): void {
  const rig = new Rig(512);
  const pack = PACK_STACK.of(rig.runtime);
  const to = rig.place();
  rig.build();
  const list = addresses(rig, new Random(1));
  for (let count = 0; count <= FRAMES; ++count) {
    assert(rig.call(pack, [rig.at(0), rig.at(to), count]) == 0, "done");
    const text = rig.inFrame(to);
    for (let i = 0; i < count; ++i)
      assert(unpackAddress(load<u64>(text + <usize>(8 * i))) == list[i], `${count}: ${i}`);
    assert(load<u8>(text + <usize>(8 * count)) == 0, "the NUL");
  }
}

export function test_writes_addresses_in_hexadecimal(): void {
  const rig = new Rig(512);
  const hex = HEX_STACK.of(rig.runtime);
  const to = rig.place();
  rig.build();
  const list = addresses(rig, new Random(2));
  for (let count = 1; count <= FRAMES; ++count) {
    rig.call(hex, [rig.at(0), rig.at(to), count]);
    let expected = "";
    for (let i = 0; i < count; ++i) expected += (i > 0 ? " 0x" : "0x") + list[i].toString(16);
    const text = readText(rig.inFrame(to), 512);
    assert(text == expected, `'${text}' should be '${expected}'`);
  }
}

class Symbols {
  private rig: Rig = new Rig(64);
  private routine: i32;
  private to: i32;

  constructor() {
    this.routine = SYMBOL_TEXT.of(this.rig.runtime);
    this.to = this.rig.place();
    this.rig.build();
  }

  /** What the routine takes out of what the kernel has written. */
  take(text: string, show: Show, most: i32 = 63): string {
    const rig = this.rig;
    const area = rig.inFrame(rig.runtime.textArea.offset);
    const bytes = encodeText(text);
    memory.copy(area, changetype<usize>(bytes), bytes.length);
    store<u8>(area + <usize>bytes.length, 0);
    rig.call(this.routine, [rig.at(0), rig.at(this.to), most, show]);
    return readText(rig.inFrame(this.to), 64);
  }
}

export function test_takes_names_and_modules_out_of_the_kernels_text(): void {
  const s = new Symbols();
  expect(s.take("vfs_read", Show.Name), "vfs_read");
  expect(s.take("ext4_read [ext4]", Show.Name), "ext4_read");
  expect(s.take("0x10", Show.Name), "0x10");
  expect(s.take("vfs_read+0x10/0x40", Show.Data), "vfs_read+0x10/0x40 [kernel]");
  expect(s.take("ext4_read+0x0/0x5 [ext4]", Show.Data), "ext4_read+0x0/0x5 [ext4]");
  expect(s.take("0xffffffff81000000", Show.Data), "0xffffffff81000000");
  expect(s.take("vfs_read", Show.Module), "kernel");
  expect(s.take("ext4_read [ext4]", Show.Module), "ext4");
  expect(s.take("0x10", Show.Module), "<unknown>");
}

export function test_cuts_names_that_are_too_long(): void {
  const s = new Symbols();
  const long = "n".repeat(63);
  expect(s.take(long, Show.Name), long);
  expect(s.take(long, Show.Name, 15), "n".repeat(15));
  expect(s.take(`${long.substring(0, 50)} [module`, Show.Data, 55), `${long.substring(0, 50)} [mod`);
  expect(s.take("n".repeat(55), Show.Data), "n".repeat(55));
  expect(s.take("n".repeat(54), Show.Data), "n".repeat(54) + " [kernel]");
}

function expect(actual: string, wanted: string): void {
  assert(actual == wanted, `'${actual}' should be '${wanted}'`);
}
