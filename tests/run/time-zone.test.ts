// The time zone of the remote, as scripts see it.

import { existsSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("time zone");
let remote: Remote;
const SCRIPT = 'probe begin { println(tz_gmtoff(), " ", tz_name(), " ", tz_ctime(0)); exit() }';
/** A zone that never changes, as zic writes it: version 2, one type, the rule "IST-5:30". */
const KOLKATA = [...zone(), ...zone(), ..."\nIST-5:30\n"].map((c) => (typeof c === "string" ? c.charCodeAt(0) : c));

function zone(): (number | string)[] {
  const counts = [0, 0, 0, 0, 1, 4].flatMap((n) => [0, 0, 0, n]);
  return [..."TZif2", ...Array(15).fill(0), ...counts, 0, 0, 0x4d, 0x58, 0, 0, ..."IST", 0];
}

test.before(async () => {
  remote = await Remote.open();
});
test.after(async () => {
  await remote.shell("rm -f /etc/localtime");
  await remote.close();
});

async function withZone(bytes: Iterable<number>): Promise<string> {
  const text = [...bytes].map((byte) => `\\${byte.toString(8).padStart(4, "0")}`).join("");
  await remote.shell(`rm -f /etc/localtime; printf '${text.replaceAll("\\0", "\\")}' > /etc/localtime`);
  const { out, err } = await remote.run(["-e", SCRIPT]);
  assert.is(err, "");
  return out.trim();
}

test("without a zone it is UTC", async () => {
  await remote.shell("rm -f /etc/localtime");
  assert.is((await remote.run(["-e", SCRIPT])).out, "0 UTC Thu Jan  1 00:00:00 1970 UTC\n");
});

test("the offset and name of /etc/localtime", async () => {
  assert.is(await withZone(KOLKATA), "-19800 IST Thu Jan  1 05:30:00 1970 IST");
});

test("a file of this machine's, with summer time", async () => {
  const path = "/usr/share/zoneinfo/America/New_York";
  if (!existsSync(path)) return;
  const out = await withZone(readFileSync(path));
  assert.match(out, /^(18000 EST Wed Dec 31 19:00:00 1969 EST|14400 EDT Wed Dec 31 20:00:00 1969 EDT)$/);
});

test("a damaged file counts as none", async () => {
  assert.is(await withZone(KOLKATA.slice(0, 60)), "0 UTC Thu Jan  1 00:00:00 1970 UTC");
});

test.run();
