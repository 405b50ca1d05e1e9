// `stap-remote help NAME`: the library's comments; and that there is one for all that the library offers.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { main } from "../../cli/command.ts";
import { Interrupts } from "../../cli/interrupts.ts";
import { readEntries } from "../../cli/tapset-help.ts";
import { Captured, captureMessages } from "../captured.ts";

const test = suite("help");

async function help(...argv: string[]) {
  const out = new Captured();
  const messages = captureMessages();
  const status = await main(["help", ...argv], {
    interrupts: new Interrupts(),
    ...messages.to,
    openOutput: () => out,
    openRemote: () => Promise.reject(new Error("this needs no remote")),
  });
  return { status, out: out.text, err: messages.said() };
}

test("a probe point has its sentence, its place and its variables", async () => {
  const { status, out } = await help("vfs.read");
  assert.is(status, 0);
  assert.match(out, /^vfs\.read {4}\(probe point, tapset\/vfs\.stp\)\n\nA file is read\.\n/);
  assert.match(out, /at kernel\.function\("vfs_read"\)/);
  assert.match(out, /variables: .*bytes_to_read.*pathname/);
});

test("a function has its parameters, a macro its @, and a pattern lists", async () => {
  assert.match((await help("strlen")).out, /^strlen:long\(s:string\) /);
  assert.match((await help("@container_of")).out, /^@container_of\(pointer, type, member\) /);
  const lines = (await help("vfs.*")).out.trimEnd().split("\n");
  assert.ok(lines.length > 5 && lines.every((line) => /^vfs\.\S+ +\S/.test(line)), lines.join("\n"));
});

test("what is not there is an error that names what is", async () => {
  const { status, out, err } = await help("vfs.raed");
  assert.equal([status, out], [1, ""]);
  assert.match(err, /nothing called 'vfs\.raed'; similar: .*vfs\.read/);
  assert.match((await help("no_such_thing_at_all")).err, /-L 'syscall\.NAME'/);
});

test("everything public in the library has a sentence", () => {
  const entries = readEntries(readTapset());
  const names = new Set(entries.map(({ name }) => name));
  const index = readTapsetIndex().matchAll(/^(?:function|alias|macro) (\S+) \S+\.stpm?$/gm);
  const offered = [...index].map(([, name]) => name as string).filter((name) => /^[a-z]/.test(name));
  assert.ok(offered.length > 500, `${offered.length} names`);
  assert.equal(
    offered.filter((name) => !names.has(name) && !/^\w*syscall/.test(name)),
    [],
  );
  assert.equal(
    entries.filter(({ text }) => !/[.;:]/.test(text)).map(({ name }) => name),
    [],
  );
});

test.run();
