// --via: programs of this machine that run commands elsewhere, here env(1) and its like.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { TransportError } from "../../agent/host/transport.ts";
import { connectVia, wordsOf } from "../../agent/host/via.ts";

async function said(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}

test("a command is parted as a shell parts it, and nothing in it is expanded", () => {
  const cases: [string, string[] | null][] = [
    ["podman exec -i web", ["podman", "exec", "-i", "web"]],
    [`a 'b c' "d \\" e" f\\ g ''`, ["a", "b c", 'd " e', "f g", ""]],
    ["  $HOME *  ", ["$HOME", "*"]],
    ["'open", null],
    ["", []],
  ];
  for (const [command, words] of cases) assert.equal(wordsOf(command), words);
});

test("a command runs behind the program's words, with the host in them", async () => {
  const transport = await connectVia("env NAME='the {host}'", "box");
  assert.equal([transport.kind, transport.where], ["via", "box"]);
  const process = await transport.exec('cat; echo "$NAME" >&2; exit 3');
  process.stdin.end("in");
  const [out, err, end] = await Promise.all([said(process.stdout), said(process.stderr), process.done]);
  assert.equal([out, err, end.code], ["in", "the box\n", 3]);
  await transport.close();
});

test("a program needs no shell where its words are plain", async () => {
  const transport = await connectVia("env NAME={host}", "box");
  const process = await transport.start!(["printenv", "NAME"]);
  process.stdin.end();
  assert.equal([await said(process.stdout), (await process.done).code], ["box\n", 0]);
  await transport.close();
});

test("a program that is not there, or cannot run a shell, is one sentence", async () => {
  const missing = await (await connectVia("no-such-program")).exec("true").catch((error) => error);
  assert.instance(missing, TransportError);
  assert.match(missing.message, /cannot run 'no-such-program' of --via: there is no such program here/);
  const process = await (await connectVia("env -i PATH=/nonexistent /usr/bin/env")).exec("true");
  const end = await process.done;
  assert.match(end.error?.message ?? "", /could not run sh on .* \(status 127\)/);
  const none = await connectVia("'open").catch((error) => error);
  assert.match(none.message, /is no command/);
});

test.run();
