// Records that handlers write: control records, errors, and units of output in one piece and in several.

import { RecordFlags, RecordItem } from "../../common/format/record";
import { BssHeader } from "../../common/format/runtime";
import { UnitMap } from "../ir/unit";
import { FrameWord } from "./plan";
import { CONTROL, clearCut, FAIL, FLUSH } from "./report";
import { Rig } from "./testing/rig";

const OUTPUT_BYTES: i32 = 64;

/** A counter in the header of .bss. */
function counter(rig: Rig, at: BssHeader): u64 {
  return load<u64>(rig.address(at));
}

export function test_a_control_record_has_its_site(): void {
  const rig = new Rig();
  const control = CONTROL.of(rig.runtime);
  rig.build();
  rig.call(control, [0x12345]);
  const world = rig.world;
  assert(world.records == 1 && world.lastRing == UnitMap.Control, "one record in the ring for control");
  assert(world.last.length == RecordItem.Size && load<u64>(world.last.dataStart) == 0x2345, "of the site alone");
}

export function test_errors_are_counted_and_end_the_session(): void {
  for (let suppress = 0; suppress < 2; ++suppress) {
    const rig = new Rig();
    rig.runtime.unit.maxErrors = 2;
    rig.runtime.unit.suppressErrors = suppress == 1;
    const fail = FAIL.of(rig.runtime);
    rig.build();
    for (let k = 1; k <= 4; ++k) {
      rig.call(fail, [k % 2 == 0 ? -1 : k]);
      assert(counter(rig, BssHeader.Errors) == k, `${k} errors`);
      const ends = k > 2 && suppress == 0;
      assert(load<u32>(rig.address(BssHeader.Exiting)) == (ends ? 1 : 0), "more than MAXERRORS end the session");
    }
    assert(rig.world.records == 2, "only where there is a site, there is a record");
  }
}

/** A frame whose output is flushed. */
class Output {
  rig: Rig = new Rig();
  private prologue: i32;
  private flushing: i32;
  private address: i32;
  private next: u8 = 0;

  constructor() {
    const rig = this.rig;
    rig.runtime.plan.needOutput(OUTPUT_BYTES);
    const prologue = rig.begin("prologue", 1);
    clearCut(prologue.b, prologue.address());
    prologue.b.ret(prologue.b.constant(0));
    const output = rig.begin("output", 1);
    output.b.ret(output.output());
    this.prologue = prologue.b.fn.index;
    this.address = output.b.fn.index;
    this.flushing = FLUSH.of(rig.runtime);
    rig.build();
  }

  begin(): void {
    this.rig.call(this.prologue, [this.rig.at(0)]);
  }

  /** Puts bytes out and flushes them; the last record must be those, with flags and a unit. */
  flush(bytes: i32, more: bool): void {
    const rig = this.rig;
    const at = <usize>rig.call(this.address, [rig.at(0)]);
    memory.fill(at, ++this.next, bytes);
    store<u64>(rig.inFrame(FrameWord.OutputLength), bytes);
    rig.call(this.flushing, [rig.at(0), more ? 1 : 0]);
    assert(load<u64>(rig.inFrame(FrameWord.OutputLength)) == 0, "the output is empty again");
  }

  check(bytes: i32, flags: i32, unit: i32): void {
    const last = this.rig.world.last;
    assert(this.rig.world.lastRing == UnitMap.Output && last.length == bytes, `a record of ${bytes} bytes`);
    assert(last[RecordItem.Flags] == flags, `flags ${last[RecordItem.Flags]}, not ${flags}`);
    assert(load<i32>(last.dataStart, RecordItem.Unit) == unit, `unit ${unit}`);
    for (let i: i32 = RecordItem.Size; i < bytes; ++i) assert(last[i] == this.next, "what was put out");
  }
}

export function test_a_unit_of_one_record(): void {
  const output = new Output();
  output.begin();
  output.flush(0, false);
  assert(output.rig.world.records == 0, "of nothing there is no record");
  output.flush(24, false);
  output.check(24, RecordFlags.None, 0);
  output.begin();
  output.flush(OUTPUT_BYTES, false);
  output.check(OUTPUT_BYTES, RecordFlags.None, 0);
}

export function test_a_unit_of_several_records(): void {
  const output = new Output();
  output.begin();
  // The second frame's.
  output.flush(40, true);
  output.check(40, RecordFlags.More | RecordFlags.First, 2);
  output.flush(48, true);
  output.check(48, RecordFlags.More, 2);
  output.flush(16, false);
  output.check(16, RecordFlags.None, 2);
  assert(output.rig.world.records == 3, "three in all");
}

export function test_a_unit_that_lost_a_record_is_torn(): void {
  const output = new Output();
  const rig = output.rig;
  output.begin();
  output.flush(16, true);
  rig.world.isFull = true;
  output.flush(16, true);
  output.flush(16, true);
  assert(counter(rig, BssHeader.LostOutput) == 1, "the unit is counted once");
  rig.world.isFull = false;
  output.flush(24, false);
  output.check(24, RecordFlags.Torn, 2);
  output.begin();
  output.flush(32, false);
  output.check(32, RecordFlags.None, 0);
  assert(counter(rig, BssHeader.LostOutput) == 1, "the next one is whole");
}
