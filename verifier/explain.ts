// Explains a verifier log: what the kernel says, what it means, whose fault it is, and how the value and the path came
// to be. The result is plain data; screen.ts makes text of it, and `--output json` prints it (docs/verifier.md).

import { fill, type Match, matchErrno, matchMessage, matchMessages } from "./catalogue/catalogue.ts";
import type { Fault } from "./catalogue/row.ts";
import { effectOf } from "./insn.ts";
import { lineage, valueBefore } from "./lineage.ts";
import type { Report } from "./report.ts";
import { describe } from "./state.ts";
import type { LogReport, Source, Step } from "./trace.ts";

/** A place in the source. */
export interface Place {
  file: string;
  line: number;
  /** From 1, in bytes; 0: not known. */
  column: number;
  text: string;
}

/** What an object tells that the log does not. */
export interface Places {
  /** The place of an instruction; `source` is what the log says of it. */
  of(insn: number, source: Source | null): Place | null;
  /** The probe point of the program, and where its handler stands. */
  point: string;
  handler: Place | null;
  /** Whether our compiler made the object. */
  isOurs: boolean;
  /** The global variable at an offset of a map, or "". */
  variable(map: string, offset: number): string;
}

/** For logs without an object: only what the log says. */
export const LOG_ONLY: Places = {
  of: (_, source) => (source ? { ...source } : null),
  point: "",
  handler: null,
  isOurs: false,
  variable: () => "",
};

/** One instruction of the explanation. */
export interface ExplainedStep {
  insn: number;
  text: string;
  place: Place | null;
}

export interface Explanation {
  /** "accepted": a log without an error; "none": not a verifier log. */
  verdict: "refused" | "accepted" | "none";
  /** The row of the catalogue, or "". */
  id: string;
  cause: string;
  source: string;
  fix: string;
  /** Who has to change something; "" if the message is not in the catalogue. */
  fault: "script" | "program" | "compiler" | "kernel" | "user" | "";
  /** For the kernel's fault: the first release that has what is missing, or "". */
  since: string;
  /** The kernel's message, verbatim, and the lines with it. */
  message: string;
  messages: string[];
  errno: number;
  /** The program's name, as a tool or the agent calls it, and the function that was checked by itself. */
  program: string;
  function: string;
  instruction: (ExplainedStep & { registers: { name: string; value: string; variable: string }[] }) | null;
  place: Place | null;
  /** Where the probe's handler is, if the place is in a library. */
  usedAt: Place | null;
  lineage: (ExplainedStep & { target: string; how: string; value: string; times: number })[];
  decisions: (ExplainedStep & { jumped: boolean; next: Place | null; nextInsn: number; round: number })[];
  /** Loops on the path: the instruction that begins a round, and how many rounds were walked. */
  loops: (ExplainedStep & { rounds: number })[];
  counts: LogReport["counts"];
  processed: string;
  stackDepth: string;
  truncated: { start: boolean; end: boolean };
  stepsMissing: boolean;
  report: Report | null;
}

const MOST_DECISIONS = 6;
const MOST_LOOPS = 4;

/** Explains a log that was read. `errno`: the error of the load, if it is known. */
export function explain(report: LogReport, places: Places = LOG_ONLY, errno = 0): Explanation {
  const match = findMatch(report, errno);
  const refused = match !== null || report.messages.length > 0 || report.report !== null || errno !== 0;
  const step = report.steps.at(-1) ?? null;
  const insn = failingInsn(report, match, refused);
  const placed = placeOf(report, places, insn);
  const explanation: Explanation = {
    ...words(match, places),
    verdict: refused ? "refused" : report.counts.insns > 0 || report.processed !== "" ? "accepted" : "none",
    message: match?.message || report.messages.at(-1) || "",
    messages: report.messages.length > 0 ? report.messages : match?.message ? [match.message] : [],
    errno,
    program: report.program,
    function: report.functionName,
    instruction: null,
    place: placed,
    usedAt: usedAt(placed, places),
    lineage: [],
    decisions: [],
    loops: [],
    counts: report.counts,
    processed: report.processed,
    stackDepth: report.stackDepth,
    truncated: report.truncated,
    stepsMissing: report.stepsMissing,
    report: report.report,
  };
  if (!refused) return explanation;
  if (step && step.insn === insn) addPath(explanation, report, { match, places });
  else if (insn >= 0) explanation.instruction = { insn, text: textOf(report, insn), place: placed, registers: [] };
  return explanation;
}

/** The message that explains most: the kernel's, else a tool's, else the error's number. */
function findMatch(report: LogReport, errno: number): Match | null {
  const own = matchMessages(report.messages);
  if (own) return own;
  if (report.report) return matchReport(report.report);
  // The kernel has said something, and we do not know it: the error's number tells less.
  if (report.messages.length > 0 && (report.counts.insns > 0 || errno !== 0)) return null;
  return matchMessages(report.around) ?? matchNumber(report, errno);
}

/** An error's number, where nothing says more. A log that has instructions and no message is one that was cut. */
function matchNumber(report: LogReport, errno: number): Match | null {
  const limit = report.counts.insns > 0 ? LIMITS[errno] : undefined;
  return matchMessage(limit ?? "") ?? (errno !== 0 ? matchErrno(errno) : null);
}

/** What the verifier says at its limits: 5.10 keeps only the beginning of so long a log. */
const LIMITS: Record<number, string> = {
  7: "BPF program is too large. Processed 1000001 insn",
  14: "The sequence of 8193 jumps is too complex",
};

/** The report of 7.3 has its own sentences. */
function matchReport({ category, problem, reason, suggestion }: Report): Match {
  const isPolicy = category === "Policy";
  return {
    row: {
      id: "report",
      pattern: /^/,
      message: `Verification failed: ${category}`,
      cause: (reason || problem || category).replaceAll("{", "("),
      source: "",
      fix: suggestion.replaceAll("{", "(") || "the kernel suggests nothing",
      fault: isPolicy ? "privilege" : "program",
    },
    message: `Verification failed: ${category}${problem ? `: ${problem}` : ""}`,
    groups: {},
  };
}

const FAULTS: Record<Fault, [ours: Explanation["fault"], others: Explanation["fault"]]> = {
  program: ["compiler", "program"],
  size: ["script", "program"],
  kernel: ["kernel", "kernel"],
  privilege: ["user", "user"],
};

function words(match: Match | null, { isOurs }: Places) {
  if (!match) return { id: "", cause: "", source: "", fix: "", fault: "" as const, since: "" };
  const { row, groups } = match;
  return {
    id: row.id,
    cause: fill(row.cause, groups),
    source: row.source,
    fix: fillFix(row.fix, groups),
    fault: FAULTS[row.fault][isOurs ? 0 : 1],
    since: row.since ?? "",
  };
}

/** Fixes are commands, written small. */
function fillFix(fix: string, groups: Record<string, string>): string {
  const text = fill(fix, groups);
  return fix.charAt(0) + text.slice(1);
}

/** The instruction that was refused: the one that the message names, else the last one. */
function failingInsn(report: LogReport, match: Match | null, refused: boolean): number {
  if (!refused) return -1;
  if (match?.groups.insn !== undefined) return Number(match.groups.insn);
  if (report.report && report.report.insn >= 0) return report.report.insn;
  return report.steps.at(-1)?.insn ?? -1;
}

function placeOf(report: LogReport, places: Places, insn: number): Place | null {
  const own = report.report?.place;
  const step = report.steps.findLast((one) => one.insn === insn);
  const placed = places.of(insn, step?.source ?? null);
  if (own && (!placed || placed.line === 0)) {
    return { file: own.file, line: own.line, column: own.column, text: placed?.text ?? "" };
  }
  return placed;
}

function textOf(report: LogReport, insn: number): string {
  return report.steps.findLast((step) => step.insn === insn)?.text ?? "";
}

/** The handler, where the place itself is in another file. */
function usedAt(place: Place | null, { handler }: Places): Place | null {
  return place && handler && handler.file !== place.file ? handler : null;
}

function addPath(e: Explanation, report: LogReport, { match, places }: { match: Match | null; places: Places }): void {
  const { steps } = report;
  const last = steps.length - 1;
  const step = steps[last]!;
  const target = failingTarget(report, match, step);
  e.instruction = { ...explained(step, places), registers: registersOf(report, target, places) };
  if (target) {
    e.lineage = lineage(report, target, match?.row.bounds === true).map((origin) => ({
      ...explained(origin.step, places),
      target: origin.target,
      how: origin.how,
      times: origin.times,
      value: origin.value ? describe(origin.value) : "",
    }));
  }
  e.decisions = decisionsOf(steps, places);
  e.loops = loopsOf(steps, places);
}

/** The register that the failure is about, or "". */
function failingTarget(report: LogReport, match: Match | null, step: Step): string {
  const reg = match?.groups.reg ?? report.messages.map((text) => matchMessage(text)?.groups.reg).find((one) => one);
  if (reg !== undefined) return `r${reg}`;
  const slot = match?.row.id.startsWith("stack-") && match.groups.off ? `fp${match.groups.off}` : "";
  if (slot && effectOf(step.text).base === "r10") return slot;
  const { base, kind, reads, writes } = effectOf(step.text);
  if (base) return base;
  if (match?.row.bounds && kind === "compute" && reads[1]) return reads[1];
  if (kind === "exit") return "r0";
  return kind === "compute" ? writes[0]! : kind === "jump" ? (reads[0] ?? "") : "";
}

function explained(step: Step, places: Places): ExplainedStep {
  return { insn: step.insn, text: step.text, place: places.of(step.insn, step.source) };
}

/** The registers of the last instruction in words. */
function registersOf(report: LogReport, target: string, places: Places) {
  const { steps } = report;
  const last = steps.length - 1;
  const { reads, writes, base, kind } = effectOf(steps[last]!.text);
  const called =
    kind === "call" ? argumentsOf(report, target) : [...(kind === "load" ? [] : writes.slice(0, 1)), ...reads];
  const names = new Set([target, base ?? "", ...called].filter((name) => name !== "" && name !== "r10"));
  return [...names].slice(0, 6).map((name) => {
    const value = valueBefore(steps, last, name);
    const map = value?.attributes.get("map") ?? "";
    return {
      name,
      value: value ? describe(value) : "no value that the log shows",
      variable: value && map ? places.variable(map, Number(value.known ?? 0n)) : "",
    };
  });
}

/** Of a call: the registers that hold something, up to the one that failed. */
function argumentsOf(report: LogReport, target: string): string[] {
  const count = /^r[1-5]$/.test(target) ? Number(target.slice(1)) : 0;
  return Array.from({ length: count }, (_, i) => `r${i + 1}`).filter(
    (name) => valueBefore(report.steps, report.steps.length - 1, name) !== null,
  );
}

/** The last branches on the path, each once: the latest time, and which round that was. */
function decisionsOf(steps: readonly Step[], places: Places): Explanation["decisions"] {
  const rounds = new Map<number, number>();
  for (const { insn } of steps) rounds.set(insn, (rounds.get(insn) ?? 0) + 1);
  const seen = new Set<string>();
  const decisions: Explanation["decisions"] = [];
  for (let i = steps.length - 2; i >= 0 && decisions.length < MOST_DECISIONS; i--) {
    const step = steps[i]!;
    if (!effectOf(step.text).conditional) continue;
    const one = explained(step, places);
    // Several machine branches make one condition of the script: the first that is met, going back, tells where it led.
    const key = one.place ? `${one.place.file}:${one.place.line}` : String(step.insn);
    if (seen.has(key)) continue;
    seen.add(key);
    const next = steps[i + 1]!;
    decisions.push({
      ...one,
      jumped: next.insn !== step.insn + 1,
      next: nextPlace(steps, i, { from: one.place, places }),
      nextInsn: next.insn,
      round: rounds.get(step.insn)!,
    });
  }
  return decisions.reverse();
}

const MOST_LOOKED_AHEAD = 64;

/** The next place on the path that is on another line. */
function nextPlace(steps: readonly Step[], i: number, { from, places }: { from: Place | null; places: Places }) {
  for (let k = i + 1; k < steps.length && k < i + MOST_LOOKED_AHEAD; k++) {
    const place = places.of(steps[k]!.insn, steps[k]!.source);
    if (place && (!from || place.line !== from.line || place.file !== from.file)) return place;
  }
  return null;
}

/** Jumps back on the path, by where they lead to. */
function loopsOf(steps: readonly Step[], places: Places): Explanation["loops"] {
  const rounds = new Map<number, { step: Step; rounds: number }>();
  for (let i = 0; i + 1 < steps.length; i++) {
    const next = steps[i + 1]!;
    if (next.insn > steps[i]!.insn || next.frame !== steps[i]!.frame || effectOf(steps[i]!.text).kind !== "jump")
      continue;
    const known = rounds.get(next.insn);
    if (known) known.rounds++;
    else rounds.set(next.insn, { step: next, rounds: 2 });
  }
  const all = [...rounds.values()].sort((a, b) => b.rounds - a.rounds).slice(0, MOST_LOOPS);
  return all.map(({ step, rounds: count }) => ({ ...explained(step, places), rounds: count }));
}
