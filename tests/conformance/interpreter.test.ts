// Runs every case of this folder in the agent's interpreter (tests/interpret); the same bodies run as kernel probes in
// tests/run/conformance.test.ts. STAP_REMOTE_CASE=TEXT chooses cases by area or name.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { interpret } from "../interpret/interpreter.ts";
import { judge, readCases } from "./cases.ts";

const chosen = process.env.STAP_REMOTE_CASE;
const test = suite("conformance");

for (const one of readCases()) {
  const title = `${one.area}: ${one.name}`;
  if (chosen !== undefined && !title.includes(chosen)) continue;
  test(title, async () => {
    assert.is(judge(one, await interpret(one.script, one.options, one.args)), "");
  });
}

test.run();
