// A few of the instants at which a part of a run may die; scripts/sweeps/kill-instants.ts tries many.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { die, type Victim } from "./kill-instants.ts";
import { Remote } from "./remote.ts";

const test = suite("instants of death");
let remote: Remote;
let before = "";

test.before(async () => {
  remote = await Remote.open();
  await remote.run(["-e", "probe begin { exit() }"]); // what stays, such as the cached agent, is there from now on
  before = await remote.traces();
});
test.after(() => remote.close());

const DEATHS: [Victim, number, boolean][] = [
  ["client", 350, true],
  ["client", 700, false],
  ["shell", 50, true],
  ["connection", 600, true],
  ["agent", 1200, false],
  ["sudo", 900, true],
];
for (const [victim, afterMs, uploads] of DEATHS) {
  const when = `after ${afterMs} ms${uploads ? ", around the upload" : ""}`;
  test(`nothing is left when the ${victim} dies ${when}`, async () => {
    const { problem } = await die(remote, before, { victim, afterMs, uploads, sudo: victim === "sudo" });
    assert.is(problem, undefined);
  });
}

test.run();
