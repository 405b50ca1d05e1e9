// The user's ssh configuration for one host: the output of `ssh -G` if there is an ssh binary, else what the files say
// (config-files.ts). Both have the same form, so no other file knows where a setting comes from.
//
// What `ssh -F none -G` prints is kept beside it: a setting counts as the user's where the two differ (ssh-options.ts).

import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { HostAddress } from "./address.ts";
import { readConfigFiles } from "./config-files.ts";
import { printable } from "./printable.ts";
import {
  type ConfigSource,
  type HostConfig,
  type HostKeyPolicy,
  isOn,
  type LoginRules,
  type Settings,
  splitPaths,
} from "./ssh-settings.ts";
import { expandHome, expandPath, userHome } from "./ssh-tokens.ts";
import { TransportError } from "./transport.ts";

/** Names of the keys that are tried when the configuration names none. */
const DEFAULT_IDENTITIES = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"];

const KEEPALIVE_MS = 5000;

/** Finds what the configuration says about a host. */
export async function readHostConfig(address: HostAddress, source: ConfigSource = {}): Promise<HostConfig> {
  const binary = source.sshBinary === undefined ? "ssh" : source.sshBinary;
  if (binary !== null) {
    const [settings, standard] = await Promise.all([askSsh(binary, address, source), askStandard(binary)]);
    if (settings && standard) return toHostConfig(address, settings, standard);
  }
  return toHostConfig(address, readConfigFiles(address, source), null);
}

/** ssh's arguments for what the command line said about a host, before any of ours. */
export function sourceArguments(address: HostAddress, source: ConfigSource): string[] {
  const args: string[] = [];
  if (source.configFile !== undefined) args.push("-F", source.configFile);
  if (source.jump !== undefined) args.push("-o", `ProxyJump=${source.jump}`);
  if (address.port !== undefined) args.push("-p", String(address.port));
  if (address.user !== undefined) args.push("-l", address.user);
  for (const file of source.identity ?? []) args.push("-i", file.replaceAll("%", "%%"));
  for (const setting of source.settings ?? []) args.push("-o", setting);
  return args;
}

/** Runs `ssh -G`; null if there is no ssh binary. */
async function askSsh(binary: string, address: HostAddress, source: ConfigSource): Promise<Settings | null> {
  const args = ["-G", "-T", ...sourceArguments(address, source), "--", address.host];
  const { error, stdout, stderr } = await runFile(binary, args);
  if (error?.code === "ENOENT") return null;
  if (error) {
    const lines = stderr
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("Warning: Identity file"));
    const reason = printable(lines.slice(0, 2).join("; ").replaceAll("\r", "") || error.message);
    throw new TransportError("usage", `ssh does not accept its configuration for ${address.host}: ${reason}`);
  }
  return readSettings(stdout);
}

const standards = new Map<string, Promise<Settings | null>>();

/** What ssh says without any configuration; it is asked once. */
function askStandard(binary: string): Promise<Settings | null> {
  const known = standards.get(binary) ?? askSsh(binary, { host: "host" }, { configFile: "none" });
  standards.set(binary, known);
  return known;
}

function readSettings(text: string): Settings {
  const settings: Settings = new Map();
  for (const line of text.split("\n")) {
    const blank = line.indexOf(" ");
    if (blank <= 0) continue;
    const key = line.slice(0, blank).toLowerCase();
    settings.set(key, [...(settings.get(key) ?? []), line.slice(blank + 1).trim()]);
  }
  return settings;
}

function runFile(binary: string, args: string[]) {
  return new Promise<{ error: NodeJS.ErrnoException | null; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(binary, args, { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ error: error as NodeJS.ErrnoException | null, stdout, stderr }),
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end();
  });
}

/** A reader of single values: undefined for what is not set, or set to "none". */
function reader(settings: Settings): (name: string) => string | undefined {
  return (name) => {
    const value = settings.get(name)?.[0];
    return value === undefined || value.toLowerCase() === "none" ? undefined : value;
  };
}

function toHostConfig(address: HostAddress, settings: Settings, standard: Settings | null): HostConfig {
  const first = reader(settings);
  const host = first("hostname") ?? address.host;
  const user = address.user ?? first("user") ?? userInfo().username;
  const port = address.port ?? Number(first("port") ?? 22);
  const place = { host, user, port, alias: address.host, keyAlias: first("hostkeyalias"), jump: first("proxyjump") };
  const expand = (path: string) => expandPath(path, place);
  const alreadyExpanded = isExpanded(standard);
  const files = (name: string, fallback: string) =>
    splitPaths((settings.get(name) ?? [fallback]).join(" ")).filter((file) => file !== "none");
  const config: HostConfig = {
    alias: address.host,
    host,
    port,
    user,
    identities: (settings.get("identityfile") ?? defaultIdentities()).filter((file) => file !== "none").map(expand),
    identitiesOnly: isOn(first("identitiesonly")),
    agent: agentSocket(settings.get("identityagent")?.[0], alreadyExpanded ? (path) => path : expand),
    userKnownHosts: files("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2").map((file) =>
      alreadyExpanded ? file : expand(file),
    ),
    globalKnownHosts: files("globalknownhostsfile", GLOBAL_KNOWN_HOSTS).map(expandHome),
    onlyRevokedOfGlobal: false,
    hashKnownHosts: isOn(first("hashknownhosts")),
    hostKeyPolicy: policyOf(first("stricthostkeychecking") ?? "ask"),
    requiredRsaBits: Number(first("requiredrsasize") ?? 1024),
    login: loginRules(settings),
    proxyJump: (first("proxyjump") ?? "").split(",").filter((hop) => hop !== ""),
    family: { inet: 4, inet6: 6 }[first("addressfamily") ?? "any"] ?? 0,
    ...timing(first),
    settings,
    standard,
  };
  const bind = first("bindaddress");
  if (bind !== undefined) config.bindAddress = bind;
  if (place.keyAlias !== undefined) config.hostKeyAlias = place.keyAlias;
  return config;
}

/** Whether this ssh expands the tokens of paths before -G prints them; to do it twice would give another file. */
function isExpanded(standard: Settings | null): boolean {
  return standard?.get("userknownhostsfile")?.[0]?.startsWith("~") === false;
}

function timing(first: (name: string) => string | undefined) {
  const interval = Number(first("serveraliveinterval") ?? 0);
  // Debian's ssh sets this for BatchMode, for want of anything that would notice a dead connection; we have our own.
  const alive = isOn(first("batchmode")) && interval === 300 ? 0 : interval;
  const count = Number(first("serveralivecountmax") ?? 3);
  const limit = Number(first("connecttimeout") ?? 0);
  return {
    keepaliveMs: alive > 0 ? alive * 1000 : KEEPALIVE_MS,
    keepaliveCount: count > 0 ? count : 3,
    ...(limit > 0 ? { connectTimeoutMs: limit * 1000 } : {}),
  };
}

function loginRules(settings: Settings): LoginRules {
  const value = (name: string) => settings.get(name)?.[0];
  const preferred = value("preferredauthentications") ?? "publickey,keyboard-interactive,password";
  return {
    batch: isOn(value("batchmode")),
    publicKey: !/^(no|false)$/.test(value("pubkeyauthentication") ?? "yes"),
    password: isOn(value("passwordauthentication") ?? "yes"),
    interactive: isOn(value("kbdinteractiveauthentication") ?? "yes"),
    prompts: Number(value("numberofpasswordprompts") ?? 3),
    preferred: preferred.split(",").map((name) => name.trim()),
  };
}

/** Every spelling that ssh has; what is none of them must not make anything more permissive. */
function policyOf(value: string): HostKeyPolicy {
  if (/^(no|false|off)$/.test(value)) return "no";
  if (/^(accept-new|ask)$/.test(value)) return value as HostKeyPolicy;
  return "yes";
}

const GLOBAL_KNOWN_HOSTS = process.platform === "win32" ? "" : "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2";

function defaultIdentities(): string[] {
  return DEFAULT_IDENTITIES.map((name) => join(userHome(), ".ssh", name));
}

function agentSocket(setting: string | undefined, expand: (path: string) => string): string | null {
  const environment = process.env.SSH_AUTH_SOCK || (process.platform === "win32" ? WINDOWS_AGENT : null);
  if (setting === "none") return null;
  if (setting === undefined || setting === "SSH_AUTH_SOCK") return environment;
  // "$NAME" is a variable that holds the path; "${NAME}/x" is a path with a variable in it.
  return /^\$\w/.test(setting) ? (process.env[setting.slice(1)] ?? null) : expand(setting);
}

/** The pipe of Windows' own ssh-agent service. */
const WINDOWS_AGENT = "\\\\.\\pipe\\openssh-ssh-agent";
