// What handlers report to the agent and the host: control records, errors, and output collected in a frame.

import { RingFlag } from "../../common/format/bpf";
import { Helper } from "../../common/format/helpers";
import { RecordFlags, RecordItem } from "../../common/format/record";
import { BssHeader } from "../../common/format/runtime";
import { AddressKind, Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { UnitMap } from "../ir/unit";
import { frameMask } from "./arena";
import { FrameWord, Hole } from "./plan";
import { Routine, RoutineBuilder } from "./routine";
import { Runtime } from "./runtime";

/** (site) -> 0. Puts a record without arguments into the control ring. */
export const CONTROL = new Routine<Runtime>("control_record", 1, buildControl);

/** (site or -1) -> 0. Counts a handler that ended with an error. Too many errors end the session. */
export const FAIL = new Routine<Runtime>("fail", 1, buildFail);

/** (site, number) -> 0. Counts such a handler, and reports an error whose message contains the number. */
export const FAIL_WITH = new Routine<Runtime>("fail_with", 2, buildFailWith);

/** (frame offset, more) -> 0. Writes the output collected so far as one record. */
export const FLUSH = new Routine<Runtime>("flush", 2, buildFlush);

function buildControl(_: Runtime, b: RoutineBuilder): void {
  const site = b.parameter(0);
  const ring = b.addressOf(AddressKind.Map, UnitMap.Control);
  const record = b.callHelper(Helper.RingbufReserve, [ring, b.constant(RecordItem.Size), b.constant(0)]);
  const full = b.newBlock("full");
  const ok = b.newBlock("ok");
  b.setCold(full);
  b.branchIf(Op.Eq, record, b.constant(0), full, ok);
  b.setBlock(full);
  countLostIn(b, UnitMap.Control);
  b.ret(b.constant(0));
  b.setBlock(ok);
  b.store(Op.Store64, record, 0, b.unary(Op.Extu16, site));
  b.callHelper(Helper.RingbufSubmit, [record, b.constant(RingFlag.ForceWakeup)]);
  b.ret(b.constant(0));
}

function buildFail(runtime: Runtime, b: RoutineBuilder): void {
  const bss = b.addressOf(AddressKind.Bss, 0);
  b.atomicAdd(8, bss, BssHeader.Errors, b.constant(1));
  if (!runtime.unit.suppressErrors) {
    const many = b.newBlock("many");
    const few = b.newBlock("few");
    const errors = b.load(Op.Load64, bss, BssHeader.Errors);
    b.branchIf(Op.Ugt, errors, b.constant(runtime.unit.maxErrors), many, few);
    b.setBlock(many);
    b.store(Op.Store32, bss, BssHeader.Exiting, b.constant(1));
    b.jump(few);
    b.setBlock(few);
  }
  const report = b.newBlock("report");
  const done = b.newBlock("done");
  b.branchIf(Op.Sge, b.parameter(0), b.constant(0), report, done);
  b.setBlock(report);
  b.callFunction(CONTROL.of(runtime), [b.parameter(0)]);
  b.jump(done);
  b.setBlock(done);
  b.ret(b.constant(0));
}

function buildFailWith(runtime: Runtime, b: RoutineBuilder): void {
  const bytes = RecordItem.Size + 8;
  const record = b.slot(bytes);
  b.callFunction(FAIL.of(runtime), [b.constant(-1)]);
  b.store(Op.Store64, record, 0, b.unary(Op.Extu16, b.parameter(0)));
  b.store(Op.Store64, record, RecordItem.Size, b.parameter(1));
  writeRecord(b, UnitMap.Control, record, b.constant(bytes));
  b.ret(b.constant(0));
}

/**
 * Writes the output so far as one record of a unit. If the unit is cut, the header of its first item holds the unit's
 * number.
 */
function buildFlush(runtime: Runtime, b: RoutineBuilder): void {
  const offset = b.binary(Op.And, b.parameter(0), frameMask(b));
  const frame = b.binary(Op.Add, b.addressOf(AddressKind.Bss, runtime.unit.frameOffset), offset);
  const output = b.binary(Op.Add, frame, runtime.plan.placeholder(b.fn, Hole.Output));
  const length = b.binary(
    Op.And,
    b.load(Op.Load64, frame, FrameWord.OutputLength),
    runtime.plan.placeholder(b.fn, Hole.OutputMask),
  );
  const some = b.newBlock("some");
  const none = b.newBlock("none");
  b.branch(length, some, none);
  b.setBlock(some);
  const cut = b.load(Op.Load8u, frame, FrameWord.Cut);
  const torn = b.binary(Op.And, cut, b.constant(RecordFlags.Torn));
  const flags = b.binary(Op.Or, torn, b.parameter(1));
  const begun = b.binary(Op.Ne, cut, b.constant(0));
  const first = b.binary(Op.And, b.binary(Op.Sub, begun, b.constant(1)), b.constant(RecordFlags.First));
  const marked = b.binary(Op.Or, flags, b.binary(Op.And, first, b.binary(Op.Shl, b.parameter(1), b.constant(2))));
  b.store(Op.Store8, output, RecordItem.Flags, marked);
  const whole = b.newBlock("whole");
  const piece = b.newBlock("piece");
  const write = b.newBlock("write");
  b.branch(b.binary(Op.Or, cut, b.parameter(1)), piece, whole);
  b.setBlock(piece);
  const bytes = runtime.plan.placeholder(b.fn, Hole.Bytes);
  b.store(Op.Store32, output, RecordItem.Unit, b.binary(Op.Add, b.binary(Op.Udiv, offset, bytes), b.constant(1)));
  b.jump(write);
  b.setBlock(whole);
  b.store(Op.Store32, output, RecordItem.Unit, b.constant(0));
  b.jump(write);
  b.setBlock(write);
  const ring = b.addressOf(AddressKind.Map, UnitMap.Output);
  const result = b.callHelper(Helper.RingbufOutput, [ring, output, length, b.constant(0)]);
  b.store(Op.Store64, frame, FrameWord.OutputLength, b.constant(0));
  const lost = b.newBlock("lost");
  const kept = b.newBlock("kept");
  b.setCold(lost);
  b.branchIf(Op.Slt, result, b.constant(0), lost, kept);
  b.setBlock(lost);
  countLost(b, frame, torn);
  b.ret(b.constant(0));
  b.setBlock(kept);
  b.store(Op.Store8, frame, FrameWord.Cut, b.binary(Op.Or, torn, b.constant(RecordFlags.More)));
  b.jump(none);
  b.setBlock(none);
  b.ret(b.constant(0));
}

/** Counts a lost unit once and marks the rest of it as torn. */
function countLost(b: Builder, frame: Ref, torn: Ref): void {
  const first = b.newBlock("first");
  const again = b.newBlock("again");
  b.branch(torn, again, first);
  b.setBlock(first);
  countLostIn(b, UnitMap.Output);
  b.jump(again);
  b.setBlock(again);
  b.store(Op.Store8, frame, FrameWord.Cut, b.constant(RecordFlags.Torn | RecordFlags.More));
}

/** Clears the state that `Flush` keeps in a frame. Part of the prologue of a handler that flushes. */
export function clearCut(b: Builder, frame: Ref): void {
  b.store(Op.Store8, frame, FrameWord.Cut, b.constant(0));
}

/** Copies a record into a ring. Counts the record as lost if the ring is full. */
export function writeRecord(b: Builder, map: UnitMap, record: Ref, size: Ref): void {
  const flags = b.constant(map == UnitMap.Output ? 0 : RingFlag.ForceWakeup);
  const result = b.callHelper(Helper.RingbufOutput, [b.addressOf(AddressKind.Map, map), record, size, flags]);
  const lost = b.newBlock("lost");
  const kept = b.newBlock("kept");
  b.setCold(lost);
  b.branchIf(Op.Slt, result, b.constant(0), lost, kept);
  b.setBlock(lost);
  countLostIn(b, map);
  b.jump(kept);
  b.setBlock(kept);
}

/** Counts a record that did not fit into a ring. */
export function countLostIn(b: Builder, map: UnitMap): void {
  const counter = map == UnitMap.Output ? BssHeader.LostOutput : BssHeader.LostControl;
  b.atomicAdd(8, b.addressOf(AddressKind.Bss, 0), counter, b.constant(1));
}
