// Runs a function as IR and as BPF, and tells where they differ.

import { Func } from "../../ir/function";
import { BackendOptions } from "../code";
import { generate, optimize } from "../compile";
import { evaluate } from "./evaluate";
import { execute } from "./execute";
import { RandomFunction, randomArity } from "./random";
import { mix, World } from "./world";

/**
 * The difference between what `fn` means before and after `options`; empty if there is none, or the back-end's refusal.
 */
export function compare(fn: Func, args: Array<u64>, options: BackendOptions, seed: u64): string {
  let expected = new World(seed);
  let result = evaluate(fn, expected, args);
  assert(expected.fault == "", "a test program runs as IR: " + expected.fault);
  optimize(fn, options, true);
  let middle = new World(seed);
  if (evaluate(fn, middle, args) != result || middle.digest() != expected.digest())
    return "the passes changed the meaning";
  let code = generate(fn, options);
  if (code.error != "") return code.error;
  let actual = new World(seed);
  let executed = execute(code, actual, args, randomArity);
  if (actual.fault != "") return actual.fault;
  if (executed != result) return "result " + executed.toString(16) + " instead of " + result.toString(16);
  return actual.digest() == expected.digest() ? "" : "memory or calls differ";
}

/** Compares random functions of `size` statements; asserts that all mean the same. */
export function compareRandom(first: i32, count: i32, size: i32, options: BackendOptions): void {
  for (let seed = first; seed < first + count; ++seed) {
    let fn = new RandomFunction(seed, size).fn;
    let args: Array<u64> = [];
    for (let k = 0; k < fn.parameterCount; ++k) args.push(mix(seed, k));
    let message = compare(fn, args, options, seed);
    assert(message == "", "seed " + seed.toString() + " of size " + size.toString() + ": " + message);
  }
}
