import { CallExpression, ExpressionStatement } from "../syntax/ast";
import { isFromMachine } from "./origins";
import { Holds, PrintSymbol } from "./symbols";
import { Analysed, analysed } from "./testing/analysed";

/** Whether each argument of a print, counted from the end of a handler, comes from the machine: "m" or "s" each. */
function origins(a: Analysed, handler: i32 = 0, fromEnd: i32 = 1): string {
  const statements = a.handler(handler).bodies[0].statements;
  const call = <CallExpression>(<ExpressionStatement>statements[statements.length - fromEnd]).expression;
  const values = (<PrintSymbol>call.symbol).values;
  let letters = "";
  for (let i = 0, n = values.length; i < n; ++i) letters += isFromMachine(values[i]) ? "m" : "s";
  return letters;
}

function expect(actual: string, wanted: string): void {
  assert(actual == wanted, `'${actual}' should be '${wanted}'`);
}

export function test_literals_and_what_is_made_of_them_are_the_scripts(): void {
  const a = analysed(`global state = "on", names
    function pick(a) { return a ? "x" : "\\033[1m" }
    probe begin {
      names[1] = "one"
      text = "a" . state . pick(1)
      printf("%s %s %d %s", names[1], sprintf("%c[%dm", 27, 31), strlen("x") + 1, tolower(text))
    }`);
  expect(origins(a), "ssss");
}

export function test_what_a_value_of_the_machine_touches_is_the_machines(): void {
  const a = analysed(`global last, by
    function bold(s) { return "\\033[1m" . s . "\\033[0m" }
    function same(s) { return s }
    probe begin {
      last = execname()
      by[execname(), 1] = pid()
      t = same(last)
      printf("%s %s %s %s ", last, bold(t), sprintf("%s", t), tolower(t))
      printf("%s %d", pid() ? "x" : t, by["x", 1])
    }
    probe end { foreach ([name, n] in by) printf("%s %d %d", name, n, by[name, n]) }`);
  expect(origins(a, 0, 2), "mmmm");
  expect(origins(a), "mm");
  assert((a.local(1, "name").holds & Holds.MachineBytes) != 0, "a key of the machine");
  assert(a.local(1, "n").holds == Holds.Nothing, "a key of the script");
}

export function test_what_shell_quote_returns_is_harmless_to_a_shell(): void {
  const a = analysed(`probe begin {
    plain = "kill " . execname()
    quoted = "kill " . shell_quote(execname())
    half = shell_quote(plain) . plain
    number = sprintf("kill %d", pid())
    printf("%s%s%s%s", plain, quoted, half, number)
  }`);
  assert((a.local(0, "plain").holds & Holds.UnquotedBytes) != 0, "a name");
  assert(a.local(0, "quoted").holds == Holds.MachineBytes, "a name in quotes is the machine's, but one word");
  assert((a.local(0, "half").holds & Holds.UnquotedBytes) != 0, "a part is not quoted");
  assert(a.local(0, "number").holds == Holds.Nothing, "a number");
}

export function test_digits_of_a_number_are_harmless_in_a_text(): void {
  const a = analysed(`probe begin {
    p = pid()
    printf("%s %s %s %s", sprintf("%d %x", p, p), sprintf("%c", p), sprint(p, "x"), sprintf("%-*s", p, "x"))
  }`);
  expect(origins(a), "smss");
}

export function test_a_message_that_was_caught_is_the_machines(): void {
  expect(origins(analysed('probe begin { try { error("x") } catch (m) { } println(m) }')), "m");
}

export function test_collects_the_control_characters_of_literals(): void {
  const a = analysed(`global t = "\\a"
    probe begin { t = "\\033[2J\\033]0;x\\n\\t"; printf("%s\\177%s", t, sprintf("\\r")) }`);
  const controls = a.script.controls;
  expect(controls.characters, "\x07\x1b\x7f\r");
  expect(controls.afterEscape, "[]");
}

export function test_numbers_count_where_characters_are_printed(): void {
  expect(analysed('probe begin { x = 27; printf("%d", x) }').script.controls.characters, "");
  const controls = analysed('probe begin { x = 27; printf("%c[2J", x) }').script.controls;
  expect(controls.characters, "\x1b");
  expect(controls.afterEscape, "\x1b");
}

export function test_a_chain_that_is_too_long_to_follow_is_distrusted(): void {
  let text = "";
  for (let i = 0; i < 100; ++i) text += `v${i} = v${i + 1};`;
  const a = analysed(`probe begin { clean = "x"; ${text} v100 = execname(); printf("%s%s", v0, clean) }`);
  expect(origins(a), "mm");
  const short = analysed(`probe begin { clean = "x"; v0 = v1; v1 = v2; v2 = execname(); printf("%s%s", v0, clean) }`);
  expect(origins(short), "ms");
}
