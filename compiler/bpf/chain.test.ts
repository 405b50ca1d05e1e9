// Chains of calls: one object answers for all programs, in whatever order they come.

import { Func, Linkage } from "../ir/function";
import { Chains } from "./chain";
import { Code, Relocation, RelocationKind } from "./code";

/** A function's code, of which only calls and stack count. */
function code(name: string, stack: i32, callees: i32[]): Code {
  const made = new Code(new Func(name, Linkage.Subprogram, 0));
  made.stackBytes = stack;
  for (let i = 0, n = callees.length; i < n; ++i) {
    made.relocations.push(new Relocation(i, RelocationKind.Function, callees[i]));
  }
  return made;
}

export function test_stacks_of_a_chain_add_up(): void {
  const codes = [code("a", 200, [1, 2]), code("b", 200, []), code("c", 200, [1]), code("d", 1, [1])];
  const chains = new Chains(codes);
  const expected = "'a' and what it calls need 672 bytes of stack, and the kernel allows 512";
  assert(chains.problemOf(0) == expected, "224 three times");
  assert(chains.problemOf(3) == "" && chains.problemOf(2) == "", "others fit");
  assert(chains.problemOf(0) == expected, "the same again");
}

export function test_eight_frames_are_allowed(): void {
  const codes: Code[] = [];
  for (let i = 0; i < 9; ++i) codes.push(code(`f${i}`, 0, i < 8 ? [i + 1] : []));
  const chains = new Chains(codes);
  assert(chains.problemOf(0) == "loops and calls in 'f0' are nested 9 deep, and the kernel allows 8", "nine");
  assert(chains.problemOf(1) == "", "eight");
}

export function test_a_circle_is_found_from_each_of_its_functions(): void {
  const codes = [code("a", 0, [1]), code("b", 0, [2]), code("c", 0, [1]), code("d", 0, [])];
  const chains = new Chains(codes);
  for (let i = 0; i < 3; ++i) {
    assert(chains.problemOf(i) == `'${codes[i].name}' calls itself through its functions`, "reaches itself");
  }
  assert(chains.problemOf(3) == "", "and this one does not");
}
