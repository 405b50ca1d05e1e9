import { Reporter } from "../diagnostics/diagnostic";
import { renderDiagnostics } from "../diagnostics/render";
import { Source } from "../source/source";
import { ExpressionStatement, ScriptFile } from "./ast";
import { dumpFile } from "./dump";
import { PreprocessOptions } from "./options";
import { parseFile } from "./parser";
import { printExpression, printFile, printProbePoint } from "./print";
import { Random, RandomScript } from "./random";

function parse(text: string): ScriptFile {
  const options = new PreprocessOptions();
  options.guru = true;
  options.args = ["6", "arg"];
  const reporter = new Reporter();
  const file = parseFile(Source.fromText("a.stp", text), options, reporter);
  assert(!reporter.hasErrors, `${renderDiagnostics(reporter)}\nin: ${text}`);
  return file;
}

export function test_what_is_printed_parses_back_to_the_same_tree(): void {
  for (let seed = 0; seed < 1500; ++seed) {
    const text = new RandomScript(new Random(seed)).write();
    const file = parse(text);
    const printed = printFile(file);
    const again = parse(printed);
    assert(dumpFile(again) == dumpFile(file), `seed ${seed}\n${text}\nprinted:\n${printed}`);
    assert(printFile(again) == printed, `seed ${seed}: printing twice is printing once`);
  }
}

export function test_random_scripts_differ_and_use_the_grammar(): void {
  let all = "";
  for (let seed = 0; seed < 300; ++seed) all += dumpFile(parse(new RandomScript(new Random(seed)).write()));
  const kinds: string[] = [
    "Alias",
    "Foreach",
    "Ternary",
    "Statistic",
    "Autocast",
    "Wildcard",
    "Binary =~",
    "Try",
    "For ",
  ];
  for (let i = 0; i < kinds.length; ++i) assert(all.includes(kinds[i]), kinds[i]);
}

export function test_prints_one_expression_or_one_point(): void {
  const file = parse('probe kernel.function("x").call? if (a) { x = (1 + 2) * f(3) }');
  const statement = <ExpressionStatement>file.probes[0].body.statements[0];
  assert(printExpression(statement.expression) == "x = (1 + 2) * f(3)", printExpression(statement.expression));
  assert(printProbePoint(file.probes[0].points[0]) == 'kernel.function("x").call? if (a)', "point");
}
