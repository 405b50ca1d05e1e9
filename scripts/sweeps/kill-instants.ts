// Kills a part of a run at random instants of its life, in a guest (tests/run/kill-instants.ts says what must hold):
//
//   STAP_REMOTE_GUEST=6.12 npx tsx scripts/sweeps/kill-instants.ts 200 [--seed=N] [--only=CASE] [--out=FILE]

import { die, LIFE_MS, SHELL_MS, VICTIMS } from "../../tests/run/kill-instants.ts";
import { Remote } from "../../tests/run/remote.ts";
import { type CaseEnd, main, Random } from "./sweep.ts";

const remote = await Remote.open();
await remote.run(["-e", "probe begin { exit() }"]); // what stays, such as the cached agent, is there from now on
const before = await remote.traces();

async function run(first: number, count: number, seed: number): Promise<CaseEnd[]> {
  const ends: CaseEnd[] = [];
  for (let index = first; index < first + count; index++) {
    const random = new Random(seed, index);
    const victim = random.pick(VICTIMS);
    const sudo = victim === "sudo" || random.oneIn(3);
    const isShell = victim === "shell";
    const uploads = isShell || random.oneIn(2);
    // The shell lives only while the agent is started.
    const afterMs = isShell ? random.below(SHELL_MS) : random.below(LIFE_MS);
    const death = { victim, sudo, uploads, afterMs };
    const { end, problem } = await die(remote, before, death);
    ends.push({ end, input: JSON.stringify(death), ...(problem ? { problem } : {}) });
  }
  return ends;
}

await main({ name: "kill-instants", kernel: remote.guest.release, run });
await remote.close();
