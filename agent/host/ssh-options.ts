// Every option of ssh_config(5), and who honours it. A row says whether the option bears on security, and what happens
// with it here:
//
//   ssh2     the built-in client honours it; `lacks` names what it cannot do
//   openssh  only OpenSSH honours it: the run goes by the OpenSSH transport, or is refused by name
//   reader   it is resolved when the configuration is read: by `ssh -G`, or by config-files.ts
//   unused   it changes nothing that we do, for the reason given
//
// An option counts where its value differs from what `ssh -F none -G` says; without an ssh binary, from `standard` or
// from absence. An option that is not in the table is one of a newer ssh: only that ssh can honour it.
//
// The tables of docs/ssh.md are made of these rows; the test of each is found by its name.

import { existsSync, readFileSync } from "node:fs";
import { type Algorithms, unsupported } from "./algorithms.ts";
import { mayHaveTicket } from "./kerberos.ts";
import { type HostConfig, isOff, isOn } from "./ssh-settings.ts";

/** One option. */
export interface SshOption {
  name: string;
  by: "ssh2" | "openssh" | "reader" | "unused";
  /** What we do with it, for the documentation. */
  what: string;
  /** The test that shows it; options that bear on security have one. */
  test?: string;
  /** The value that it has in no configuration, where that is not absence. */
  standard?: string;
  /** What the built-in client cannot do with this value; null for what it can. */
  lacks?: (value: string, config: HostConfig) => string | null;
}

const LOOP = "sends what only OpenSSH honours to it, or refuses it by name";
const RESOLVED = "without an ssh program, what only ssh can resolve is refused by name";
const TICKET = "GSSAPIAuthentication counts where there may be a Kerberos ticket";
const LEFT = "ignores what changes nothing here";

const ssh2 = (name: string, what: string, test: string, lacks?: SshOption["lacks"]): SshOption => ({
  name,
  by: "ssh2",
  what,
  test,
  ...(lacks ? { lacks } : {}),
});
const openssh = (name: string, what: string, more: { standard?: string; test?: string } = {}): SshOption => ({
  name,
  by: "openssh",
  what,
  test: LOOP,
  ...more,
});
const secure = (name: string, what: string): SshOption => ({ name, by: "unused", what, test: LEFT });
const unused = (name: string, what: string): SshOption => ({ name, by: "unused", what });
const reader = (name: string, what: string, test: string): SshOption => ({ name, by: "reader", what, test });

const algorithms =
  (kind: keyof Algorithms): SshOption["lacks"] =>
  (value) => {
    const missing = unsupported(kind, value);
    return missing.length === 0 ? null : `the algorithm ${missing[0]}`;
  };

const FORWARD = "nothing is forwarded";
const KERBEROS = "counts only with GSSAPIAuthentication or GSSAPIKeyExchange";
const MASTER = "a running master connection is used by OpenSSH, and none is started";
const TERMINAL = "commands have no terminal";
const AGAINST = "agrees with ssh -G about";
const LOGIN = "offers what the configuration allows";

const HOST_KEYS: SshOption[] = [
  ssh2("StrictHostKeyChecking", "`no` is treated as `accept-new`, with a warning", "host keys: each policy"),
  ssh2("UserKnownHostsFile", "`none` and /dev/null record nothing", "UserKnownHostsFile none records nothing"),
  ssh2("GlobalKnownHostsFile", "with --known-hosts only its @revoked lines", "@revoked of the global file"),
  ssh2("HashKnownHosts", "recorded names are hashed", "HashKnownHosts hashes what is recorded"),
  ssh2("HostKeyAlias", "the name that known_hosts is asked for", "HostKeyAlias is asked for"),
  ssh2("HostKeyAlgorithms", "as given", "HostKeyAlgorithms without the server's", algorithms("serverHostKey")),
  ssh2("RequiredRSASize", "host keys and the user's own", "RequiredRSASize refuses a smaller host key"),
  openssh("RevokedHostKeys", "a missing or unreadable file refuses every host", {
    test: "RevokedHostKeys refuses every host",
  }),
  openssh("KnownHostsCommand", "runs it", { test: "KnownHostsCommand vouches" }),
  openssh("VerifyHostKeyDNS", "asks DNS for fingerprints", { standard: "no", test: "VerifyHostKeyDNS finds" }),
  openssh("CheckHostIP", "also checks the address", { standard: "no" }),
  openssh("CASignatureAlgorithms", "signatures of host certificates", { test: "CASignatureAlgorithms without" }),
  secure("NoHostAuthenticationForLocalhost", "localhost's key is checked too"),
  secure("UpdateHostKeys", "the server adds no keys to known_hosts"),
  unused("FingerprintHash", "messages show SHA256"),
  unused("VisualHostKey", "messages show SHA256"),
];

const LOG_IN: SshOption[] = [
  ssh2("PubkeyAuthentication", "`yes` and `no`", LOGIN, (value) =>
    /^(yes|no|true|false)$/.test(value) ? null : `the value ${value}`,
  ),
  ssh2("PasswordAuthentication", "", LOGIN),
  ssh2("KbdInteractiveAuthentication", "", LOGIN),
  openssh("KbdInteractiveDevices", "names the server's devices"),
  ssh2("BatchMode", "nothing is asked", LOGIN),
  ssh2("NumberOfPasswordPrompts", "for passwords and passphrases", LOGIN),
  ssh2("PreferredAuthentications", "the order, and what is left out", LOGIN),
  ssh2("IdentityFile", "certificates beside a key and FIDO keys need OpenSSH", "keys of a running ssh-agent are used"),
  ssh2("IdentitiesOnly", "the agent offers only named keys", "keys of a running ssh-agent are used"),
  ssh2("IdentityAgent", "", "keys of a running ssh-agent are used"),
  openssh("CertificateFile", "the user's certificates", { test: "CertificateFile logs in" }),
  openssh("PubkeyAcceptedAlgorithms", "signature algorithms of keys; without it no RSA with SHA-1", {
    test: "PubkeyAcceptedAlgorithms without",
  }),
  openssh("HostbasedAuthentication", "", { standard: "no" }),
  unused("HostbasedAcceptedAlgorithms", "counts only with HostbasedAuthentication"),
  unused("EnableSSHKeysign", "counts only with HostbasedAuthentication"),
  ssh2("GSSAPIAuthentication", "tried where there may be a Kerberos ticket, by OpenSSH", TICKET, (value) =>
    isOn(value) && mayHaveTicket() ? "a Kerberos ticket" : null,
  ),
  openssh("GSSAPIKeyExchange", "", { standard: "no" }),
  ...["ClientIdentity", "DelegateCredentials", "RenewalForcesRekey", "ServerIdentity", "TrustDns", "KexAlgorithms"].map(
    (name) => unused(`GSSAPI${name}`, KERBEROS),
  ),
  openssh("PKCS11Provider", "keys on a token"),
  openssh("SecurityKeyProvider", "keys on a FIDO token", { standard: "internal" }),
  secure("AddKeysToAgent", "no key is added to an agent"),
  secure("ForwardAgent", "the agent is never forwarded"),
  unused("UseKeychain", "no passphrase is stored"),
];

const CONNECTION: SshOption[] = [
  ssh2("Ciphers", "as given", "Ciphers without the server's", algorithms("cipher")),
  ssh2("MACs", "as given", "MACs without the server's", algorithms("hmac")),
  ssh2("KexAlgorithms", "as given", "KexAlgorithms without the server's", algorithms("kex")),
  openssh("RekeyLimit", "", { standard: "default none", test: "RekeyLimit, by OpenSSH" }),
  ssh2("ProxyJump", "each hop by its own configuration", "ProxyJump: each hop by its own configuration"),
  openssh("ProxyCommand", "runs it", { test: "the jump's ProxyCommand is run" }),
  unused("ProxyUseFdpass", "counts only with ProxyCommand"),
  ssh2("HostName", "", `${AGAINST} tokens`),
  ssh2("Port", "", `${AGAINST} single settings`),
  ssh2("User", "", `${AGAINST} single settings`),
  ssh2("AddressFamily", "", `${AGAINST} single settings`),
  ssh2("BindAddress", "", `${AGAINST} single settings`),
  openssh("BindInterface", ""),
  ssh2("ConnectTimeout", "each step of connecting has this limit, 20 s without it", "a limit for each step"),
  openssh("ConnectionAttempts", "", { standard: "1" }),
  ssh2("ServerAliveInterval", "5 s without it", `${AGAINST} single settings`),
  ssh2("ServerAliveCountMax", "", `${AGAINST} single settings`),
  openssh("ChannelTimeout", ""),
  openssh("RefuseConnection", "ssh prints its message and refuses"),
  openssh("VersionAddendum", ""),
  unused("TCPKeepAlive", "the connection has a heartbeat of its own"),
  unused("Compression", "the agent's frames are small; OpenSSH compresses if told"),
  unused("IPQoS", "priority in the network"),
  unused("ObscureKeystrokeTiming", "nobody types"),
  unused("WarnWeakCrypto", "a warning only"),
];

const MATCHING: SshOption[] = [
  reader("Host", "", `${AGAINST} which lines count`),
  reader(
    "Match",
    "what is not understood refuses the file, where there is no ssh program",
    `${AGAINST} which lines count`,
  ),
  reader("Include", "", `${AGAINST} which lines count`),
  reader("IgnoreUnknown", "", `${AGAINST} which lines count`),
  reader("Tag", "for `Match tagged`, by ssh -G", RESOLVED),
  ...["CanonicalizeHostname", "CanonicalDomains", "CanonicalizeFallbackLocal"].map((name) =>
    reader(name, "by ssh -G; refused where there is no ssh program", RESOLVED),
  ),
  ...["CanonicalizeMaxDots", "CanonicalizePermittedCNAMEs"].map((name) =>
    reader(name, "by ssh -G; refused where there is no ssh program", RESOLVED),
  ),
];

const SESSION: SshOption[] = [
  ...["DynamicForward", "LocalForward", "RemoteForward", "ForwardX11", "ForwardX11Timeout", "ForwardX11Trusted"].map(
    (name) => secure(name, FORWARD),
  ),
  ...["GatewayPorts", "PermitRemoteOpen", "ExitOnForwardFailure", "ClearAllForwardings", "XAuthLocation"].map((name) =>
    unused(name, FORWARD),
  ),
  ...["StreamLocalBindMask", "StreamLocalBindUnlink", "TunnelDevice"].map((name) => unused(name, FORWARD)),
  secure("Tunnel", "no tunnel is opened"),
  secure("LocalCommand", "never run"),
  secure("PermitLocalCommand", "never run"),
  secure("RemoteCommand", "the agent is run instead"),
  ssh2("ControlPath", MASTER, "a master connection that runs"),
  unused("ControlMaster", MASTER),
  unused("ControlPersist", MASTER),
  unused("SendEnv", "the agent reads no variable of the login"),
  unused("SetEnv", "the agent reads no variable of the login"),
  ...["RequestTTY", "EscapeChar", "EnableEscapeCommandline", "SessionType", "StdinNull"].map((name) =>
    unused(name, TERMINAL),
  ),
  unused("ForkAfterAuthentication", TERMINAL),
  unused("LogLevel", "our own messages"),
  unused("LogVerbose", "our own messages"),
  unused("SyslogFacility", "our own messages"),
];

/** All options, in groups. */
export const SSH_OPTIONS: Record<string, SshOption[]> = {
  "Host keys": HOST_KEYS,
  "Log-in": LOG_IN,
  "The connection": CONNECTION,
  "Which lines count": MATCHING,
  "The session": SESSION,
};

const BY_NAME = new Map(
  Object.values(SSH_OPTIONS)
    .flat()
    .map((row) => [row.name.toLowerCase(), row]),
);

/** The row of an option, by its name in any case. */
export function findOption(name: string): SshOption | undefined {
  return BY_NAME.get(name.toLowerCase());
}

/** Why a host needs the system's ssh. */
export interface Need {
  /** As messages name it: "ProxyCommand". */
  what: string;
  /** Something beside the configuration: the built-in client can go on without it. */
  optional?: boolean;
}

/** What of a configuration the built-in client does not honour; null if it honours all. */
export function needsOpenssh(config: HostConfig): Need | null {
  for (const [name, values] of config.settings) {
    const what = lacking(name, values, config);
    if (what !== null) return { what };
  }
  if (config.identities.some((file) => existsSync(`${file}-cert.pub`))) {
    return { what: "a user certificate", optional: true };
  }
  if (config.identities.some(isHardwareKey)) return { what: "a FIDO key", optional: true };
  const control = config.settings.get("controlpath")?.[0];
  if (control !== undefined && control !== "none" && existsSync(control)) {
    return { what: "a running master connection", optional: true };
  }
  return null;
}

function lacking(name: string, values: string[], config: HostConfig): string | null {
  const row = findOption(name);
  if (row?.by === "unused" || !counts(name, values, row, config)) return null;
  if (row === undefined) return name;
  if (row.by === "openssh") return row.name;
  // The binary has resolved these already.
  if (row.by === "reader") return config.standard === null && !isOff(values[0]) ? row.name : null;
  const lack = row.lacks?.(values[0] ?? "", config) ?? null;
  return lack === null ? null : `${row.name} with ${lack}`;
}

/** Options whose value `ssh -G` derives from the host itself or from other options. */
const DERIVED = new Set(["host", "hostname", "user"]);

function counts(name: string, values: string[], row: SshOption | undefined, config: HostConfig): boolean {
  if (DERIVED.has(name)) return row?.lacks !== undefined;
  const same = (a: string, b: string) => plain(a) === plain(b);
  const standard = config.standard === null ? row?.standard?.split("|") : config.standard.get(name);
  // "no" and "none" are what an option says that is not there; a few options have another standard.
  if (standard === undefined) return !isOff(values[0]);
  return values.length !== standard.length || values.some((value, i) => !same(value, standard[i]!));
}

/** `ssh -G` prints some flags as true and false. */
function plain(value: string): string {
  const lower = value.toLowerCase();
  return { true: "yes", false: "no" }[lower] ?? lower;
}

function isHardwareKey(file: string): boolean {
  try {
    return /^sk-(ssh|ecdsa)/.test(readFileSync(`${file}.pub`, "latin1"));
  } catch {
    return false;
  }
}
