import { analysed, firstError } from "./testing/analysed";

const READ: string = 'kernel.function("vfs_read")';
const SWITCH: string = 'kernel.trace("sched_switch")';

/** What an expression becomes in a handler of a probe point; `at` is the statement that has it. */
function resolved(expression: string, point: string = READ, at: i32 = 0): string {
  const text = analysed(`probe ${point} { printf("%d", ${expression}) }`, true).statement(0, at);
  return text.substring('printf("%d", '.length, text.length - 1);
}

function problem(expression: string, point: string = READ): string {
  return firstError(`probe ${point} { printf("%d", ${expression}) }`, true);
}

function same(text: string, wanted: string): void {
  assert(text == wanted, `${text}, not ${wanted}`);
}

export function test_parameters_are_words_of_the_context(): void {
  same(resolved("$count"), "__context(96)");
  same(resolved("$preempt", SWITCH), "__context(0) << 32 >> 32");
  same(resolved("$prev", SWITCH), "__context(8)");
  same(resolved("$return", `${READ}.return`), "__context(80)");
}

export function test_paths_are_additions_and_reads(): void {
  same(resolved("$file->f_count", READ), "@kderef(4, __context(112))");
  same(resolved("$file->f_name"), "@kderef(8, __context(112) + 12)");
  same(resolved("$buf[3]"), "@kderef(4, __context(104) + 12)");
  same(resolved("&$file->f_name"), "__context(112) + 12");
  same(resolved('@cast(4096, "task_struct")->comm[2]'), "@kderef(1, 4110)");
  same(
    resolved('@cast(4096, "task_struct")->parent->parent->pid'),
    "@kderef(4, @kderef(8, @kderef(8, 4128) + 32) + 8)",
  );
  same(resolved('&@cast(0, "task_struct")[2]'), "176");
  same(resolved('@cast(0, "task_struct")->grid[1][pid()]'), "@kderef(4, 56 + pid() * 4)");
}

export function test_bit_fields_are_shifted(): void {
  same(resolved("$file->f_low"), "@kderef(1, __context(112) + 8) << 61 >> 61");
  same(resolved("$file->f_high"), "@kderef(4, __context(112) + 8) << 32 >> 35");
}

export function test_values_know_what_they_point_to(): void {
  const text = `function f(p) { return @cast(p, "task_struct") }
    probe ${READ} { x = f(1); y = x; printf("%d", y->parent->pid) }`;
  same(analysed(text, true).statement(0, 2), 'printf("%d", @kderef(4, @kderef(8, y + 32) + 8))');
  const later = `global g probe begin { g = @cast(1, "task_struct") } probe ${READ} { printf("%d", g->pid) }`;
  same(analysed(later, true).statement(1), 'printf("%d", @kderef(4, g + 8))');
  const mixed = `global g probe begin { g = @cast(1, "task_struct") }
    probe end { g = @cast(1, "file"); println(g->pid) }`;
  assert(firstError(mixed, true).includes("not known"), firstError(mixed, true));
}

export function test_defined_decides_what_is_kept(): void {
  same(resolved("@defined($count) + 2 * @defined($cont)"), "1");
  same(resolved("@choose_defined($file->f_gone, 7)"), "7");
  same(resolved('@defined(@cast(0, "task_struct")[0]) + 2 * @defined(@cast(0, "task_struct")[0]->pidd)'), "1");
  same(resolved('@defined(@cast(0, "nothing")->x) ? $nothing : 3'), "3");
}

export function test_entries_are_kept_by_the_stack_pointer(): void {
  const a = analysed(`probe ${READ}.return { printf("%d", @entry($count) + $count) }`, true);
  same(a.statement(0, 0), "@entry($count) = __entry#0[__context(152) - 8]");
  same(a.statement(0, 2), 'printf("%d", @entry($count) + @entry($count))');
  same(a.statement(1, 0), "__entry#0[__context(152)] = __context(96)");
}

export function test_texts_are_formatted_by_the_print(): void {
  const a = analysed(`probe ${READ} { println($$parms); printf("<%s> %d", $$vars, 1) }`, true);
  same(a.statement(0, 0), 'println("file=%#x buf=%#x count=%#x\\n", __context(112), __context(104), __context(96))');
  assert(a.statement(0, 1).startsWith('printf("<file=%#x buf=%#x count=%#x> %d"'), a.statement(0, 1));
}

export function test_sites_of_one_shape_share_a_handler(): void {
  const point = `${READ}, kernel.function("vfs_read").call`;
  assert(analysed(`probe ${point} { println($count) }`, true).script.handlers.length == 1, "the same parameters");
  const both = `probe ${READ}, ${READ}.return { println($count) }`;
  assert(analysed(both, true).script.handlers.length == 3, "entry, return, and the entry that keeps $count");
}

export function test_says_why_something_is_unknown(): void {
  assert(problem("$cout").includes("'vfs_read' has no target variable '$cout'"), problem("$cout"));
  assert(problem("$return").includes("return of a function"), problem("$return"));
  assert(problem("$file->f_nam").includes("(similar: f_name)"), problem("$file->f_nam"));
  assert(problem("$count->x").includes("it has no members"), problem("$count->x"));
  assert(problem("$count[1]").includes("neither an array nor a pointer"), problem("$count[1]"));
  assert(problem("&$count").includes("no address"), problem("&$count"));
  assert(problem('@cast(0, "nothing")').includes("unable to find type 'nothing'"), problem('@cast(0, "nothing")'));
  assert(problem("$x", 'kernel.function("show")').includes("several functions"), "two prototypes");
  assert(problem("$x", "begin").includes("has no target variables"), "begin");
  assert(problem("@entry(1)").includes("return of a function"), "no return probe");
  const assigned = firstError(`probe ${READ} { $count = 1 }`, true);
  assert(assigned.includes("cannot be written"), assigned);
  const outside = firstError(`function f() { return $x } probe ${READ} { println(f()) }`, true);
  assert(outside.includes("in probes only"), outside);
  const local = firstError(`probe ${READ}.return { i = pid(); println($buf[i]) }`, true);
  assert(local.includes("the local variable 'i'"), local);
}
