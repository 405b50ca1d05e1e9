// Which proofs are offered, in which order and how often, beside what ssh offers to the same server. The server is
// ssh2's own and refuses everything, so that a client tries all it has; ssh gets its passwords from SSH_ASKPASS.

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "../../agent/host/connect.ts";
import { fingerprint } from "../../agent/host/known-hosts.ts";
import { type ConnectOptions, TransportError } from "../../agent/host/transport.ts";
import { type LyingServer, startLyingServer } from "./lying-server.ts";
import { makeKey } from "./sshd.ts";

const test = suite("log-in");
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let folder = "";
let server: LyingServer;
let key = "";

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), "ssh-login-"));
  key = makeKey(join(folder, "key"));
  server = await startLyingServer(join(folder, "host"));
  writeFileSync(join(folder, "askpass"), "#!/bin/sh\necho wrong\n", { mode: 0o700 });
});
test.after(() => {
  server.stop();
  rmSync(folder, { recursive: true });
});

function configFile(lines: string[]): string {
  const file = join(folder, "config");
  const base = ["HostName 127.0.0.1", `Port ${server.port}`, `UserKnownHostsFile ${server.knownHosts}`];
  const own = [`IdentityFile ${key}`, "IdentityAgent none", "GSSAPIAuthentication no"];
  writeFileSync(file, ["Host target", ...lines, ...base, ...own, ""].join("\n"));
  return file;
}

/** What ssh tries, with a program that answers every question. */
async function triedBySsh(config: string): Promise<string[]> {
  server.tried.length = 0;
  const env = { ...process.env, SSH_ASKPASS: join(folder, "askpass"), SSH_ASKPASS_REQUIRE: "force" };
  await new Promise<void>((resolve) => {
    const child = execFile("setsid", ["-w", "ssh", "-F", config, "target", "true"], { env }, () => resolve());
    child.stdin?.end();
  });
  return [...server.tried];
}

async function triedByUs(config: string, options: Partial<ConnectOptions> = {}) {
  server.tried.length = 0;
  const prompts: string[] = [];
  const askPassword = async (prompt: string) => {
    prompts.push(prompt);
    return "wrong";
  };
  // OpenSSH connects with the first command.
  const run = async () => {
    const transport = await connect({ host: "target", configFile: config, ssh: "ssh2", askPassword, ...options });
    await transport.exec("true").finally(() => transport.close());
  };
  const error = await run().then(
    () => assert.unreachable("logged in") as never,
    (reason: unknown) => reason,
  );
  assert.instance(error, TransportError);
  return { tried: [...server.tried], prompts, error: error as TransportError };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

const KBD = "keyboard-interactive";
const rows: [string[], string[]][] = [
  [[], ["publickey", KBD, KBD, KBD, "password", "password", "password"]],
  [["PasswordAuthentication no", "KbdInteractiveAuthentication no"], ["publickey"]],
  [["PasswordAuthentication no"], ["publickey", KBD, KBD, KBD]],
  [["KbdInteractiveAuthentication no"], ["publickey", "password", "password", "password"]],
  [["BatchMode yes"], ["publickey"]],
  [["NumberOfPasswordPrompts 1"], ["publickey", KBD, "password"]],
  [
    ["PubkeyAuthentication no", "NumberOfPasswordPrompts 1"],
    [KBD, "password"],
  ],
  [
    ["PreferredAuthentications password", "NumberOfPasswordPrompts 2"],
    ["password", "password"],
  ],
  [
    ["PreferredAuthentications password,publickey", "NumberOfPasswordPrompts 1"],
    ["password", "publickey"],
  ],
];
for (const [lines, expected] of rows) {
  test(`offers what the configuration allows: ${lines.join(", ") || "all of it"}`, async () => {
    const config = configFile(lines);
    assert.equal(await triedBySsh(config), expected, "ssh");
    assert.equal((await triedByUs(config)).tried, expected, "ours");
  });
}

test("asks nothing where the configuration forbids passwords", async () => {
  const lines = ["PasswordAuthentication no", "KbdInteractiveAuthentication no"];
  for (const each of [lines, ["BatchMode yes"]]) {
    assert.equal((await triedByUs(configFile(each))).prompts, []);
  }
});

test("an encrypted key is asked about as often as NumberOfPasswordPrompts says", async () => {
  const locked = makeKey(join(folder, "locked"), "ed25519", "secret");
  const config = configFile([
    `IdentityFile ${locked}`,
    "NumberOfPasswordPrompts 2",
    "PreferredAuthentications publickey",
  ]);
  assert.is((await triedByUs(config)).prompts.length, 2);
});

test("what the server says before its questions is marked as its own, and has no control characters", async () => {
  server.says = { name: "\x1b]0;title\x07", text: "line one\n\x1b[2Jline two", prompt: "Code\x1b[31m: " };
  const { prompts, error } = await triedByUs(configFile(["NumberOfPasswordPrompts 1"]));
  server.says = { name: "", text: "", prompt: "Password: " };
  const lines = prompts[0]!.split("\n");
  assert.is(lines.length, 4);
  for (const line of lines) assert.match(line, /^\(\S+@target\) /);
  assert.not.match(`${prompts.join("").replaceAll("\n", "")}${error.message}`, CONTROL);
});

test("text of the server in a refusal has no control characters, over both transports", async () => {
  for (const ssh of ["ssh2", "openssh"] as const) {
    server.methods = ["publickey", "\x1b[31mred"];
    server.banner = "\x1b]0;owned\x07 welcome\r\n";
    const { error } = await triedByUs(configFile(["BatchMode yes"]), { ssh });
    assert.is(error.code, "auth", error.message);
    assert.not.match(`${error.message} ${error.hint}`, CONTROL);
  }
  server.methods = undefined;
  server.banner = undefined;
});

const proofs: string[][] = [[KBD], ["password"], ["publickey", KBD], [KBD, "publickey"], ["password", "publickey"]];
for (const wants of proofs) {
  test(`logs in with ${wants.join(" and then ")}, over both transports`, async () => {
    server.wants = wants;
    const config = configFile([]);
    try {
      assert.is(await through(config, "ssh2"), "through\n");
      const restore = setEnvironment({ SSH_ASKPASS: join(folder, "right"), SSH_ASKPASS_REQUIRE: "force" });
      writeFileSync(join(folder, "right"), "#!/bin/sh\necho right\n", { mode: 0o700 });
      assert.is(await through(config, "openssh").finally(restore), "through\n");
    } finally {
      server.wants = [];
    }
  });
}

/** What a command says after a log-in with the right answers. */
async function through(configFile: string, ssh: "ssh2" | "openssh"): Promise<string> {
  const transport = await connect({ host: "target", configFile, ssh, askPassword: async () => "right" });
  try {
    const process = await transport.exec("say it");
    let said = "";
    process.stdout.on("data", (chunk) => {
      said += chunk;
    });
    process.stderr.resume();
    process.stdin.end();
    await process.done;
    return said;
  } finally {
    await transport.close();
  }
}

/** Sets variables; returns what sets them back. */
function setEnvironment(variables: Record<string, string>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

/** Runs a program of ours on a terminal, types a line when it asks, and returns all that the terminal showed. */
function onTerminal(program: string, asks: RegExp, line: string): Promise<string> {
  const file = join(folder, "program.mts");
  writeFileSync(file, program);
  const command = `${process.execPath} --import tsx ${file}`;
  return new Promise((resolve) => {
    const child = spawn("script", ["-qefc", command, "/dev/null"], { cwd: ROOT });
    let shown = "";
    let typed = false;
    child.stdout.on("data", (chunk) => {
      shown += chunk;
      if (typed || !asks.test(shown)) return;
      typed = true;
      child.stdin.write(`${line}\r`);
    });
    child.on("close", () => resolve(shown));
  });
}

for (const ssh of ["ssh2", "openssh"] as const) {
  for (const [answer, taken] of [
    ["yes", true],
    ["no", false],
    ["the fingerprint", true],
  ] as const) {
    test(`an unknown host is asked about on a terminal, over ${ssh}: ${answer}`, async () => {
      server.wants = ["publickey"];
      const known = join(folder, `asked-${ssh}-${answer}`);
      const config = configFile([`UserKnownHostsFile "${known}"`, "GlobalKnownHostsFile none"]);
      const program = `
        import { connect } from ${JSON.stringify(join(ROOT, "agent/host/connect.ts"))};
        const transport = await connect({ host: "target", configFile: ${JSON.stringify(config)}, ssh: "${ssh}" });
        const process = await transport.exec("say it");
        process.stdout.pipe(globalThis.process.stdout);
        process.stdin.end();
        await process.done;
        await transport.close();
      `;
      const key = readFileSync(join(folder, "host.pub"), "utf8").split(" ")[1]!;
      const typed = answer === "the fingerprint" ? fingerprint(Buffer.from(key, "base64")) : answer;
      const shown = await onTerminal(program, /yes\/no/, typed);
      server.wants = [];
      assert.match(shown, /SHA256:/);
      assert.is(shown.includes("through"), taken, shown);
      assert.is(existsSync(known) && readFileSync(known, "utf8").includes(key), taken, shown);
    });
  }
}

test("a password that is typed on a terminal is not shown", async () => {
  server.wants = ["password"];
  server.answer = "typed-secret";
  const config = configFile(["PubkeyAuthentication no"]);
  const program = `
    import { connect } from ${JSON.stringify(join(ROOT, "agent/host/connect.ts"))};
    const transport = await connect({ host: "target", configFile: ${JSON.stringify(config)}, ssh: "ssh2" });
    await transport.close();
    console.log("logged in");
  `;
  const shown = await onTerminal(program, /password: /, "typed-secret");
  server.wants = [];
  server.answer = "right";
  assert.match(shown, "logged in");
  assert.not.match(shown, "typed-secret");
});

test.run();
