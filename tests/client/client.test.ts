// The program itself, as a process, against a real remote: how it connects, as which user, and what it prints when it
// fails.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote, runClient, startClient } from "../run/remote.ts";

const test = suite("client");
const HELLO = 'probe begin { println("hello"); exit() }';
let remote: Remote;
let folder = "";

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), "stap-client-"));
  remote = await Remote.open();
});
test.after(async () => {
  rmSync(folder, { recursive: true });
  await remote.close();
});

/** `--host …` with one thing changed. */
function address(change: { user?: string; port?: number; identity?: string; knownHosts?: string }): string[] {
  const { host, port, identity, knownHosts } = remote.guest;
  const box = `${change.user ?? "root"}@${host}:${change.port ?? port}`;
  const known = change.knownHosts ?? knownHosts;
  return ["--host", box, "--identity", change.identity ?? identity, "--known-hosts", known];
}

test("takes an alias of --ssh-config, and says what it makes of StrictHostKeyChecking no", async () => {
  const config = ["--host", "guest", "--ssh-config", remote.guest.sshConfig];
  for (const ssh of ["ssh2", "openssh"]) {
    const trusting = ["--ssh", ssh, "--ssh-option", "StrictHostKeyChecking=no"];
    const { status, out, err } = await runClient([...config, ...trusting, "-e", HELLO]);
    assert.equal([status, out], [0, "hello\n"], err);
    assert.match(err, "stap-remote: StrictHostKeyChecking no of guest is taken as accept-new");
  }
});

test("runs a file, -e and standard input, with the script's arguments", async () => {
  const file = join(folder, "hello.stp");
  writeFileSync(file, 'probe begin { printf("hello %s %d\\n", @1, $2); exit() }\n');
  const ways: [string[], string][] = [
    [[file, "file", "1"], ""],
    [["-e", readFileSync(file, "utf8"), "text", "2"], ""],
    [["-", "input", "3"], readFileSync(file, "utf8")],
  ];
  const seen = [];
  for (const [argv, input] of ways) seen.push(await runClient([...remote.address(), ...argv], input));
  assert.equal(
    seen.map(({ status, out, err }) => [status, out, err]),
    ["hello file 1\n", "hello text 2\n", "hello input 3\n"].map((out) => [0, out, ""]),
  );
});

test("the classic first script runs as written, with the passes told by -v", async () => {
  const script = 'probe kernel.function("sys_read") { printf("hi from sys_read!\\n"); exit() }';
  const client = startClient([...remote.address(), "-v", "--runtime=bpf", "-e", script]);
  const { status, out, err } = await client.ended; // sshd reads, so that there is always an event
  assert.equal([status, out], [0, "hi from sys_read!\n"]);
  for (const pass of [
    /^Connected to root@127\.0\.0\.1:\d+ \(.*\): Linux /m,
    /^Pass 1: parsed user script and \d+ library scripts? in \d+usr\/\d+sys\/\d+real ms\.$/m,
    /^Pass 2: analyzed script: 1 probe, \d+ functions?, 0 globals? in /m,
    /^Pass 3: translated to BPF/m,
    /^Pass 4: compiled BPF into "stap\.bo"/m,
    /^Pass 5: starting run\.$/m,
    /^Pass 5: run completed in /m,
  ]) {
    assert.match(err, pass);
  }
});

test("-o writes the script's output to a file, and the command's own to the terminal", async () => {
  const file = join(folder, "out.txt");
  const script = 'probe begin { println("from the script") } probe end { println("end") }';
  const argv = [...remote.address(), "-o", file, "-c", "echo from the command; exit 0", "-e", script];
  const { status, out, err } = await runClient(argv);
  assert.equal([status, out, err], [0, "from the command\n", ""]);
  assert.is(readFileSync(file, "utf8"), "from the script\nend\n");
});

test("a user who is not root is told of --sudo", async () => {
  for (const user of ["tester", "nosudo"]) {
    const { status, out, err } = await runClient([...address({ user }), "-e", HELLO]);
    assert.equal([status, out], [4, ""]);
    assert.match(err, /^stap-remote: tracing needs root.*--sudo/);
    assert.is(err.trimEnd().split("\n").length, 1);
  }
});

test("--sudo becomes root; the command of -c stays the login user's", async () => {
  const script = 'probe kernel.function("vfs_read") { next } probe begin { println(uid()) }';
  const argv = [...address({ user: "tester" }), "--sudo", "-c", "id -u", "-e", script];
  const { status, out, err } = await runClient(argv);
  assert.equal([status, err], [0, ""]);
  assert.equal(out.trimEnd().split("\n").sort(), ["0", "1000"]);
});

test("--sudo that wants a password says so where there is nobody to ask", async () => {
  const { status, out, err } = await runClient([...address({ user: "asker" }), "--sudo", "-e", HELLO]);
  assert.equal([status, out], [4, ""]);
  assert.match(err, /^stap-remote: sudo on asker@.* wants a password, and none was given/);
});

test("--sudo of a user who may not says what sudo says", async () => {
  const { status, out, err } = await runClient([...address({ user: "nosudo" }), "--sudo", "-e", HELLO]);
  assert.equal([status, out], [4, ""]);
  assert.match(err, /^stap-remote: sudo on nosudo@/);
});

test("an unknown host key is refused with the way to accept it, which works", async () => {
  const knownHosts = join(folder, "empty_known_hosts");
  writeFileSync(knownHosts, "");
  const refused = await runClient([...address({ knownHosts }), "-e", HELLO]);
  assert.equal([refused.status, refused.out], [3, ""]);
  assert.match(refused.err, /^stap-remote: .*key/);
  assert.match(refused.err, /--accept-new/);
  assert.is(readFileSync(knownHosts, "utf8"), "");
  const accepted = await runClient([...address({ knownHosts }), "--accept-new", "-e", HELLO]);
  assert.equal([accepted.status, accepted.out], [0, "hello\n"]);
  assert.match(readFileSync(knownHosts, "utf8"), /ssh-ed25519/);
  const known = await runClient([...address({ knownHosts }), "-e", HELLO]);
  assert.equal([known.status, known.out, known.err], [0, "hello\n", ""]);
});

test("a changed host key is refused, with --accept-new too", async () => {
  const key = join(folder, "other");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const knownHosts = join(folder, "changed_known_hosts");
  writeFileSync(knownHosts, `[127.0.0.1]:${remote.guest.port} ${readFileSync(`${key}.pub`, "utf8")}`);
  for (const more of [[], ["--accept-new"]]) {
    const { status, out, err } = await runClient([...address({ knownHosts }), ...more, "-e", HELLO]);
    assert.equal([status, out], [3, ""]);
    assert.match(err, /^stap-remote: .*key.*(changed|differ|another|not the one)/);
  }
});

test("a key that the remote does not know is told in one line", async () => {
  const identity = join(folder, "stranger");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", identity]);
  const environment = { SSH_AUTH_SOCK: "", HOME: folder };
  const { status, out, err } = await runClient([...address({ identity }), "-e", HELLO], "", environment);
  assert.equal([status, out], [3, ""]);
  assert.match(err, /^stap-remote: .*root@127\.0\.0\.1/);
  assert.is(err.trimEnd().split("\n").length, 1, err);
});

test("a port where nobody listens is told in one line", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const { status, out, err } = await runClient([...address({ port }), "-e", HELLO]);
  assert.equal([status, out], [3, ""]);
  assert.match(err, /^stap-remote: .*127\.0\.0\.1.*refused/);
  assert.is(err.trimEnd().split("\n").length, 1, err);
});

test("doctor tries each family of probes, and clean takes the agent away again", async () => {
  const { status, out } = await runClient(["doctor", ...remote.address()]);
  assert.is(status, 0, out);
  for (const name of ["begin, end", "kernel\\.function", "types \\(BTF\\)", "kernel\\.trace", "syscall", "stacks"]) {
    assert.match(out, new RegExp(`^ok {2}${name}( |$)`, "m"), out);
  }
  const cleaned = await runClient(["clean", ...remote.address()]);
  assert.match(cleaned.out + cleaned.err, /^Removed (\/root\/\.cache\/stap-remote\/agent-[0-9a-f]{64} )+from /);
  const again = await runClient(["clean", ...remote.address()]);
  assert.match(again.out + again.err, /^No agent is cached on /);
});

test("an agent that is there already is used, and one that is not is told", async () => {
  await remote.run(["-e", "probe begin { exit() }"]);
  const script = ["-e", "probe begin { println(execname()) exit() }"];
  const { status, out, err } = await runClient([...remote.address(), "--agent", remote.agentPath, ...script]);
  assert.equal([status, out, err], [0, "stap-agent\n", ""]);
  const missing = await runClient([...remote.address(), "--agent", "/no/such/agent", ...script]);
  assert.is(missing.status, 3, missing.err);
  assert.match(missing.err, /^stap-remote: .*\n$/);
});

test("two names of one machine are two hosts", async () => {
  const [, host, ...rest] = remote.address() as [string, string, ...string[]];
  const other = host.replace("root@", "");
  const argv = ["--host", host, "--host", other, "--user", "root", ...rest, "-e", "probe begin { println(1) exit() }"];
  const { status, out, err } = await runClient(argv);
  assert.equal([status, out.split("\n").sort()], [0, ["", `${other}: 1`, `${host}: 1`]], err);
});

test("a script that is not there is told before anything else", async () => {
  const { status, out, err } = await runClient([...remote.address(), join(folder, "missing.stp")]);
  assert.equal([status, out], [1, ""]);
  assert.match(err, /^stap-remote: cannot read script '.*missing\.stp': no such file or directory\n$/);
});

test("a function that does not exist is refused with near matches", async () => {
  const script = 'probe kernel.function("vfs_raed") { exit() }';
  const { status, out, err } = await runClient([...remote.address(), "-e", script]);
  assert.equal([status, out], [1, ""]);
  assert.match(err, /vfs_raed/);
  assert.match(err, /vfs_read/);
  assert.match(err, /^\s*\^$/m);
});

const CACHE = "/root/.cache/stap-remote";
const PLACES: [string, string][] = [
  ["read-only", "-o ro"],
  ["full", "-o size=16k"],
  ["not executable", "-o noexec"],
];
for (const [name, options] of PLACES) {
  test(`a cache folder that is ${name} is no obstacle, and nothing stays in the place taken instead`, async () => {
    const before = await remote.traces();
    await remote.shell(`mkdir -p ${CACHE} && mount -t tmpfs ${options} tmpfs ${CACHE}`);
    try {
      const { status, out, err } = await runClient([...remote.address(), "-e", HELLO]);
      assert.equal([status, out, err], [0, "hello\n", ""]);
    } finally {
      await remote.shell(`umount ${CACHE}`);
    }
    assert.is(await remote.leftBehind(before), "");
  });
}

test.run();
