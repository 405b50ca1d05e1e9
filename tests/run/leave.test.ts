// However a session ends, nothing of it remains on the remote: no program, map, link, probe event, process or file.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ClientProcess, Remote, startClient } from "./remote.ts";

const test = suite("leave");
let remote: Remote;
let before = "";

/** One probe of every kind; says the agent's process once it runs. */
const SCRIPT = `
global n, said
probe begin { printf("agent %d\\n", pid()) }
probe kernel.function("vfs_read") { n++ }
probe kernel.function("vfs_read").return { n++ }
probe kernel.trace("sched_switch") { n++ }
probe timer.profile { n++ }
probe timer.ms(100) { n++ }
probe timer.ms(150) { if (pid() == 0) n++ }
probe timer.ms(20) if (!said) { said = 1; println("attached") }
probe end { println("end") }
`;

test.before(async () => {
  remote = await Remote.open();
  await remote.run(["-e", "probe begin { exit() }"]); // what stays, such as the cached agent, is there from now on
  before = await remote.traces();
});
test.after(() => remote.close());

/** Starts the client and waits until everything is attached; also the agent's process id. */
async function start(options: string[] = []): Promise<{ client: ClientProcess; agent: number }> {
  const client = startClient([...remote.address(), ...options, "-e", SCRIPT]);
  const isAttached = await client.printed("attached");
  if (!isAttached) throw new Error((await client.ended).err);
  const agent = Number(/^agent (\d+)$/m.exec(client.text())?.[1]);
  assert.not.equal(await remote.traces(), before);
  return { client, agent };
}

test("SIGKILL of the client leaves nothing attached", async () => {
  const { client } = await start();
  client.kill("SIGKILL");
  await client.ended;
  assert.is(await remote.leftBehind(before), "");
});

test("a connection that is cut leaves nothing attached, and the client says so", async () => {
  const { client, agent } = await start();
  const { out, err } = await remote.shell(
    `p=$(awk '/^PPid/ { print $2 }' /proc/${agent}/status); cat /proc/$p/comm; kill -9 $p`,
  );
  assert.match(out, /sshd/, err);
  const ended = await client.ended;
  assert.is(ended.status, 3);
  assert.match(ended.err, /^stap-remote: the (connection to .* was cut|agent on .* ended)/m);
  assert.is(await remote.leftBehind(before), "");
});

test("SIGKILL of the agent leaves nothing attached, and the client says so", async () => {
  const { client, agent } = await start();
  await remote.shell(`kill -9 ${agent}`);
  const ended = await client.ended;
  assert.is(ended.status, 3);
  assert.match(ended.err, /^stap-remote: the agent on .* was killed by signal .*KILL/m);
  assert.is(await remote.leftBehind(before), "");
});

test("SIGTERM of the agent runs end probes and leaves nothing attached", async () => {
  const { client, agent } = await start();
  await remote.shell(`kill ${agent}`);
  const ended = await client.ended;
  assert.match(ended.out, /^end$/m);
  assert.is.not(ended.status, 0);
  assert.is(await remote.leftBehind(before), "");
});

test("a client that hangs is given up after five missed heartbeats, and nothing stays attached", async () => {
  const { client } = await start();
  client.kill("SIGSTOP");
  assert.is(await remote.leftBehind(before, 40_000), "");
  client.kill("SIGCONT");
  const ended = await client.ended;
  assert.is.not(ended.status, 0);
});

test("Ctrl-C runs the end probes, exits with 130 and leaves nothing attached", async () => {
  const { client } = await start();
  client.kill("SIGINT");
  const ended = await client.ended;
  assert.match(ended.out, /^end$/m);
  assert.equal([ended.status, ended.err], [130, ""]);
  assert.is(await remote.leftBehind(before), "");
});

test("-T ends in good order", async () => {
  const began = Date.now();
  const ended = await startClient([...remote.address(), "-T", "1", "-e", SCRIPT]).ended;
  assert.match(ended.out, /^end$/m);
  assert.equal([ended.status, ended.err], [0, ""]);
  assert.ok(Date.now() - began >= 1000);
  assert.is(await remote.leftBehind(before), "");
});

test.run();
