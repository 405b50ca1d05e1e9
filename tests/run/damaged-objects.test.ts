// A small part of the sweep of damaged objects (scripts/sweeps/objects.ts), on each kernel.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { objectSweep } from "../../scripts/sweeps/objects.ts";
import { emptyResult, runSweep } from "../../scripts/sweeps/sweep.ts";
import { shutdownGuests } from "../guest.ts";

const test = suite("damaged objects");

test.after(() => shutdownGuests());

test("no damaged object ends the agent in another way than its own, or leaves something in the kernel", async () => {
  const sweep = await objectSweep(process.env.STAP_REMOTE_GUEST || "6.12");
  const { findings, ends } = await runSweep(sweep, emptyResult(sweep, 7), 60, () => {});
  assert.equal(findings, []);
  assert.ok((ends.ran ?? 0) > 5 && (ends.failed ?? 0) > 10, JSON.stringify(ends));
});

test.run();
