// An explanation as text: one screen.

import type { Explanation, Place } from "./explain.ts";

/** What the screen needs besides the explanation. */
export interface ScreenOptions {
  /** The first line: "the kernel's verifier refused …", without the cause. */
  title: string;
  /** What else to say under the instruction, label and text. */
  notes?: [label: string, text: string][];
}

const MOST_COLUMNS = 120;
const LABEL = 15;
const MOST_LINEAGE = 6;

/** The screen; every line ends in a newline. */
export function screenOf(e: Explanation, options: ScreenOptions): string {
  const lines: string[] = [`ERROR: ${options.title}${e.message ? `: ${cut(e.message)}` : ""}\n`];
  if (e.place) lines.push(showPlace(e.place));
  if (e.usedAt) lines.push(labelled("used at", position(e.usedAt)));
  if (e.cause) lines.push(labelled("cause", e.cause));
  if (e.source && e.fault !== "compiler") lines.push(labelled("usually", e.source));
  if (e.fix) lines.push(labelled("fix", e.fault === "compiler" ? COMPILER_FIX : e.fix));
  if (e.fault) lines.push(labelled("whose fault", faultLine(e)));
  lines.push(instructionLines(e), lineageLines(e), decisionLines(e), reportLines(e));
  const others = e.messages.filter((message) => message !== e.message).slice(-3);
  if (others.length > 0) lines.push(...others.map((text) => labelled("kernel also", cut(text))));
  for (const [label, text] of options.notes ?? []) lines.push(labelled(label, text));
  if (e.stepsMissing) lines.push(labelled("note", "the log is cut: earlier instructions are not in it"));
  return lines.join("");
}

const COMPILER_FIX = "none in the script: please report it, with the object (-k) and the log (--verifier-log=FILE)";

function faultLine(e: Explanation): string {
  switch (e.fault) {
    case "compiler":
      return "this compiler's: it should not make such code";
    case "script":
      return "the script's: it asks for more than the kernel checks";
    case "kernel":
      return e.since
        ? `the kernel's: it lacks a feature that came with ${e.since}`
        : "the kernel's: it lacks a feature";
    case "user":
      return "nobody's: the user may not do this";
    default:
      return "the program's";
  }
}

function labelled(label: string, text: string): string {
  const [first = "", ...rest] = wrap(text);
  const lines = [`${label.padStart(LABEL)}${label === "" ? " " : ":"} ${first}`, ...rest.map((one) => INDENT + one)];
  return lines.map((line) => `${line}\n`).join("");
}

const INDENT = " ".repeat(LABEL + 2);

/** Long sentences in lines; what has no blanks stays. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > MOST_COLUMNS) {
    const at = rest.lastIndexOf(" ", MOST_COLUMNS);
    if (at <= 0) break;
    lines.push(rest.slice(0, at));
    rest = rest.slice(at + 1);
  }
  return [...lines, rest];
}

function position({ file, line, column }: Place): string {
  if (file === "" && line === 0) return "(the log has the text only)";
  return `${file}:${line}${column > 0 ? `:${column}` : ""}`;
}

/** stap's way to show a place: "at: x.stp:3:7", the line, a caret. */
function showPlace(place: Place): string {
  const { column, text } = place;
  const at = place.file === "" ? "" : labelled("at", position(place));
  if (text === "") return at;
  const before = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, Math.max(0, column - 1)));
  // Of a long line, what stands around the caret.
  const start = text.length > MOST_COLUMNS ? Math.max(0, before.length - MOST_COLUMNS / 2) : 0;
  const caret = before.slice(start).replace(/[^\t]/g, " ");
  const source = `${"source".padStart(LABEL)}: ${cut(text.slice(start))}\n`;
  return column > 0 ? `${at}${source}${" ".repeat(LABEL + 2)}${caret}^\n` : `${at}${source}`;
}

function instructionLines({ instruction, function: name }: Explanation): string {
  if (!instruction) return "";
  const where = name ? ` (in function ${name})` : "";
  const text = `${instruction.insn}${instruction.text ? `: ${cut(instruction.text)}` : ""}${where}`;
  const registers = instruction.registers.map(({ name: register, value, variable }) =>
    labelled(register, variable ? `${value}: variable '${variable}'` : value),
  );
  return labelled("instruction", text) + registers.join("");
}

function lineageLines({ lineage }: Explanation): string {
  if (lineage.length === 0) return "";
  const shown = lineage.slice(0, MOST_LINEAGE);
  const lines = shown.map(({ insn, text, target, how, value, place, times }, i) => {
    const what = `${insn}: ${cut(text)}`.padEnd(40);
    const where = (place && place.line > 0 ? `, line ${place.line}` : "") + (times > 1 ? `, ${times} times` : "");
    return labelled(i === 0 ? `${target} is from` : "", `${what} ${target} ${how}${value ? `: ${value}` : ""}${where}`);
  });
  const more = lineage.length - shown.length;
  return lines.join("") + (more > 0 ? labelled("", `… ${more} earlier`) : "");
}

function decisionLines({ decisions, loops }: Explanation): string {
  const lines = decisions.map((one, i) => {
    const where = one.place && one.place.line > 0 ? `line ${one.place.line}: ` : "";
    const what = one.place?.text ? `\`${cut(one.place.text.trim())}\`` : `${one.insn}: ${cut(one.text)}`;
    const next = one.next && one.next.line > 0 ? `goes on at line ${one.next.line}` : `goes on at ${one.nextInsn}`;
    const round = one.round > 1 ? `, in the ${ordinal(one.round)} round` : "";
    return labelled(i === 0 ? "path" : "", `${where}${what} ${next}${round}`);
  });
  for (const { insn, place, rounds } of loops) {
    if (rounds < 3) continue;
    const where = place && place.line > 0 ? `line ${place.line}` : `instruction ${insn}`;
    lines.push(labelled("loop", `${rounds} rounds of the loop at ${where} are on this path`));
  }
  return lines.join("");
}

/** What the kernel itself explains (from 7.3 on). */
function reportLines({ report, id }: Explanation): string {
  if (!report || id === "report") return "";
  const reason = report.reason ? labelled("kernel says", report.reason) : "";
  return reason + (report.suggestion ? labelled("kernel's hint", report.suggestion) : "");
}

function ordinal(n: number): string {
  const last = n % 100 >= 11 && n % 100 <= 13 ? 0 : n % 10;
  return `${n}${["th", "st", "nd", "rd"][last] ?? "th"}`;
}

/** The beginning of a line that is too long. */
export function cut(line: string): string {
  return line.length > MOST_COLUMNS ? `${line.slice(0, MOST_COLUMNS)} …` : line;
}
