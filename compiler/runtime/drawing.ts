// sprint(@hist_log(s)), sprintln(@hist_log(s)): draws a histogram as a string in the program, line by line, as
// common/as/print/histogram.ts draws it on the host. tests/run/histogram-text.stp compares the two.
//
// The buckets are first copied into the frame, with zeros before and after them, so that a row's neighbours can always
// be read. Each row is built in a fixed layout, in a scratch area filled with spaces. It is then appended to the string
// as far as it fits:
//
//   0                    64 - valueWidth - 3       64
//   | ...                | spaces, ' ~', newline  | spaces, value, ' |', 50 of bar, space, count, newline |
//
// The routines share their results through the frame. These values differ between paths. In registers, the verifier
// would follow each path.

import { LOG_ZERO, Statistic, StatisticField } from "../../common/as/statistic";
import { Helper } from "../../common/format/helpers";
import { AddressKind, Builder } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { addressInArena, arenaMask, frameAddress } from "./arena";
import { lesser, maskFor, select } from "./bits";
import { bucketsOf, MERGE_BUCKETS } from "./buckets";
import { passString } from "./copy";
import { DIGITS, Spec, SpecField } from "./digits";
import { Frame } from "./frame";
import { Place } from "./place";
import { Routine, RoutineBuilder } from "./routine";
import { Digits, Runtime } from "./runtime";
import { Cell, StatisticStore } from "./store";

/** Characters of the longest bar, and the number of empty rows that are shown next to a row that is not empty. */
const BAR_WIDTH: i32 = 50;
const NEIGHBOURS: i32 = 2;
/** Bytes of zeros before the first bucket and after the last. */
const GUARD_BYTES: i32 = 8 * NEIGHBOURS;
const DECIMAL: i64 = Spec.Signed | (10 << SpecField.Base);
/** Most characters of a value: the smallest number, and the mark for values outside of the range. */
const MOST_VALUE: i32 = 21;
const HEADER_TAIL = "value |" + "-".repeat(50) + " count\n";

/** Byte offsets in the scratch area: first the properties of the drawing, then the row. */
const enum Drawing {
  /** The first bucket that is shown, and the last. */
  First = 0,
  Last = 8,
  Greatest = 16,
  ValueWidth = 24,
  CountWidth = 32,
  /** The count that one character of a bar stands for. */
  Scale = 40,
  /** Rows were left out since the last row shown. */
  Left = 48,
  /** Bytes of the string so far. */
  Length = 56,
  /** Where the text of the finished row begins in the row area. */
  Start = 64,
  Area = 72,
  /** The start of the row area. */
  Row = 136,
  Size = 72 + 256,
}

/** (frame, buckets) -> 0. Finds the first and the last bucket that is not empty, and the greatest count. */
const MEASURE = new Routine<StatisticStore>("measure", 2, buildMeasure, bucketsOf);

/** (frame, buckets) -> 0. Decides which rows are shown, and the widths of the columns. */
const GEOMETRY = new Routine<StatisticStore>("geometry", 2, buildGeometry);

/** (frame, string, limit, bytes) -> 0. Appends bytes of the row area as far as they fit, and a NUL. */
const APPEND = new Routine<Runtime>("append_row", 4, buildAppend);

/**
 * (frame, buckets, index) -> bytes of the row in its area; 0 if the row is not shown. The index after the last bucket
 * gives the empty line.
 */
const ROW = new Routine<StatisticStore>("row", 3, buildRow);

/** (frame, buckets, string, limit) -> bytes of the string. Draws the histogram. */
const DRAW = new Routine<StatisticStore>("draw", 4, buildDraw, rowsOf);

/** One round for each bucket, and one for the empty line at the end. */
function rowsOf(store: StatisticStore): i64 {
  return store.statistic.buckets + 1;
}

/** The address of all buckets of a statistic that is not empty. The buckets of copies are added up in the frame. */
export function bucketsAt(frame: Frame, cell: Cell): Ref {
  const b = frame.b;
  if (cell.store.rows === null) return b.binary(Op.Add, cell.base, b.constant(cell.word(StatisticField.Buckets)));
  const place = frame.newFrameTemporary(8 * cell.statistic.buckets);
  b.callFunction(MERGE_BUCKETS.of(cell.store), [passString(frame, place)]);
  return frame.pointer(place);
}

/**
 * Draws a histogram with its buckets at `from` into a place in the frame. Returns the length. The text ends with a NUL.
 */
export function drawHistogram(frame: Frame, store: StatisticStore, from: Ref, place: Place): Ref {
  const b = frame.b;
  const buckets = store.statistic.buckets;
  const copy = frame.newFrameTemporary(8 * buckets + 2 * GUARD_BYTES);
  const at = frame.pointer(copy);
  for (let i = 0; i < NEIGHBOURS; ++i) {
    b.store(Op.Store64, at, 8 * i, b.constant(0));
    b.store(Op.Store64, at, GUARD_BYTES + 8 * (buckets + i), b.constant(0));
  }
  const to = b.binary(Op.Add, at, b.constant(GUARD_BYTES));
  b.callHelper(Helper.ProbeReadKernel, [to, b.constant(8 * buckets), from]);
  const limit = min(place.capacity - 1, frame.runtime.maxLength);
  const offset = frame.offset();
  const source = passString(frame, copy);
  const target = passString(frame, place);
  return b.callFunction(DRAW.of(store), [offset, source, target, b.constant(limit)]);
}

/** The values that the routines of one histogram use. */
class Sketch {
  frame: Ref;
  statistic: Statistic;
  private area: i32;

  constructor(
    private runtime: Runtime,
    private b: Builder,
    store: StatisticStore,
  ) {
    this.statistic = store.statistic;
    this.area = runtime.area("drawing", Drawing.Size);
    this.frame = frameAddress(runtime.unit, b, b.parameter(0));
  }

  get isLinear(): bool {
    return this.statistic.width != 0;
  }

  get last(): i32 {
    return this.statistic.buckets - 1;
  }

  get(field: Drawing): Ref {
    return this.b.load(Op.Load64, this.frame, this.area + field);
  }

  set(field: Drawing, value: Ref): void {
    this.b.store(Op.Store64, this.frame, this.area + field, value);
  }

  /** An address in the row area. */
  address(offset: Ref, field: i32): Ref {
    const b = this.b;
    return b.binary(Op.Add, b.binary(Op.Add, this.frame, b.constant(this.area + field)), offset);
  }

  /** The address of a bucket by its index, in the copy at parameter 1. */
  bucket(index: Ref): Ref {
    const b = this.b;
    const bounded = b.binary(Op.And, index, b.constant(maskFor(this.last)));
    const copy = addressInArena(this.runtime.unit, b, b.parameter(1), arenaMask(b));
    return b.binary(Op.Add, copy, b.binary(Op.Shl, bounded, b.constant(3)));
  }

  /** 1 if a row counts values outside of the range. */
  isOutside(index: Ref): Ref {
    const b = this.b;
    if (!this.isLinear) return b.constant(0);
    const below = b.binary(Op.Eq, index, b.constant(0));
    return b.binary(Op.Or, below, b.binary(Op.Eq, index, b.constant(this.last)));
  }

  /** The lower bound of a bucket. For the bucket below the range, its upper bound. */
  valueOf(index: Ref): Ref {
    const b = this.b;
    if (this.isLinear) {
      const below = b.binary(Op.Eq, index, b.constant(0));
      const above = b.binary(Op.Eq, index, b.constant(this.last));
      const steps = b.binary(Op.Sub, b.binary(Op.Add, b.binary(Op.Sub, index, b.constant(1)), below), above);
      return b.binary(
        Op.Add,
        b.constant(this.statistic.low),
        b.binary(Op.Mul, steps, b.constant(this.statistic.width)),
      );
    }
    const bits = b.binary(Op.Sub, index, b.constant(LOG_ZERO));
    const sign = b.binary(Op.Sar, bits, b.constant(63));
    const size = b.binary(Op.Sub, b.binary(Op.Xor, bits, sign), sign);
    const shift = b.binary(Op.And, b.binary(Op.Sub, size, b.constant(1)), b.constant(63));
    const power = b.binary(Op.Shl, b.binary(Op.Ne, bits, b.constant(0)), shift);
    return b.binary(Op.Sub, b.binary(Op.Xor, power, sign), sign);
  }

  /** The number of characters of a number. They end at Digits.End. */
  charactersOf(value: Ref): Ref {
    const b = this.b;
    const count = b.callFunction(DIGITS.of(this.runtime), [b.parameter(0), value, b.constant(DECIMAL)]);
    return b.binary(Op.And, count, b.constant(31));
  }

  /** Copies the digits of the last number so that they end `end` characters after `field`. Returns where they begin. */
  putDigits(end: Ref, field: i32, count: Ref): Ref {
    const b = this.b;
    const digits = b.binary(Op.Add, this.frame, b.constant(this.runtime.digitsArea + Digits.End));
    // It is never negative, and the verifier must see that.
    const start = b.binary(Op.And, b.binary(Op.Sub, end, count), b.constant(63));
    b.callHelper(Helper.ProbeReadKernel, [this.address(start, field), count, b.binary(Op.Sub, digits, count)]);
    return start;
  }
}

function buildDraw(store: StatisticStore, b: RoutineBuilder): void {
  const sketch = new Sketch(store.runtime, b, store);
  const passed = [b.parameter(0), b.parameter(1)];
  b.callFunction(MEASURE.of(store), passed);
  b.callFunction(GEOMETRY.of(store), passed);
  const append = APPEND.of(store.runtime);
  sketch.set(Drawing.Length, b.constant(0));
  b.callFunction(append, [b.parameter(0), b.parameter(2), b.parameter(3), headerRow(store.runtime, b, sketch)]);
  const row = ROW.of(store);
  const rows = b.loop();
  const bytes = b.callFunction(row, passed.concat([rows.index]));
  b.callFunction(append, [b.parameter(0), b.parameter(2), b.parameter(3), bytes]);
  rows.again();
  b.ret(sketch.get(Drawing.Length));
}

/** Builds the first line in the row area. Returns its length. */
function headerRow(runtime: Runtime, b: Builder, sketch: Sketch): Ref {
  const spaces = MOST_VALUE - 5;
  const text = b.addressOf(AddressKind.Rodata, runtime.unit.literal(" ".repeat(spaces) + HEADER_TAIL));
  const bytes = spaces + HEADER_TAIL.length;
  b.callHelper(Helper.ProbeReadKernel, [sketch.address(b.constant(0), Drawing.Area), b.constant(bytes), text]);
  const start = b.binary(Op.Sub, b.constant(MOST_VALUE), sketch.get(Drawing.ValueWidth));
  sketch.set(Drawing.Start, start);
  return b.binary(Op.Sub, b.constant(bytes), start);
}

function buildAppend(runtime: Runtime, b: RoutineBuilder): void {
  const area = runtime.area("drawing", Drawing.Size);
  const frame = frameAddress(runtime.unit, b, b.parameter(0));
  const length = b.load(Op.Load64, frame, area + Drawing.Length);
  const room = b.binary(Op.Sub, b.parameter(2), length);
  const bytes = b.binary(Op.And, lesser(b, b.parameter(3), room), b.constant(255));
  const start = b.binary(Op.And, b.load(Op.Load64, frame, area + Drawing.Start), b.constant(127));
  const from = b.binary(Op.Add, b.binary(Op.Add, frame, b.constant(area + Drawing.Area)), start);
  const mask = arenaMask(b);
  const to = addressInArena(runtime.unit, b, b.binary(Op.Add, b.parameter(1), length), mask);
  b.callHelper(Helper.ProbeReadKernel, [to, bytes, from]);
  const end = b.binary(Op.Add, length, bytes);
  b.store(Op.Store64, frame, area + Drawing.Length, end);
  b.store(Op.Store8, addressInArena(runtime.unit, b, b.binary(Op.Add, b.parameter(1), end), mask), 0, b.constant(0));
  b.ret(b.constant(0));
}

function buildMeasure(store: StatisticStore, b: RoutineBuilder): void {
  const sketch = new Sketch(store.runtime, b, store);
  sketch.set(Drawing.First, b.constant(-1));
  sketch.set(Drawing.Last, b.constant(0));
  sketch.set(Drawing.Greatest, b.constant(0));
  const each = b.loop();
  const met = b.load(Op.Load64, sketch.bucket(each.index), GUARD_BYTES);
  const some = b.newBlock("some");
  const none = b.newBlock("none");
  b.branch(met, some, none);
  b.setBlock(some);
  sketch.set(Drawing.Last, each.index);
  // Only the first one is less than -1 as an unsigned number.
  const first = sketch.get(Drawing.First);
  sketch.set(Drawing.First, select(b, b.binary(Op.Ult, each.index, first), each.index, first));
  const greatest = sketch.get(Drawing.Greatest);
  sketch.set(Drawing.Greatest, select(b, b.binary(Op.Ugt, met, greatest), met, greatest));
  b.jump(none);
  b.setBlock(none);
  each.again();
  b.ret(b.constant(0));
}

function buildGeometry(store: StatisticStore, b: RoutineBuilder): void {
  const sketch = new Sketch(store.runtime, b, store);
  widen(b, sketch);
  const greatest = sketch.get(Drawing.Greatest);
  const scale = b.binary(Op.Udiv, b.binary(Op.Add, greatest, b.constant(BAR_WIDTH - 1)), b.constant(BAR_WIDTH));
  sketch.set(Drawing.Scale, scale);
  sketch.set(Drawing.Left, b.constant(0));
  sketch.set(Drawing.CountWidth, sketch.charactersOf(greatest));
  const statistic = sketch.statistic;
  let bottom = b.constant(statistic.low);
  if (!sketch.isLinear) bottom = sketch.valueOf(sketch.get(Drawing.First));
  sketch.set(Drawing.ValueWidth, sketch.charactersOf(bottom));
  const low = b.binary(Op.Add, sketch.get(Drawing.ValueWidth), sketch.isOutside(sketch.get(Drawing.First)));
  sketch.set(Drawing.ValueWidth, low);
  const last = sketch.get(Drawing.Last);
  let top = b.binary(Op.Add, b.constant(statistic.low), b.binary(Op.Mul, last, b.constant(statistic.width)));
  if (!sketch.isLinear) top = sketch.valueOf(last);
  const high = b.binary(Op.Add, sketch.charactersOf(top), sketch.isOutside(sketch.get(Drawing.Last)));
  const bottomWidth = sketch.get(Drawing.ValueWidth);
  const wider = select(b, b.binary(Op.Ugt, high, bottomWidth), high, bottomWidth);
  sketch.set(Drawing.ValueWidth, select(b, b.binary(Op.Ugt, wider, b.constant(5)), wider, b.constant(5)));
  b.ret(b.constant(0));
}

/**
 * Shows two more rows at either end, but no row below zero on a logarithmic scale, and no empty row outside the range.
 */
function widen(b: Builder, sketch: Sketch): void {
  for (let i = 0; i < NEIGHBOURS; ++i) {
    const first = sketch.get(Drawing.First);
    let less = b.binary(Op.Ne, first, b.constant(0));
    if (!sketch.isLinear) less = b.binary(Op.And, less, b.binary(Op.Ne, first, b.constant(LOG_ZERO)));
    sketch.set(Drawing.First, b.binary(Op.Sub, first, less));
    const last = sketch.get(Drawing.Last);
    sketch.set(Drawing.Last, b.binary(Op.Add, last, b.binary(Op.Ult, last, b.constant(sketch.last))));
  }
  if (!sketch.isLinear) return;
  const first = sketch.get(Drawing.First);
  const below = b.load(Op.Load64, sketch.bucket(b.constant(0)), GUARD_BYTES);
  const cutFirst = b.binary(Op.And, b.binary(Op.Eq, first, b.constant(0)), b.binary(Op.Eq, below, b.constant(0)));
  const some = b.binary(Op.Ne, sketch.get(Drawing.Last), b.constant(0));
  sketch.set(Drawing.First, b.binary(Op.Add, first, b.binary(Op.And, cutFirst, some)));
  const last = sketch.get(Drawing.Last);
  const above = b.load(Op.Load64, sketch.bucket(b.constant(sketch.last)), GUARD_BYTES);
  const isLast = b.binary(Op.Eq, last, b.constant(sketch.last));
  const cutLast = b.binary(Op.And, isLast, b.binary(Op.Eq, above, b.constant(0)));
  const more = b.binary(Op.Ugt, last, sketch.get(Drawing.First));
  sketch.set(Drawing.Last, b.binary(Op.Sub, last, b.binary(Op.And, cutLast, more)));
}

function buildRow(store: StatisticStore, b: RoutineBuilder): void {
  const sketch = new Sketch(store.runtime, b, store);
  const index = b.parameter(2);
  const end = b.newBlock("end");
  const bucket = b.newBlock("bucket");
  const hidden = b.newBlock("hidden");
  const within = b.newBlock("within");
  const shown = b.newBlock("shown");
  const lonely = b.newBlock("lonely");
  const row = b.newBlock("row");
  b.branchIf(Op.Ugt, index, b.constant(sketch.last), end, bucket);
  b.setBlock(end);
  sketch.set(Drawing.Start, b.constant(0));
  b.store(Op.Store8, sketch.address(b.constant(0), Drawing.Area), 0, b.constant(10));
  b.ret(b.constant(1));
  b.setBlock(hidden);
  b.ret(b.constant(0));
  b.setBlock(bucket);
  b.branchIf(Op.Ult, index, sketch.get(Drawing.First), hidden, within);
  b.setBlock(within);
  b.branchIf(Op.Ugt, index, sketch.get(Drawing.Last), hidden, shown);
  b.setBlock(shown);
  const at = sketch.bucket(index);
  let near = b.load(Op.Load64, at, 0);
  for (let i = 1; i <= 2 * NEIGHBOURS; ++i) near = b.binary(Op.Or, near, b.load(Op.Load64, at, 8 * i));
  b.branch(near, row, lonely);
  b.setBlock(lonely);
  sketch.set(Drawing.Left, b.constant(1));
  b.ret(b.constant(0));
  b.setBlock(row);
  b.ret(putRow(store.runtime, b, sketch, index));
}

/** Builds a row, and before it the line that says that rows were left out. Returns the length. */
function putRow(runtime: Runtime, b: Builder, sketch: Sketch, index: Ref): Ref {
  const spaces = b.constant(0x2020202020202020);
  for (let at: i32 = 0; at < 160; at += 8) b.store(Op.Store64, sketch.address(b.constant(0), Drawing.Area), at, spaces);
  const width = b.binary(Op.And, sketch.get(Drawing.ValueWidth), b.constant(31));
  const value = sketch.charactersOf(sketch.valueOf(index));
  const start = sketch.putDigits(width, Drawing.Row, value);
  if (sketch.isLinear) markOutside(b, sketch, index, start);
  const bar = sketch.address(width, Drawing.Row);
  b.store(Op.Store8, bar, 1, b.constant(0x7c));
  const met = b.load(Op.Load64, sketch.bucket(index), GUARD_BYTES);
  const most = b.binary(Op.Udiv, met, sketch.get(Drawing.Scale));
  const length = b.binary(Op.And, lesser(b, most, b.constant(BAR_WIDTH)), b.constant(63));
  const text = b.addressOf(AddressKind.Rodata, runtime.unit.literal("@".repeat(64)));
  b.callHelper(Helper.ProbeReadKernel, [b.binary(Op.Add, bar, b.constant(2)), length, text]);
  const digits = sketch.charactersOf(b.load(Op.Load64, sketch.bucket(index), GUARD_BYTES));
  const total = b.binary(Op.Add, width, b.binary(Op.And, sketch.get(Drawing.CountWidth), b.constant(31)));
  sketch.putDigits(total, Drawing.Row + BAR_WIDTH + 3, digits);
  b.store(Op.Store8, sketch.address(total, Drawing.Row + BAR_WIDTH + 3), 0, b.constant(10));
  const tilde = sketch.address(b.constant(0), Drawing.Area);
  const row: i32 = Drawing.Row - Drawing.Area;
  b.store(Op.Store8, tilde, row - 2, b.constant(0x7e));
  b.store(Op.Store8, tilde, row - 1, b.constant(10));
  const before = b.binary(Op.Mul, sketch.get(Drawing.Left), b.binary(Op.Add, width, b.constant(3)));
  sketch.set(Drawing.Left, b.constant(0));
  sketch.set(Drawing.Start, b.binary(Op.Sub, b.constant(row), before));
  return b.binary(Op.Add, b.binary(Op.Add, total, b.constant(BAR_WIDTH + 4)), before);
}

/** Puts `<` or `>` before the value of a row outside of the range. */
function markOutside(b: Builder, sketch: Sketch, index: Ref, start: Ref): void {
  const outside = b.newBlock("outside");
  const inside = b.newBlock("inside");
  b.branch(sketch.isOutside(index), outside, inside);
  b.setBlock(outside);
  const above = b.binary(Op.Ne, index, b.constant(0));
  b.store(
    Op.Store8,
    sketch.address(start, Drawing.Row - 1),
    0,
    b.binary(Op.Add, b.constant(60), b.binary(Op.Shl, above, b.constant(1))),
  );
  b.jump(inside);
  b.setBlock(inside);
}
