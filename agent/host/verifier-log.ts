// Summarises the verifier's log of a refused program on one screen: the script's line with a caret, the kernel's
// message, the instruction, and the end of the log. It reads the logs of kernels 5.10 to 7.2, which differ in these
// ways:
//
//   ; text of the line                      up to 6.7: only the text of the script's line
//   ; text of the line @ x.stp:3            6.8 and later (some add :column): its file and line too
//   12: (79) r1 = *(u64 *)(r1 +0)           the instruction, the same everywhere
//   12: (79) r1 = *(u64 *)(r1 +0)  ; R1=…   6.0 and later append the registers; before they have a line of their own
//
// The last instruction in the log is the one that was refused. The last line of no other kind is the kernel's message.

import type { Rejection } from "./events.ts";
import type { ManifestReader, ScriptPosition } from "./manifest.ts";
import { printableLines } from "./printable.ts";

/** Lines of the log that are shown unless all of it is asked for, and characters of each. */
const TAIL_LINES = 20;
const MOST_COLUMNS = 120;

const INSN = /^\s*(\d+): \(([0-9a-f]{2})\) (.*?)(\s*;\s.*)?$/;
const COMMENT = /^; (.*?)(?: @ (\S+?):(\d+)(?::(\d+))?)?$/;
/** Lines that say nothing about the cause: statistics, register states, paths, notes of precision tracking. */
const NOISE: RegExp[] = [
  /^processed \d+ insns/,
  /^(verification time|stack depth|insns processed|max_states)/,
  /^(from \d+ to \d+|\d+): ?(\(|safe|frame\d|R\d)/,
  /^\s*(frame\d+:\s*)?R\d+(_\w+)?=/,
  /^(mark_precise|parent|last_idx|regs=|propagating|func#\d|Func#?\d|Live regs)/,
  /^(Validating|caller:|callee:|returning from callee|to caller at|safe$)/,
];

/** What a log says, taken apart. */
export interface LogSummary {
  /** The kernel's own words; "" if the log ends without any. */
  message: string;
  /** The refused instruction, counted in the program as the kernel saw it, or -1. */
  insn: number;
  /** Its text, as in the log. */
  insnText: string;
  /** The last comment before it: a line of the script. */
  comment: { text: string; file?: string; line?: number } | null;
  lines: string[];
}

/** Takes a verifier log of any dialect apart. */
export function readVerifierLog(log: string): LogSummary {
  const lines = log
    .replace(/\0+$/, "")
    .split("\n")
    .map((line) => line.trimEnd());
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  const summary: LogSummary = { message: "", insn: -1, insnText: "", comment: null, lines };
  for (const line of lines) {
    const insn = INSN.exec(line);
    const comment = insn ? null : COMMENT.exec(line);
    if (insn) {
      summary.insn = Number(insn[1]);
      summary.insnText = `${insn[1]}: (${insn[2]}) ${insn[3]}`;
      summary.message = "";
    } else if (comment) {
      summary.comment = {
        text: comment[1]!,
        ...(comment[2] ? { file: comment[2], line: Number(comment[3]) } : {}),
      };
    } else if (line !== "" && !NOISE.some((pattern) => pattern.test(line))) {
      summary.message = line;
    }
  }
  return summary;
}

/** The place in the script that the refused instruction comes from. */
export function findCulprit(summary: LogSummary, manifest: ManifestReader, program: number): ScriptPosition | null {
  const { comment, insn } = summary;
  const byInsn = program >= 0 && insn >= 0 ? manifest.positionOfInsn(program, insn) : null;
  if (!comment) return byInsn ?? (program >= 0 ? manifest.positionOfProgram(program) : null);
  // A subprogram is numbered after its caller in the log; its comment tells that the caller's table does not apply.
  const agrees = byInsn && byInsn.text.trim() === comment.text.trim();
  if (agrees) return byInsn;
  return manifest.findPosition(comment.text, comment.line) ?? manifest.findPosition(comment.text) ?? byInsn;
}

/** Why a load failed that left no log. */
const SILENT: Record<number, string> = {
  1: "permission denied: it needs root, or CAP_BPF and CAP_PERFMON, and a kernel without lockdown",
  7: "the program has more instructions than this kernel accepts",
  12: "the kernel is out of memory, or the locked-memory limit is too low",
  22: "the program uses something that this kernel does not support",
  28: "the verifier's log did not fit",
  524: "this kernel cannot attach programs of this type on its CPU",
};

/** The screen: ends in a newline. `full`: all of the log instead of its end. */
export function explainRejection(rejection: Rejection, manifest: ManifestReader, full: boolean): string {
  const summary = readVerifierLog(printableLines(rejection.log, rejection.log.length));
  const program = manifest.findProgram(rejection.program);
  const point = program >= 0 ? manifest.pointOf(program) : "";
  const culprit = findCulprit(summary, manifest, program);
  const errno = Math.abs(rejection.errno);
  const cause = cut(summary.message) || SILENT[errno] || `error ${errno}`;
  let text = `ERROR: the kernel's verifier refused probe ${point || `'${rejection.program}'`}: ${cause}\n`;
  if (culprit) text += showPosition(culprit);
  if (summary.insnText) text += `    instruction: ${cut(summary.insnText)}\n`;
  text += `        program: '${rejection.program}', error ${errno}\n`;
  return text + showLog(summary.lines, full);
}

/** stap's way to show a place: "at x.stp:3:7", the line, a caret. */
function showPosition({ file, line, column, text }: ScriptPosition): string {
  const before = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, Math.max(0, column - 1)));
  // Of a long line, what stands around the caret.
  const start = text.length > MOST_COLUMNS ? Math.max(0, before.length - MOST_COLUMNS / 2) : 0;
  const shown = cut(text.slice(start));
  const caret = before.slice(start).replace(/[^\t]/g, " ");
  return `             at: ${file}:${line}:${column}\n         source: ${shown}\n                 ${caret}^\n`;
}

/** The beginning of a line that is too long. */
function cut(line: string): string {
  return line.length > MOST_COLUMNS ? `${line.slice(0, MOST_COLUMNS)} …` : line;
}

function showLog(lines: string[], full: boolean): string {
  if (lines.length === 0) return "    (the kernel returned no log)\n";
  const shown = full ? lines : lines.slice(-TAIL_LINES).map(cut);
  const isCut = shown.length < lines.length;
  const title = isCut
    ? `the last ${shown.length} of ${lines.length} lines; for all of them: --verifier-log=full`
    : "complete";
  return `    the kernel's log (${title}):\n${shown.map((line) => `  ${line}\n`).join("")}`;
}
