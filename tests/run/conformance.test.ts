// The cases of tests/conformance that can be handlers of a kernel probe, run as such: many in one script (batch.ts).

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { batchScripts, runErrors, splitOutput, TRIGGER } from "../conformance/batch.ts";
import { type Case, inKernel, readCases } from "../conformance/cases.ts";
import { PATIENT, Remote } from "./remote.ts";

/** Scripts of one object: their arrays must fit the largest map value of 5.10, and it must load in a minute. */
const BATCH = 25;
/** All of them run on these guests, and every second one on the others. */
const WHOLE = ["5.10", "6.12"];

const guest = process.env.STAP_REMOTE_GUEST || "6.12";
const chosen = process.env.STAP_REMOTE_CASE;
const cases = readCases().filter((one) => inKernel(one) && (!chosen || `${one.area}: ${one.name}`.includes(chosen)));
const test = suite("conformance in the kernel");
let remote: Remote;
test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

/** What is wrong with a case, given what it printed; takes its error out of `errors`. */
function judge(one: Case, part: { out: string; ran: boolean }, errors: string[]): string {
  const where = `${one.area}.txt:${one.line} (${one.name})`;
  if (!part.ran) return `${where} did not run`;
  const missing = one.errors.filter((error) => {
    const at = errors.findIndex((line) => line.includes(error.replace(/ at <input>.*/, "")));
    if (at >= 0) errors.splice(at, 1);
    return at < 0;
  });
  if (missing.length > 0) return `${where} did not fail with: ${missing.join("; ")}`;
  const wanted = one.output.map((line) => `${line}\n`).join("");
  return part.out === wanted ? "" : `${where} printed:\n${part.out}instead of:\n${wanted}`;
}

const step = WHOLE.includes(guest) || chosen ? BATCH : 2 * BATCH;
const first = guest === "sid" ? BATCH : 0;
for (let from = step === BATCH ? 0 : first; from < cases.length; from += step) {
  const batch = cases.slice(from, from + BATCH);
  const [one, last] = [batch[0] as Case, batch.at(-1) as Case];
  test(`cases ${from} to ${from + batch.length - 1}, from ${one.area} to ${last.area}`, async () => {
    const script = batchScripts(batch.map((one) => one.script));
    const attached = async () => void (await remote.shell(TRIGGER));
    const limits = [...PATIENT, "-D", "MAXERRORS=1000", "-D", "MAXMAPENTRIES=64", "-w"];
    const ended = await remote.run([...limits, "-e", script], { attached });
    const errors = runErrors(ended);
    const parts = splitOutput(ended.out, batch.length);
    const problems = batch.map((one, i) => judge(one, parts[i]!, errors)).filter((problem) => problem !== "");
    if (parts.some((part) => !part.ran)) problems.push(ended.err);
    assert.is([...problems, ...errors].join("\n"), "");
  });
}

test.run();
