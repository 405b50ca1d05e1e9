import { AttachKind, Engine } from "../../common/format/manifest";
import { Builtin } from "../builtins/builtin";
import { PrintStyle } from "../builtins/print";
import { CallExpression, ExpressionStatement, NodeKind } from "../syntax/ast";
import { Type } from "../syntax/type";
import { maxLengthOf } from "./lengths";
import { BuiltinSymbol, Effects, GlobalUse, PrintSymbol, ScriptSymbol, SymbolKind } from "./symbols";
import { analysed, firstError } from "./testing/analysed";

export function test_infers_types_from_either_direction(): void {
  const a = analysed(
    "global g probe begin { x = y; y = z; z = 1; g = execname(); println(x) }" +
      " function f(p) { return p } probe end { q = f(g); println(q) }",
  );
  assert(a.local(0, "x").type == Type.Long, "x follows y");
  assert(a.global("g").type == Type.String, "g is given a string");
  assert(a.function("f").returnType == Type.String, "f gives back what it gets");
  assert(a.local(1, "q").type == Type.String, "q is given the result");
}

export function test_computes_greatest_lengths_of_strings(): void {
  const a = analysed(`global g = "0123456789"
    function pick(a, b) { return a ? b : "four" }
    probe begin {
      s = execname(); t = pick(1, "sixsix"); g = "abc"; u = s; u = "a rather long literal"
      printf("%s%s%s%s", s, t, u, g)
    }`);
  assert(a.local(0, "s").maxLength == 15, "a task's name has 15 bytes");
  assert(a.local(0, "t").maxLength == 6, "the longer of both results");
  assert(a.local(0, "u").maxLength == 21, "the longest of all assignments");
  assert(a.global("g").maxLength == 10, "the initial value counts");
  assert(a.function("pick").maxLength == 6 && a.function("pick").parameters[1].maxLength == 6, "parameters count");
}

export function test_lengths_stop_at_the_limit(): void {
  const text = `probe begin { s = "${"x".repeat(600)}"; println(s) }`;
  assert(analysed(text).local(0, "s").maxLength == 511, "MAXSTRINGLEN is 512 with its NUL");
}

export function test_calls_of_wrappers_become_calls_of_builtins(): void {
  const a = analysed('probe kernel.function("f") { exit(); printf("%d", pid()) }');
  const statements = a.handler(0).bodies[0].statements;
  const exit = <CallExpression>(<ExpressionStatement>statements[0]).expression;
  assert(exit.name == "exit", "the script's word stays");
  assert((<BuiltinSymbol>exit.symbol).id == Builtin.Exit, "the builtin is called");
  const print = <PrintSymbol>(<CallExpression>(<ExpressionStatement>statements[1]).expression).symbol;
  const value = print.values[0];
  assert(value.kind == NodeKind.Call, "a call is printed");
  assert((<ScriptSymbol>(<CallExpression>value).symbol).kind == SymbolKind.Builtin, "of the builtin");
  assert(a.script.functions.length == 0 && a.script.usedFunctions.length == 2, "wrappers are listed, not lowered");
}

export function test_timers_run_in_the_kernel_if_they_ask_for_context(): void {
  const a = analysed(
    "function who() { return execname() } probe timer.s(1) { println(who()) } probe timer.s(2) { println(1) }",
  );
  assert(a.handler(0).engine == Engine.Kernel && a.handler(0).attach == AttachKind.CpuClock, "asks for the task");
  assert(a.handler(1).engine == Engine.Agent && a.handler(1).attach == AttachKind.Timer, "asks for nothing");
  assert((a.handler(0).effects & Effects.NeedsKernelContext) != 0, "through a function");
}

export function test_one_handler_serves_all_sites_of_one_kind(): void {
  const a = analysed(
    'probe kernel.function("a"), kernel.function("b"), kernel.function("c").return, begin { x = 1; println(x) }',
  );
  assert(a.script.probes.length == 4, "four sites");
  assert(a.script.handlers.length == 3, "entry, return, begin");
  assert(a.script.probes[0].handler === a.script.probes[1].handler, "the entries share their handler");
  assert(a.handler(0).locals === a.handler(2).locals, "all share the tree and its locals");
}

export function test_aliases_have_their_own_copies(): void {
  const a = analysed(
    'probe one = timer.s(1) { v = 1 } probe two = timer.s(2) { v = "text" } probe one, two { println(v) }',
  );
  assert(a.local(0, "v").type == Type.Long, "from the first alias");
  assert(a.local(1, "v").type == Type.String, "from the second");
  assert(a.handler(0).bodies.length == 2, "the alias' body and the probe's");
}

export function test_tells_reads_and_writes_of_globals(): void {
  const a = analysed(
    'global n, m probe kernel.function("f") { n++; m = 1 } probe end { println(n) } probe timer.s(1) { m = 2 }',
  );
  assert(a.global("n").is(GlobalUse.Read | GlobalUse.WrittenByKernel | GlobalUse.ReadByAgent), "n");
  assert(!a.global("n").is(GlobalUse.ReadByKernel), "an update whose value is dropped is no reading");
  assert(!a.global("m").is(GlobalUse.ReadByKernel), "no probe of the script reads m");
  const probes = a.script.probes;
  assert(probes.length == 4 && probes[3].attach == AttachKind.End, "an end probe of its own prints m");
  assert(a.global("m").is(GlobalUse.WrittenByAgent | GlobalUse.WrittenByKernel), "m is written by both");
}

export function test_knows_what_may_fail_and_print(): void {
  const a = analysed(
    'function d(x) { return 10 / x } probe begin { println(d(2)) } probe end { next } probe error { error("x") }',
  );
  assert(
    (a.handler(0).effects & (Effects.MayFail | Effects.Prints)) == (Effects.MayFail | Effects.Prints),
    "division, print",
  );
  assert((a.handler(1).effects & Effects.Next) != 0, "next");
  assert((a.handler(2).effects & Effects.Controls) != 0, "error()");
}

export function test_prints_carry_their_formats(): void {
  const a = analysed('probe begin { printf("%ld%%|%-*s\\n", 1, 5, "x"); printdln(",", 1, "y") }');
  const statements = a.handler(0).bodies[0].statements;
  const printf = <PrintSymbol>(<CallExpression>(<ExpressionStatement>statements[0]).expression).symbol;
  assert(printf.format == "%d%%|%-*s\n", `in its plainest spelling: ${printf.format}`);
  assert(printf.values.length == 3 && printf.directives.length == 4, "values and parts");
  const printd = <PrintSymbol>(<CallExpression>(<ExpressionStatement>statements[1]).expression).symbol;
  assert(printd.style == PrintStyle.DelimitedLine && printd.format == "," && printd.values.length == 2, "delimiter");
  assert(maxLengthOf(printd.values[1], 511) == 1, "a literal is as long as it is");
}

export function test_reports_errors_where_they_are(): void {
  assert(
    firstError('probe begin {\n  x = 1\n  x = "a"; println(x) }') ==
      "3:7 type mismatch: expected long but found string",
    "type",
  );
  assert(firstError("probe begin { foo() }") == "1:15 unresolved function 'foo'", "function");
  assert(firstError("function f() {}") == "no probes found", "no place");
}

export function test_knows_recursion_through_other_functions(): void {
  const a = analysed(`
    function a(n) { return b(n) }
    function b(n) { return c(n) ? a(n - 1) : 0 }
    function c(n) { return n > 0 }
    probe begin { println(a(1)) }`);
  assert(a.function("a").recursive && a.function("b").recursive, "both are in a circle");
  assert(!a.function("c").recursive, "what they call is not");
}

export function test_user_functions_replace_the_tapset_s(): void {
  const a = analysed("function pid() { return 42 } probe begin { println(pid()); println(execname()) }");
  assert(a.script.functions.length == 1, "the script's own is lowered");
  assert(a.function("pid").overloads.length == 1, "and the tapset's is no overload of it");
}
