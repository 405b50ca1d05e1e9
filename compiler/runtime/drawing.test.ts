// Histograms as text, row by row.

import { Statistic } from "../../common/as/statistic";
import { NoRef } from "../ir/function";
import { bucketsAt, drawHistogram } from "./drawing";
import { capacityFor, Place } from "./place";
import { Rig, readText } from "./testing/rig";
import { TestStatistic, Where, wantHistogram } from "./testing/statistics";

const HEADER = "value |" + "-".repeat(50) + " count\n";

/** A row of which the bar has so many characters. */
function row(value: string, bar: i32, count: string, width: i32 = 5): string {
  return value.padStart(width, " ") + " |" + "@".repeat(bar) + " ".repeat(50 - bar) + ` ${count}\n`;
}

/** Draws some values, each of them so often. */
class Sketch {
  private rig: Rig;
  private it: TestStatistic;
  private place: Place;
  private draw: i32;

  constructor(statistic: Statistic, where: Where, maxStringLength: i32) {
    const rig = new Rig(maxStringLength);
    const it = new TestStatistic(rig, statistic, where);
    const frame = rig.begin("draw", 1);
    const place = frame.newFramePlace(capacityFor(rig.runtime.maxLength));
    const from = bucketsAt(frame, it.store.cell(frame.b, NoRef));
    frame.b.ret(drawHistogram(frame, it.store, from, place));
    rig.build();
    this.rig = rig;
    this.it = it;
    this.place = place;
    this.draw = frame.b.fn.index;
  }

  add(value: i64, times: i32): void {
    for (let k = 0; k < times; ++k) this.it.add(k, value);
  }

  check(expected: string): void {
    const length = <i32>this.rig.call(this.draw, [this.rig.at(0)]);
    const text = readText(this.rig.inFrame(this.place.offset), this.place.capacity);
    assert(text.length == length, "its length");
    const whole = expected.substring(0, this.rig.runtime.maxLength);
    assert(text == whole, `the drawing is\n${text}instead of\n${whole}`);
  }
}

export function test_intervals_are_drawn(): void {
  const places: StaticArray<Where> = [Where.OneRow, Where.Copies];
  for (let i = 0; i < places.length; ++i) {
    const statistic = new Statistic();
    wantHistogram(statistic, 0, 40, 10);
    const sketch = new Sketch(statistic, places[i], 1024);
    sketch.add(-5, 1);
    sketch.add(0, 3);
    sketch.add(35, 1);
    sketch.add(100, 12);
    const below = row("<0", 1, " 1") + row("0", 3, " 3");
    const inside = row("10", 0, " 0") + row("20", 0, " 0") + row("30", 1, " 1") + row("40", 0, " 0");
    sketch.check(HEADER + below + inside + row(">40", 12, "12") + "\n");
  }
}

export function test_rows_outside_of_the_range_are_left_out_when_empty(): void {
  const statistic = new Statistic();
  wantHistogram(statistic, 10, 20, 10);
  const sketch = new Sketch(statistic, Where.OneRow, 512);
  sketch.add(12, 2);
  sketch.check(HEADER + row("10", 2, "2") + row("20", 0, "0") + "\n");
}

export function test_powers_of_two_are_drawn_with_what_is_left_out(): void {
  const statistic = new Statistic();
  wantHistogram(statistic, 0, 0, 0);
  const sketch = new Sketch(statistic, Where.Copies, 1024);
  sketch.add(1, 3);
  sketch.add(1000, 1);
  const first = row("0", 0, "0") + row("1", 3, "3") + row("2", 0, "0") + row("4", 0, "0");
  const last = row("128", 0, "0") + row("256", 0, "0") + row("512", 1, "1") + row("1024", 0, "0");
  sketch.check(HEADER + first + "      ~\n" + last + row("2048", 0, "0") + "\n");
}

export function test_long_bars_are_scaled_and_long_values_widen(): void {
  const statistic = new Statistic();
  wantHistogram(statistic, 0, 0, 0);
  const sketch = new Sketch(statistic, Where.OneRow, 1024);
  sketch.add(-1000000, 120);
  sketch.add(-300000, 5);
  const rows: string = row("-2097152", 0, "  0", 8) + row("-1048576", 0, "  0", 8) + row("-524288", 40, "120", 8);
  const more: string = row("-262144", 1, "  5", 8) + row("-131072", 0, "  0", 8) + row("-65536", 0, "  0", 8);
  sketch.check("   " + HEADER + rows + more + "\n");
}

export function test_what_does_not_fit_is_cut(): void {
  const lengths: i32[] = [16, 64, 128, 512];
  for (let i = 0; i < lengths.length; ++i) {
    const statistic = new Statistic();
    wantHistogram(statistic, 0, 400, 10);
    const sketch = new Sketch(statistic, Where.OneRow, lengths[i]);
    let expected = HEADER;
    for (let k = 0; k <= 40; ++k) {
      sketch.add(k * 10, 1);
      expected += row((k * 10).toString(), 1, "1");
    }
    sketch.check(expected);
  }
}
