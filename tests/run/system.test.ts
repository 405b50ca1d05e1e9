// Commands of system() that are hostile, many, or endless.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Ended, Remote, startClient } from "./remote.ts";

const test = suite("system");
let remote: Remote;

test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

function run(...argv: string[]): Promise<Ended> {
  return startClient([...remote.address(), ...argv]).ended;
}

test("the shell takes what shell_quote() returns for one word", async () => {
  const words = ["a b", "'", "''", "$(echo x)", "`echo x`", "\\", "a\nb", ";exit", "", '"', "!*?~"];
  const script = words.map((word) => `system("printf '<%s>' " . shell_quote(${JSON.stringify(word)}) . " x;")`);
  for (const [i, statement] of script.entries()) {
    const { out } = await run("-e", `probe begin { ${statement} exit() }`);
    assert.is(out, `<${words[i]}><x>`);
  }
});

test("a command that fills a string is not run", async () => {
  const script = `probe begin { s = "echo run "; for (i = 0; i < 9; i++) s = s . s; system(s); exit() }`;
  const { out, err } = await run("-e", script);
  assert.is(out, "");
  assert.match(err, /^WARNING: system: the command fills a whole string/m);
});

test("of hundreds of commands each runs once", async () => {
  const script = `global n probe timer.ms(1) { if (n++ < 200) system(sprintf("echo command %d", n)); else exit() }`;
  const { status, out, err } = await run("-e", script);
  assert.equal([status, err], [0, ""]);
  const numbers = out
    .trim()
    .split("\n")
    .map((line) => Number(line.split(" ")[1]));
  assert.equal(
    numbers.sort((a, b) => a - b),
    Array.from({ length: 200 }, (_, i) => i + 1),
  );
});

test("a command that does not end is ended some time after the session", async () => {
  const script = `probe begin { system("echo runs; sleep 1000; echo no"); exit() }`;
  const { status, out, err } = await run("-e", script);
  assert.equal([status, out], [0, "runs\n"]);
  assert.match(err, /^WARNING: commands of system\(\) that still ran .* were ended: 1$/m);
  assert.is((await remote.shell("pgrep -f 'slee[p] 1000'")).out, "");
});

test.run();
