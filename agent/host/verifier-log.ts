// Explains a refused program to the user: the explanation of its log (verifier/), with the places of the script from
// the object's manifest.

import { type Explanation, explain, type Place, type Places } from "../../verifier/explain.ts";
import { cut, screenOf } from "../../verifier/screen.ts";
import { readLog, type Source } from "../../verifier/trace.ts";
import type { Rejection } from "./events.ts";
import type { ManifestReader } from "./manifest.ts";
import { printableLines } from "./printable.ts";

/** Lines of the log that are shown unless all of it is asked for: fewer where the message is explained. */
const TAIL_LINES = 5;
const TAIL_LINES_UNKNOWN = 20;

/** The places of one program of an object. `program`: its row in the manifest, or -1. */
export function placesOf(manifest: ManifestReader, program: number): Places {
  return {
    of: (insn, source) => findPlace(manifest, program, { insn, source }),
    point: program >= 0 ? manifest.pointOf(program) : "",
    handler: program >= 0 ? manifest.positionOfProgram(program) : null,
    isOurs: true,
    variable: (map, offset) => (map.endsWith("bss") ? manifest.globalAt(offset) : ""),
  };
}

/** The place in the script that an instruction comes from. */
function findPlace(
  manifest: ManifestReader,
  program: number,
  at: { insn: number; source: Source | null },
): Place | null {
  const { insn, source } = at;
  const byInsn = program >= 0 && insn >= 0 ? manifest.positionOfInsn(program, insn) : null;
  if (!source) return byInsn ?? (program >= 0 ? manifest.positionOfProgram(program) : null);
  // A subprogram is numbered after its caller in the log; its comment tells that the caller's table does not apply.
  if (byInsn && byInsn.text.trim() === source.text.trim()) return byInsn;
  const line = source.line > 0 ? source.line : undefined;
  return manifest.findPosition(source.text, line) ?? manifest.findPosition(source.text) ?? byInsn;
}

/** A rejection explained: data, for the screen and for `explain --output json`. */
function explainedRejection(rejection: Rejection, manifest: ManifestReader) {
  const log = printableLines(rejection.log, rejection.log.length);
  const program = manifest.findProgram(rejection.program);
  const places = placesOf(manifest, program);
  const report = readLog(log);
  return { log, places, report, explanation: explain(report, places, Math.abs(rejection.errno)) };
}

/** The screen; it ends in a newline. `full`: all of the log instead of its end. */
export function explainRejection(rejection: Rejection, manifest: ManifestReader, full: boolean): string {
  const { log, places, explanation } = explainedRejection(rejection, manifest);
  const errno = Math.abs(rejection.errno);
  const name = places.point || `'${rejection.program}'`;
  const title = `the kernel's verifier refused probe ${name}`;
  // A failure without a message has its cause in the title.
  const silent = explanation.message === "" ? `: ${explanation.cause || `error ${errno}`}` : "";
  const notes: [string, string][] = [["program", `'${rejection.program}', error ${errno}`]];
  return screenOf(explanation, { title: `${title}${silent}`, notes }) + showLog(log, explanation, full);
}

function showLog(log: string, { cause }: Explanation, full: boolean): string {
  const lines = log
    .replace(/\0+$/, "")
    .trimEnd()
    .split("\n")
    .map((line) => line.trimEnd());
  if (lines.length === 1 && lines[0] === "") return "    (the kernel returned no log)\n";
  const shown = full ? lines : lines.slice(cause ? -TAIL_LINES : -TAIL_LINES_UNKNOWN).map(cut);
  const isCut = shown.length < lines.length;
  const title = isCut
    ? `the last ${shown.length} of ${lines.length} lines; for all of them: --verifier-log=full`
    : "complete";
  return `    the kernel's log (${title}):\n${shown.map((line) => `  ${line}\n`).join("")}`;
}
