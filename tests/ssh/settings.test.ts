// Each setting of ssh_config that bears on security, against real servers: where ssh refuses, so do we. A row is a
// configuration; ssh itself, our choice of a transport and our OpenSSH transport run over it (as-ssh.ts).

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hashName } from "../../agent/host/known-hosts.ts";
import { compareAll, keysOf, type Place, type Row, textOf } from "./as-ssh.ts";
import { makeKey, type Sshd, startSshd } from "./sshd.ts";

const test = suite("as ssh");
const servers: Record<"plain" | "rsa" | "limited" | "ca" | "sha1", Sshd> = {} as never;
const plain = () => servers.plain;
const rsa = () => servers.rsa;
const limited = () => servers.limited;
const ca = () => servers.ca;
const sha1 = () => servers.sha1;

test.before(async () => {
  servers.plain = await startSshd();
  servers.limited = await startSshd(["Ciphers aes128-ctr", "MACs hmac-sha2-512", "KexAlgorithms ecdh-sha2-nistp256"]);
  const takesRsa = (folder: string) => {
    makeKey(join(folder, "rsa"), "rsa");
    copyFileSync(join(folder, "rsa.pub"), join(folder, "authorized_keys"));
  };
  servers.rsa = await startSshd([], { types: ["rsa"], prepare: takesRsa });
  servers.sha1 = await startSshd(["PubkeyAcceptedAlgorithms ssh-rsa"], { prepare: takesRsa });
  servers.ca = await startSshd(
    ["HostCertificate {folder}/host_ed25519-cert.pub", "TrustedUserCAKeys {folder}/authority.pub"],
    { prepare: certify },
  );
  outcomes = compareAll(ROWS, 3);
});
test.after(() => {
  for (const server of Object.values(servers)) server.stop();
});

/** An authority that signs the host key, and the key that is in no authorized_keys. */
function certify(folder: string) {
  const authority = makeKey(join(folder, "authority"));
  const sign = (...args: string[]) => execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "test", ...args]);
  sign("-h", "-n", "127.0.0.1", join(folder, "host_ed25519.pub"));
  sign("-n", process.env.USER || "root", join(folder, "stranger.pub"));
}

const authorityKey = () => readFileSync(join(ca().folder, "authority.pub"), "utf8").split(" ").slice(0, 2).join(" ");
const strangerKey = () => readFileSync(`${plain().strangerKey}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
const nothing = () => [];
const name = () => `[127.0.0.1]:${plain().port}`;
const isRecorded = (at: Place) => textOf(at.userFile).includes(plain().hostKey("ed25519"));

type PlainRow = Omit<Row, "server">;

const POLICIES: Row[] = withPlain([
  {
    title: "host keys: each policy: yes takes what is known",
    lines: () => ["StrictHostKeyChecking yes"],
    ssh: "connects",
  },
  {
    title: "host keys: each policy: yes refuses what is not",
    lines: () => ["StrictHostKeyChecking yes"],
    known: nothing,
    ssh: "refuses",
    says: /is not known/,
  },
  {
    title: "host keys: each policy: ask refuses what is not known where nobody can be asked",
    lines: () => ["StrictHostKeyChecking ask"],
    known: nothing,
    ssh: "refuses",
    says: /is not known/,
  },
  ...["accept-new", "no", "off"].map(
    (policy): PlainRow => ({
      title: `host keys: each policy: ${policy} records what is new, and says so`,
      lines: () => [`StrictHostKeyChecking ${policy}`],
      known: nothing,
      ssh: "connects",
      notice: /recorded the key of \[127\.0\.0\.1\]:\d+: ssh-ed25519 SHA256:/,
      after: (at) => assert.ok(isRecorded(at)),
    }),
  ),
  ...["accept-new", "yes"].map(
    (policy): PlainRow => ({
      title: `host keys: each policy: ${policy} refuses a changed key`,
      lines: () => [`StrictHostKeyChecking ${policy}`],
      known: () => [`${name()} ${strangerKey()}`],
      ssh: "refuses",
      says: /has changed/,
    }),
  ),
  {
    title: "host keys: each policy: no refuses a changed key, where ssh goes on",
    lines: () => ["StrictHostKeyChecking no"],
    known: () => [`${name()} ${strangerKey()}`],
    ssh: "connects",
    ours: "refuses",
    says: /has changed/,
    notice: /StrictHostKeyChecking no of target is taken as accept-new/,
  },
]);

function withPlain(rows: PlainRow[]): Row[] {
  return rows.map((row) => ({ server: plain, ...row }));
}

const RECORDS: Row[] = [
  {
    title: "UserKnownHostsFile none records nothing, and so takes no new key",
    server: plain,
    lines: () => ["UserKnownHostsFile none", "StrictHostKeyChecking no"],
    ssh: "refuses",
    says: /is not known/,
    after: (at) => assert.is(textOf(at.globalFile) + textOf(join(at.folder, "none")), ""),
  },
  {
    title: "UserKnownHostsFile none vouches for nobody, but the global file does",
    server: plain,
    lines: () => ["UserKnownHostsFile none"],
    global: () => keysOf(plain()),
    ssh: "connects",
  },
  {
    title: "UserKnownHostsFile /dev/null records nothing",
    server: plain,
    lines: () => ["UserKnownHostsFile /dev/null", "StrictHostKeyChecking no"],
    ssh: "connects",
    notice: /accepted the key of .*no file records it/,
    after: (at) => assert.is(textOf(at.globalFile), ""),
  },
  {
    title: "HashKnownHosts hashes what is recorded",
    server: plain,
    lines: () => ["HashKnownHosts yes", "StrictHostKeyChecking accept-new"],
    known: nothing,
    ssh: "connects",
    after: (at) => assert.match(textOf(at.userFile), /^\|1\|/),
  },
  {
    title: "@revoked of the global file counts beside --known-hosts",
    server: plain,
    global: () => keysOf(plain()).map((line) => `@revoked ${line.replace(/^\S+/, "*")}`),
    flags: (at) => ({ knownHosts: [at.userFile] }),
    ssh: "refuses",
    says: /revoked/,
  },
  {
    title: "a key of the global file does not vouch beside --known-hosts",
    server: plain,
    known: nothing,
    global: () => keysOf(plain()),
    flags: (at) => ({ knownHosts: [at.userFile] }),
    ssh: "connects",
    ours: "refuses",
    says: /is not known/,
  },
  {
    title: "a key of the global file vouches",
    server: plain,
    known: nothing,
    global: () => keysOf(plain()),
    ssh: "connects",
  },
  {
    title: "HostKeyAlias is asked for",
    server: plain,
    lines: () => ["HostKeyAlias the-box"],
    known: () => keysOf(plain(), "the-box"),
    ssh: "connects",
  },
  { title: "HostKeyAlias replaces the name", server: plain, lines: () => ["HostKeyAlias the-box"], ssh: "refuses" },
  {
    title: "a pattern of known_hosts with a port",
    server: plain,
    known: () => keysOf(plain(), "[127.0.0.*]:*"),
    ssh: "connects",
  },
  {
    title: "a hashed name of known_hosts",
    server: plain,
    known: () => keysOf(plain(), hashName(name(), randomBytes(20))),
    ssh: "connects",
  },
  {
    title: "a pattern of known_hosts that excludes",
    server: plain,
    known: () => keysOf(plain(), `[127.0.0.*]:*,!${name()}`),
    ssh: "refuses",
  },
  { title: "a key known without a port", server: plain, known: () => keysOf(plain(), "127.0.0.1"), ssh: "connects" },
  {
    title: "accept-new takes no key of another type than the known one",
    server: plain,
    lines: () => ["StrictHostKeyChecking accept-new"],
    known: () => keysOf(rsa(), name()),
    ssh: "refuses",
    says: /records only its ssh-rsa key|has changed/,
  },
];

const KEYS: Row[] = [
  {
    title: "HostKeyAlgorithms without the server's",
    server: plain,
    lines: () => ["HostKeyAlgorithms rsa-sha2-512,rsa-sha2-256"],
    ssh: "refuses",
    says: /no algorithm in common/,
  },
  {
    title: "HostKeyAlgorithms chooses the key",
    server: plain,
    lines: () => ["HostKeyAlgorithms ecdsa-sha2-nistp256", "StrictHostKeyChecking accept-new"],
    known: nothing,
    ssh: "connects",
    kind: "ssh2",
    after: (at) => assert.match(textOf(at.userFile), /ecdsa-sha2-nistp256/),
  },
  {
    title: "RequiredRSASize refuses a smaller host key",
    server: rsa,
    lines: () => ["RequiredRSASize 4096"],
    ssh: "refuses",
    says: /RSA|length/,
  },
  {
    title: "RequiredRSASize takes a larger one",
    server: rsa,
    lines: () => ["RequiredRSASize 2048"],
    identity: () => [join(rsa().folder, "rsa")],
    ssh: "connects",
  },
  {
    title: "RevokedHostKeys refuses a listed key",
    server: plain,
    lines: (at) => [`RevokedHostKeys ${at.write("revoked", `${plain().hostKey("ed25519")}\n`)}`],
    ssh: "refuses",
    kind: "openssh",
    says: /revoked|does not honour/,
  },
  {
    title: "RevokedHostKeys refuses a key of a KRL",
    server: plain,
    lines: (at) => {
      const file = join(at.folder, "krl");
      execFileSync("ssh-keygen", ["-q", "-k", "-f", file, join(plain().folder, "host_ed25519.pub")]);
      return [`RevokedHostKeys ${file}`];
    },
    ssh: "refuses",
    kind: "openssh",
  },
  ...["nowhere", ""].map(
    (file): Row => ({
      title: `RevokedHostKeys refuses every host if its file ${file === "" ? "cannot be read" : "is missing"}`,
      server: plain,
      lines: (at) => [`RevokedHostKeys ${join(at.folder, file)}`],
      ssh: "refuses",
      kind: "openssh",
    }),
  ),
  {
    title: "RevokedHostKeys with other keys lets pass",
    server: plain,
    lines: (at) => [`RevokedHostKeys ${at.write("revoked", `${strangerKey()}\n`)}`],
    ssh: "connects",
    kind: "openssh",
  },
  {
    title: "KnownHostsCommand vouches, by OpenSSH",
    server: plain,
    lines: () => [`KnownHostsCommand /bin/echo ${keysOf(plain())[0]}`],
    known: nothing,
    ssh: "connects",
    kind: "openssh",
  },
  {
    title: "VerifyHostKeyDNS finds nothing, by OpenSSH",
    server: plain,
    lines: () => ["VerifyHostKeyDNS yes"],
    known: nothing,
    ssh: "refuses",
    kind: "openssh",
  },
  {
    title: "a certificate authority of known_hosts vouches",
    server: ca,
    known: () => [`@cert-authority [127.0.0.1]:* ${authorityKey()}`],
    ssh: "connects",
  },
  {
    title: "a revoked certificate authority does not vouch",
    server: ca,
    known: () => [`@cert-authority [127.0.0.1]:* ${authorityKey()}`, `@revoked * ${authorityKey()}`],
    ssh: "refuses",
  },
  {
    title: "CASignatureAlgorithms without the authority's",
    server: ca,
    lines: () => ["CASignatureAlgorithms rsa-sha2-512"],
    known: () => [`@cert-authority [127.0.0.1]:* ${authorityKey()}`],
    ssh: "refuses",
    kind: "openssh",
  },
];

const LOGIN: Row[] = [
  {
    title: "PubkeyAuthentication no uses no key",
    server: plain,
    lines: () => ["PubkeyAuthentication no"],
    ssh: "refuses",
  },
  {
    title: "PreferredAuthentications password uses no key",
    server: plain,
    lines: () => ["PreferredAuthentications password"],
    ssh: "refuses",
  },
  {
    title: "a private key that others may read is ignored, with a warning",
    server: plain,
    identity: (at) => {
      copyFileSync(plain().key, join(at.folder, "open"));
      chmodSync(join(at.folder, "open"), 0o644);
      return [join(at.folder, "open")];
    },
    ssh: "refuses",
    notice: /the key .*open is ignored: its mode 0644 lets other users read it/,
  },
  {
    title: "an RSA key logs in",
    server: rsa,
    identity: () => [join(rsa().folder, "rsa")],
    ssh: "connects",
    kind: "ssh2",
  },
  {
    title: "an RSA key does not sign with SHA-1",
    server: sha1,
    identity: () => [join(sha1().folder, "rsa")],
    ssh: "refuses",
  },
  {
    title: "RequiredRSASize ignores a smaller key of the user",
    server: plain,
    lines: () => ["RequiredRSASize 4096"],
    identity: () => [join(rsa().folder, "rsa")],
    ssh: "refuses",
  },
  {
    title: "PubkeyAcceptedAlgorithms without the key's",
    server: plain,
    lines: () => ["PubkeyAcceptedAlgorithms rsa-sha2-512"],
    ssh: "refuses",
    kind: "openssh",
  },
  {
    title: "CertificateFile logs in, by OpenSSH",
    server: ca,
    identity: () => [ca().strangerKey],
    lines: () => [`CertificateFile ${ca().strangerKey}-cert.pub`],
    ssh: "connects",
    kind: "openssh",
  },
];

const ALGORITHMS: Row[] = [
  ["Ciphers without the server's", "aes256-ctr", "aes128-ctr"],
  ["MACs without the server's", "hmac-sha2-256", "hmac-sha2-512"],
  ["KexAlgorithms without the server's", "curve25519-sha256", "ecdh-sha2-nistp256"],
]
  .map((cells) => [...cells, cells[0]!.split(" ")[0]!])
  .flatMap(([title, theirs, ours, option]): Row[] => [
    {
      title: title!,
      server: limited,
      lines: () => [`${option} ${theirs}`],
      ssh: "refuses",
      says: /no algorithm in common/,
    },
    {
      title: `${option} with the server's`,
      server: limited,
      lines: () => [`${option} ${ours}`],
      ssh: "connects",
      kind: "ssh2",
    },
  ]);

const OTHERS: Row[] = [
  {
    title: "MACs that ssh2 lacks",
    server: plain,
    lines: () => ["MACs umac-64@openssh.com"],
    ssh: "connects",
    kind: "openssh",
  },
  { title: "RekeyLimit, by OpenSSH", server: plain, lines: () => ["RekeyLimit 1M"], ssh: "connects", kind: "openssh" },
];

/** A jump host "gate", which is the plain server too, with a known_hosts file of its own. */
function gate(...lines: string[]): (at: Place) => string[] {
  return (at) => {
    const known = at.write(
      "gate",
      keysOf(plain())
        .map((line) => `${line}\n`)
        .join(""),
    );
    const all = [...lines, "HostName 127.0.0.1", `Port ${plain().port}`, `UserKnownHostsFile ${known}`];
    return ["Host gate", ...all.map((line) => line.replaceAll("{folder}", at.folder))];
  };
}

/** A ProxyCommand that says that it ran. */
const PROXY = `import { connect } from "node:net";
import { writeFileSync } from "node:fs";
const [host, port, mark] = process.argv.slice(2);
writeFileSync(mark, "");
const socket = connect(Number(port), host);
process.stdin.pipe(socket);
socket.pipe(process.stdout);
`;

const THROUGH: PlainRow[] = [
  { title: "ProxyJump: each hop by its own configuration: both known", blocks: gate(), ssh: "connects", kind: "ssh2" },
  ...["no", "accept-new"].map(
    (policy): PlainRow => ({
      title: `ProxyJump: each hop by its own configuration: the target's ${policy} is not the jump's`,
      lines: () => [`StrictHostKeyChecking ${policy}`],
      blocks: gate("StrictHostKeyChecking yes", "UserKnownHostsFile {folder}/empty"),
      ssh: "refuses",
      says: /is not known/,
      after: (at) => assert.is(textOf(join(at.folder, "empty")), ""),
    }),
  ),
  {
    title: "ProxyJump: the jump's accept-new records its key",
    blocks: gate("StrictHostKeyChecking accept-new", "UserKnownHostsFile {folder}/empty"),
    ssh: "connects",
    notice: /recorded the key/,
    after: (at) => assert.match(textOf(join(at.folder, "empty")), plain().hostKey("ed25519")),
  },
  {
    title: "ProxyJump: a jump that says StrictHostKeyChecking no is refused",
    blocks: gate("StrictHostKeyChecking no"),
    ssh: "connects",
    ours: "refuses",
    says: /gate, a jump host of target, says StrictHostKeyChecking no/,
  },
  {
    title: "ProxyJump: the jump's RevokedHostKeys counts",
    blocks: (at) => gate(`RevokedHostKeys ${at.write("revoked", `${plain().hostKey("ed25519")}\n`)}`)(at),
    ssh: "refuses",
    kind: "openssh",
  },
  {
    title: "ProxyJump: the jump's ProxyCommand is run",
    blocks: (at) => {
      at.write("proxy.mjs", PROXY);
      return gate(`ProxyCommand ${process.execPath} {folder}/proxy.mjs %h %p {folder}/ran`)(at);
    },
    ssh: "connects",
    kind: "openssh",
    after: (at, who) => assert.is(existsSync(join(at.folder, "ran")), true, who),
  },
  {
    title: "ProxyJump: --known-hosts counts for the destination only",
    blocks: gate("UserKnownHostsFile {folder}/empty"),
    flags: (at) => ({ knownHosts: [at.userFile] }),
    ssh: "refuses",
  },
  {
    title: "ProxyJump: --accept-new counts for the destination only",
    blocks: gate("UserKnownHostsFile {folder}/empty"),
    flags: () => ({ acceptNew: true }),
    ssh: "refuses",
  },
  {
    title: "ProxyJump: --ssh-option counts for the destination only",
    blocks: gate("UserKnownHostsFile {folder}/empty"),
    flags: () => ({ settings: ["StrictHostKeyChecking=accept-new"] }),
    ssh: "refuses",
  },
  {
    title: "ProxyJump: an identity of the command line is not the jump's",
    identity: () => [plain().strangerKey],
    blocks: gate(),
    flags: () => ({ identity: [plain().key] }),
    ssh: "refuses",
  },
  {
    title: "ProxyJump: of several hops the first one's own ProxyJump counts",
    lines: () => ["ProxyJump gate,second"],
    blocks: (at) => [
      ...gate("ProxyJump outer")(at),
      ...gate("ProxyJump nowhere.invalid")(at).map((line) => line.replace("Host gate", "Host second")),
      ...gate()(at).map((line) => line.replace("Host gate", "Host outer")),
    ],
    ssh: "connects",
    kind: "ssh2",
  },
];
const JUMPS = THROUGH.map(
  (row): Row => ({ server: plain, ...row, lines: (at) => [...(row.lines?.(at) ?? []), "ProxyJump gate"] }),
);

const COMMAND_LINE: Row[] = withPlain([
  {
    title: "--jump goes through the host that it names",
    blocks: gate("UserKnownHostsFile {folder}/empty"),
    sshArguments: () => ["-J", "gate"],
    flags: () => ({ jump: "gate" }),
    ssh: "refuses",
    says: /is not known/,
  },
  {
    title: "--jump none goes through no host",
    lines: () => ["ProxyJump nowhere.invalid"],
    sshArguments: () => ["-J", "none"],
    flags: () => ({ jump: "none" }),
    ssh: "connects",
  },
  {
    title: "--user and --port count before the configuration",
    lines: () => ["User nobody-here", "Port 1"],
    sshArguments: () => ["-l", userInfo().username, "-p", String(plain().port)],
    flags: () => ({ user: userInfo().username, port: plain().port }),
    ssh: "connects",
  },
  {
    title: "--identity counts before the configuration",
    identity: () => [plain().strangerKey],
    sshArguments: () => ["-i", plain().key],
    flags: () => ({ identity: [plain().key] }),
    ssh: "connects",
  },
  {
    title: "--ssh-option counts before the configuration",
    lines: () => ["StrictHostKeyChecking yes"],
    known: nothing,
    sshArguments: () => ["-o", "StrictHostKeyChecking=accept-new"],
    flags: () => ({ settings: ["StrictHostKeyChecking=accept-new"] }),
    ssh: "connects",
    after: (at) => assert.ok(isRecorded(at)),
  },
]);

/** Every policy of a jump and of its target, with every state of their keys. */
function matrix(): Row[] {
  const policies = ["yes", "ask", "accept-new", "no"];
  const states = ["known", "new", "changed"];
  const pass = (policy: string, state: string) =>
    state === "known" || policy === "no" || state + policy === "newaccept-new";
  const stricter = (policy: string, state: string) => policy === "no" && state === "changed";
  const all = policies.flatMap((jump) =>
    policies.flatMap((target) =>
      states.flatMap((jumpKey) => states.map((targetKey) => ({ jump, target, jumpKey, targetKey }))),
    ),
  );
  const lines: Record<string, () => string[]> = {
    known: () => keysOf(plain()),
    new: nothing,
    changed: () => [`${name()} ${strangerKey()}`],
  };
  return all.map(({ jump, target, jumpKey, targetKey }): Row => {
    // With a changed key, ssh itself goes on with "no", but forwards nothing.
    const connects = jumpKey !== "changed" && pass(jump, jumpKey) && pass(target, targetKey);
    const ours = connects && jump !== "no" && !stricter(target, targetKey);
    return {
      title: `matrix: a jump with ${jump} and a ${jumpKey} key, a target with ${target} and a ${targetKey} key`,
      server: plain,
      known: lines[targetKey]!,
      lines: () => [`StrictHostKeyChecking ${target}`, "ProxyJump gate"],
      blocks: (at) => {
        at.write(
          "jump",
          lines[jumpKey]!()
            .map((line) => `${line}\n`)
            .join(""),
        );
        return gate(`StrictHostKeyChecking ${jump}`, "UserKnownHostsFile {folder}/jump")(at);
      },
      ssh: connects ? "connects" : "refuses",
      ...(connects && !ours ? { ours: "refuses" as const } : {}),
    };
  });
}

/** Of 144, one in 23, or all with SSH_MATRIX=1. */
const MATRIX = matrix().filter((_, index) => process.env.SSH_MATRIX || index % 23 === 5);

const ROWS: Row[] = [
  ...MATRIX,
  ...COMMAND_LINE,
  ...JUMPS,
  ...POLICIES,
  ...RECORDS,
  ...KEYS,
  ...LOGIN,
  ...ALGORITHMS,
  ...OTHERS,
];
let outcomes: Map<Row, Promise<void>>;
for (const row of ROWS) test(row.title, () => outcomes.get(row)!);

test.run();
