// Diagnostics → JSON text, for hosts, editors and tests. The module contains no JSON library, so this file writes the
// text.
//
//   [{"code":"Expected","severity":"error","kind":"parse error","message":"…","saw":"…","hint":"…",
//     "place":{"file":"a.stp","line":1,"column":23,"endLine":1,"endColumn":24},
//     "notes":[{"message":"…","place":{…}}],"rendered":"parse error: …\n"}]

import { joinTexts } from "../../common/as/text-builder";
import { displayText, Range } from "../source/source";
import { Diagnostic, Note, Reporter, Severity } from "./diagnostic";
import { codeName } from "./messages";
import { renderDiagnostic } from "./render";

/** All diagnostics as the text of a JSON array. */
export function writeDiagnosticsJson(reporter: Reporter): string {
  const parts: string[] = [];
  const all = reporter.shown();
  for (let i = 0, n = all.length; i < n; ++i) parts.push(writeDiagnostic(all[i]));
  return `[${joinTexts(parts, ",\n")}]`;
}

function writeDiagnostic(diagnostic: Diagnostic): string {
  const fields: string[] = [];
  const severity = diagnostic.severity;
  fields.push(`"code":${quoteJson(codeName(diagnostic.code))}`);
  fields.push(`"severity":"${severity == Severity.Warning ? "warning" : "error"}"`);
  fields.push(`"kind":"${kindName(severity)}"`);
  fields.push(`"message":${quoteBytes(diagnostic.message)}`);
  if (diagnostic.saw.length > 0) fields.push(`"saw":${quoteBytes(diagnostic.saw)}`);
  if (diagnostic.hint.length > 0) fields.push(`"hint":${quoteBytes(diagnostic.hint)}`);
  const range = diagnostic.range;
  if (range) fields.push(`"place":${writePlace(range)}`);
  if (diagnostic.notes.length > 0) fields.push(`"notes":${writeNotes(diagnostic.notes)}`);
  fields.push(`"rendered":${quoteJson(renderDiagnostic(diagnostic))}`);
  return `{${joinTexts(fields, ",")}}`;
}

function kindName(severity: Severity): string {
  if (severity == Severity.ParseError) return "parse error";
  return severity == Severity.SemanticError ? "semantic error" : "warning";
}

function writeNotes(notes: Note[]): string {
  const parts: string[] = [];
  for (let i = 0, n = notes.length; i < n; ++i) {
    const range = notes[i].range;
    const place = range ? `,"place":${writePlace(range)}` : "";
    parts.push(`{"message":${quoteBytes(notes[i].message)}${place}}`);
  }
  return `[${joinTexts(parts, ",")}]`;
}

function writePlace(range: Range): string {
  const source = range.source;
  const line = source.lineOf(range.start);
  const file = `"file":${quoteBytes(source.name)}`;
  const start = `"line":${line},"column":${source.columnOf(range.start)}`;
  const end = `"endLine":${source.lineOf(range.end)},"endColumn":${source.columnOf(range.end)}`;
  return `{${file},${start},${end}}`;
}

function quoteBytes(text: string): string {
  return quoteJson(displayText(text));
}

/** A JSON string literal of display text. */
export function quoteJson(text: string): string {
  const parts: string[] = [];
  let from = 0;
  const n = text.length;
  for (let i = 0; i < n; ++i) {
    const c = text.charCodeAt(i);
    if (c >= 0x20 && c != 0x22 && c != 0x5c && c != 0x7f) continue;
    parts.push(text.substring(from, i));
    parts.push(escapeJson(c));
    from = i + 1;
  }
  parts.push(text.substring(from));
  return `"${joinTexts(parts)}"`;
}

function escapeJson(c: i32): string {
  switch (c) {
    case 0x0a:
      return "\\n";
    case 0x09:
      return "\\t";
    case 0x22:
      return '\\"';
    case 0x5c:
      return "\\\\";
    default:
      return "\\u" + c.toString(16).padStart(4, "0");
  }
}
