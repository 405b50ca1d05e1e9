// Login shells that misbehave or lie, and networks that swallow: each gets one sentence within a limit, costs the
// client little memory, asks the user nothing that the user did not ask for, and leaves nothing on the remote.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { COMMAND, READY } from "../../agent/host/bootstrap.ts";
import { connect } from "../../agent/host/connect.ts";
import type { Transport } from "../../agent/host/transport.ts";
import { Account, AGENT, agents, leftovers } from "./account.ts";

const test = suite("hostile shells");
let account: Account;

test.before(async () => {
  account = await Account.open();
});
test.after(() => account.sshd.stop());
test.before.each(() => account.reset());

/** A shell that reads the script's marker and then runs `lines`, in which $M is the marker. */
function liar(...lines: string[]) {
  account.runs(`echo ${READY}`, "IFS= read -r s; M=$(printf %s \"$s\" | cut -d = -f 2 | cut -d ';' -f 1)", ...lines);
}

/** What must not be asked. */
async function noPassword(prompt: string): Promise<string> {
  throw new Error(`asked: ${prompt}`);
}

const lies: [string, string[], RegExp][] = [
  [
    "a prompt of sudo",
    ['echo "$M hello Linux 1 x86_64"', 'printf %s "$M" >&2', "sleep 1"],
    /did not say who logged in/,
  ],
  [
    "that sudo will ask",
    ['echo "$M hello Linux 1 x86_64"; echo "$M uid 1000"; echo "$M password"; printf %s "$M" >&2; sleep 1'],
    /answered 'password'/,
  ],
  ["a word that the script does not have", ['echo "$M hello"; echo "$M open-the-door"'], /answered 'open-the-door'/],
  ["the end before the beginning", ['echo "$M run cached /x"; sleep 1'], /answered 'run cached/],
  ["that it was installed", ['echo "$M hello Linux 1 x86_64"; echo "$M uid 0"; echo "$M done /x"'], /answered 'done/],
  ["a terminal's escapes", ['printf "%s \\033]0;title\\007\\n" "$M"'], /answered '\\x1b\]0;title\\x07'/],
  ["escapes in a refusal", ['printf "%s hello Linux\\n%s refuse \\033[2J\\n" "$M" "$M"; sleep 1'], /\\x1b\[2J/],
  [
    "a CPU that has no agent",
    ['echo "$M hello Linux 1 vax"; echo "$M uid 0"; echo "$M send /x"'],
    /no agent for the CPU/,
  ],
];
for (const [what, lines, message] of lies) {
  test(`a remote that says ${what} gets nothing`, async () => {
    liar(...lines);
    assert.match((await account.failure({ askPassword: noPassword, timeoutMs: 700 })).message, message);
  });
}

test("with --sudo, a prompt before sudo was started is not answered", async () => {
  liar('echo "$M hello Linux 1 x86_64"', 'printf %s "$M" >&2', "sleep 1");
  const error = await account.failure({ become: "sudo", askPassword: noPassword, timeoutMs: 700 });
  assert.match(error.message, "did not say who logged in");
});

test("a sudo that asks for ever is given up", async () => {
  liar(
    'echo "$M hello Linux 1 x86_64"; echo "$M uid 1000"; echo "$M password"',
    'while :; do printf %s "$M" >&2; read -r password || exit; done',
  );
  let asked = 0;
  const askPassword = async () => `${asked++}`;
  assert.match((await account.failure({ become: "sudo", askPassword })).message, "asks for ever");
  assert.is(asked, 10);
});

const drips: [string, string[], RegExp][] = [
  ["before our command", ["while :; do printf .; sleep 0.1; done"], /did not start our command within 0.7 s/],
  ["lines before our command", ["while :; do echo .; sleep 0.1; done"], /did not start our command within 0.7 s/],
  ["after the first word", [`echo ${READY}; while :; do echo .; sleep 0.1; done`], /start-up files of the login shell/],
  ["on standard error", ["while :; do echo . >&2; sleep 0.1; done"], /did not start our command within 0.7 s/],
];
for (const [where, lines, message] of drips) {
  test(`a login shell that drips bytes ${where} is given up in time`, async () => {
    account.runs(...lines);
    const began = Date.now();
    assert.match((await account.failure({ timeoutMs: 700 })).message, message);
    assert.ok(Date.now() - began < 3000, `${Date.now() - began} ms`);
  });
}

test("a remote that drips lines of the script is given up as well", async () => {
  liar('echo "$M hello Linux 1 x86_64"; echo "$M uid 0"; while :; do echo "$M skip /x is full"; sleep 0.1; done');
  assert.match((await account.failure({ timeoutMs: 1000 })).message, /did not find a folder|has no end/);
});

const floods: [string, string[]][] = [
  ["skips", ['echo "$M hello Linux 1 x86_64"; echo "$M uid 0"; exec yes "$M skip /x is full"']],
  ["notes", ['echo "$M hello Linux 1 x86_64"; echo "$M uid 0"; exec yes "$M note in-the-way /x"']],
  ["hellos", ['exec yes "$M hello Linux 1 x86_64"']],
  ["noise", ["exec yes noise"]],
  ["one line", ["exec cat /dev/zero"]],
  ["standard error", ["exec yes noise >&2"]],
];
for (const [what, lines] of floods) {
  test(`a remote that never stops saying ${what} costs little memory and time`, async () => {
    liar(...lines);
    const before = process.memoryUsage().rss;
    const began = Date.now();
    await account.failure({ timeoutMs: 10_000 });
    assert.ok(Date.now() - began < 5000, `${Date.now() - began} ms`);
    const grown = (process.memoryUsage().rss - before) >> 20;
    assert.ok(grown < 100, `${grown} MiB more`);
  });
}

/** How long a busy machine may take for the ten seconds in which a cut upload must be gone, milliseconds. */
const PATIENCE_MS = 45_000;

const RUN = 'exec sh -c "$SSH_ORIGINAL_COMMAND"';
const readers: [string, string][] = [
  ["a line", "IFS= read -r x"],
  ["some bytes", "x=$(dd bs=1 count=5 2>/dev/null)"],
  ["everything", "exec 3<&0; cat <&3 >/dev/null & sleep 0.3"],
];
for (const [what, line] of readers) {
  test(`a start-up file that reads ${what} from standard input is named`, async () => {
    account.runs(`export XDG_CACHE_HOME='${account.home}/.cache'`, line, RUN);
    const error = await account.failure({ timeoutMs: 1000 });
    assert.match(error.message, /^the start-up files of the login shell read what was sent to our command/);
    assert.match(error.hint!, "standard input");
  });
}

test("a start-up file that waits for input is a step that did not come", async () => {
  account.runs("cat >/dev/null", RUN);
  const error = await account.failure({ timeoutMs: 700 });
  assert.match(error.message, "did not start our command within 0.7 s");
  assert.match(error.hint!, "start-up files");
});

test("an empty PATH of the login shell is no hindrance if it finds sh, and a sentence if not", async () => {
  const sh = execFileSync("which", ["sh"], { encoding: "utf8" }).trim();
  account.runs(
    `export XDG_CACHE_HOME='${account.home}/.cache'`,
    `PATH= exec ${sh} -c "exec ${sh} $\{SSH_ORIGINAL_COMMAND#exec sh}"`,
  );
  assert.match((await account.start()).said, "hello");
  account.runs(`PATH= exec ${sh} -c "$SSH_ORIGINAL_COMMAND"`);
  const error = await account.failure();
  assert.match(error.message, "finds no program 'sh'");
  assert.match(error.hint!, "PATH");
});

/** Whether this process may raise a limit that was lowered; root may, but in many containers not. */
function mayRaise(): boolean {
  return (
    execFileSync("sh", ["-c", "ulimit -f 16; ulimit -f unlimited 2>/dev/null; ulimit -f"], {
      encoding: "utf8",
    }).trim() !== "16"
  );
}

test("a limit of the login shell hinders no agent that may raise it, and is named by one that may not", async () => {
  account.runs(`export XDG_CACHE_HOME='${account.home}/.cache'`, "ulimit -f 16", RUN);
  if (mayRaise()) assert.match((await account.start()).said, /<limits=-:-,8192:8192,-:-,/);
  else assert.match((await account.failure()).message, "takes no file of more than 16 blocks: ulimit -f");
});

test("without /proc the agent is started as well", async () => {
  try {
    execFileSync("unshare", ["-m", "true"], { stdio: "pipe" });
  } catch {
    return console.log("SKIP a remote without /proc: this process may not unshare");
  }
  const hide = "mount --make-rprivate /; mount -t tmpfs none /proc";
  account.runs(
    `export XDG_CACHE_HOME=/none/x COMMAND="$SSH_ORIGINAL_COMMAND"`,
    `exec unshare -m sh -c '${hide}; exec sh -c "$COMMAND"'`,
  );
  assert.match((await account.start()).said, "hello");
  assert.equal(leftovers(), []);
});

/** A network between client and server that can go silent without closing anything. */
async function network(port: number) {
  const sockets: Socket[] = [];
  let passed = 0;
  let limit = Number.POSITIVE_INFINITY;
  let fell = () => {};
  const silence = new Promise<void>((resolve) => (fell = resolve));
  const server = createServer((client) => {
    const remote = connectSocket(port, "127.0.0.1");
    for (const socket of [client, remote]) socket.on("error", () => {});
    sockets.push(client, remote);
    client.on("data", (chunk: Buffer) => {
      remote.write(chunk.subarray(0, Math.max(0, limit - passed)));
      passed += chunk.length;
      if (passed > limit) fell();
    });
    remote.on("data", (chunk: Buffer) => passed <= limit && client.write(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    /** After so many bytes more of the client's, nothing passes. */
    holeAfter: (bytes: number) => (limit = passed + bytes),
    /** It has gone silent. */
    silence,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Processes of this machine whose environment has this test's cache folder: the number and the words of each. */
function processesOf(folder: string): string[] {
  const ours = `XDG_CACHE_HOME=${folder}/.cache`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(ours)) return [];
        return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")}`];
      } catch {
        return []; // it has ended meanwhile
      }
    });
}

/** A command whose input makes the network go silent in the middle of the agent; `marker` says whose it is. */
async function intoTheHole(transport: Transport, holeAfter: (bytes: number) => void, marker: (its: string) => void) {
  const started = await transport.exec(COMMAND);
  const write = started.stdin.write.bind(started.stdin) as (data: unknown) => boolean;
  started.stdin.write = ((data: string | Uint8Array) => {
    if (typeof data === "string" && data.startsWith("M=")) marker(data.slice(2, data.indexOf(";")));
    if (data.length >= AGENT.length && typeof data !== "string") holeAfter(40_000);
    return write(data);
  }) as typeof started.stdin.write;
  return started;
}

/**
 * Lets the network go silent during the upload. What is on the remote then, and when nothing is left or after
 * `PATIENCE_MS`; whether the client still waited then; its error. The client waits longer, so that it cannot be what
 * ended the processes.
 */
async function hole(on: Account, folder: string) {
  on.reset();
  if (folder.startsWith(on.sshd.folder)) mkdirSync(folder, { mode: 0o700 });
  on.runs(`export XDG_CACHE_HOME='${folder}/.cache'`, RUN);
  const { port, knownHosts, folder: keys } = on.sshd;
  const between = await network(port);
  const known = join(keys, `known-${between.port}`);
  writeFileSync(known, readFileSync(knownHosts, "utf8").replaceAll(`:${port}`, `:${between.port}`));
  const host = `${userInfo().username}@127.0.0.1:${between.port}`;
  const transport = await connect({ ...on.sshd.options(), host, knownHosts: [known] });
  let marker = "?";
  const exec = () => intoTheHole(transport, between.holeAfter, (its) => (marker = its));
  const { where, kind } = transport;
  const open = async () => ({ where, kind, exec, close: () => transport.close() });
  let isWaiting = true;
  const failing = on.failure({ timeoutMs: 2 * PATIENCE_MS }, open).finally(() => (isWaiting = false));
  // A failure before the silence is the test's error; it is thrown below.
  await Promise.race([between.silence, failing.catch(() => {})]);
  const cache = `${folder}/.cache/stap-remote`;
  const files = () => [...(existsSync(cache) ? readdirSync(cache) : []), ...leftovers()];
  const here = () => [...processesOf(folder), ...files().filter((name) => name.includes(marker))];
  const during = here();
  const end = Date.now() + PATIENCE_MS;
  // A list of processes is not taken at one moment: two in a row must be empty.
  let after = during;
  for (let empty = 0; empty < 2 && Date.now() < end; empty = after.length === 0 ? empty + 1 : 0) {
    await sleep(100);
    after = here();
  }
  const waited = isWaiting;
  between.close();
  return { during, after, waited, error: await failing };
}

test("a network that goes silent during the upload leaves nothing after the heartbeat's time", async () => {
  const other = await Account.open();
  const both = await Promise.all([hole(account, join(account.sshd.folder, "hole")), hole(other, "/none/hole")]);
  other.sshd.stop();
  for (const [index, { during, after, waited, error }] of both.entries()) {
    const began = (text: string) => during.some((name) => name.startsWith(text));
    assert.ok(began([".agent-", "stap-remote-"][index]!), `the upload was under way: ${during}`);
    assert.match(during.join("\n"), READY, "its shell ran");
    assert.equal(after, []);
    assert.ok(waited, "the client still held the connection");
    assert.match(error.message, /cut|closed|did not take the agent/, error.message);
  }
});

test("a shell that is killed during the upload leaves nothing", async () => {
  const transport = await connect(account.sshd.options());
  account.plain();
  const shellOfOurs = await transport.exec(COMMAND);
  shellOfOurs.stdout.resume();
  shellOfOurs.stderr.resume();
  const { bootstrapScript } = await import("../../agent/host/bootstrap.ts");
  const script = bootstrapScript({
    marker: "0123456789ab",
    agents: [...agents()].map(([arch, bytes]) => ({ arch, sha256: "a".repeat(64), size: bytes.length })),
    args: ["serve"],
  });
  shellOfOurs.stdin.write(`${script}\n`);
  for (let i = 0; i < 100 && account.cached().length === 0; i++) await sleep(20);
  assert.equal(account.cached(), [".agent-0123456789ab"]);
  // The oldest is the shell itself; the others are its guard and its reader.
  const shell = processesOf(account.home).find((line) => line.includes(READY))!;
  process.kill(Number(shell.split(" ")[0]!), "SIGKILL");
  for (let i = 0; i < 50 && account.cached().length > 0; i++) await sleep(100);
  assert.equal(account.cached(), []);
  await sleep(2500);
  assert.equal(processesOf(account.home), []);
  await transport.close();
});

test("a disk that is full in the middle is skipped, and the next place gets the whole agent", async () => {
  mkdirSync(join(account.home, ".cache"));
  account.runs(`export XDG_CACHE_HOME='${account.home}/.cache'`, RUN);
  // A head that takes the first bytes only, as when writing fails.
  account.program(
    "head",
    "case $2 in 0) exit 0;; esac",
    `[ -e '${account.home}/failed' ] && exec /usr/bin/head "$@"`,
    `touch '${account.home}/failed'; exec /usr/bin/head -c 5000`,
  );
  const { path, said } = await account.start();
  assert.match(path, /\/stap-remote-[0-9a-f]+\/agent-/);
  assert.match(said, "hello");
  assert.equal(account.cached(), []);
});

if (process.getuid?.() === 0) test.run();
else console.log("SKIP hostile shells: the agent is only started as root, and so are these tests");
