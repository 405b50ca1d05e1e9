// The compiler accepts any input: whatever a script contains, it returns an object or diagnostics. scripts/fuzz.ts runs
// more.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { builtCompiler, fuzz, TASTES } from "../../scripts/fuzz.ts";

test("no random or mutated script traps the compiler, and many compile", () => {
  const { traps, ends } = fuzz(builtCompiler(), 2000, 7);
  const first = traps[0] ? `${traps[0].reason}\n${traps[0].script}` : "";
  assert.is(traps.length, 0, first);
  assert.ok(ends.done > 300, `only ${ends.done} inputs compiled`);
  assert.ok(ends.refused > 300, `only ${ends.refused} inputs were refused`);
});

test("well typed scripts of what is supported are not refused", () => {
  const { traps, refusals } = fuzz(builtCompiler(), 100, 1, { tastes: TASTES.slice(0, 1) });
  assert.is(traps.length, 0, traps[0]?.reason);
  assert.equal(refusals, []);
});

test("the same seed makes the same scripts and the same outcome", () => {
  assert.equal(fuzz(builtCompiler(), 40, 4), fuzz(builtCompiler(), 40, 4));
});

test.run();
