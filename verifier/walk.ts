// Walks along the path of a log, step by step: the state of a viewer, without a terminal. cli/step.ts gives it keys and
// shows what it draws; a browser can do the same.

import type { Places } from "./explain.ts";
import { effectOf } from "./insn.ts";
import { valueBefore } from "./lineage.ts";
import { cut } from "./screen.ts";
import { describe } from "./state.ts";
import type { LogReport } from "./trace.ts";

/** What the keys do; `explain --step` shows it. */
export const WALK_KEYS: [keys: string, what: string][] = [
  ["j, down; k, up", "the next, the previous step"],
  ["d, u", "ten steps on, ten back"],
  ["g; G", "the beginning; the refused instruction"],
  ["b; B", "the branch before, the next one"],
  ["r", "where the register that this step reads was written"],
  ["/; n; N", "search; the next, the previous match"],
  ["f", "fold: of a loop's rounds only the first and the last"],
  ["q", "leave"],
];

const REGISTERS = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9"];

export class Walk {
  /** The step that is looked at: its index in the report. */
  at: number;
  isFolded = false;
  isDone = false;
  /** What is searched for; while it is typed, `isTyping`. */
  wanted = "";
  isTyping = false;
  note = "";
  /** Steps that are only in rounds between a loop's first and last. */
  private readonly folded: boolean[];

  constructor(
    private readonly report: LogReport,
    private readonly places: Places,
  ) {
    this.at = Math.max(0, report.steps.length - 1);
    this.folded = foldedSteps(report);
  }

  /** A key by its name, as Node's readline calls it. */
  key(name: string): void {
    this.note = "";
    if (this.isTyping) this.type(name);
    else ACTIONS[name]?.(this);
  }

  private type(name: string): void {
    if (name === "return" || name === "enter") {
      this.isTyping = false;
      this.search(1);
    } else if (name === "escape") this.isTyping = false;
    else if (name === "backspace") this.wanted = this.wanted.slice(0, -1);
    else if (name === "space") this.wanted += " ";
    else if (name.length === 1) this.wanted += name;
  }

  /** Goes so many steps that are shown. */
  move(by: number): void {
    const way = Math.sign(by);
    for (let left = Math.abs(by); left > 0; left--) {
      const next = this.find(way, () => true);
      if (next < 0) break;
      this.at = next;
    }
  }

  /** The next step in a direction that is shown and fits, or -1. */
  private find(way: number, fits: (index: number) => boolean): number {
    for (let i = this.at + way; i >= 0 && i < this.report.steps.length; i += way) {
      if (!(this.isFolded && this.folded[i]) && fits(i)) return i;
    }
    return -1;
  }

  search(way: number): void {
    if (this.wanted === "") return;
    const found = this.find(way, (i) => this.textOf(i).includes(this.wanted));
    if (found < 0) this.note = `no '${this.wanted}' ${way > 0 ? "after" : "before"} this step`;
    else this.at = found;
  }

  branch(way: number): void {
    const found = this.find(way, (i) => effectOf(this.report.steps[i]!.text).conditional === true);
    if (found < 0) this.note = "no more branches";
    else this.at = found;
  }

  /** Goes to where what this step reads was written. */
  origin(): void {
    const { steps } = this.report;
    const step = steps[this.at];
    const wanted = step ? (effectOf(step.text).base ?? effectOf(step.text).reads[0]) : undefined;
    const wrote = (i: number) => steps[i]!.frame === step!.frame && effectOf(steps[i]!.text).writes.includes(wanted!);
    const found = wanted === undefined ? -1 : this.find(-1, wrote);
    if (found < 0)
      this.note = wanted === undefined ? "this step reads no register" : `${wanted} was not written before`;
    else this.at = found;
  }

  toEnd(isStart: boolean): void {
    this.at = isStart ? 0 : Math.max(0, this.report.steps.length - 1);
  }

  private textOf(i: number): string {
    const step = this.report.steps[i]!;
    return `${step.insn}: ${step.text} ${this.places.of(step.insn, step.source)?.text ?? ""} ${step.after}`;
  }

  /** The screen: `rows` lines. */
  draw(rows: number): string[] {
    const { steps, stepsMissing } = this.report;
    if (steps.length === 0) return ["the log has no instruction"];
    const missing = stepsMissing ? "; earlier ones are not in the log" : "";
    const head = `step ${this.at + 1} of ${steps.length}${this.isFolded ? ", folded" : ""}${missing}`;
    const values = this.valueLines().slice(0, Math.max(1, rows >> 1));
    const room = Math.max(3, rows - values.length - 3);
    const last = this.isTyping
      ? `/${this.wanted}`
      : this.note || "j k d u: steps  b: branch  r: origin  /: search  q: leave";
    return [head, ...this.stepLines(room), "", ...values, last];
  }

  /** The steps around the one that is looked at, with their lines of source. */
  private stepLines(room: number): string[] {
    const shown = this.around(room);
    let before = "";
    const lines = shown.flatMap((i) => {
      const step = this.report.steps[i]!;
      const place = this.places.of(step.insn, step.source);
      const text = place ? `     ; ${place.line > 0 ? `${place.line}: ` : ""}${cut(place.text.trim())}` : "";
      const isNew = text !== "" && text !== before;
      before = text || before;
      const mark = i === this.at ? ">" : " ";
      const frame = "  ".repeat(Math.min(step.frame, 8));
      const line = { i, text: `${mark} ${frame}${step.insn}: ${cut(step.text)}` };
      return isNew ? [{ i, text }, line] : [line];
    });
    const current = lines.findIndex(({ i, text }) => i === this.at && text.startsWith(">"));
    const start = Math.max(0, Math.min(current - (room >> 1), lines.length - room));
    return lines.slice(start, start + room).map(({ text }) => text);
  }

  private around(room: number): number[] {
    const shown = [this.at];
    for (const way of [-1, 1]) {
      let i = this.at + way;
      for (let left = room; left > 0 && i >= 0 && i < this.report.steps.length; i += way) {
        if (this.isFolded && this.folded[i]) continue;
        if (way < 0) shown.unshift(i);
        else shown.push(i);
        left--;
      }
    }
    return shown;
  }

  /** What registers hold before the step. */
  private valueLines(): string[] {
    const { steps } = this.report;
    const values = REGISTERS.map((name) => ({ name, value: valueBefore(steps, this.at, name) }));
    const lines = values.flatMap(({ name, value }) => (value ? [`  ${name}: ${describe(value)}`] : []));
    return lines.length > 0 ? lines : ["  (the log shows no registers here)"];
  }
}

const ACTIONS: Record<string, (walk: Walk) => void> = {
  j: (walk) => walk.move(1),
  down: (walk) => walk.move(1),
  k: (walk) => walk.move(-1),
  up: (walk) => walk.move(-1),
  d: (walk) => walk.move(10),
  pagedown: (walk) => walk.move(10),
  u: (walk) => walk.move(-10),
  pageup: (walk) => walk.move(-10),
  g: (walk) => walk.toEnd(true),
  home: (walk) => walk.toEnd(true),
  G: (walk) => walk.toEnd(false),
  end: (walk) => walk.toEnd(false),
  b: (walk) => walk.branch(-1),
  B: (walk) => walk.branch(1),
  r: (walk) => walk.origin(),
  n: (walk) => walk.search(1),
  N: (walk) => walk.search(-1),
  "/": (walk) => Object.assign(walk, { isTyping: true, wanted: "" }),
  f: (walk) => Object.assign(walk, { isFolded: !walk.isFolded }),
  q: (walk) => Object.assign(walk, { isDone: true }),
};

/** Steps whose instruction is on the path both before and after them, in the same frame. */
function foldedSteps({ steps }: LogReport): boolean[] {
  const key = ({ frame, insn }: { frame: number; insn: number }) => `${frame}:${insn}`;
  const first = new Map<string, number>();
  const last = new Map<string, number>();
  steps.forEach((step, i) => {
    const name = key(step);
    if (!first.has(name)) first.set(name, i);
    last.set(name, i);
  });
  return steps.map((step, i) => first.get(key(step)) !== i && last.get(key(step)) !== i);
}
