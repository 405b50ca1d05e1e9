// Diagnostics → text for people, in SystemTap's format:
//
//   parse error: expected ')'
//           saw: operator '}' at a.stp:1:23
//        source: probe begin { print(1 }
//                                      ^
//
//   semantic error: unknown function 'f': identifier 'f' at a.stp:1:15
//           source: probe begin { f() }
//                                 ^
//
// Below that follow the macro calls that the text came from, notes with their places, and a hint, each on lines of its
// own. Messages and source lines are byte strings. The result is display text, in which U+FFFD replaces bytes that are
// not UTF-8.

import { joinTexts } from "../../common/as/text-builder";
import { displayText, Range } from "../source/source";
import { Diagnostic, Note, Reporter, Severity } from "./diagnostic";

/** All diagnostics as text, errors first, an empty line between them. */
export function renderDiagnostics(reporter: Reporter): string {
  const parts: string[] = [];
  const all = reporter.shown();
  for (let i = 0, n = all.length; i < n; ++i) parts.push(renderDiagnostic(all[i]));
  if (reporter.dropped > 0) parts.push(`${reporter.dropped} more diagnostics are not shown\n`);
  return joinTexts(parts, "\n");
}

/** One diagnostic as lines of text, each with its newline. */
export function renderDiagnostic(diagnostic: Diagnostic): string {
  const lines: string[] = [];
  const range = diagnostic.range;
  switch (diagnostic.severity) {
    case Severity.ParseError:
      lines.push(`parse error: ${diagnostic.message}`);
      if (range) renderSeen(diagnostic, range, lines);
      break;
    case Severity.SemanticError:
      lines.push(`semantic error: ${diagnostic.message}${renderSubject(range)}`);
      if (range) renderSource(range, "        source: ", lines);
      break;
    default:
      lines.push(`WARNING: ${diagnostic.message}${renderSubject(range)}`);
      if (range) renderSource(range, " source: ", lines);
      break;
  }
  if (range) renderExpansions(range, lines);
  for (let i = 0; i < diagnostic.notes.length; ++i) renderNote(diagnostic.notes[i], lines);
  if (diagnostic.hint.length > 0) lines.push(`        hint: ${diagnostic.hint}`);
  return displayText(joinTexts(lines, "\n") + "\n");
}

/** `saw: operator '}' at a.stp:1:23` of a parse error, or where the end was met. */
function renderSeen(diagnostic: Diagnostic, range: Range, lines: string[]): void {
  if (diagnostic.saw == "end of file") {
    lines.push(`        saw: ${range.source.name} EOF`);
    return;
  }
  if (diagnostic.saw.length > 0) lines.push(`        saw: ${diagnostic.saw} at ${range.place}`);
  else lines.push(`         at: ${describeStart(range)} at ${range.place}`);
  renderSource(range, "     source: ", lines);
}

function renderSubject(range: Range | null): string {
  return range ? `: ${describeStart(range)} at ${range.place}` : "";
}

/** What stands at the start of a range: `identifier 'x'`. */
function describeStart(range: Range): string {
  const text = range.source.slice(range.start, min(range.end, range.start + 64));
  if (text.length == 0) return "end of text";
  const first = text.charCodeAt(0);
  if (isNameChar(first) && !isDigit(first)) {
    const name = text.substring(0, nameEnd(text, 0));
    return isStatementWord(name) ? `keyword '${name}'` : `identifier '${name}'`;
  }
  if (isDigit(first)) return `number '${text.substring(0, nameEnd(text, 0))}'`;
  if (first == 0x22) return `string ${shorten(text)}`;
  if (first == 0x40) return `operator '${text.substring(0, nameEnd(text, 1))}'`;
  if (text.startsWith("%{")) return "embedded code";
  if (first == 0x25 && text.length > 1 && "(?:)".includes(text.charAt(1))) return `operator '${text.substring(0, 2)}'`;
  return `operator '${operatorStart(text)}'`;
}

function operatorStart(text: string): string {
  let end = 1;
  if (text.charCodeAt(0) >= 0x80) {
    while (end < text.length && text.charCodeAt(end) >= 0x80) ++end;
    return text.substring(0, end);
  }
  while (end < text.length && end < 3 && isOperatorChar(text.charCodeAt(end))) ++end;
  return text.substring(0, end);
}

function isOperatorChar(c: i32): bool {
  return "<>=!+-*/%&|^~:?".includes(String.fromCharCode(c));
}

function shorten(text: string): string {
  const line = text.indexOf("\n");
  const short = line >= 0 ? text.substring(0, line) : text;
  return short.length > 40 ? short.substring(0, 36) + '..."' : short;
}

function isDigit(c: i32): bool {
  return c >= 0x30 && c <= 0x39;
}

function isNameChar(c: i32): bool {
  const lower = c | 0x20;
  return isDigit(c) || (lower >= 0x61 && lower <= 0x7a) || c == 0x5f || c == 0x24;
}

function nameEnd(text: string, from: i32): i32 {
  let i = from;
  while (i < text.length && isNameChar(text.charCodeAt(i))) ++i;
  return i;
}

const STATEMENT_WORDS: StaticArray<string> = [
  "break",
  "catch",
  "continue",
  "delete",
  "for",
  "foreach",
  "function",
  "global",
  "if",
  "next",
  "private",
  "probe",
  "return",
  "try",
  "while",
];

function isStatementWord(name: string): bool {
  for (let i = 0; i < STATEMENT_WORDS.length; ++i) {
    if (STATEMENT_WORDS[i] == name) return true;
  }
  return false;
}

/** The source line and a caret under the start of the range. */
function renderSource(range: Range, prefix: string, lines: string[]): void {
  const shown = range.source.lineAround(range.start);
  lines.push(prefix + shown.text);
  lines.push(" ".repeat(prefix.length) + padding(range.source.slice(shown.start, min(range.start, shown.end))) + "^");
}

/** White space as wide as a text: tabs stay, and a character of several bytes is one. */
function padding(text: string): string {
  const before = displayText(text);
  const parts: string[] = [];
  let blanks = 0;
  for (let i = 0, n = before.length; i < n; ++i) {
    const c = before.charCodeAt(i);
    if (c >= 0xdc00 && c < 0xe000) continue;
    if (c != 0x09) {
      ++blanks;
      continue;
    }
    parts.push(" ".repeat(blanks) + "\t");
    blanks = 0;
  }
  parts.push(" ".repeat(blanks));
  return joinTexts(parts);
}

function renderExpansions(range: Range, lines: string[]): void {
  let place = range.expansion;
  let depth = 0;
  while (place) {
    const kind = place.text.startsWith("$") ? "script argument" : "macro";
    lines.push(`        in expansion of ${kind}: ${describeStart(place)} at ${place.place}`);
    renderSource(place, "     source: ", lines);
    place = place.expansion;
    // A chain of macros tells enough at its inner end.
    if (++depth == 8) break;
  }
}

function renderNote(note: Note, lines: string[]): void {
  const range = note.range;
  lines.push(`        note: ${note.message}${range ? ` at ${range.place}` : ""}`);
  if (range) renderSource(range, "     source: ", lines);
}
