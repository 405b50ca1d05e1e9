// The real agent and the real sudo in a guest: each of its accounts reaches a running agent, or gets a message that
// says why not.

import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "../../agent/host/connect.ts";
import { type PushOptions, startAgent } from "../../agent/host/push.ts";
import { TransportError } from "../../agent/host/transport.ts";
import { readAgents } from "../../cli/assets.ts";
import { bootGuest, type Guest } from "../guest.ts";
import { makeKey } from "./sshd.ts";

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
    const { path, uid } = await start("tester", ssh, { become: "sudo" });
    assert.match(path, /^\/root\/\.cache\/stap-remote\/agent-/);
    assert.is.not(uid, 0);
  });

  test(`sudo with a password asks for it, over ${ssh}`, async () => {
    const prompts: string[] = [];
    const askPassword = async (prompt: string) => (prompts.push(prompt) === 1 ? "wrong" : "guest");
    const { path } = await start("asker", ssh, { become: "sudo", askPassword });
    assert.match(path, /^\/root\//);
    assert.is(prompts.length, 2);
  });
}

/** A second server in the guest, with a key of its own, that only the guest itself can reach. */
async function startInner(folder: string): Promise<{ known: string; stop(): Promise<unknown> }> {
  const key = readFileSync(makeKey(join(folder, "inner")));
  const at = `/run/inner-${randomBytes(4).toString("hex")}`;
  await guest.run(`mkdir -m 700 ${at} && cat >${at}/key && chmod 600 ${at}/key`, { input: key });
  const options = `-h ${at}/key -o ListenAddress=127.0.0.1:${INNER_PORT} -o PidFile=${at}/pid`;
  const started = await guest.run(
    `grep -v HostKey /etc/ssh/sshd_config >${at}/config; /usr/sbin/sshd -f ${at}/config ${options}`,
  );
  assert.is(started.code, 0, started.stderr);
  const [type, key64] = readFileSync(join(folder, "inner.pub"), "utf8").split(" ");
  return {
    known: `[127.0.0.1]:${INNER_PORT} ${type} ${key64}`,
    stop: () => guest.run(`kill $(cat ${at}/pid); rm -r ${at}`),
  };
}

const INNER_PORT = 2222;

test("a server that only the guest can reach is reached through the guest", async () => {
  const folder = mkdtempSync(join(tmpdir(), "jump-"));
  const inner = await startInner(folder);
  try {
    const write = (name: string, lines: string[]) => {
      writeFileSync(join(folder, name), `${lines.join("\n")}\n`);
      return join(folder, name);
    };
    const known = join(folder, "known");
    const configFile = write("config", [
      ...["Host far", "HostName 127.0.0.1", `Port ${INNER_PORT}`, "ProxyJump gate", `UserKnownHostsFile ${known}`],
      ...["Host gate", `HostName ${guest.host}`, `Port ${guest.port}`, `UserKnownHostsFile ${guest.knownHosts}`],
      ...["Host *", "User root", `IdentityFile ${guest.identity}`, "BatchMode yes", "StrictHostKeyChecking yes"],
    ]);
    for (const ssh of ["ssh2", "openssh"] as const) {
      write("known", [inner.known]);
      const transport = await connect({ host: "far", ssh, configFile, timeoutMs: 60_000 });
      const process = await transport.exec('echo "$(uname -r) $SSH_CONNECTION"');
      const said = String(await new Promise((resolve) => process.stdout.once("data", resolve)));
      await transport.close();
      assert.is(transport.kind, ssh);
      assert.match(said, guest.release);
      assert.match(said, `127.0.0.1 ${INNER_PORT}`);
      // The jump host's key does not vouch for the server behind it.
      write("known", [readFileSync(guest.knownHosts, "utf8").replace(/^\S+/, `[127.0.0.1]:${INNER_PORT}`)]);
      const refused = await connect({ host: "far", ssh, configFile, timeoutMs: 60_000 })
        .then((open) => open.exec("true"))
        .then(
          () => assert.unreachable("connected") as never,
          (error: TransportError) => error,
        );
      assert.is(refused.code, "host-key-changed", refused.message);
    }
  } finally {
    await inner.stop();
    rmSync(folder, { recursive: true });
  }
});

test("a user without sudo is told that root is needed, and that sudo refused", async () => {
  const plain = await failure("nosudo");
  assert.is(plain.code, "not-root");
  assert.match(plain.hint!, "--sudo");
  assert.is((await failure("nosudo", { become: "sudo" })).code, "sudo");
});

test("a user for whom sudo works without a password is told so", async () => {
  assert.match((await failure("tester")).hint!, "without a password");
});

test.run();
