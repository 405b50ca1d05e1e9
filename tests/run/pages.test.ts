// The scripts in docs/tutorial.md and docs/coming-from-bpftrace.md: each compiles for every kernel, and on one it runs
// beside a load and prints something.

import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PATIENT, Remote } from "./remote.ts";

const WHOLE = "6.12";
const PAGES = ["tutorial.md", "coming-from-bpftrace.md"];
const STEPS = "cat /etc/passwd; ls /etc; echo x > /tmp/page; sh -c 'kill -CONT $$'";
const LOAD = `sleep 0.3; for i in 1 2 3; do ${STEPS}; done > /dev/null; sleep 1`;

const guest = process.env.STAP_REMOTE_GUEST || WHOLE;
const test = suite("pages");
let remote: Remote;
test.before(async () => {
  remote = await Remote.open();
});
test.after(async () => {
  await remote.shell("rm -f /tmp/page");
  await remote.close();
});

for (const page of PAGES) {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), "utf8");
  const scripts = [...text.matchAll(/^```stap\n([\s\S]*?)^```$/gm)].map(([, script]) => script as string);
  test(`${page}: ${scripts.length} scripts`, async () => {
    assert.ok(scripts.length >= 9);
    for (const script of scripts) {
      if (guest !== WHOLE) {
        const compiled = await remote.run(["-p3", "-w", "-e", script]);
        assert.is(compiled.status, 0, `${script}${compiled.err}`);
        continue;
      }
      const { status, out, err } = await remote.run([...PATIENT, "-T", "20", "-c", LOAD, "-e", script]);
      assert.is(status, 0, `${script}${err}`);
      assert.not.match(err, /ERROR/, script);
      assert.match(out, /\S/, `${script} prints nothing`);
    }
  });
}

test.run();
