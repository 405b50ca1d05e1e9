// `stap-remote verify SCRIPT --host BOX`: loads the script's programs without attaching any, and prints what the
// verifier took for each, and what takes most of it. On several hosts each line begins with the host's name.

import { ElfView } from "../agent/host/elf.ts";
import type { MeasuredProgram } from "../agent/host/events.ts";
import type { ManifestReader } from "../agent/host/manifest.ts";
import { EXIT, type ExitStatus } from "./exit.ts";
import type { Run } from "./surroundings.ts";

/** Limits of the kernel, for root. */
const MOST_WALKED = 1_000_000;
const MOST_INSNS = 1_000_000;
const MOST_STACK = 512;
const MOST_LINES = 3;
const MOST_TEXT = 80;

/** What is printed of one program. */
interface Row {
  point: string;
  walked: number;
  states: number;
  stack: number;
  measured: MeasuredProgram;
}

/** Loads, measures, prints. A refusal is thrown: the caller explains it. */
export async function verifyObject(object: Uint8Array, manifest: ManifestReader, run: Run): Promise<ExitStatus> {
  const { around, session } = run;
  await session.load(object);
  around.onStarted?.();
  const rows = (await session.measure()).map((measured) => rowOf(measured, manifest));
  const output = around.openOutput(run.settings.output);
  const strings = new BtfStrings(object);
  const { release } = session.hello;
  const parts = rows.map((row) => rowText(row) + linesText(row, strings));
  const head = `Linux ${release}: ${accepted(rows)}\n`;
  await output.write(new TextEncoder().encode(head + (rows.length > 0 ? HEAD : "") + parts.join("")));
  await output.close();
  for (const row of rows) for (const warning of warningsOf(row)) around.message(`WARNING: ${warning}\n`);
  return EXIT.done;
}

function accepted(rows: Row[]): string {
  if (rows.length === 0) return "no program for the kernel";
  const most = rows.reduce((a, b) => (b.walked > a.walked ? b : a));
  const many = rows.length === 1 ? "1 program" : `${rows.length} programs`;
  const limit = `${group(MOST_WALKED)} instructions walked (${share(most.walked)})`;
  return `${many} accepted; at most ${group(most.walked)} of ${limit}`;
}

const COLUMNS = [12, 7, 8, 7, 9, 8, 9];
const HEAD = `${columns(["walked", "limit", "states", "stack", "load", "insns", "JITed"])}  probe\n`;

function columns(words: string[]): string {
  return words.map((word, i) => word.padStart(COLUMNS[i] ?? 0)).join("");
}

function rowText({ point, walked, states, stack, measured }: Row): string {
  const load = `${(measured.loadMicroseconds / 1000).toFixed(1)} ms`;
  const jited = measured.jitedBytes > 0 ? `${(measured.jitedBytes / 1024).toFixed(1)}K` : "-";
  const words = [group(walked), share(walked), group(states), String(stack), load, group(measured.insns), jited];
  return `${columns(words)}  ${point}\n`;
}

/** Numbers in the verifier's statistics: "processed 9 insns (limit 1000000) … total_states 1 …", "stack depth 16+8". */
function rowOf(measured: MeasuredProgram, manifest: ManifestReader): Row {
  const program = manifest.findProgram(measured.name);
  const number = (pattern: RegExp) => Number(pattern.exec(measured.stats)?.[1] ?? 0);
  const depths = /stack depth ([\d+]+)/.exec(measured.stats)?.[1]?.split("+") ?? [];
  return {
    point: (program >= 0 ? manifest.pointOf(program) : "") || measured.name,
    walked: number(/processed (\d+) insns/),
    states: number(/total_states (\d+)/),
    // Depths are of the functions, not of a chain of calls: their greatest is what one function takes.
    stack: Math.max(0, ...depths.map(Number)),
    measured,
  };
}

/** The script's lines, or the library's, on which the verifier spent most. */
function linesText({ measured }: Row, strings: BtfStrings): string {
  const sums = new Map<string, { walked: number }>();
  let all = 0;
  for (const { file, text, line, walked } of measured.lines) {
    const what = strings.at(text).trim();
    // Routines of the run-time library have a name and no line.
    const key = line === 0 ? `in the run-time routine ${what}` : `at ${strings.at(file)}:${line}: ${what}`;
    const known = sums.get(key) ?? { walked: 0 };
    known.walked += walked;
    all += walked;
    sums.set(key, known);
  }
  const most = [...sums].sort(([, a], [, b]) => b.walked - a.walked).slice(0, MOST_LINES);
  const part = measured.isCut ? " of what the log holds" : "";
  const lines = most.map(([place, { walked }]) => {
    const percent = `${Math.round((walked * 100) / Math.max(all, 1))} %${part}`;
    return `${" ".repeat(8)}${group(walked)} (${percent}) ${place.slice(0, MOST_TEXT)}\n`;
  });
  return sums.size > 1 ? lines.join("") : "";
}

function warningsOf({ point, walked, stack, measured }: Row): string[] {
  const warnings: string[] = [];
  const half = (what: string, have: number, most: number) => {
    if (have * 2 <= most) return;
    warnings.push(`${point}: ${group(have)} ${what} are more than half of the limit, ${group(most)}`);
  };
  half("instructions walked by the verifier", walked, MOST_WALKED);
  half("instructions", measured.insns, MOST_INSNS);
  half("bytes of stack in one function", stack, MOST_STACK);
  return warnings;
}

/** 29300 as "29,300". */
function group(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

function share(walked: number): string {
  return `${((walked * 100) / MOST_WALKED).toFixed(1)} %`;
}

/** The strings of an object's BTF. */
class BtfStrings {
  private readonly bytes: Uint8Array;

  constructor(object: Uint8Array) {
    const btf = new ElfView(object).find(".BTF") ?? new Uint8Array(0);
    const view = new DataView(btf.buffer, btf.byteOffset, btf.byteLength);
    const isWhole = btf.length >= 24;
    const start = isWhole ? view.getUint32(4, true) + view.getUint32(16, true) : 0;
    this.bytes = btf.subarray(Math.min(start, btf.length));
  }

  at(offset: number): string {
    const end = this.bytes.indexOf(0, offset);
    return end < 0 ? "" : new TextDecoder().decode(this.bytes.subarray(offset, end));
  }
}
