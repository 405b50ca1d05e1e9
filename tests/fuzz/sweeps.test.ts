// A small part of each sweep that needs no guest (scripts/sweeps): enough to notice what is broken for all, and that
// the sweeps themselves work. The whole ones are started by hand.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { framesToAgentSweep } from "../../scripts/sweeps/frames-to-agent.ts";
import { framesToClientSweep } from "../../scripts/sweeps/frames-to-client.ts";
import { scriptSweep } from "../../scripts/sweeps/scripts.ts";
import { type CaseEnd, emptyResult, runSweep, type Sweep } from "../../scripts/sweeps/sweep.ts";
import { typeSweep } from "../../scripts/sweeps/types.ts";

const part = (sweep: Sweep, count: number) => runSweep(sweep, emptyResult(sweep, 99), count, () => {});

test("no script traps the compiler", async () => {
  const { findings, ends } = await part(scriptSweep(), 800);
  assert.equal(findings, []);
  assert.ok((ends.done ?? 0) > 50 && (ends.refused ?? 0) > 200, JSON.stringify(ends));
});

test("no BTF makes the reader of kernel types trap, or take long", async () => {
  const { findings, ends } = await part(await typeSweep(), 1000);
  assert.equal(findings, []);
  assert.ok((ends.read ?? 0) > 300 && (ends.refused ?? 0) > 200, JSON.stringify(ends));
});

test("no stream of frames makes the agent trap, or end without saying why", async () => {
  const { findings, ends } = await part(framesToAgentSweep(), 1000);
  assert.equal(findings, []);
  assert.ok((ends.Finished ?? 0) > 50 && (ends.Failed ?? 0) > 200, JSON.stringify(ends));
});

test("no stream of frames makes the client throw, take long, or show control characters", async () => {
  const { findings, ends } = await part(framesToClientSweep(), 300);
  assert.equal(findings, []);
  assert.ok((ends["status 0"] ?? 0) > 20 && (ends["status 3"] ?? 0) > 50, JSON.stringify(ends));
});

test("a sweep counts its ends, keeps its findings, and goes on where it was", async () => {
  const cases: number[] = [];
  const run = (first: number, count: number): CaseEnd[] =>
    Array.from({ length: count }, (_, i) => {
      cases.push(first + i);
      return first + i === 3 ? { end: "bad", problem: "three" } : { end: "good" };
    });
  const sweep = { name: "test", batch: 2, run };
  const result = await runSweep(sweep, emptyResult(sweep, 1), 3, () => {});
  await runSweep(sweep, result, 5, () => {});
  assert.equal(cases, [0, 1, 2, 3, 4]);
  assert.equal([result.done, result.ends], [5, { good: 4, bad: 1 }]);
  assert.equal(result.findings, [{ case: 3, reason: "three" }]);
});

test.run();
