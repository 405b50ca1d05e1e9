// The real agent and the real sudo in a guest: each of its accounts reaches a running agent, or gets a message that
// says why not.

import { randomBytes } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "../../agent/host/connect.ts";
import { type PushOptions, startAgent } from "../../agent/host/push.ts";
import { TransportError } from "../../agent/host/transport.ts";
import { readAgents } from "../../cli/assets.ts";
import { bootGuest, type Guest } from "../guest.ts";

const test = suite("start of the agent in a guest");
const agents = readAgents();
let guest: Guest;

test.before(async () => {
  guest = await bootGuest("6.12");
});

/** Starts the agent as a user of the guest; returns what is known of it after its first bytes came. */
async function start(user: string, ssh: "ssh2" | "openssh", options: Partial<PushOptions> = {}) {
  const host = `${user}@${guest.host}:${guest.port}`;
  const paths = { identity: [guest.identity], knownHosts: [guest.knownHosts], configFile: "/dev/null" };
  const transport = await connect({ host, ssh, timeoutMs: 60_000, ...paths });
  try {
    const agent = await startAgent(transport, { agents, timeoutMs: 60_000, askPassword: async () => null, ...options });
    await new Promise((resolve) => agent.process.stdout.once("data", resolve));
    agent.process.stdout.resume();
    agent.process.stderr.resume();
    agent.process.stdin.end();
    return { ...agent, end: await agent.process.done };
  } finally {
    await transport.close();
  }
}

async function failure(user: string, options: Partial<PushOptions> = {}): Promise<TransportError> {
  try {
    await start(user, "ssh2", options);
    return assert.unreachable("started") as never;
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return error;
  }
}

for (const ssh of ["ssh2", "openssh"] as const) {
  test(`root's agent is sent once, over ${ssh}`, async () => {
    // Bytes after the end of an ELF file change only its hash: no other test has sent this one.
    const unique = new Map([...agents].map(([arch, bytes]) => [arch, Buffer.concat([bytes, randomBytes(8)])]));
    const first = await start("root", ssh, { agents: unique });
    assert.is(first.uploaded, true);
    assert.is(first.uid, 0);
    assert.match(first.uname, guest.release);
    assert.equal(first.end, { code: 0 });
    assert.is((await start("root", ssh, { agents: unique })).uploaded, false);
    await guest.run(`rm ${first.path}`);
  });

  test(`sudo without a password starts root's agent, over ${ssh}`, async () => {
    const { path, uid } = await start("tester", ssh, { sudo: "yes" });
    assert.match(path, /^\/root\/\.cache\/stap-remote\/agent-/);
    assert.is.not(uid, 0);
  });

  test(`sudo with a password asks for it, over ${ssh}`, async () => {
    const prompts: string[] = [];
    const askPassword = async (prompt: string) => (prompts.push(prompt) === 1 ? "wrong" : "guest");
    const { path } = await start("asker", ssh, { sudo: "yes", askPassword });
    assert.match(path, /^\/root\//);
    assert.is(prompts.length, 2);
  });
}

test("a user without sudo is told that root is needed, and that sudo refused", async () => {
  const plain = await failure("nosudo");
  assert.is(plain.code, "not-root");
  assert.match(plain.hint!, "--sudo");
  assert.is((await failure("nosudo", { sudo: "yes" })).code, "sudo");
});

test("a user for whom sudo works without a password is told so", async () => {
  assert.match((await failure("tester")).hint!, "without a password");
});

test.run();
