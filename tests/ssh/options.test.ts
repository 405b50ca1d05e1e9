// The table of ssh_config's options: every option that this machine's ssh has is in it, and each row does what it says,
// with an ssh program and without one.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { foreignAgentKey } from "../../agent/host/agent-keys.ts";
import { connect } from "../../agent/host/connect.ts";
import { readHostConfig } from "../../agent/host/ssh-config.ts";
import { findOption, needsOpenssh, SSH_OPTIONS, type SshOption } from "../../agent/host/ssh-options.ts";
import { TransportError } from "../../agent/host/transport.ts";

const test = suite("options of ssh_config");
const folder = mkdtempSync(join(tmpdir(), "ssh-options-"));
test.after(() => rmSync(folder, { recursive: true }));

const rows = Object.values(SSH_OPTIONS).flat();
/** Values that count; "yes" for all others. */
const VALUES: Record<string, string> = {
  RevokedHostKeys: "/revoked",
  KnownHostsCommand: "/bin/true %H",
  CASignatureAlgorithms: "ssh-ed25519",
  KbdInteractiveDevices: "pam",
  CertificateFile: "/k-cert.pub",
  PubkeyAcceptedAlgorithms: "ssh-ed25519",
  PKCS11Provider: "/lib/p11.so",
  SecurityKeyProvider: "/lib/sk.so",
  RekeyLimit: "1M",
  ProxyCommand: "nc %h %p",
  BindInterface: "eth9",
  ConnectionAttempts: "3",
  ChannelTimeout: "session=5m",
  RefuseConnection: '"no more"',
  VersionAddendum: "mine",
  FingerprintHash: "md5",
  HostbasedAcceptedAlgorithms: "ssh-ed25519",
  GSSAPIClientIdentity: "me",
  GSSAPIServerIdentity: "box",
  GSSAPIKexAlgorithms: "gss-group16-sha512-",
  IPQoS: "ef",
  DynamicForward: "1080",
  LocalForward: "8080 localhost:80",
  RemoteForward: "8080 localhost:80",
  ForwardX11Timeout: "5m",
  PermitRemoteOpen: "localhost:80",
  XAuthLocation: "/x",
  StreamLocalBindMask: "0111",
  TunnelDevice: "1:2",
  LocalCommand: "touch /never",
  RemoteCommand: "true",
  ControlMaster: "auto",
  ControlPersist: "10m",
  SendEnv: "LANG LC_*",
  SetEnv: "A=b",
  RequestTTY: "force",
  ForkAfterAuthentication: "no", // ssh itself refuses the other value where no command is given.
  EscapeChar: "^",
  SessionType: "none",
  LogLevel: "DEBUG",
  LogVerbose: "kex.c:*:1000",
  SyslogFacility: "AUTH",
  Tag: "mine",
  CanonicalDomains: "lab",
  CanonicalizeMaxDots: "2",
  CanonicalizePermittedCNAMEs: "*.a:*.b",
  CanonicalizeFallbackLocal: "yes",
};

/** What a file with one line needs OpenSSH for, by ssh -G and by our own reader; null for nothing. */
async function needs({ name }: SshOption, value = VALUES[name] ?? "yes"): Promise<(string | null)[]> {
  const configFile = join(folder, "config");
  writeFileSync(configFile, `Host box\n${name} ${value}\n`);
  const found: (string | null)[] = [];
  for (const sshBinary of ["ssh", null]) {
    const config = await readHostConfig({ host: "box" }, { configFile, sshBinary }).catch((error: TransportError) => {
      // An option of a newer ssh than the one that is installed here.
      if (sshBinary !== null && /Bad configuration option/i.test(error.message)) return null;
      throw error;
    });
    if (config !== null) found.push(needsOpenssh(config)?.what ?? null);
  }
  return found;
}

test("every option that ssh -G prints has a row", async () => {
  const { standard } = await readHostConfig({ host: "box" }, { configFile: "none" });
  for (const name of standard!.keys()) assert.ok(findOption(name), `${name} has no row`);
});

test("sends what only OpenSSH honours to it, or refuses it by name", async () => {
  for (const row of rows.filter(({ by }) => by === "openssh")) {
    const found = await needs(row);
    assert.ok(found.length > 0);
    for (const what of found) assert.is(what, row.name);
    const settings = [`${row.name}=${VALUES[row.name] ?? "yes"}`];
    const host = { host: "box.invalid", configFile: "none", settings };
    const refused = await connect({ ...host, ssh: "ssh2" }).then(
      () => assert.unreachable("connected") as never,
      (error: TransportError) => error,
    );
    if (!/Bad configuration option/i.test(refused.message)) assert.match(refused.message, `sets ${row.name}, which`);
  }
});

test("without an ssh program, what only ssh can resolve is refused by name", async () => {
  const row = (name: string) => findOption(name)!;
  assert.equal(await needs(row("CanonicalizeHostname")), [null, "CanonicalizeHostname"]);
  assert.equal(await needs(row("CanonicalizeHostname"), "no"), [null, null]);
  assert.equal((await needs(row("Tag"))).at(-1), "Tag");
});

test("a value that is the standard one does not count", async () => {
  for (const [name, value] of Object.entries({
    CheckHostIP: "no",
    ConnectionAttempts: "1",
    RekeyLimit: "default none",
  })) {
    assert.equal(await needs(findOption(name)!, value), [null, null], name);
  }
});

test("ignores what changes nothing here", async () => {
  for (const row of rows.filter(({ by }) => by === "unused")) {
    if (row.name === "UseKeychain") continue; // Apple's ssh alone has it.
    for (const what of await needs(row)) assert.is(what, null, row.name);
  }
});

test("an option of a newer ssh counts as one that only ssh honours", async () => {
  const config = await readHostConfig({ host: "box" }, { configFile: "none" });
  config.settings.set("newcheck", ["yes"]);
  assert.equal(needsOpenssh(config), { what: "newcheck" });
});

test("GSSAPIAuthentication counts where there may be a Kerberos ticket", async () => {
  const before = process.env.KRB5CCNAME;
  process.env.KRB5CCNAME = "FILE:/nowhere";
  const found = await needs(findOption("GSSAPIAuthentication")!);
  if (before === undefined) delete process.env.KRB5CCNAME;
  else process.env.KRB5CCNAME = before;
  for (const what of found) assert.is(what, "GSSAPIAuthentication with a Kerberos ticket");
});

test("an algorithm that the built-in client lacks is named", async () => {
  for (const [name, value] of [
    ["Ciphers", "aes256-cbc"],
    ["MACs", "umac-64@openssh.com"],
    ["KexAlgorithms", "sntrup761x25519-sha512@openssh.com,curve25519-sha256"],
    ["HostKeyAlgorithms", "sk-ssh-ed25519@openssh.com"],
  ] as const) {
    const algorithm = value.split(",")[0];
    for (const what of await needs(findOption(name)!, value))
      assert.is(what, `${name} with the algorithm ${algorithm}`);
  }
});

/** An agent that holds one key of a type, or says nothing that an agent says. */
async function withAgent(answer: Buffer, work: (socket: string) => Promise<void>) {
  const socket = join(folder, `agent-${answer.length}`);
  const server = createServer((client) => client.on("error", () => {}).once("data", () => client.end(answer)));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  await work(socket);
  server.close();
}

function agentAnswer(...types: string[]): Buffer {
  const text = (bytes: Buffer | string) => {
    const body = Buffer.from(bytes);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return Buffer.concat([length, body]);
  };
  const count = Buffer.alloc(4);
  count.writeUInt32BE(types.length);
  return text(Buffer.concat([Buffer.from([12]), count, ...types.flatMap((type) => [text(text(type)), text("note")])]));
}

test("certificates and FIDO keys of an ssh-agent need OpenSSH", async () => {
  const cases: [Buffer, string | null][] = [
    [agentAnswer("ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"), "a certificate in the ssh-agent"],
    [agentAnswer("sk-ssh-ed25519@openssh.com"), "a FIDO key in the ssh-agent"],
    [agentAnswer("ssh-ed25519", "ssh-rsa"), null],
    [agentAnswer(), null],
    [Buffer.from("nonsense that is no agent's answer"), null],
    [agentAnswer("ssh-ed25519").subarray(0, 20), null],
  ];
  for (const [answer, expected] of cases) {
    await withAgent(answer, async (socket) => assert.is(await foreignAgentKey(socket), expected));
  }
  assert.is(await foreignAgentKey(join(folder, "nobody")), null);
});

test.run();
