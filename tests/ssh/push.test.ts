// The bootstrap against a real sshd, with a shell script instead of the agent. The server runs every command through a
// script that a test writes, which changes the remote's environment, login shell or behaviour.

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findWay } from "../../agent/host/become.ts";
import { type AgentArch, bootstrapScript, COMMAND } from "../../agent/host/bootstrap.ts";
import { connect } from "../../agent/host/connect.ts";
import { connectLocal } from "../../agent/host/local.ts";
import { changeInstallation, type PushOptions, type StartedAgent, startAgent } from "../../agent/host/push.ts";
import { type RemoteProcess, type Transport, TransportError } from "../../agent/host/transport.ts";
import { Account, AGENT, agents, leftovers, NAME, TEMPORARY } from "./account.ts";
import type { Sshd } from "./sshd.ts";

const test = suite("start of the agent");
const NOBODY = 65534;
const MAY_NOT = "Sorry, user u may not run sudo on box.";
const RUN = 'exec sh -c "$SSH_ORIGINAL_COMMAND"';

let account: Account;
let sshd: Sshd;
let home: string;

const remote = (...lines: string[]) => account.runs(...lines);
const plainRemote = (shell?: string, environment?: string) => account.plain(shell, environment);
const start = (options?: Partial<PushOptions>, open?: () => Promise<Transport>) => account.start(options, open);
const failure = (options?: Partial<PushOptions>) => account.failure(options);
const cached = () => account.cached();

async function talk(agent: StartedAgent, text: string | Buffer) {
  const parts: Buffer[] = [];
  agent.process.stdout.on("data", (chunk: Buffer) => parts.push(chunk));
  agent.process.stderr.resume();
  agent.process.stdin.end(text);
  const end = await agent.process.done;
  return { end, said: Buffer.concat(parts) };
}

test.before(async () => {
  account = await Account.open();
  sshd = account.sshd;
});
test.after(() => sshd.stop());
test.before.each(() => {
  account.reset();
  home = account.home;
});

test("sends the agent once, keeps it by its hash, and finds it the next time", async () => {
  const first = await start();
  assert.is(first.uploaded, true);
  assert.is(first.path, join(home, ".cache", "stap-remote", NAME));
  assert.equal(cached(), [NAME]);
  assert.is(statSync(first.path).mode & 0o7777, 0o700);
  assert.ok(readFileSync(first.path).equals(AGENT));
  const second = await start();
  assert.is(second.uploaded, false);
  assert.is(second.path, first.path);
});

test("without a cache nothing is looked for there, and nothing is kept", async () => {
  const folder = join(home, ".cache", "stap-remote");
  for (let i = 0; i < 2; i++) {
    const agent = await start({ cache: false });
    assert.is(agent.uploaded, true);
    assert.equal([existsSync(folder), leftovers()], [false, []]);
  }
});

test("clean removes what is cached, and nothing else", async () => {
  await start();
  const folder = join(home, ".cache", "stap-remote");
  writeFileSync(join(folder, "agent-old"), "");
  writeFileSync(join(folder, "notes"), "");
  const clean = async () => {
    const transport = await connect(sshd.options());
    try {
      return await changeInstallation(transport, { agents: agents() }, { kind: "clean" });
    } finally {
      await transport.close();
    }
  };
  const files = (await clean()).trim().split(" ").sort();
  assert.equal(files, [join(folder, NAME), join(folder, "agent-old")].sort());
  assert.equal(readdirSync(folder), ["notes"]);
  rmSync(join(folder, "notes"));
  assert.is(await clean(), "");
  assert.is(existsSync(folder), false);
});

test("agents of other releases go when they are a month old and another is sent", async () => {
  const folder = join(home, ".cache", "stap-remote");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of ["agent-old", "agent-young", "something-else"]) writeFileSync(join(folder, name), "");
  const old = new Date(Date.now() - 40 * 24 * 3600 * 1000);
  for (const name of ["agent-old", "something-else"]) utimesSync(join(folder, name), old, old);
  await start();
  assert.equal(cached().sort(), [NAME, "agent-young", "something-else"].sort());
});

test("says what the remote is", async () => {
  const { uname, arch, uid } = await start();
  assert.is(uname, execFileSync("uname", ["-srm"], { encoding: "utf8" }).trim());
  assert.is(arch, process.arch === "arm64" ? "arm64" : "x86_64");
  assert.is(uid, 0);
});

test("hands over both streams at the first byte of the agent's, which carry anything", async () => {
  const transport = await connect(sshd.options());
  const agent = await startAgent(transport, { agents: agents() });
  const bytes = randomBytes(1 << 20);
  const { said, end } = await talk(agent, bytes);
  await transport.close();
  const expected = Buffer.concat([Buffer.from(`${process.umask().toString(8).padStart(4, "0")}\n\n`), bytes]);
  assert.is(said.length, expected.length);
  assert.ok(said.equals(expected));
  assert.equal(end, { code: 0 });
});

test("passes arguments to the agent as they are", async () => {
  const args = ["serve", "two words", "it's", "$HOME `id` \\", "*", ""];
  const { said } = await start({ args });
  assert.match(said.toString(), "<two words><it's><$HOME `id` \\><*><>\nhello\n");
});

test("skips what a login shell prints before, with and without a newline", async () => {
  const noise =
    'i=0; while [ $i -lt 2000 ]; do echo "Welcome $i"; echo warning >&2; i=$((i+1)); done; printf "no newline"';
  remote(`export XDG_CACHE_HOME='${home}/.cache'`, noise, 'exec sh -c "$SSH_ORIGINAL_COMMAND"');
  assert.match((await start()).said.toString(), /^\d+\n\nhello\n$/);
});

/** Whether a shell is installed; says so if not. */
function hasShell(shell: string): boolean {
  const found = ["/bin", "/usr/bin"].some((folder) => existsSync(join(folder, shell.split(" ")[0]!)));
  if (!found) console.log(`SKIP start of the agent with ${shell}: it is not installed`);
  return found;
}

for (const shell of ["dash", "bash", "busybox sh", "mksh", "csh", "tcsh", "fish", "zsh"]) {
  (hasShell(shell) ? test : test.skip)(`starts from the login shell ${shell}`, async () => {
    plainRemote(`${shell} -c`);
    assert.match((await start()).said.toString(), /hello\n$/);
    assert.is((await start()).uploaded, false);
  });
}

for (const shell of ["dash", "bash", "busybox sh", "mksh"]) {
  (hasShell(shell) ? test : test.skip)(`works where sh is ${shell}, in a cache and in a temporary place`, async () => {
    const bin = join(home, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "sh"), `#!/bin/sh\nexec ${shell} "$@"\n`, { mode: 0o700 });
    plainRemote("sh -c", `PATH='${bin}':"$PATH"`);
    assert.is((await start()).uploaded, true);
    assert.is((await start()).uploaded, false);
    plainRemote("sh -c", `PATH='${bin}':"$PATH" XDG_CACHE_HOME=/proc/none/x`);
    const { path, said } = await start();
    assert.match(said.toString(), /hello\n$/);
    assert.is(existsSync(path), false);
    assert.equal(leftovers(), []);
  });
}

const BUSYBOX = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));

(BUSYBOX ? test : test.skip)("needs no tools but busybox's", async () => {
  const bin = join(home, "bin");
  mkdirSync(bin);
  const tools = "sh uname id ls mkdir chmod rm mv cat head wc sha256sum dd sleep".split(" ");
  for (const tool of tools) symlinkSync(BUSYBOX!, join(bin, tool));
  plainRemote(`${bin}/sh -c`, `PATH='${bin}'`);
  assert.is((await start()).uploaded, true);
  assert.is((await start()).uploaded, false);
  for (const missing of ["sha256sum", "head"]) rmSync(join(bin, missing));
  rmSync(join(home, ".cache"), { recursive: true });
  assert.is((await start()).uploaded, true, "without sha256sum and head");
  assert.is((await start()).uploaded, false);
});

test("a cached file of other contents is replaced, not run", async () => {
  const { path } = await start();
  const forged = Buffer.from(AGENT);
  forged.write("#!/bin/sh\nexit 0\n");
  writeFileSync(path, forged);
  const { uploaded, said } = await start();
  assert.is(uploaded, true);
  assert.match(said.toString(), "hello");
  assert.ok(readFileSync(path).equals(AGENT));
});

test("a cached file that others may write is replaced, not run", async () => {
  const { path } = await start();
  chmodSync(path, 0o722);
  assert.is((await start()).uploaded, true);
  assert.is(statSync(path).mode & 0o7777, 0o700);
});

test("a cached name that is a link is replaced, not followed", async () => {
  const { path } = await start();
  const elsewhere = join(home, "elsewhere");
  writeFileSync(elsewhere, AGENT, { mode: 0o755 });
  rmSync(path);
  symlinkSync(elsewhere, path);
  assert.is((await start()).uploaded, true);
  assert.is(statSync(path).isFile(), true);
  assert.is(statSync(elsewhere).mode & 0o7777, 0o755);
});

const unsafe: [string, (folder: string) => void][] = [
  ["belongs to somebody else", (folder) => chownSync(folder, NOBODY, NOBODY)],
  ["can be written by its group", (folder) => chmodSync(folder, 0o770)],
  ["can be written by everybody", (folder) => chmodSync(folder, 0o707)],
  [
    "is a link into somebody else's folder",
    (folder) => {
      rmSync(folder, { recursive: true });
      const theirs = join(home, "theirs");
      mkdirSync(theirs);
      chownSync(theirs, NOBODY, NOBODY);
      symlinkSync(theirs, folder);
    },
  ],
];
for (const [what, spoil] of unsafe) {
  for (const level of [".cache/stap-remote", ".cache"]) {
    test(`does not use a cache where ${level} ${what}, although the agent is there`, async () => {
      await start();
      spoil(join(home, level));
      mkdirSync(join(home, ".cache", "stap-remote"), { recursive: true });
      const { path, said } = await start();
      assert.not.match(path, home);
      assert.match(said.toString(), /hello\n$/);
      assert.equal(leftovers(), []);
    });
  }
}

test("a home that does not exist is not made; a temporary place serves and is left clean", async () => {
  remote("unset XDG_CACHE_HOME", `export HOME='${home}/missing'`, 'exec sh -c "$SSH_ORIGINAL_COMMAND"');
  const { path, uploaded, said } = await start();
  assert.is(uploaded, true);
  assert.match(path, /^\/(var\/tmp|dev\/shm|tmp|run\/user\/0)\/stap-remote-/);
  assert.match(said.toString(), /hello\n$/);
  assert.is(existsSync(join(home, "missing")), false);
  assert.equal(leftovers(), []);
});

test("no HOME at all is no hindrance", async () => {
  remote("unset XDG_CACHE_HOME HOME", 'exec sh -c "$SSH_ORIGINAL_COMMAND"');
  const { said } = await start();
  assert.match(said.toString(), /hello\n$/);
  rmSync("/.cache", { recursive: true, force: true });
});

test("the file in a temporary place is gone while its agent runs", async () => {
  plainRemote("sh -c", "XDG_CACHE_HOME=/proc/none/x");
  const transport = await connect(sshd.options());
  const agent = await startAgent(transport, { agents: agents() });
  assert.equal(leftovers(), []);
  assert.match((await talk(agent, "still here\n")).said.toString(), "still here");
  await transport.close();
});

/** Whether this process may mount things; a container often may not. */
function canMount(): boolean {
  const folder = join("/tmp", `mount-${randomBytes(4).toString("hex")}`);
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "none", folder], { stdio: "pipe" });
    execFileSync("umount", [folder], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const mounts: [string, string, string[]][] = [
  ["read-only", "ro", []],
  ["full", "size=16k", []],
  ["mounted noexec", "noexec", []],
];
const mountable = canMount();
if (!mountable) console.log("SKIP homes that are read-only, full or noexec: this process may not mount");
for (const [what, flags] of mounts) {
  (mountable ? test : test.skip)(`a home that is ${what} falls back to another place`, async () => {
    const mounted = join(home, ".cache");
    mkdirSync(mounted);
    execFileSync("mount", ["-t", "tmpfs", "-o", `${flags},mode=700`, "none", mounted]);
    try {
      const { path, said } = await start();
      assert.not.match(path, mounted);
      assert.match(said.toString(), /hello\n$/);
      const left = existsSync(join(mounted, "stap-remote")) ? readdirSync(join(mounted, "stap-remote")) : [];
      assert.equal(left, []);
      assert.equal(leftovers(), []);
    } finally {
      execFileSync("umount", [mounted]);
    }
  });
}

(mountable ? test : test.skip)(
  "a remote without a place that runs programs is told which were tried, and why not",
  async () => {
    const places = TEMPORARY.filter((place) => existsSync(place));
    // Other programs keep their /tmp: the mounts are seen by this one command alone.
    const mounts = places.map((place) => `mount -t tmpfs -o noexec none ${place};`).join(" ");
    remote(
      "export XDG_CACHE_HOME=/var/tmp/cache",
      `exec unshare -m sh -c 'mount --make-rprivate /; command=$SSH_ORIGINAL_COMMAND; ${mounts} exec sh -c "$command"'`,
    );
    const error = await failure();
    assert.is(error.code, "no-agent-place");
    for (const place of [...places, "/var/tmp/cache"]) assert.match(error.message, `${place}/`);
    assert.match(error.message, "may not be executed");
    assert.match(error.hint!, "noexec");
  },
);

test("an agent that does not run anywhere is reported as broken, and nothing of it stays", async () => {
  const error = await failure({ agents: agents(Buffer.from("#!/bin/sh\nexit 42\n")) });
  assert.is(error.code, "agent-broken");
  assert.match(error.message, "42");
  assert.equal(cached(), []);
  assert.equal(leftovers(), []);
});

test("a CPU for which there is no agent is named", async () => {
  const other: AgentArch = process.arch === "arm64" ? "x86_64" : "arm64";
  const error = await failure({ agents: new Map([[other, AGENT]]) });
  assert.is(error.code, "arch");
  assert.match(error.message, execFileSync("uname", ["-m"], { encoding: "utf8" }).trim());
  assert.match(error.message, `only for ${other}`);
});

test("another system than Linux is named", async () => {
  const bin = join(home, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "uname"), '#!/bin/sh\n[ "$1" = -s ] && echo Plan9 || echo Plan9 4 mips\n', { mode: 0o700 });
  plainRemote("sh -c", `PATH='${bin}':"$PATH"`);
  const error = await failure();
  assert.is(error.code, "not-linux");
  assert.match(error.message, "Plan9");
});

test("an account whose shell runs nothing is reported with what it says", async () => {
  remote("echo This account is currently not available.", "exit 1");
  const error = await failure();
  assert.is(error.code, "exec");
  assert.match(error.message, "This account is currently not available.");
  assert.match(error.message, "status 1");
});

test("a remote that never answers is a timeout", async () => {
  remote("exec sleep 60");
  const error = await failure({ timeoutMs: 500 });
  assert.is(error.code, "timeout");
});

test("a remote that only makes noise is given up", async () => {
  remote("exec yes noise");
  assert.is((await failure()).code, "exec");
});

test("a connection cut in the middle of sending leaves no half agent", async () => {
  const transport = await connect(sshd.options());
  const cutting: Transport = {
    ...transport,
    where: transport.where,
    exec: async (command) => cutShort(await transport.exec(command)),
  };
  try {
    await startAgent(cutting, { agents: agents() });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, TransportError);
  }
  await transport.close();
  const folder = join(home, ".cache", "stap-remote");
  for (let tries = 0; tries < 100 && readdirSync(folder).length > 0; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(readdirSync(folder), []);
  assert.equal(leftovers(), []);
});

/** Sends only half of anything long, and hangs up. */
function cutShort(process: RemoteProcess): RemoteProcess {
  const write = process.stdin.write.bind(process.stdin) as (data: string | Uint8Array) => boolean;
  process.stdin.write = ((data: string | Uint8Array) => {
    if (typeof data === "string") return write(data);
    const sent = write(data.subarray(0, data.length / 2));
    setTimeout(() => process.kill(), 200);
    return sent;
  }) as typeof process.stdin.write;
  return process;
}

/** A remote whose login user has uid 1000, and a sudo that takes the password "secret" or, if `free`, none. */
function userRemote({ free, sudo = true, mayNot = false }: { free: boolean; sudo?: boolean; mayNot?: boolean }) {
  const bin = join(home, "bin");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "id"),
    '#!/bin/sh\n[ "$1" = -un ] && exec echo user\n[ "$ROOT" = yes ] && echo 0 || echo 1000\n',
    { mode: 0o700 },
  );
  const lines = [
    "#!/bin/sh",
    `if [ "$1 $2" = "-n -v" ]; then echo ${mayNot ? MAY_NOT : "password?"}; exit 1; fi`,
    `if [ "$1" = -n ]; then shift; ${free ? 'ROOT=yes exec "$@"' : "exit 1"}; fi`,
    `prompt=$3; shift 3; echo "$*" >> '${home}/arguments'`,
    "for try in 1 2 3; do",
    '  printf %s "$prompt" >&2; IFS= read -r password || exit 1',
    '  [ "$password" != secret ] || ROOT=yes exec "$@"',
    "  echo Sorry, try again. >&2",
    "done",
    "echo sudo: 3 incorrect password attempts >&2; exit 1",
  ];
  if (sudo) writeFileSync(join(bin, "sudo"), `${lines.join("\n")}\n`, { mode: 0o700 });
  const path = sudo ? `'${bin}':"$PATH"` : `'${bin}:${join(home, "tools")}'`;
  if (!sudo) {
    mkdirSync(join(home, "tools"));
    for (const tool of ["sh", "uname"])
      symlinkSync(execFileSync("which", [tool], { encoding: "utf8" }).trim(), join(home, "tools", tool));
  }
  plainRemote("sh -c", `PATH=${path}`);
}

/** Answers prompts from a list and remembers them. */
function answering(...answers: (string | null)[]) {
  const prompts: string[] = [];
  const askPassword = async (prompt: string) => {
    prompts.push(prompt);
    return answers.shift() ?? null;
  };
  return { prompts, askPassword };
}

test("a login user who is not root is told about --sudo", async () => {
  userRemote({ free: false });
  const error = await failure();
  assert.is(error.code, "not-root");
  assert.match(error.message, "uid 1000");
  assert.match(error.hint!, "--sudo");
  assert.equal(cached(), []);
});

test("a login user who is not root is told that sudo would work without a password", async () => {
  userRemote({ free: true });
  assert.match((await failure()).hint!, "without a password");
});

test("sudo without a password asks nobody", async () => {
  userRemote({ free: true });
  const { prompts, askPassword } = answering();
  const { uid, said } = await start({ become: "sudo", askPassword });
  assert.is(uid, 1000);
  assert.match(said.toString(), /hello\n$/);
  assert.equal(prompts, []);
});

test("sudo's password is asked for until it is right, and is in no argument", async () => {
  userRemote({ free: false });
  const { prompts, askPassword } = answering("wrong", "secret");
  const { uid, said } = await start({ become: "sudo", askPassword });
  assert.is(uid, 1000);
  assert.match(said.toString(), /^\d+\n<login=1000:1000:user><limits=[-0-9:,]+>\nhello\n$/);
  assert.is(prompts.length, 2);
  assert.match(prompts[0]!, "[sudo] password for");
  const args = readFileSync(join(home, "arguments"), "utf8");
  assert.match(args, "say hello");
  assert.not.match(args, "secret");
});

test("wrong passwords end with what sudo says", async () => {
  userRemote({ free: false });
  const error = await failure({ become: "sudo", askPassword: answering("a", "b", "c", "d").askPassword });
  assert.is(error.code, "sudo");
  assert.match(error.message, "3 incorrect password attempts");
});

test("a password that nobody gives is an error that says what to do", async () => {
  userRemote({ free: false });
  const error = await failure({ become: "sudo", askPassword: answering(null).askPassword });
  assert.is(error.code, "sudo");
  assert.match(error.message, "wants a password");
});

test("a user who may not run sudo is refused at once with sudo's words, and asked nothing", async () => {
  userRemote({ free: false, mayNot: true });
  const { prompts, askPassword } = answering("secret");
  const error = await failure({ become: "sudo", askPassword });
  assert.is(error.code, "sudo");
  assert.match(error.message, /^sudo on .* refused: Sorry, user u may not run sudo on box\.$/);
  assert.equal(prompts, []);
});

test("sudo that keeps HOME makes nothing in the user's home", async () => {
  userRemote({ free: true });
  const theirs = join(home, "theirs");
  mkdirSync(theirs);
  chownSync(theirs, NOBODY, NOBODY);
  account.runs(`export HOME='${theirs}' PATH='${home}/bin':"$PATH"; unset XDG_CACHE_HOME`, RUN);
  const { path } = await start({ become: "sudo" });
  assert.not.match(path, theirs);
  assert.equal(readdirSync(theirs), []);
  mkdirSync(join(theirs, ".cache"));
  chownSync(join(theirs, ".cache"), NOBODY, NOBODY);
  await start({ become: "sudo" });
  assert.equal(readdirSync(join(theirs, ".cache")), []);
});

for (const [way, quiet, words] of [
  ["doas", "-n", "doas: Authorization required"],
  ["run0", "--no-ask-password", "Failed to start transient service unit: Access denied"],
] as const) {
  test(`${way} makes root where it asks for no password, and is quoted where it would`, async () => {
    userRemote({ free: false, sudo: true });
    account.program(way, `[ "$1" = ${quiet} ] || exit 9`, "shift", 'ROOT=yes exec "$@"');
    const { uid, said } = await start({ become: way });
    assert.is(uid, 1000);
    assert.match(said, /<login=1000:1000:user>/);
    account.program(way, `echo "${words}" >&2`, "exit 1");
    const error = await failure({ become: way });
    assert.is(error.code, "sudo");
    assert.match(error.message, `${way} on ${userInfo().username}@127.0.0.1:${sshd.port} refused: ${words}`);
    assert.match(error.hint!, "without a password");
    rmSync(join(home, "bin", way));
    assert.match((await failure({ become: way })).message, `there is no ${way}`);
  });
}

test("a login user who is not root is told that doas would work without a password", async () => {
  userRemote({ free: false });
  account.program("doas", "shift", 'exec "$@"');
  assert.match((await failure()).hint!, "--become doas (it works there without a password)");
});

test("a folder at the agent's name is left alone, and said", async () => {
  const { path } = await start();
  rmSync(path);
  mkdirSync(path);
  const { path: other, said, notes } = await start();
  assert.match(other, /\/stap-remote-[0-9a-f]+\//);
  assert.match(said, "hello");
  assert.equal(notes, [
    `${path} on ${userInfo().username}@127.0.0.1:${sshd.port} is a folder: the agent cannot be kept there`,
  ]);
  assert.equal(cached(), [NAME]);
  assert.equal(readdirSync(path), []);
});

test("a remote without sudo is named", async () => {
  userRemote({ free: false, sudo: false });
  const error = await failure({ become: "sudo" });
  assert.is(error.code, "sudo");
  assert.match(error.message, "there is no sudo");
});

test("this machine is a remote too", async () => {
  const before = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = join(home, ".cache");
  try {
    const { uploaded, said } = await start({}, connectLocal);
    assert.is(uploaded, true);
    assert.match(said.toString(), /hello\n$/);
  } finally {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
  }
});

if (process.getuid?.() === 0) test.run();
else console.log("SKIP start of the agent: it is only started as root, and so are these tests");

const script = suite("script of the bootstrap");

script("what goes over the wire first is one line, and nothing in the command needs quoting in any shell", () => {
  const text = bootstrapScript({
    marker: "0123456789abcdef",
    agents: [{ arch: "x86_64", sha256: "a".repeat(64), size: 1 }],
    way: findWay("sudo"),
    args: ["serve"],
  });
  assert.not.match(text, /\n/);
  assert.is(COMMAND.split("'").length, 3);
  assert.not.match(COMMAND, /[\\!\n]/);
  execFileSync("sh", ["-n", "-c", text]);
});

script.run();
