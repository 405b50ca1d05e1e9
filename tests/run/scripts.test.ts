// Runs each script of this folder on a real kernel and compares the output with the script's header (case.ts).

import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GUEST_NAMES } from "../guest.ts";
import { judge, readCases, type ScriptCase } from "./case.ts";
import { Remote } from "./remote.ts";

const cases = readCases(fileURLToPath(new URL(".", import.meta.url)));
const chosen = process.env.STAP_REMOTE_CASE;
/** All scripts run on these, and on the others one half, by turns; STAP_REMOTE_CASE="" runs all. */
const WHOLE = ["5.10", "6.12"];
const guest = process.env.STAP_REMOTE_GUEST || "6.12";
const turn = GUEST_NAMES.indexOf(guest as (typeof GUEST_NAMES)[number]);
const isPart = chosen === undefined && !WHOLE.includes(guest);
const test = suite("scripts");
let remote: Remote;
let before = "";

/** Shell commands that succeed where the guest has the feature. */
const FEATURES: Record<string, string> = {
  x86_64: "test $(uname -m) = x86_64",
  "two-cpus": "test $(nproc) -ge 2",
};

test.before(async () => {
  remote = await Remote.open();
  await remote.run(["-e", "probe begin { exit() }"]); // what stays, such as the cached agent, is there from now on
  before = await remote.traces();
});
test.after(() => remote.close());

/** The features that the guest lacks. */
async function lacking(script: ScriptCase): Promise<string[]> {
  const missing: string[] = [];
  for (const feature of script.needs) {
    const check = FEATURES[feature];
    if (check === undefined) throw new Error(`${script.path}: unknown feature '${feature}'`);
    if ((await remote.shell(check)).status !== 0) missing.push(feature);
  }
  return missing;
}

async function runCase(script: ScriptCase): Promise<void> {
  const missing = await lacking(script);
  if (missing.length > 0) {
    console.log(`SKIP ${script.name}: ${remote.guest.name} has no ${missing.join(", ")}`);
    return;
  }
  let pid = "";
  if (script.spawn) pid = (await remote.shell(`${script.spawn} >/dev/null 2>&1 </dev/null & echo $!`)).out.trim();
  const options = script.options.map((word) => word.replace(/\bPID\b/g, pid));
  const during = script.during ? { attached: async () => void (await remote.shell(script.during)) } : {};
  const seen = await remote.run([...options, script.path, ...script.args], during);
  if (pid) await remote.shell(`kill ${pid}`);
  assert.is(judge(script, seen), "");
}

for (const [i, script] of cases.entries()) {
  if (isPart && (i + turn) % 2 !== 0) continue;
  if (chosen === undefined || script.name.includes(chosen)) test(script.name, () => runCase(script));
}

test("no script left anything behind", async () => {
  assert.is(await remote.leftBehind(before), "");
});

test.run();
