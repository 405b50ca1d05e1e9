// Random regular expressions in a kernel probe, compared with JavaScript's; tests/conformance does the same without a
// kernel.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PROBE, TRIGGER } from "../conformance/batch.ts";
import { expectedLine, type Question, samples, scriptOf } from "../conformance/random-regex.ts";
import { PATIENT, Remote } from "./remote.ts";

/** Matches of one script: each that remembers where it was prints all of it. */
const MOST: Record<Question, number> = { truth: 240, whole: 60 };

const test = suite("random regular expressions in the kernel");
let remote: Remote;
test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

for (const [question, seed] of [
  ["truth", 1],
  ["truth", 2],
  ["whole", 102],
] as const) {
  test(`seed ${seed}, asked for the ${question}`, async () => {
    const list = samples(seed, question === "truth" ? 2 : 1).slice(0, MOST[question]);
    const script = scriptOf(list, question, PROBE, "exit()\n");
    const attached = async () => void (await remote.shell(TRIGGER));
    const ended = await remote.run([...PATIENT, "-e", script], { attached });
    assert.is(ended.err, "");
    assert.is(ended.out, list.map((one) => `${expectedLine(one, question)}\n`).join(""));
  });
}

test.run();
