import { Range, Source } from "../source/source";
import { Diagnostic, MAX_DIAGNOSTICS, Reporter, ReportMode, Severity } from "./diagnostic";
import { quoteJson, writeDiagnosticsJson } from "./json";
import { Code, selfCheckMessages } from "./messages";
import { renderDiagnostic, renderDiagnostics } from "./render";

function expect(actual: string, wanted: string): void {
  assert(actual == wanted, `got:\n${actual}\nwanted:\n${wanted}`);
}

export function test_every_code_has_its_message(): void {
  selfCheckMessages();
}

export function test_renders_a_parse_error_with_what_was_seen_and_a_caret(): void {
  const source = Source.fromText("a.stp", "probe begin { print(1 }\n");
  const reporter = new Reporter();
  const d = reporter.parseError(Code.Expected, new Range(source, 22, 23), "')'", "operator '}'");
  expect(
    renderDiagnostic(d),
    "parse error: expected ')'\n" +
      "        saw: operator '}' at a.stp:1:23\n" +
      "     source: probe begin { print(1 }\n" +
      "                                   ^\n",
  );
}

export function test_says_eof_when_the_text_ends_too_early(): void {
  const source = Source.fromText("<input>", "probe");
  const d = new Reporter().parseError(Code.ExpectedStatement, new Range(source, 5, 5), "", "end of file");
  expect(renderDiagnostic(d), "parse error: expected statement\n        saw: <input> EOF\n");
}

export function test_renders_a_semantic_error_with_hint_and_note(): void {
  const source = Source.fromText("a.stp", "probe begin {\n\tfoo()\n}");
  const d = new Reporter().error(new Range(source, 15, 20), "unknown function 'foo'", "did you mean 'fop'?");
  d.note("the probe begins here", new Range(source, 0, 5));
  expect(
    renderDiagnostic(d),
    "semantic error: unknown function 'foo': identifier 'foo' at a.stp:2:2\n" +
      "        source: \tfoo()\n" +
      "                \t^\n" +
      "        note: the probe begins here at a.stp:1:1\n" +
      "     source: probe begin {\n" +
      "             ^\n" +
      "        hint: did you mean 'fop'?\n",
  );
}

export function test_puts_the_caret_right_behind_characters_of_several_bytes(): void {
  const source = Source.fromText("a", '"\xc3\xa4\xf0\x9f\x98\x80" x');
  const d = new Reporter().warning(new Range(source, 9, 10), "w");
  expect(
    renderDiagnostic(d),
    "WARNING: w: identifier 'x' at a:1:10\n source: \"\u00e4\u{1f600}\" x\n              ^\n",
  );
}

export function test_shows_a_part_of_very_long_lines(): void {
  const source = Source.fromText("a", "x".repeat(100000) + "!" + "y".repeat(100000));
  const text = renderDiagnostic(new Reporter().error(new Range(source, 100000, 100001), "m"));
  assert(text.length < 1000, "short");
  const lines = text.split("\n");
  assert(lines[1].charAt(lines[2].length - 1) == "!", "the caret is under the mark");
}

export function test_renders_the_macro_calls_that_text_came_from(): void {
  const source = Source.fromText("a", "@define m %( ? %) @m");
  const call = new Range(source, 18, 20);
  const d = new Reporter().parseError(Code.ExpectedExpression, new Range(source, 13, 14, call), "", "operator '?'");
  assert(renderDiagnostic(d).includes("in expansion of macro: operator '@m' at a:1:19\n"), renderDiagnostic(d));
}

export function test_drops_repeated_diagnostics(): void {
  const source = Source.fromText("a", "abc");
  const reporter = new Reporter();
  reporter.error(new Range(source, 0, 1), "same");
  reporter.error(new Range(source, 0, 1), "same");
  reporter.error(new Range(source, 1, 2), "same");
  assert(reporter.diagnostics.length == 2 && reporter.errorCount == 2, "two places");
}

export function test_swallows_errors_while_speculating(): void {
  const reporter = new Reporter();
  reporter.mode = ReportMode.Swallow;
  reporter.error(null, "not wanted");
  assert(!reporter.hasErrors && reporter.swallowedErrors == 1, "counted, not kept");
}

export function test_warnings_are_no_errors(): void {
  const reporter = new Reporter();
  reporter.warning(null, "careful");
  assert(!reporter.hasErrors && reporter.diagnostics.length == 1, "kept");
  expect(renderDiagnostics(reporter), "WARNING: careful\n");
}

export function test_keeps_a_bounded_number_of_diagnostics(): void {
  const source = Source.fromText("a", "x".repeat(1000));
  const reporter = new Reporter();
  for (let i = 0; i < 1000; ++i) reporter.error(new Range(source, i, i + 1), "many");
  assert(reporter.diagnostics.length == MAX_DIAGNOSTICS, "bounded");
  assert(reporter.errorCount == 1000, "counted");
  assert(renderDiagnostics(reporter).endsWith("900 more diagnostics are not shown\n"), "said");
}

export function test_an_error_is_shown_before_warnings_and_instead_of_one(): void {
  const source = Source.fromText("a", "x".repeat(1000));
  const reporter = new Reporter();
  for (let i = 0; i < 150; ++i) reporter.warning(new Range(source, i, i + 1), "unused");
  reporter.error(new Range(source, 500, 501), "wrong");
  assert(reporter.diagnostics.length == MAX_DIAGNOSTICS && reporter.dropped == 51, "bounded");
  const text = renderDiagnostics(reporter);
  assert(text.startsWith("semantic error: wrong"), "first");
  assert(text.includes("WARNING: unused") && text.endsWith("51 more diagnostics are not shown\n"), "then warnings");
}

export function test_writes_json_with_escapes(): void {
  expect(quoteJson('a"b\\c\n\t\x01'), '"a\\"b\\\\c\\n\\t\\u0001"');
  const source = Source.fromText("a", "x y");
  const reporter = new Reporter();
  reporter.add(new Diagnostic(Code.Semantic, Severity.SemanticError, new Range(source, 2, 3), "m\xff", "h"));
  expect(
    writeDiagnosticsJson(reporter),
    '[{"code":"Semantic","severity":"error","kind":"semantic error","message":"m\ufffd","hint":"h",' +
      '"place":{"file":"a","line":1,"column":3,"endLine":1,"endColumn":4},' +
      '"rendered":"semantic error: m\ufffd: identifier \'y\' at a:1:3\\n' +
      '        source: x y\\n                  ^\\n        hint: h\\n"}]',
  );
}
