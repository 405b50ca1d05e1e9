// The random programs of tests/steps as handlers of kernel probes, in which every call and every round of a loop is a
// step. The kernel's verifier must accept them, and their answers must be the evaluator's.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { randomScript } from "../steps/random.ts";
import { PATIENT, Remote } from "./remote.ts";

/** Programs in one script, and scripts. */
const PROGRAMS = 6;
const SCRIPTS = 3;

/** Some programs in one script, each with names of its own and a probe of its own, and what each must print. */
function batch(first: number): { script: string; expected: string[] } {
  const expected: string[] = [];
  let script = "";
  for (let seed = first; expected.length < PROGRAMS; ++seed) {
    const k = expected.length;
    const head = `global done${k}\nprobe kernel.function("vfs_read")`;
    const made = randomScript(seed, head, `done${k} = 1`);
    if (made === undefined) continue;
    script += made.script
      .replace(/("vfs_read"\) \{)/, `$1 if (execname() != "dd" || done${k}) next;`)
      .replace(/\b(f[0-9]|s[0-9]|note|h|g|table)\b/g, `p${k}_$1`)
      .replace('printf("%d"', `printf("${k}: "); printf("%d"`);
    expected.push(`${k}: ${made.expected}`);
  }
  return { script, expected };
}

const test = suite("steps");
let remote: Remote;
test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

for (let part = 0; part < SCRIPTS; ++part) {
  test(`random recursive functions in kernel probes, part ${part}`, async () => {
    const { script, expected } = batch(1 + part * 100);
    const options = [...PATIENT, "-w", "-DMAXACTION=20000", "-DMAXSKIPPED=1000000", "-e", script];
    const attached = async () => void (await remote.shell("dd if=/proc/version of=/dev/null"));
    const { out, err, status } = await remote.run(options, { attached });
    assert.equal([err, status], ["", 0], script);
    assert.equal(out.trim().split("\n").sort(), expected, script);
  });
}

test.run();
