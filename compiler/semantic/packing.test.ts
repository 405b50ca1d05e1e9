import { CallExpression, Expression, ExpressionStatement, ForeachStatement, NodeKind } from "../syntax/ast";
import { isPacked } from "./packing";
import { PrintSymbol, StackForm } from "./symbols";
import { Analysed, analysed } from "./testing/analysed";

/** The last print's values, from the end of a handler: "p" packed or "t" text each. */
function forms(a: Analysed, handler: i32 = 0): string {
  const statements = a.handler(handler).bodies[0].statements;
  let last = statements[statements.length - 1];
  if (last.kind == NodeKind.Foreach) last = (<ForeachStatement>last).body;
  const call = <CallExpression>(<ExpressionStatement>last).expression;
  const values: Expression[] = (<PrintSymbol>call.symbol).values;
  let letters = "";
  for (let i = 0, n = values.length; i < n; ++i) letters += isPacked(values[i]) ? "p" : "t";
  return letters;
}

function expect(actual: string, wanted: string): void {
  assert(actual == wanted, `'${actual}' should be '${wanted}'`);
}

export function test_stacks_that_are_only_stored_and_printed_are_packed(): void {
  const a = analysed(`global n, last, by
    function same(s) { return s }
    probe kernel.function("f") {
      n[backtrace(), 1]++
      by[tid()] = pid() ? backtrace() : ""
      last = same(callers(3))
      s = by[tid()]
      printf("%s %s %s %s %s", backtrace(), s, last, by[1], same(last))
    }
    probe end { foreach ([s, i] in n-) printf("%s %d", s, n[s, i]) }`);
  expect(forms(a), "ppppp");
  expect(forms(a, 1), "pt");
}

export function test_what_somebody_looks_into_is_text(): void {
  const a = analysed(`global n, m, k, by
    probe kernel.function("f") {
      n[backtrace()]++
      m[backtrace()]++
      k[backtrace()]++
      by[tid()] = backtrace()
      s = backtrace()
      t = pid() ? s : "none"
      u = backtrace()
      if (strlen(u) > 3) n["x"]++
      if (by[1] == "y") m["y"]++
      printf("%s %s %s %s", s, t, u, by[1])
    }
    probe end { foreach (s+ in k) printf("%s", s) }`);
  expect(forms(a), "tttt");
  expect(forms(a, 1), "t");
  assert(a.global("n").keyForms[0] == StackForm.Text, "a text is put in");
}

export function test_what_is_passed_on_decides_for_where_it_came_from(): void {
  const a = analysed(`global n
    function length(s) { return strlen(s) }
    probe kernel.function("f") { n[backtrace()]++ }
    probe end { foreach (s in n) if (length(s) > 3) printf("%s", s) }`);
  assert(a.global("n").keyForms[0] == StackForm.Text, "its key goes to a function that looks into it");
}
