// Reads a verifier log as a stream and keeps what explains its end: the path that the verifier was on, the message, and
// the statistics. Memory is bounded: of a path longer than MOST_STEPS the oldest steps are dropped, and paths that were
// left are not kept.
//
// The verifier walks one side of a branch to its end, then "from X to Y" restores the registers of a branch X and walks
// its other side. The path to a failure is therefore: the steps up to that branch, then the new ones.

import { effectOf } from "./insn.ts";
import { classify, type Line, PrefixStripper } from "./lines.ts";
import { type Report, ReportReader } from "./report.ts";

/** A line of source, as the log tells it. */
export interface Source {
  text: string;
  /** "" before 6.8. */
  file: string;
  line: number;
  column: number;
}

/** One instruction on the path. */
export interface Step {
  insn: number;
  text: string;
  /** The call frame: 0 for the program, 1 for what it calls, … */
  frame: number;
  source: Source | null;
  /** Registers printed before the instruction, and behind it: those that it changed. */
  before: string;
  after: string;
  /** The other side of this branch is (or was) walked from here. */
  forked: boolean;
  /** Where the next step was, if a branch was walked to its other side. */
  wentTo: number;
}

/** What a log says. */
export interface LogReport {
  /** The path to the end of the log, oldest step first. */
  steps: Step[];
  /** Earlier steps of the path that are not kept, or were not in the log. */
  stepsMissing: boolean;
  /** Instructions in the whole log, paths that were pruned, branches that were walked to their other side. */
  counts: { lines: number; insns: number; pruned: number; restored: number };
  /** How often the log shows each instruction. */
  visits: Map<number, number>;
  /** The kernel's words after the last instruction. */
  messages: string[];
  /** What other tools say before and after. */
  around: string[];
  /** The function that was checked by itself ("Validating f() func#1"), or "". */
  functionName: string;
  /** First instruction of each function, by its number. */
  functions: Map<number, number>;
  processed: string;
  stackDepth: string;
  report: Report | null;
  /** What another tool calls the program. */
  program: string;
  /** The log does not begin where the verifier began, or has no statistics at its end. */
  truncated: { start: boolean; end: boolean };
}

const MOST_STEPS = 60_000;
const MOST_LINE = 20_000;
const MOST_MESSAGES = 60;

function emptyReport(): LogReport {
  return {
    steps: [],
    stepsMissing: false,
    counts: { lines: 0, insns: 0, pruned: 0, restored: 0 },
    visits: new Map(),
    messages: [],
    around: [],
    functionName: "",
    functions: new Map(),
    processed: "",
    stackDepth: "",
    report: null,
    program: "",
    truncated: { start: false, end: false },
  };
}

/** Takes a log in pieces of any size. */
export class LogReader {
  private rest = "";
  private result = emptyReport();
  private readonly prefix = new PrefixStripper();
  private source: Source | null = null;
  private frame = 0;
  private before = "";
  private pendingReturn = false;
  private report: ReportReader | null = null;
  /** The log has said all of a program that was refused; what follows is another's. */
  private isDone = false;
  private hasEnded = false;
  private begun = false;

  push(text: string): void {
    const all = this.rest + text;
    let start = 0;
    for (let end = all.indexOf("\n"); end >= 0; end = all.indexOf("\n", start)) {
      this.line(all.slice(start, end));
      start = end + 1;
    }
    this.rest = all.slice(start);
    // Nothing of the kernel is that long.
    if (this.rest.length > MOST_LINE) this.rest = this.rest.slice(0, MOST_LINE);
  }

  end(): LogReport {
    if (this.rest.replaceAll("\0", "") !== "") this.line(this.rest);
    this.rest = "";
    const { result } = this;
    if (this.report) result.report = this.report.report;
    result.truncated.end = result.counts.insns > 0 && result.processed === "" && result.messages.length === 0;
    return result;
  }

  private line(raw: string): void {
    // A log within one line of another program's (JSON, a string in quotes).
    if (raw.length > 100 && raw.includes("\\n") && /\\n\s*\d+: \([0-9a-f]{2}\)/.test(raw)) {
      for (const part of raw.split(/(?:\\r)?\\n/)) this.line(part.replaceAll("\\t", " ").replaceAll('\\"', '"'));
      return;
    }
    // Some messages have no line end of their own.
    const glued = raw.indexOf("processed ");
    if (glued > 0 && /^processed \d+ insns \(limit/.test(raw.slice(glued)) && /[a-z]$/.test(raw.slice(0, glued))) {
      this.line(raw.slice(0, glued));
      this.line(raw.slice(glued));
      return;
    }
    const text = this.prefix.strip(raw.length > MOST_LINE ? raw.slice(0, MOST_LINE) : raw);
    this.result.counts.lines++;
    const line = classify(text);
    if (this.isDone) {
      if (line.kind === "message") this.around(line.text);
      return;
    }
    if (this.report && line.kind !== "stats" && line.kind !== "end") {
      this.report.add(text);
      return;
    }
    this.take(line);
  }

  private take(line: Line): void {
    if (this.hasEnded && (line.kind === "insn" || line.kind === "state" || line.kind === "function")) this.restart();
    switch (line.kind) {
      case "insn":
        this.insn(line);
        break;
      case "state":
        this.state(line.text);
        break;
      case "from":
        this.restore(line);
        break;
      case "safe":
        this.result.counts.pruned++;
        break;
      case "source": {
        const { text, file, line: number, column } = line;
        this.source = { text, file, line: number, column };
        break;
      }
      case "frame":
        if (line.what === "return") this.pendingReturn = true;
        break;
      case "function":
        this.function(line);
        break;
      case "report":
        this.report = new ReportReader(line.category, line.problem);
        break;
      default:
        this.other(line);
    }
  }

  private other(line: Line): void {
    const { result } = this;
    if (line.kind === "stats") this.stats(line.name, line.text);
    else if (line.kind === "begin") this.restart(line.program);
    else if (line.kind === "end") this.finish();
    else if (line.kind === "gap") Object.assign(result, { steps: [], stepsMissing: true });
    else if (line.kind === "message") {
      if (this.hasEnded) this.around(line.text);
      else if (result.messages.length < MOST_MESSAGES) result.messages.push(line.text);
    }
  }

  private around(text: string): void {
    if (this.result.around.length < MOST_MESSAGES) this.result.around.push(text);
  }

  private stats(name: string, text: string): void {
    if (name === "processed") {
      this.result.processed = text;
      this.finish();
    } else if (name === "stack") {
      this.result.stackDepth = text;
    }
  }

  /** The end of one program's log. */
  private finish(): void {
    this.hasEnded = true;
    if (this.result.messages.length > 0 || this.report) this.isDone = true;
  }

  /** Another program's log begins; the one before was accepted (or there was none). */
  private restart(program = ""): void {
    if (this.result.messages.length > 0 && this.result.counts.insns > 0) {
      this.isDone = true;
      return;
    }
    const around = [...this.result.around, ...this.result.messages].slice(0, MOST_MESSAGES);
    const { lines } = this.result.counts;
    this.result = { ...emptyReport(), around, program: program || (this.hasEnded ? "" : this.result.program) };
    this.result.counts.lines = lines;
    Object.assign(this, { source: null, frame: 0, before: "", report: null, hasEnded: false, begun: false });
  }

  private insn({ insn, text, state }: Line & { kind: "insn" }): void {
    const { result } = this;
    if (!this.begun && insn !== 0 && result.functionName === "") {
      result.truncated.start = true;
      result.stepsMissing = true;
    }
    this.begin();
    const shown = state || this.before;
    if (shown !== "") this.frame = frameOf(shown);
    else if (this.pendingReturn) this.frame = Math.max(0, this.frame - 1);
    this.pendingReturn = false;
    const { frame, source, before } = this;
    result.steps.push({ insn, text, frame, source, before, after: state, forked: false, wentTo: -1 });
    this.before = "";
    result.counts.insns++;
    result.visits.set(insn, (result.visits.get(insn) ?? 0) + 1);
    if (result.steps.length > MOST_STEPS) {
      result.steps = result.steps.slice(MOST_STEPS / 2);
      result.stepsMissing = true;
    }
  }

  /** The first line of the kernel's: what came before was another tool's. */
  private begin(): void {
    const { result } = this;
    if (!this.begun) result.around.push(...result.messages.slice(0, MOST_MESSAGES - result.around.length));
    this.begun = true;
    result.messages = [];
  }

  private state(text: string): void {
    if (!this.begun) this.begin();
    // A state after the message is the verifier's explanation of it (infinite loops).
    if (this.result.messages.length === 0) this.before = this.before === "" ? text : `${this.before} ${text}`;
  }

  private restore({ from, to, safe, text }: Line & { kind: "from" }): void {
    const { result } = this;
    result.counts.restored++;
    if (safe) result.counts.pruned++;
    if (!this.begun) {
      result.truncated.start = true;
      result.stepsMissing = true;
    }
    this.begin();
    const { steps } = result;
    let fork = steps.length - 1;
    while (fork >= 0 && !isFork(steps[fork]!, from, steps[fork + 1]?.insn, to)) fork--;
    if (fork < 0) result.stepsMissing = true;
    else Object.assign(steps[fork]!, { forked: true, wentTo: to });
    if (safe) return;
    steps.length = fork + 1;
    this.before = text;
    this.frame = fork < 0 ? 0 : steps[fork]!.frame;
    // A state without "frame1:" is that of frame 0.
    if (text !== "" && !text.startsWith("frame")) this.frame = 0;
  }

  private function({ name, index, insn, state }: Line & { kind: "function" }): void {
    const { result } = this;
    if (state === "at") {
      result.functions.set(index, insn);
      this.begin();
    } else if (state === "validating") {
      this.begin();
      result.functionName = name;
      result.steps = [];
      result.stepsMissing = false;
      this.frame = 0;
    }
  }
}

/** The frame of registers that were printed: the last that is named, because a caller's registers come first. */
function frameOf(state: string): number {
  const at = state.lastIndexOf("frame");
  return at < 0 ? 0 : Number.parseInt(state.slice(at + 5), 10) || 0;
}

/** Whether the verifier can have kept the side `to` of the branch at this step for later. */
function isFork(step: Step, from: number, next: number | undefined, to: number): boolean {
  if (step.insn !== from || step.forked) return false;
  const { kind } = effectOf(step.text);
  // Besides branches, calls with callbacks and iterators have two ways to go on.
  return kind === "jump" ? next !== to : kind === "call" || kind === "other";
}

/** Reads a log that is in memory. */
export function readLog(text: string): LogReport {
  const reader = new LogReader();
  reader.push(text);
  return reader.end();
}
