// Both SSH transports against a real sshd on loopback: the same questions, the same answers.

import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "../../agent/host/connect.ts";
import { fingerprint } from "../../agent/host/known-hosts.ts";
import type { ConnectOptions, RemoteProcess, Transport } from "../../agent/host/transport.ts";
import { TransportError } from "../../agent/host/transport.ts";
import { freePort, makeKey, type Sshd, startSshd } from "./sshd.ts";

let sshd: Sshd;

/** A configuration file under which ssh never asks on a terminal. */
function quietConfig(server: Sshd, ...lines: string[]): string {
  const file = join(server.folder, `config-${randomBytes(4).toString("hex")}`);
  writeFileSync(file, ["BatchMode yes", ...lines, ""].join("\n"));
  return file;
}

/** All that a process writes until it ends. */
async function finish(process: RemoteProcess, input?: Buffer) {
  const parts: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
  for (const name of ["stdout", "stderr"] as const) process[name].on("data", (chunk) => parts[name].push(chunk));
  process.stdin.end(input ?? "");
  const end = await process.done;
  return { end, stdout: Buffer.concat(parts.stdout), stderr: Buffer.concat(parts.stderr).toString() };
}

/** Connects, runs a command to its end, and closes. */
async function runOnce(options: ConnectOptions, command = "echo through") {
  const transport = await connect(options);
  try {
    return { kind: transport.kind, ...(await finish(await transport.exec(command))) };
  } finally {
    await transport.close();
  }
}

/** The error with which connecting, or the first command, fails. */
async function failure(options: ConnectOptions): Promise<TransportError> {
  try {
    const { stdout, end } = await runOnce(options);
    return assert.unreachable(`connected: ${stdout} ${JSON.stringify(end)}`) as never;
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    assert.not.match(error.message, /\n/, "one line");
    return error;
  }
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** Waits for something that another process does. */
async function until(condition: () => boolean, what: string) {
  for (let tries = 0; tries < 200; tries++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.unreachable(what);
}

/** A known_hosts file with these lines. */
function knownHosts(lines: string[]): string[] {
  const file = join(sshd.folder, `known-${randomBytes(4).toString("hex")}`);
  writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
  return [file];
}

for (const ssh of ["ssh2", "openssh"] as const) {
  const test = suite(ssh);
  const name = () => `[127.0.0.1]:${sshd.port}`;
  const options = (changes: Partial<ConnectOptions> = {}) =>
    sshd.options({ ssh, configFile: quietConfig(sshd), ...changes });

  test.before(async () => {
    sshd = await startSshd();
  });
  test.after(() => sshd.stop());

  test("carries 5 MB of any bytes there and back unchanged", async () => {
    const input = randomBytes(5 << 20);
    const transport = await connect(options());
    const { stdout, end } = await finish(await transport.exec("cat"), input);
    await transport.close();
    assert.is(transport.kind, ssh);
    assert.equal(end, { code: 0 });
    const hash = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
    assert.is(hash(stdout), hash(input));
  });

  test("keeps standard error apart and reports the exit status", async () => {
    const { stdout, stderr, end } = await runOnce(options(), "echo out; echo err >&2; exit 7");
    assert.is(stdout.toString(), "out\n");
    assert.is(stderr, "err\n");
    assert.equal(end, { code: 7 });
  });

  test("runs several commands at once over one transport", async () => {
    const transport = await connect(options());
    const all = await Promise.all(["1", "2", "3"].map(async (n) => finish(await transport.exec(`echo ${n}`))));
    await transport.close();
    assert.equal(all.map(({ stdout }) => stdout.toString()).join(""), "1\n2\n3\n");
  });

  test("kill ends the remote's standard input, so that the process ends", async () => {
    const transport = await connect(options());
    const running = await transport.exec("echo $$; exec cat");
    const pid = Number(await new Promise((resolve) => running.stdout.once("data", resolve)));
    assert.is(isAlive(pid), true);
    running.stderr.resume();
    running.kill();
    await running.done;
    await until(() => !isAlive(pid), "the remote process ends");
    await transport.close();
  });

  test("a key that the server refuses is an authentication error that names the user and a remedy", async () => {
    const error = await failure(options({ identity: [sshd.strangerKey] }));
    assert.is(error.code, "auth");
    assert.match(error.message, /@127\.0\.0\.1:\d+ refused the login/);
    assert.match(error.message, /publickey/);
    assert.match(error.hint!, /--identity/);
  });

  test("an unknown host key is refused, with the way to accept it", async () => {
    const error = await failure(options({ knownHosts: knownHosts([]) }));
    assert.is(error.code, "host-key-unknown");
    assert.match(error.hint!, /--accept-new/);
  });

  test("accept-new records the key of a new host, so that it is known the next time", async () => {
    const files = knownHosts([]);
    await runOnce(options({ knownHosts: files, acceptNew: true }));
    assert.match(readFileSync(files[0]!, "utf8"), sshd.hostKey("ed25519"));
    const { stdout } = await runOnce(options({ knownHosts: files }));
    assert.is(stdout.toString(), "through\n");
  });

  test("a changed host key is refused even with accept-new, naming the line that says otherwise", async () => {
    const other = readFileSync(`${sshd.strangerKey}.pub`, "utf8");
    const files = knownHosts(["# first line", `${name()} ${other.trim()}`]);
    for (const acceptNew of [false, true]) {
      const error = await failure(options({ knownHosts: files, acceptNew }));
      assert.is(error.code, "host-key-changed");
      assert.match(error.message, `${files[0]}:2`);
      assert.match(error.hint!, "ssh-keygen");
    }
    assert.not.match(readFileSync(files[0]!, "utf8"), sshd.hostKey("ed25519"));
  });

  test("a revoked host key is refused", async () => {
    const files = knownHosts([`${name()} ${sshd.hostKey("ed25519")}`, `@revoked * ${sshd.hostKey("ed25519")}`]);
    assert.is((await failure(options({ knownHosts: files }))).code, "host-key-revoked");
  });

  test("a host that is known by its ecdsa key alone is asked for that one", async () => {
    const files = knownHosts([`${name()} ${sshd.hostKey("ecdsa")}`]);
    assert.is((await runOnce(options({ knownHosts: files }))).stdout.toString(), "through\n");
  });

  test("a port where nobody listens is a refused connection", async () => {
    const error = await failure(options({ host: `127.0.0.1:${await freePort()}` }));
    assert.is(error.code, "refused");
    assert.match(error.message, /127\.0\.0\.1:\d+ refused the connection/);
  });

  test("a name that does not resolve is an unknown host", async () => {
    const error = await failure(options({ host: "no-such-box.invalid" }));
    assert.is(error.code, "unknown-host");
    assert.match(error.message, "'no-such-box.invalid'");
  });

  test("a server that is not SSH's is told apart from one that is not there", async () => {
    const server = createServer((socket) => socket.end("220 mail\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const error = await failure(options({ host: `127.0.0.1:${(server.address() as { port: number }).port}` }));
    server.close();
    assert.is(error.code, "cut");
    assert.match(error.hint!, /SSH server/);
  });

  test("a server that says nothing is a timeout", async () => {
    const server = createServer((socket) => socket.on("error", () => {}));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const host = `127.0.0.1:${(server.address() as { port: number }).port}`;
    const error = await failure(options({ host, timeoutMs: 1000 }));
    server.close();
    assert.is(error.code, "timeout");
  });

  test("a connection that is cut ends the process without a status and says so", async () => {
    const own = await startSshd();
    const transport = await connect(own.options({ ssh, configFile: quietConfig(own) }));
    const process = await transport.exec("echo started; exec cat");
    await new Promise((resolve) => process.stdout.once("data", resolve));
    process.stderr.resume();
    own.stop();
    const end = await process.done;
    assert.is(end.code, null);
    assert.is(end.error?.code, "cut");
    assert.match(end.error!.message, /was cut/);
    await transport.close();
  });

  test.run();
}

const test = suite("ssh2 alone");

test.before(async () => {
  sshd = await startSshd();
});
test.after(() => sshd.stop());

/** Answers prompts from a list and remembers them. */
function answering(...answers: (string | null)[]) {
  const prompts: string[] = [];
  const askPassword = async (prompt: string) => {
    prompts.push(prompt);
    return answers.shift() ?? null;
  };
  return { prompts, askPassword };
}

test("the refusal of an unknown key shows its fingerprint and the files that lack it", async () => {
  const files = knownHosts([]);
  const error = await failure(sshd.options({ knownHosts: files }));
  assert.match(error.message, fingerprint(Buffer.from(sshd.hostKey("ed25519").split(" ")[1]!, "base64")));
  assert.match(error.message, files[0]!);
});

test("accept-new does not take a key of another type for a host that is known", async () => {
  const other = readFileSync(`${makeKey(join(sshd.folder, "rsa"), "rsa")}.pub`, "utf8").trim();
  const files = knownHosts([`[127.0.0.1]:${sshd.port} ${other}`]);
  const error = await failure(sshd.options({ knownHosts: files, acceptNew: true }));
  assert.is(error.code, "host-key-changed");
  assert.match(error.message, "ssh-rsa");
});

test("a new key is recorded once, however often keys are exchanged", async () => {
  const often = await startSshd(["RekeyLimit 128K"]);
  try {
    const files = knownHosts([]);
    const config = quietConfig(often, "StrictHostKeyChecking accept-new");
    const transport = await connect(often.options({ knownHosts: files, configFile: config, notify: () => {} }));
    const { stdout } = await finish(await transport.exec("cat"), randomBytes(1 << 20));
    await transport.close();
    assert.is(stdout.length, 1 << 20);
    assert.is(readFileSync(files[0]!, "utf8").trim().split("\n").length, 1);
  } finally {
    often.stop();
  }
});

test("a key file that is not there, or is no key, is named", async () => {
  const missing = await failure(sshd.options({ identity: [join(sshd.folder, "nowhere")] }));
  assert.is(missing.code, "identity");
  assert.match(missing.message, /nowhere: there is no such file/);
  const strange = await failure(sshd.options({ identity: [sshd.knownHosts] }));
  assert.is(strange.code, "identity");
  assert.match(strange.message, "known_hosts");
});

test("a passphrase is asked for until it is right", async () => {
  const file = makeKey(join(sshd.folder, "locked"), "ed25519", "open sesame");
  const authorized = join(sshd.folder, "authorized_keys");
  writeFileSync(authorized, readFileSync(authorized, "utf8") + readFileSync(`${file}.pub`, "utf8"));
  const { prompts, askPassword } = answering("wrong", "open sesame");
  const { stdout } = await runOnce(sshd.options({ identity: [file], askPassword }));
  assert.is(stdout.toString(), "through\n");
  assert.is(prompts.length, 2);
  assert.match(prompts[0]!, file);
});

test("a passphrase that nobody gives is an error that names the key and ssh-add", async () => {
  const file = makeKey(join(sshd.folder, "sealed"), "ed25519", "secret");
  const error = await failure(sshd.options({ identity: [file] }));
  assert.is(error.code, "identity");
  assert.match(error.message, file);
  assert.match(error.hint!, "ssh-add");
});

test("keys of a running ssh-agent are used", async () => {
  const socket = join(sshd.folder, "agent");
  const started = execFileSync("ssh-agent", ["-a", socket, "-s"], { encoding: "utf8" });
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(started)![1]);
  const before = process.env.SSH_AUTH_SOCK;
  try {
    process.env.SSH_AUTH_SOCK = socket;
    execFileSync("ssh-add", ["-q", sshd.key], { stdio: "pipe" });
    const { stdout } = await runOnce(sshd.options({ identity: [] }));
    assert.is(stdout.toString(), "through\n");
    const only = quietConfig(sshd, "IdentitiesOnly yes", `IdentityFile ${sshd.strangerKey}`);
    assert.is((await failure(sshd.options({ identity: [], configFile: only }))).code, "auth");
    const without = quietConfig(sshd, "IdentityAgent none", "IdentityFile none");
    assert.is((await failure(sshd.options({ identity: [], configFile: without }))).code, "auth");
  } finally {
    process.kill(pid);
    if (before === undefined) delete process.env.SSH_AUTH_SOCK;
    else process.env.SSH_AUTH_SOCK = before;
  }
});

test("an ssh-agent that does not answer is one way less, not the end", async () => {
  const before = process.env.SSH_AUTH_SOCK;
  process.env.SSH_AUTH_SOCK = join(sshd.folder, "no-agent");
  const config = quietConfig(sshd, `IdentityFile ${sshd.key}`);
  const { stdout } = await runOnce(sshd.options({ identity: [], configFile: config }));
  if (before === undefined) delete process.env.SSH_AUTH_SOCK;
  else process.env.SSH_AUTH_SOCK = before;
  assert.is(stdout.toString(), "through\n");
});

test("without an ssh program the files are read, and what needs one is refused by name", async () => {
  const inner = ["HostName 127.0.0.1", `Port ${sshd.port}`, `IdentityFile ${sshd.key}`];
  const known = `UserKnownHostsFile ${sshd.knownHosts}`;
  const config = quietConfig(sshd, "Host gate", ...inner, known, "Host inner", "ProxyJump gate", ...inner, known);
  const needing = quietConfig(sshd, "Host gate", "RevokedHostKeys /r", "Host inner", "ProxyJump gate", ...inner, known);
  const before = process.env.PATH;
  process.env.PATH = "/nowhere";
  try {
    const { stdout, kind } = await runOnce({ host: "inner", configFile: config });
    assert.equal([stdout.toString(), kind], ["through\n", "ssh2"]);
    const refused = await failure({ host: "inner", configFile: needing });
    assert.is(refused.code, "unsupported");
    assert.match(refused.message, "the ssh configuration of gate sets RevokedHostKeys");
    assert.match(refused.hint!, "install OpenSSH");
  } finally {
    process.env.PATH = before;
  }
});

test("a host behind two others is reached through both", async () => {
  const known = `UserKnownHostsFile ${sshd.knownHosts}`;
  const inner = ["Host *", "HostName 127.0.0.1", `Port ${sshd.port}`, `IdentityFile ${sshd.key}`, known];
  const config = quietConfig(sshd, "Host inner", "ProxyJump first,second", ...inner);
  const { stdout, kind } = await runOnce(sshd.options({ host: "inner", identity: [], configFile: config }));
  assert.is(kind, "ssh2");
  assert.is(stdout.toString(), "through\n");
  assert.is(sshd.log().split("Accepted publickey").length - 1 >= 3, true);
});

test("a jump that leads back to itself is an error", async () => {
  const config = quietConfig(
    sshd,
    "Host loop",
    "HostName 127.0.0.1",
    `Port ${sshd.port}`,
    "ProxyJump pool",
    "Host pool",
    "ProxyJump loop",
  );
  const error = await failure(sshd.options({ host: "loop", configFile: config, ssh: "ssh2" }));
  assert.is(error.code, "usage");
  assert.match(error.message, "circle");
});

test("a configured ProxyCommand is left to the system's ssh", async () => {
  const files = `-F ${join(sshd.folder, "empty_config")} -i ${sshd.key} -o UserKnownHostsFile=${sshd.knownHosts}`;
  const through = `ssh ${files} -p ${sshd.port} -W %h:%p 127.0.0.1`;
  const config = quietConfig(sshd, "Host far", "HostName 127.0.0.1", `Port ${sshd.port}`, `ProxyCommand ${through}`);
  const { kind, stdout } = await runOnce(sshd.options({ host: "far", configFile: config }));
  assert.is(kind, "openssh");
  assert.is(stdout.toString(), "through\n");
});

test("a server that speaks only algorithms that ssh2 lacks is reached by the system's ssh", async () => {
  const modern = await startSshd(["KexAlgorithms sntrup761x25519-sha512@openssh.com"]);
  try {
    const refused = await failure(modern.options({ ssh: "ssh2" }));
    assert.is(refused.code, "unsupported");
    const { kind, stdout } = await runOnce(modern.options({ configFile: quietConfig(modern) }));
    assert.is(kind, "openssh");
    assert.is(stdout.toString(), "through\n");
  } finally {
    modern.stop();
  }
});

test("a configuration that ssh rejects is reported with ssh's reason", async () => {
  const config = join(sshd.folder, "bad_config");
  writeFileSync(config, "NoSuchSetting yes\n");
  const error = await failure(sshd.options({ configFile: config }));
  assert.is(error.code, "usage");
  assert.match(error.message, /NoSuchSetting/i);
});

test("a transport that was closed says that the connection is gone", async () => {
  const transport: Transport = await connect(sshd.options());
  await transport.close();
  try {
    await transport.exec("true");
    assert.unreachable();
  } catch (error) {
    assert.is((error as TransportError).code, "cut");
  }
});

test.run();
