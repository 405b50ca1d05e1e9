import { Reporter } from "../diagnostics/diagnostic";
import { Code } from "../diagnostics/messages";
import { Source, SourceKind } from "../source/source";
import { NodeKind, ProbeDeclaration, ScriptFile } from "./ast";
import { dumpFile } from "./dump";
import { MAX_NESTING } from "./limit";
import { PreprocessOptions } from "./options";
import { parseFile, parseMacroFile } from "./parser";
import { printFile } from "./print";

function parse(text: string, reporter: Reporter, options: PreprocessOptions = new PreprocessOptions()): ScriptFile {
  const file = parseFile(Source.fromText("a.stp", text), options, reporter);
  // Whatever came out can be walked, printed and dumped.
  assert(printFile(file).length >= 0 && dumpFile(file).length > 0, "walkable");
  assert(file.height <= MAX_NESTING, "bounded");
  return file;
}

/** The code of the first diagnostic, `Size` if there is none. */
function firstError(text: string): Code {
  const reporter = new Reporter();
  parse(text, reporter);
  return reporter.diagnostics.length > 0 ? reporter.diagnostics[0].code : Code.Size;
}

const DEEP: i32 = 10000;

function tooDeep(prefix: string, repeated: string, suffix: string = "", count: i32 = DEEP): void {
  const reporter = new Reporter();
  const options = new PreprocessOptions();
  options.guru = true;
  parse(prefix + repeated.repeat(count) + suffix, reporter, options);
  assert(reporter.errorCount == 1, `one error: ${prefix}${repeated}`);
  assert(reporter.diagnostics[0].code == Code.Nesting, `too deep: ${prefix}${repeated}`);
}

export function test_refuses_what_is_nested_a_hundred_thousand_deep(): void {
  tooDeep("probe begin { x = ", "(", "", 100000);
  tooDeep("probe begin ", "{", "}".repeat(100000), 100000);
  tooDeep("probe begin { x = 1", "+1", " }", 100000);
  tooDeep("probe begin { ", "if (a) b; else ", "c }", 100000);
}

export function test_refuses_expressions_nested_too_deeply(): void {
  tooDeep("probe begin { x = ", "(");
  tooDeep("probe begin { x = ", "f(");
  tooDeep("probe begin { x = ", "a[");
  tooDeep("probe begin { x = ", "$a[");
  tooDeep("probe begin { x = ", "- ");
  tooDeep("probe begin { x = ", "!");
  tooDeep("probe begin { ", "a = ");
  tooDeep("probe begin { x = ", "1 ? ");
  tooDeep("probe begin { x = ", "1 ? 2 : ");
}

export function test_refuses_at_words_nested_too_deeply(): void {
  tooDeep("probe begin { x = ", "[1, ");
  tooDeep("probe begin { x = ", "@count(");
  tooDeep("probe begin { x = ", "@defined(");
  tooDeep("probe begin { x = ", "@cast(");
  tooDeep("probe begin { x = ", "@choose_defined(");
  tooDeep("probe begin { x = ", "@kderef(8, ");
  tooDeep("probe begin { x = ", "@hist_log(");
}

export function test_refuses_long_chains_of_operands(): void {
  tooDeep("probe begin { x = 1", " + 1", " }");
  tooDeep("probe begin { x = a", " . a", " }");
  tooDeep("probe begin { x = a", " && a || a", " }");
  tooDeep("probe begin { x = ", "1|1&1<1 .1*(");
}

export function test_refuses_statements_nested_too_deeply(): void {
  tooDeep("probe begin ", "{");
  tooDeep("probe begin { ", "if (a) ");
  tooDeep("probe begin { ", "if (a) b; else ");
  tooDeep("probe begin { ", "while (a) ");
  tooDeep("probe begin { ", "for (;;) ");
  tooDeep("probe begin { ", "foreach (a in b) ");
  tooDeep("probe begin { ", "try {");
  tooDeep("probe ", "{");
  tooDeep("probe begin if (", "(");
}

export function test_accepts_nesting_below_the_limit(): void {
  assert(firstError(`probe begin { x = 1${"+1".repeat(MAX_NESTING - 10)} }`) == Code.Size, "a sum");
  assert(firstError(`probe begin { ${"if (a) b; else ".repeat(MAX_NESTING - 10)} c }`) == Code.Size, "else if");
  assert(firstError(`probe begin { x = ${"(".repeat(200)}1${")".repeat(200)} }`) == Code.Size, "parentheses");
  assert(firstError(`probe begin { x = ${'"a" '.repeat(DEEP)} }`) == Code.Size, "adjacent strings do not nest");
  assert(firstError(`probe begin { x = $a${"->b[1]".repeat(DEEP)} }`) == Code.Size, "nor do paths");
}

export function test_bounds_what_braces_and_macros_make(): void {
  assert(firstError(`probe ${"{a, b}.".repeat(40)}c { }`) == Code.TooManyPoints, "product of braces");
  assert(firstError(`probe a${", a".repeat(5000)} { }`) == Code.TooManyPoints, "long list");
  assert(firstError(`probe a${".a".repeat(100)} { }`) == Code.TooManyParts, "long point");
  let macros = "@define m0 %( 1; %)\n@define e0 %( %)\n";
  for (let i = 1; i < 50; ++i) {
    macros += `@define m${i} %( @m${i - 1} @m${i - 1} %)\n@define e${i} %( @e${i - 1} @e${i - 1} %)\n`;
  }
  assert(firstError(macros + "probe begin { @m49 }") == Code.MacroGrowth, "doubling");
  assert(firstError(macros + "probe begin { @e49 }") == Code.MacroGrowth, "doubling nothing");
}

export function test_each_point_of_a_brace_owns_its_condition(): void {
  const file = parse("probe a.{b, c} if (x) { }", new Reporter());
  const probe = <ProbeDeclaration>file.probes[0];
  assert(probe.points.length == 2, "two points");
  assert(probe.points[0].condition !== null, "a condition");
  assert(probe.points[0].condition !== probe.points[1].condition, "not the same node");
}

export function test_the_range_of_a_point_ends_before_its_condition(): void {
  const points = parse("probe a.b? if (x), {c, d}.e { }", new Reporter()).probes[0].points;
  assert(points[0].range.text == "a.b?", points[0].range.text);
  assert(points[1].range.text == "{c, d}.e" && points[2].range.text == "{c, d}.e", points[1].range.text);
}

export function test_goes_on_at_the_next_item_after_an_error(): void {
  const reporter = new Reporter();
  const file = parse(
    "probe a { x = }\nfunction f( { }\nprobe kernel.function( { }\nglobal ok\nprobe b { $x-> }\nprobe c { }",
    reporter,
  );
  assert(reporter.errorCount == 4, `four errors, got ${reporter.errorCount}`);
  assert(file.globals.length == 1 && file.probes.length == 1, "the good ones are there");
}

export function test_a_part_called_function_is_not_where_to_go_on(): void {
  const reporter = new Reporter();
  parse('probe 5.x, kernel.function("a") { }', reporter);
  assert(reporter.errorCount == 1, "one error");
}

export function test_tapset_files_may_use_embedded_code(): void {
  const reporter = new Reporter();
  const source = Source.fromText("x.stp", 'function f:long() %{ 1 %} probe a { @const("X") }', SourceKind.Tapset);
  const file = parseFile(source, new PreprocessOptions(), reporter);
  assert(!reporter.hasErrors && file.functions.length == 1, "no -g needed");
}

export function test_macro_files_define_for_all_files(): void {
  const reporter = new Reporter();
  const options = new PreprocessOptions();
  const text = '@define one %( 1 %) %( arch == "arm64" %? @define two %( 0 %) %: @define two(x) %( @x + 2 %) %)';
  parseMacroFile(Source.fromText("m.stpm", text), options, reporter);
  const file = parse("probe begin { @one + @two(5) }", reporter, options);
  assert(!reporter.hasErrors && printFile(file).includes("1 + 5 + 2;"), printFile(file));
  parseMacroFile(Source.fromText("n.stpm", "probe begin { }"), options, reporter);
  assert(reporter.diagnostics[0].code == Code.MacroFile, "nothing but definitions");
}

export function test_conditions_on_an_unknown_kernel_are_refused_where_they_matter(): void {
  assert(firstError('%( kernel_v > "5" %? probe a { } %)') == Code.UnknownKernel, "not known");
  assert(firstError('%( 1 == 2 %? %( kernel_v > "5" %? x %) %) global a') == Code.Size, "not looked at");
}

export function test_positions_are_those_of_the_text(): void {
  const file = parse("global a\n\nprobe begin {\n  foo(1)\n}\n", new Reporter());
  const probe = file.probes[0];
  assert(probe.range.line == 3 && probe.range.text.endsWith("}"), "the probe");
  const statement = probe.body.statements[0];
  assert(statement.kind == NodeKind.Expression && statement.range.place == "a.stp:4:3", statement.range.place);
  assert(statement.range.text == "foo(1)", "the call");
}
