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

test("names: a begin probe of 1,500 lines", async () => {
  const lines = Array.from({ length: 1500 }, (_, i) =>
    i % 2 === 0
      ? `if (a[${i % 7}] > ${i}) s = s . "long"; else a[${i % 5}] += ${i}`
      : `printf("%s %d\\n", sprintf("x%d-%s", ${i}, "abc" . "d"), strlen("q" . s))`,
  );
  const { out, err, status } = await interpret(`global a, s\nprobe begin {\n${lines.join("\n")}\n}`);
  assert.is(err, "");
  assert.is(status, 0);
  const printed = out.split("\n");
  assert.is(printed[0], "x1-abcd 1");
  assert.is(printed.length, 751);
  assert.match(printed[749]!, /^x1499-abcd \d+$/);
});

test.run();
