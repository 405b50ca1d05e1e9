// The host argument and the ssh configuration: the output of `ssh -G` and our own reader of the files must agree.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseHost, printHost } from "../../agent/host/address.ts";
import { sshArguments } from "../../agent/host/openssh.ts";
import { explainOpenssh } from "../../agent/host/openssh-errors.ts";
import { socketError } from "../../agent/host/ssh.ts";
import { readHostConfig } from "../../agent/host/ssh-config.ts";
import { needsOpenssh } from "../../agent/host/ssh-options.ts";
import { splitPaths, splitWords } from "../../agent/host/ssh-settings.ts";
import { expandPath } from "../../agent/host/ssh-tokens.ts";
import { TransportError } from "../../agent/host/transport.ts";
import { makeKey } from "./sshd.ts";

const address = suite("host argument");

address("has a user and a port or leaves them to the configuration", () => {
  assert.equal(parseHost("box"), { host: "box" });
  assert.equal(parseHost("root@box:2222"), { user: "root", host: "box", port: 2222 });
  assert.equal(parseHost("ssh://me@box"), { user: "me", host: "box" });
  assert.equal(parseHost("first@realm@box"), { user: "first@realm", host: "box" });
});

address("takes IPv6 addresses with and without brackets", () => {
  assert.equal(parseHost("[fe80::1%eth0]:22"), { host: "fe80::1%eth0", port: 22 });
  assert.equal(parseHost("root@[::1]"), { user: "root", host: "::1" });
  assert.equal(parseHost("::1"), { host: "::1" });
  assert.is(printHost("::1", 22), "[::1]:22");
  assert.is(printHost("box", 22), "box:22");
});

for (const bad of [
  "",
  "@box",
  "box:",
  "box:0",
  "box:99999",
  "box:ssh",
  "-oProxyCommand=x",
  "-l@box",
  "a b",
  "a/b",
  "me@",
  "a,b",
  "$(x)",
  "a;b",
  "`x`@box",
]) {
  address(`refuses '${bad}' in one sentence`, () => {
    assert.throws(
      () => parseHost(bad),
      (error: unknown) =>
        error instanceof TransportError && error.code === "usage" && /is not a host/.test(error.message),
    );
  });
}

address.run();

const config = suite("ssh configuration");
const folder = mkdtempSync(join(tmpdir(), "ssh-config-"));
config.after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, ...lines: string[]): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

/** The configuration for a host, once by `ssh -G` and once from the files, which must agree. */
async function both(host: string, configFile: string) {
  const asked = await readHostConfig(parseHost(host), { configFile });
  const read = await readHostConfig(parseHost(host), { configFile, sshBinary: null });
  const compared = ["host", "port", "user", "identitiesOnly", "hostKeyAlias", "proxyJump", "hostKeyPolicy"] as const;
  for (const name of compared) assert.equal(read[name], asked[name], `${name} of ${host}`);
  return read;
}

config("finds name, port, user, keys and jumps of an alias", async () => {
  const path = file(
    "alias",
    "Host box",
    "  HostName 10.0.0.5",
    "  Port 2200",
    "  User tracer",
    "  IdentityFile ~/.ssh/box_key",
    '  IdentityFile "/etc/a key"',
    "  IdentitiesOnly yes",
    "  HostKeyAlias the-box",
    "  ProxyJump me@gate:2201,second",
    "  StrictHostKeyChecking accept-new",
  );
  const found = await both("box", path);
  assert.is(found.host, "10.0.0.5");
  assert.is(found.port, 2200);
  assert.is(found.user, "tracer");
  assert.equal(found.identities, [join(homedir(), ".ssh/box_key"), "/etc/a key"]);
  assert.equal(found.proxyJump, ["me@gate:2201", "second"]);
});

config("the first value counts, and the argument before any", async () => {
  const path = file("first", "Host *.lab", "  User first", "  Port 1", "Host *", "  User second", "  Port 2");
  assert.is((await both("a.lab", path)).user, "first");
  assert.is((await both("other", path)).port, 2);
  const found = await both("me@a.lab:77", path);
  assert.is(found.user, "me");
  assert.is(found.port, 77);
});

config("patterns may exclude", async () => {
  const path = file("negated", "Host *.lab !secret.lab", "  User open", "Host *", "  User closed");
  assert.is((await both("a.lab", path)).user, "open");
  assert.is((await both("secret.lab", path)).user, "closed");
});

config("Match by host, original host and user", async () => {
  const path = file(
    "match",
    "Host box",
    "  HostName real.lab",
    "Match host real.lab user root",
    "  Port 2001",
    "Match originalhost other",
    "  Port 2002",
    "Match all",
    "  Port 2003",
  );
  assert.is((await both("root@box", path)).port, 2001);
  assert.is((await both("me@box", path)).port, 2003);
  assert.is((await both("other", path)).port, 2002);
});

config("Include brings in files, by pattern too, and only where its Host block counts", async () => {
  file("parts/10-a.conf", "Host a", "  Port 1001");
  file("parts/20-b.conf", "Host b", "  Port 1002");
  file("only-inner.conf", "User inner");
  const path = file("including", `Include ${folder}/parts/*.conf`, "Host b", `  Include ${folder}/only-inner.conf`);
  assert.is((await both("a", path)).port, 1001);
  assert.is((await both("b", path)).port, 1002);
  assert.is((await both("b", path)).user, "inner");
  assert.is((await both("a", path)).user, userInfo().username);
});

config("files that include themselves are refused, as by ssh", async () => {
  const path = join(folder, "circle");
  file("circle", `Include ${path}`, "Host *", "  Port 1234");
  for (const sshBinary of ["ssh", null]) {
    const message = await readHostConfig({ host: "box" }, { configFile: path, sshBinary }).catch(
      (error: TransportError) => error.message,
    );
    assert.match(String(message), /too many recursive/i);
  }
});

config("a missing ssh program leaves the files", async () => {
  const path = file("noprogram", "Host box", "  Port 4444");
  const found = await readHostConfig({ host: "box" }, { configFile: path, sshBinary: join(folder, "no-ssh") });
  assert.is(found.port, 4444);
});

config("known_hosts files are split at blanks, except in quotes", () => {
  assert.equal(splitWords('/a/b "/c d/e"  f'), ["/a/b", "/c d/e", "f"]);
});

config("a name with blanks is one file, with quotes and without", () => {
  assert.equal(splitPaths('/a b/c /d "/e f"'), ["/a b/c", "/d", "/e f"]);
  assert.equal(splitPaths("C:\\Users\\A B/known C:\\Users\\A B/known2"), [
    "C:\\Users\\A B/known",
    "C:\\Users\\A B/known2",
  ]);
  assert.equal(splitPaths("one two"), ["one", "two"]);
  assert.equal(splitPaths("/a none"), ["/a", "none"]);
});

config("paths have home and percent tokens", () => {
  const of = { host: "h", user: "u", port: 23, alias: "n" };
  assert.is(expandPath("~/k_%h_%p_%r_%n_%%", of), join(homedir(), "k_h_23_u_n_%"));
  assert.throws(() => expandPath("~/k_%x", of), /'%x' is not known/);
});

const needing: [string, string[], RegExp | null][] = [
  ["nothing special", ["User root"], null],
  ["ProxyJump", ["ProxyJump gate"], null],
  ["ProxyCommand", ["ProxyCommand nc %h %p"], /ProxyCommand/],
  ["ProxyCommand none", ["ProxyCommand none"], null],
  ["CertificateFile", ["CertificateFile ~/.ssh/c-cert.pub"], /CertificateFile/],
  ["KnownHostsCommand", ["KnownHostsCommand /bin/echo"], /KnownHostsCommand/],
  ["ControlPath without a master", [`ControlPath ${folder}/nobody`], null],
];
for (const [what, lines, reason] of needing) {
  config(`${what} ${reason ? "needs" : "does not need"} the system's ssh`, async () => {
    const path = file(`need-${what.replaceAll(" ", "-")}`, "Host box", ...lines);
    for (const sshBinary of ["ssh", null]) {
      const why = needsOpenssh(await readHostConfig({ host: "box" }, { configFile: path, sshBinary }));
      if (reason) assert.match(why!.what, reason);
      else assert.is(why, null);
    }
  });
}

config("a certificate beside a key needs the system's ssh", async () => {
  const key = makeKey(join(folder, "certified"));
  const authority = makeKey(join(folder, "authority"));
  execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "test", "-n", "root", `${key}.pub`]);
  const path = file("with-certificate", "Host box", `IdentityFile ${key}`);
  assert.match(needsOpenssh(await readHostConfig({ host: "box" }, { configFile: path }))!.what, /certificate/);
});

config("a key on a FIDO token needs the system's ssh", async () => {
  const key = file("token", "private half");
  file("token.pub", "sk-ssh-ed25519@openssh.com AAAA me");
  const path = file("with-token", "Host box", `IdentityFile ${key}`);
  assert.match(needsOpenssh(await readHostConfig({ host: "box" }, { configFile: path }))!.what, /FIDO/);
});

config("a master connection that runs is used by the system's ssh", async () => {
  const socket = join(folder, "master");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const path = file("with-master", "Host box", `ControlPath ${socket}`);
  const why = needsOpenssh(await readHostConfig({ host: "box" }, { configFile: path }));
  server.close();
  assert.match(why!.what, /master/);
});

config("the system's ssh is never made quieter, given a terminal, or told to trust", async () => {
  const found = await readHostConfig({ host: "box" }, { configFile: file("empty") });
  const options = { host: "box", identity: ["/k 1%"], knownHosts: ["/a b"], timeoutMs: 1500 };
  const args = sshArguments(found, options, { terminal: false });
  assert.ok(args.includes("BatchMode=yes"));
  assert.ok(args.includes("-T"));
  assert.ok(args.includes("/k 1%%"));
  assert.ok(args.includes('UserKnownHostsFile="/a b"'));
  assert.ok(args.includes("ConnectTimeout=2"));
  assert.is(
    args.some((arg) => arg === "-q" || arg === "-t" || /StrictHostKeyChecking/.test(arg)),
    false,
  );
  for (const hostKeyPolicy of ["accept-new", "no"] as const) {
    const asking = sshArguments({ ...found, hostKeyPolicy }, options, { terminal: true });
    assert.is(asking.includes("BatchMode=yes"), false);
    assert.ok(asking.includes("StrictHostKeyChecking=accept-new"));
  }
});

config.run();

const errors = suite("words for failures");

const said: [string, string][] = [
  ["ssh: Could not resolve hostname bax: Name or service not known", "unknown-host"],
  ["ssh: connect to host box port 22: Connection refused", "refused"],
  ["ssh: connect to host box port 22: Connection timed out", "timeout"],
  ["ssh: connect to host box port 22: No route to host", "unreachable"],
  ["root@box: Permission denied (publickey,password).", "auth"],
  ["Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures", "auth"],
  [
    "No ED25519 host key is known for box and you have requested strict checking.\r\nHost key verification failed.",
    "host-key-unknown",
  ],
  ["Unable to negotiate with 10.0.0.1 port 22: no matching host key type found. Their offer: ssh-dss", "unsupported"],
  ["kex_exchange_identification: Connection closed by remote host", "cut"],
  ["client_loop: send disconnect: Broken pipe", "cut"],
  ["Connection to box closed by remote host.", "cut"],
  ["/home/me/.ssh/config: line 3: Bad configuration option: nonsense", "usage"],
  ["exec request failed on channel 0", "exec"],
];
for (const [text, code] of said) {
  errors(`ssh's "${text.slice(0, 40)}…" is ${code}`, () => {
    const error = explainOpenssh(`debug noise\n${text}\n`, "root@box:22");
    assert.is(error?.code, code);
    assert.not.match(error!.message, /\$1|@ /);
  });
}

errors("what is no failure of ssh is none", () => {
  assert.is(explainOpenssh("the command's own words\n", "root@box:22"), null);
});

for (const [code, expected] of [
  ["ENOTFOUND", "unknown-host"],
  ["EAI_AGAIN", "unknown-host"],
  ["ECONNREFUSED", "refused"],
  ["ETIMEDOUT", "timeout"],
  ["EHOSTUNREACH", "unreachable"],
  ["ECONNRESET", "cut"],
]) {
  errors(`a socket's ${code} is ${expected}`, () => {
    const cause = Object.assign(new Error("low level words"), { code });
    assert.is(socketError(cause, { host: "box", port: 22 }).code, expected);
    const several = Object.assign(new Error("several"), { errors: [cause] });
    assert.is(socketError(several, { host: "box", port: 22 }).code, expected);
  });
}

errors.run();
