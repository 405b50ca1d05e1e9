// Where the value of a register comes from: walks the path backwards from the refused instruction, and keeps the
// instructions that made the value.

import { type Effect, effectOf } from "./insn.ts";
import { parseState, type Value } from "./state.ts";
import type { LogReport, Step } from "./trace.ts";

/** One instruction of a lineage, oldest last. */
export interface Origin {
  step: Step;
  /** The register or slot that it wrote. */
  target: string;
  /** What it wrote, if the log says so. */
  value: Value | null;
  /** How the value came to be: "copied from r2", "result of bpf_map_lookup_elem", "clobbered by the call" … */
  how: string;
  /** How often it did so on the path: rounds of a loop are one. */
  times: number;
}

const MOST_ORIGINS = 12;

/** The value of a register or slot before a step, or null if the log does not say. */
export function valueBefore(steps: readonly Step[], index: number, target: string): Value | null {
  const frame = steps[index]?.frame ?? 0;
  const own = steps[index] ? find(steps[index]!.before, target) : null;
  if (own) return own;
  if (steps[index]?.before.includes("R10=")) return null; // all registers that have a value were printed
  for (let i = index - 1, looked = 0; i >= 0 && looked < 5000; i--, looked++) {
    const step = steps[i]!;
    if (step.frame !== frame) continue;
    const found = find(step.after, target);
    if (found) return found;
    const { kind, writes, reads } = effectOf(step.text);
    if (writes.includes(target)) {
      return kind === "move" ? valueBefore(steps, i, reads[0]!) : null;
    }
    const before = find(step.before, target);
    if (before) return before;
  }
  return null;
}

function find(state: string, target: string): Value | null {
  const name = target.startsWith("r") ? `R${target.slice(1)}` : target;
  if (!state.includes(name)) return null;
  return parseState(state).values.get(target) ?? null;
}

/** The value that a step left in a register or slot. */
function valueAfter(steps: readonly Step[], index: number, target: string): Value | null {
  return find(steps[index]!.after, target) ?? (steps[index + 1] ? find(steps[index + 1]!.before, target) : null);
}

/** What is looked for while walking backwards. */
interface Wanted {
  frame: number;
  target: string;
}

/**
 * The lineage of `target` as it was before the last step. `bounds`: the failure is about a range, so of `pointer +=
 * number` the number is followed.
 */
export function lineage(report: LogReport, target: string, bounds: boolean): Origin[] {
  const { steps } = report;
  const origins: Origin[] = [];
  const last = steps.length - 1;
  if (last < 0) return origins;
  const wanted: Wanted = { frame: steps[last]!.frame, target };
  for (let i = last - 1; i >= 0 && origins.length < MOST_ORIGINS; i--) {
    const step = steps[i]!;
    const origin = originAt(steps, i, wanted);
    if (origin === null) continue;
    const same = origins.find((one) => one.step.insn === step.insn && one.target === origin.target);
    if (same) same.times++;
    else if (origin.how !== "") origins.push({ step, ...origin, times: 1 });
    const next = origin.how === "" ? origin.next : follow(steps, i, bounds);
    if (!next) break;
    wanted.frame = next.frame;
    wanted.target = next.target;
  }
  return origins;
}

interface Found {
  target: string;
  value: Value | null;
  how: string;
  /** Where to look on, for a step that only passes the value on. */
  next?: Wanted;
}

/** What a step did to what is wanted; null: nothing. */
function originAt(steps: readonly Step[], i: number, wanted: Wanted): Found | null {
  const step = steps[i]!;
  const effect = effectOf(step.text);
  const { frame, target } = wanted;
  const isCall = effect.kind === "call" && effect.callee!.startsWith("pc");
  if (isCall && step.frame === frame - 1) {
    // The function's arguments are the caller's registers; it has no other values of its own.
    if (!/^r[1-5]$/.test(target)) return null;
    return { target, value: null, how: "", next: { frame: frame - 1, target } };
  }
  if (effect.kind === "exit" && step.frame === frame + 1 && target === "r0") {
    return { target, value: null, how: "", next: { frame: frame + 1, target } };
  }
  if (step.frame !== frame || !effect.writes.includes(target)) return null;
  const value = valueAfter(steps, i, target);
  return { target, value, how: wordsFor(effect, target) };
}

function wordsFor(effect: Effect, target: string): string {
  switch (effect.kind) {
    case "move":
      return `copied from ${effect.reads[0]}`;
    case "constant":
      return "set here";
    case "compute":
      return effect.reads.length > 1 ? `computed with ${effect.reads[1]}` : "computed";
    case "load":
      return effect.reads[0]!.startsWith("fp")
        ? `loaded from stack slot ${effect.reads[0]}`
        : `loaded from memory at ${effect.base}`;
    case "store":
      return effect.reads.length > 0 ? `stored from ${effect.reads[0]}` : "stored as a constant";
    case "atomic":
      return "result of an atomic operation";
    default:
      return target === "r0" ? `result of ${effect.callee}` : `lost in the call of ${effect.callee}`;
  }
}

/** What to look for before a step that wrote what was wanted; null where its value began. */
function follow(steps: readonly Step[], i: number, bounds: boolean): Wanted | null {
  const { frame, text } = steps[i]!;
  const { kind, reads } = effectOf(text);
  if (kind === "constant" || kind === "call" || kind === "atomic" || reads.length === 0) return null;
  // A load through a pointer begins a value; one from the stack has a history.
  if (kind === "load" && !reads[0]!.startsWith("fp")) return null;
  const [main, operand] = reads as [string, string?];
  if (!bounds || operand === undefined) return { frame, target: main };
  const pointer = valueBefore(steps, i, main);
  return { frame, target: pointer && pointer.type !== "scalar" ? operand : main };
}
