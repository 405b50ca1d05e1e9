// The scripts of examples/: each loads, runs beside the load that it names, ends cleanly, and prints what it expects.
//
//   # run: … examples/x.stp ARGUMENTS    what stands behind the file are its arguments
//   # load: COMMAND                      what happens meanwhile
//   # command: COMMAND                   the same, where the script is about the program of -c
//   # expect: EXPRESSION                 of the output

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { wordsOf } from "../../agent/host/via.ts";
import { GUEST_NAMES } from "../guest.ts";
import { PATIENT, Remote } from "./remote.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));
/** All of them run on this guest, and every third on each of the others. */
const WHOLE = "6.12";

const guest = process.env.STAP_REMOTE_GUEST || WHOLE;
const turn = GUEST_NAMES.indexOf(guest as (typeof GUEST_NAMES)[number]);
const names = readdirSync(EXAMPLES).filter((name) => name.endsWith(".stp"));
const test = suite("examples");
let remote: Remote;

test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

for (const name of names.filter((_, i) => guest === WHOLE || i % 3 === turn % 3)) {
  test(name, async () => {
    const file = join(EXAMPLES, name);
    const text = readFileSync(file, "utf8");
    const said = (what: string) => new RegExp(`^(?:#|//) ${what}: (.*)$`, "m").exec(text)?.[1];
    assert.ok(said("title"), "it has a title");
    const args = wordsOf(said("run")?.split(`examples/${name}`)[1] ?? "") ?? [];
    // The load's own output is none of the script's.
    const load = `sleep 0.3; (${said("load") ?? "ls /etc; cat /etc/passwd"}) > /dev/null 2>&1; sleep 0.3`;
    const command = said("command") ?? load;
    const { status, out, err } = await remote.run([...PATIENT, "-T", "20", "-c", command, file, ...args]);
    assert.is(status, 0, err);
    assert.not.match(err, /ERROR/);
    assert.match(out, new RegExp(said("expect") ?? "", "m"));
  });
}

test.run();
