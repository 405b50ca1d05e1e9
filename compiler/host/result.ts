// What comes of a compile: the response's sections as the caller sees them, and the time that the passes took.

import { ResponseStatus, ResponseTag } from "../../common/format/request.ts";
import { readResponse } from "./request.ts";

/** A place in a script; lines and columns (bytes) count from 1. */
export interface Place {
  file: string;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** One diagnostic as the compiler's JSON gives it. */
export interface Diagnostic {
  severity: "error" | "warning";
  kind: "parse error" | "semantic error" | "warning";
  message: string;
  saw?: string;
  hint?: string;
  place?: Place;
  notes?: { message: string; place?: Place }[];
  /** The same as text, in stap's form. */
  rendered: string;
}

/** Bytes from an offset on. */
export interface Range {
  offset: number;
  length: number;
}

/** Something the compiler must know before it can go on. */
export interface Need {
  /**
   * What the names are: "functions", "tracepoints", "config", "tapset"; "blob": bytes of the one blob that is named.
   */
  kind: string;
  names: string[];
  /** Of a blob; they may reach behind its end, and a length of 0 asks for its size alone. */
  ranges?: Range[];
}

export interface CompileResult {
  status: "done" | "refused" | "needs";
  object?: Uint8Array;
  /** What a -p1…-p3 or --dump asked for. */
  text?: string;
  /** Diagnostics in stap's form, errors and warnings. */
  messages: string;
  diagnostics: Diagnostic[];
  needs: Need[];
  /** Passes entered, with their wall-clock time. */
  passes: { name: string; realMs: number }[];
  /** Bytes of the instance's memory at the end; it never shrinks, so this is the peak. */
  memoryBytes: number;
  /** Counts for -v: functions, globals, probes, … */
  counts: Record<string, number>;
}

const STATUS_NAMES: Record<ResponseStatus, CompileResult["status"]> = {
  [ResponseStatus.Done]: "done",
  [ResponseStatus.Refused]: "refused",
  [ResponseStatus.Needs]: "needs",
};

/** A response as the caller sees it. */
export function readResult(bytes: Uint8Array, passes: CompileResult["passes"], memoryBytes: number): CompileResult {
  const response = readResponse(bytes);
  const decoder = new TextDecoder();
  const data = (tag: ResponseTag) => response.sections.find((section) => section.tag === tag)?.data;
  const text = (tag: ResponseTag) => {
    const found = data(tag);
    return found === undefined ? undefined : decoder.decode(found);
  };
  const needs: Need[] = [];
  for (const { tag, name, data: value } of response.sections) {
    if (tag !== ResponseTag.Need && tag !== ResponseTag.NeedBytes) continue;
    const rows = decoder.decode(value).split("\n").filter(Boolean);
    if (tag === ResponseTag.Need) needs.push({ kind: name, names: rows });
    else needs.push({ kind: "blob", names: [name], ranges: rows.map(readRange) });
  }
  return {
    status: STATUS_NAMES[response.status],
    object: data(ResponseTag.Object),
    text: text(ResponseTag.Text),
    messages: text(ResponseTag.Messages) ?? "",
    diagnostics: JSON.parse(text(ResponseTag.Diagnostics) ?? "[]"),
    needs,
    passes,
    memoryBytes,
    counts: readCounts(text(ResponseTag.Counts) ?? ""),
  };
}

function readRange(line: string): Range {
  const [offset, length] = line.split(",").map(Number);
  return { offset: offset as number, length: length as number };
}

function readCounts(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const [name, value] = line.split(" ");
    if (name && value) counts[name] = Number(value);
  }
  return counts;
}

/** What `enterPass(n)` numbers: stap's passes, as the compiler's driver reports them. */
const PASS_NAMES = ["start", "parse", "elaborate", "translate", "object"];

/** Keeps the time between passes, since the module has no clock. Repeated passes add up. */
export class PassClock {
  readonly passes: CompileResult["passes"] = [];
  private current: { name: string; realMs: number } | undefined;
  private since = 0;

  start(): void {
    this.since = performance.now();
  }

  /** Pass `pass` begins. */
  enter(pass: number): undefined {
    this.stop();
    const name = PASS_NAMES[pass] ?? `pass ${pass}`;
    this.current = this.passes.find((known) => known.name === name);
    if (this.current) return;
    this.current = { name, realMs: 0 };
    this.passes.push(this.current);
  }

  /** The pass that ran last is over. */
  stop(): void {
    const now = performance.now();
    if (this.current) this.current.realMs += now - this.since;
    this.since = now;
    this.current = undefined;
  }
}
