// Probes at addresses, and probes of exported functions only.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("statement");
let remote: Remote;
let address = 0n;

test.before(async () => {
  remote = await Remote.open();
  const { out } = await remote.shell("grep ' T vfs_read$' /proc/kallsyms");
  address = BigInt(`0x${out.split(" ")[0]}`);
});
test.after(() => remote.close());

const read = async () => {
  await remote.shell("cat /proc/version");
};

test("a probe at an address fires where the address is, by both names", async () => {
  const hex = `0x${address.toString(16)}`;
  const script = `global n
    probe kernel.statement(${hex}).absolute, kprobe.statement(${hex}).absolute {
      printf("%s %s\\n", pp(), symname(addr())); n++
    }
    probe timer.ms(5) { if (n > 10) exit() }`;
  const { status, out, err } = await remote.run(["-g", "-e", script], { attached: read });
  assert.is(status, 0, err);
  const points = ["kernel", "kprobe"].map((family) => `${family}.statement(${hex}).absolute vfs_read`);
  assert.equal([...new Set(out.trim().split("\n"))].sort(), points);
});

test("an address at which no instruction begins is refused, and left out if the probe is optional", async () => {
  const inside = `0x${(address + 1n).toString(16)}`;
  const refused = await remote.run(["-g", "-e", `probe kernel.statement(${inside}).absolute { exit() }`]);
  assert.is(refused.status, 4);
  assert.match(refused.err, `cannot probe function '${inside}'`);
  const optional = await remote.run([
    "-g",
    "-e",
    `probe kernel.statement(${inside}).absolute?, timer.ms(10) { println("x") exit() }`,
  ]);
  assert.equal([optional.status, optional.out], [0, "x\n"]);
  assert.match(optional.err, "WARNING: kernel.statement");
});

test("exported functions are those that modules may use", async () => {
  const { out: symbols } = await remote.shell(
    "grep -o ' __ksymtab_vfs_[a-z_]*$' /proc/kallsyms | cut -c 12- | sort -u",
  );
  const { out, err, status } = await remote.run(["-l", 'kernel.function("vfs_*").exported']);
  assert.is(status, 0, err);
  const listed = out
    .trim()
    .split("\n")
    .map((line) => line.split('"')[1]);
  assert.ok(listed.length > 10);
  for (const name of listed) assert.ok(symbols.includes(`${name}\n`), name);
  assert.ok(!listed.includes("vfs_read"));
  const none = await remote.run(["-e", 'probe kernel.function("vfs_read").exported { exit() }']);
  assert.match(none.err, 'no function "vfs_read" is exported to modules');
  const module = await remote.run(["-l", 'module("*").function("*").exported']);
  assert.match(module.out, /^module\("\w+"\)\.function\("\w+"\)\.exported$/m);
});

test.run();
