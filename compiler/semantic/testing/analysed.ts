// For unit tests: a script through passes 1 and 2 with a tapset of a few lines.

import { Reporter } from "../../diagnostics/diagnostic";
import { sampleKernel } from "../../kernel/testing/sample";
import { Source, SourceKind } from "../../source/source";
import { ExpressionStatement } from "../../syntax/ast";
import { parseFile } from "../../syntax/parser";
import { printExpression } from "../../syntax/print";
import { analyse } from "../analyse";
import { SemanticOptions } from "../options";
import { Handler, Script } from "../script";
import { FunctionSymbol, GlobalSymbol, LocalSymbol } from "../symbols";

const TAPSET = `
function pid:long() { return __pid() }
function execname:string() { return __execname() }
function exit() { __exit() }
function error(msg:string) { __error(msg) }
function tolower:string(s:string) { return __tolower(s) }
function strlen:long(s:string) { return __strlen(s) }
function tid:long() { return __tid() }
function backtrace:string() { return __backtrace(-1) }
function callers:string(n:long) { return __backtrace(n) }
function shell_quote:string(s:string) { return "'" . s . "'" }
`;

const INDEX =
  "function pid t.stp\nfunction execname t.stp\nfunction exit t.stp\nfunction error t.stp\n" +
  "function tolower t.stp\nfunction strlen t.stp\nfunction tid t.stp\nfunction backtrace t.stp\n" +
  "function callers t.stp\nfunction shell_quote t.stp\n";

/** An analysed script, with ways to find what a test wants to see. */
export class Analysed {
  constructor(
    public script: Script,
    public reporter: Reporter,
  ) {}

  handler(at: i32): Handler {
    return this.script.handlers[at];
  }

  /** The first statement of a handler, as a script would spell it. */
  statement(handler: i32, at: i32 = 0): string {
    const statement = this.handler(handler).bodies[0].statements[at];
    return printExpression((<ExpressionStatement>statement).expression);
  }

  /** A global by its name. */
  global(name: string): GlobalSymbol {
    const globals = this.script.globals;
    for (let i = 0; i < globals.length; ++i) if (globals[i].displayName == name) return globals[i];
    assert(false, `no global ${name}`);
    return globals[0];
  }

  /** A local of a handler. */
  local(handler: i32, name: string): LocalSymbol {
    const locals = this.script.handlers[handler].locals;
    for (let i = 0; i < locals.length; ++i) if (locals[i].name == name) return locals[i];
    assert(false, `no local ${name}`);
    return locals[0];
  }

  /** A function that probes reach. */
  function(name: string): FunctionSymbol {
    const functions = this.script.usedFunctions;
    for (let i = 0; i < functions.length; ++i) if (functions[i].displayName == name) return functions[i];
    assert(false, `no function ${name}`);
    return functions[0];
  }
}

/** Options with the small tapset; `typed` for a kernel with the functions and types of kernel/testing/sample.ts. */
function testOptions(typed: bool): SemanticOptions {
  const options = new SemanticOptions();
  if (typed) {
    const btf = sampleKernel().build();
    options.facts.addFeatures("hz=250");
    options.facts.addNames("functions", "vfs_read\nshow\n*", true);
    options.facts.addNames("tracepoints", "sched_switch\n*", true);
    options.facts.blobs.add("kernel-btf", 0, btf.length, btf);
  }
  options.tapset.readIndex(INDEX);
  options.tapset.sources.set("t.stp", Source.fromText("t.stp", TAPSET, SourceKind.Tapset));
  return options;
}

/** Analyses a valid script. */
export function analysed(text: string, typed: bool = false): Analysed {
  const reporter = new Reporter();
  const options = testOptions(typed);
  const script = analyse([parseFile(Source.fromText("a.stp", text), options.preprocess, reporter)], options, reporter);
  const first = reporter.diagnostics.length > 0 ? reporter.diagnostics[0].message : "";
  assert(script !== null && !reporter.hasErrors, `'${text}' is right: ${first}`);
  return new Analysed(script!, reporter);
}

/** The first error of an invalid script, with its line and column. */
export function firstError(text: string, typed: bool = false): string {
  const reporter = new Reporter();
  const options = testOptions(typed);
  const file = parseFile(Source.fromText("a.stp", text), options.preprocess, reporter);
  if (!reporter.hasErrors) analyse([file], options, reporter);
  for (let i = 0; i < reporter.diagnostics.length; ++i) {
    const diagnostic = reporter.diagnostics[i];
    const range = diagnostic.range;
    if (!diagnostic.isError) continue;
    return range ? `${range.line}:${range.column} ${diagnostic.message}` : diagnostic.message;
  }
  return "";
}
