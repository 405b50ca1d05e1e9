// Runs the cases of this folder in the agent's interpreter, at each size. STAP_REMOTE_CASE=TEXT chooses cases by name.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { interpret } from "../interpret/interpreter.ts";
import { longCases, SIZES } from "./cases.ts";

const chosen = process.env.STAP_REMOTE_CASE ?? "";
const test = suite("strings at their longest");

for (const size of SIZES) {
  for (const one of longCases(size).filter(({ name }) => name.includes(chosen))) {
    test(`${one.name}, MAXSTRINGLEN ${size}`, async () => {
      const seen = await interpret(one.script, ["-D", `MAXSTRINGLEN=${size}`, "-w"]);
      assert.is(seen.err, "");
      assert.is(seen.out, one.output.map((line) => `${line}\n`).join(""));
      assert.is(seen.status, 0);
    });
  }
}

test("what needs too much memory at a time is refused in the script's words", async () => {
  const args = Array.from({ length: 70 }, (_, i) => `substr(a, ${i}, 4000)`).join(", ");
  const script = `probe begin { a = sprintf("%4000s", "x"); printf("${"%s".repeat(70)}", ${args}) }`;
  const seen = await interpret(script, ["-D", "MAXSTRINGLEN=4096"]);
  assert.match(
    seen.err,
    /semantic error: this probe needs \d+ bytes for its strings and the script's functions need \d+, but only \d+ are/,
  );
  assert.is(seen.status, 1);
  const shorter = await interpret(script, []);
  assert.is(shorter.err, "");
});

test.run();
