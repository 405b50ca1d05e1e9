// The cases of tests/strings as handlers of a kernel probe, at each size, some in one script
// (tests/conformance/batch.ts).

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { batchScripts, runErrors, splitOutput, TRIGGER } from "../conformance/batch.ts";
import { type LongCase, longCases, SIZES } from "../strings/cases.ts";
import { PATIENT, Remote } from "./remote.ts";

/** Scripts of one object: what their functions keep lies in one frame. */
const BATCH = 6;

const chosen = process.env.STAP_REMOTE_CASE ?? "";
const test = suite("strings at their longest in the kernel");
let remote: Remote;
test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

async function runBatch(batch: LongCase[], size: number): Promise<void> {
  const script = batchScripts(batch.map((one) => one.script));
  const attached = async () => void (await remote.shell(TRIGGER));
  const ended = await remote.run([...PATIENT, "-D", `MAXSTRINGLEN=${size}`, "-w", "-e", script], { attached });
  const parts = splitOutput(ended.out, batch.length);
  const problems = batch.flatMap(({ name, output }, i) => {
    const wanted = output.map((line) => `${line}\n`).join("");
    return parts[i]!.out === wanted ? [] : [`${name} printed:\n${parts[i]!.out}instead of:\n${wanted}`];
  });
  if (problems.length > 0) problems.push(ended.err);
  assert.is([...problems, ...runErrors(ended)].join("\n"), "");
}

for (const size of SIZES) {
  const cases = longCases(size).filter(({ name }) => name.includes(chosen));
  for (let from = 0; from < cases.length; from += BATCH) {
    const batch = cases.slice(from, from + BATCH);
    const names = `'${batch[0]?.name}' to '${batch.at(-1)?.name}'`;
    test(`MAXSTRINGLEN ${size}: ${names}`, () => runBatch(batch, size));
  }
}

test.run();
