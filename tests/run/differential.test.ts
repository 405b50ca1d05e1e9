// Random programs as handlers of kernel probes, many in one script: the kernel must print what the reference evaluator
// says (tests/differential). STAP_REMOTE_SEED and STAP_REMOTE_COUNT choose others.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { batchScripts, runErrors, splitOutput, TRIGGER } from "../conformance/batch.ts";
import { OPTIONS, type Subject, subjects } from "../differential/compare.ts";
import { PATIENT, Remote } from "./remote.ts";

const SEED = Number(process.env.STAP_REMOTE_SEED ?? 1);
const COUNT = Number(process.env.STAP_REMOTE_COUNT ?? 60);
/** Programs of one object. */
const BATCH = 8;

const test = suite("differential in the kernel");
let remote: Remote;
test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

async function runBatch(batch: Subject[]): Promise<string[]> {
  const attached = async () => void (await remote.shell(TRIGGER));
  const ended = await remote.run([...PATIENT, ...OPTIONS, "-e", batchScripts(batch.map(({ script }) => script))], {
    attached,
  });
  const parts = splitOutput(ended.out, batch.length);
  const problems = batch.flatMap(({ seed, script, expected }, i) => {
    const part = parts[i];
    if (part?.ran && part.out === expected.out) return [];
    return [`seed ${seed}\n${script}\nexpected:\n${expected.out}\nseen:\n${part?.ran ? part.out : "it did not run"}`];
  });
  const wanted = batch.flatMap(({ expected }) => (expected.error === undefined ? [] : [expected.error]));
  const errors = runErrors(ended).map((line) => line.replace(/^ERROR: /, "").replace(/ near .*/, ""));
  if (wanted.sort().join("\n") !== errors.sort().join("\n"))
    problems.push(`errors: ${wanted} expected, ${errors} seen`);
  if (problems.length > 0) problems.unshift(ended.err.split("\n").slice(0, 20).join("\n"));
  return problems;
}

const all = subjects(SEED, COUNT);
for (let from = 0; from < all.length; from += BATCH) {
  const batch = all.slice(from, from + BATCH);
  test(`programs of seeds ${batch[0]?.seed} to ${batch.at(-1)?.seed}`, async () => {
    assert.is((await runBatch(batch)).slice(0, 3).join("\n"), "");
  });
}

test.run();
