// Two thousand of the inputs that scripts/fuzz.ts makes without end.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { builtCompiler, fuzz } from "../../scripts/fuzz.ts";

test("no random or mutated script traps the compiler, and many compile", () => {
  const { traps, ends } = fuzz(builtCompiler(), 2000, 7);
  const first = traps[0] ? `${traps[0].reason}\n${traps[0].script}` : "";
  assert.is(traps.length, 0, first);
  assert.ok(ends.done > 300, `only ${ends.done} inputs compiled`);
  assert.ok(ends.refused > 300, `only ${ends.refused} inputs were refused`);
});

test.run();
