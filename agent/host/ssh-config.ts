// The user's ssh configuration for one host: the output of `ssh -G` if there is an ssh binary, else what the files say
// (config-files.ts). Both have the same form, so no other file knows where a setting comes from.

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import type { HostAddress } from "./address.ts";
import { readConfigFiles } from "./config-files.ts";
import { TransportError } from "./transport.ts";

/** What the configuration says about one host. */
export interface HostConfig {
  /** The name as the user typed it. */
  alias: string;
  host: string;
  port: number;
  user: string;
  /** The name known_hosts is asked for, if not `host`. */
  hostKeyAlias?: string;
  identities: string[];
  identitiesOnly: boolean;
  /** The agent's socket; null for none. */
  agent: string | null;
  /** The first file is the one that new keys are recorded in. */
  knownHosts: string[];
  hashKnownHosts: boolean;
  strictHostKey: string;
  proxyJump: string[];
  /** 4 or 6; 0 for both. */
  family: number;
  bindAddress?: string;
  connectTimeoutMs?: number;
  keepaliveMs: number;
  /** Settings as ssh spells them, in lower case; each with all its values. */
  settings: Map<string, string[]>;
}

/** Where the configuration comes from; all of it has defaults. */
export interface ConfigSource {
  /** One configuration file instead of the user's and the system's, as `ssh -F`. */
  configFile?: string;
  /** The ssh binary; null to read the files instead of asking it. */
  sshBinary?: string | null;
}

/** Names of the keys that are tried when the configuration names none. */
const DEFAULT_IDENTITIES = ["id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk"];

const KEEPALIVE_MS = 5000;

/** Finds what the configuration says about a host. */
export async function readHostConfig(address: HostAddress, source: ConfigSource = {}): Promise<HostConfig> {
  const binary = source.sshBinary === undefined ? "ssh" : source.sshBinary;
  const settings =
    (binary === null ? null : await askSsh(binary, address, source.configFile)) ??
    readConfigFiles(address, source.configFile);
  return toHostConfig(address, settings);
}

/** Runs `ssh -G`; null if there is no ssh binary. */
async function askSsh(binary: string, address: HostAddress, configFile?: string) {
  const args = ["-G"];
  if (configFile !== undefined) args.push("-F", configFile);
  if (address.port !== undefined) args.push("-p", String(address.port));
  if (address.user !== undefined) args.push("-l", address.user);
  args.push("--", address.host);
  const { error, stdout, stderr } = await runFile(binary, args);
  if (error?.code === "ENOENT") return null;
  if (error) {
    const reason = stderr.trim().split("\n")[0] || error.message;
    throw new TransportError("usage", `ssh does not accept its configuration for ${address.host}: ${reason}`);
  }
  const settings = new Map<string, string[]>();
  for (const line of stdout.split("\n")) {
    const blank = line.indexOf(" ");
    if (blank > 0) addSetting(settings, line.slice(0, blank), line.slice(blank + 1).trim());
  }
  return settings;
}

function runFile(binary: string, args: string[]) {
  return new Promise<{ error: NodeJS.ErrnoException | null; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(binary, args, { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ error: error as NodeJS.ErrnoException | null, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

function addSetting(settings: Map<string, string[]>, name: string, value: string) {
  const key = name.toLowerCase();
  const values = settings.get(key);
  if (values) values.push(value);
  else settings.set(key, [value]);
}

function toHostConfig(address: HostAddress, settings: Map<string, string[]>): HostConfig {
  const first = (name: string) => {
    const value = settings.get(name)?.[0];
    return value === undefined || value === "none" ? undefined : value;
  };
  const host = first("hostname") ?? address.host;
  const user = address.user ?? first("user") ?? userInfo().username;
  const port = address.port ?? Number(first("port") ?? 22);
  const expand = (path: string) => expandPath(path, { host, user, port, alias: address.host });
  const alive = Number(first("serveraliveinterval") ?? 0);
  const config: HostConfig = {
    alias: address.host,
    host,
    port,
    user,
    identities: (settings.get("identityfile") ?? defaultIdentities()).filter((file) => file !== "none").map(expand),
    identitiesOnly: first("identitiesonly") === "yes",
    agent: agentSocket(settings.get("identityagent")?.[0], expand),
    knownHosts: knownHostsFiles(settings).map(expand),
    hashKnownHosts: first("hashknownhosts") === "yes",
    strictHostKey: first("stricthostkeychecking") ?? "ask",
    proxyJump: (first("proxyjump") ?? "").split(",").filter((hop) => hop !== ""),
    keepaliveMs: alive > 0 ? alive * 1000 : KEEPALIVE_MS,
    family: { inet: 4, inet6: 6 }[first("addressfamily") ?? "any"] ?? 0,
    settings,
  };
  const bind = first("bindaddress");
  if (bind !== undefined) config.bindAddress = bind;
  const alias = first("hostkeyalias");
  if (alias !== undefined) config.hostKeyAlias = alias;
  const timeout = Number(first("connecttimeout"));
  if (timeout > 0) config.connectTimeoutMs = timeout * 1000;
  return config;
}

function knownHostsFiles(settings: Map<string, string[]>): string[] {
  const words = (name: string, fallback: string) => splitWords((settings.get(name) ?? [fallback]).join(" "));
  const user = words("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2");
  const system = process.platform === "win32" ? "" : "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2";
  return [...user, ...words("globalknownhostsfile", system)].filter((file) => file !== "none");
}

/** Splits at blanks, except between double quotes. */
export function splitWords(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
}

function defaultIdentities(): string[] {
  return DEFAULT_IDENTITIES.map((name) => join(homedir(), ".ssh", name));
}

function agentSocket(setting: string | undefined, expand: (path: string) => string): string | null {
  const environment = process.env.SSH_AUTH_SOCK || (process.platform === "win32" ? WINDOWS_AGENT : null);
  if (setting === "none") return null;
  if (setting === undefined || setting === "SSH_AUTH_SOCK") return environment;
  return setting.startsWith("$") ? (process.env[setting.slice(1)] ?? null) : expand(setting);
}

/** The pipe of Windows' own ssh-agent service. */
const WINDOWS_AGENT = "\\\\.\\pipe\\openssh-ssh-agent";

/** Replaces ~ and the percent tokens that a path of the configuration may have. */
export function expandPath(path: string, of: { host: string; user: string; port: number; alias: string }): string {
  const tokens: Record<string, string> = {
    "%": "%",
    d: homedir(),
    h: of.host,
    n: of.alias,
    p: String(of.port),
    r: of.user,
    u: userInfo().username,
    i: String(process.getuid?.() ?? 0),
  };
  const home = path === "~" || path.startsWith("~/") || path.startsWith("~\\") ? homedir() + path.slice(1) : path;
  return home.replace(/%(.)/g, (whole, token: string) => tokens[token] ?? whole);
}

/**
 * Why a host needs the system's ssh, or null if ssh2 can do it: certificates, FIDO keys, commands as proxies, a master
 * connection that already runs, and ways to verify host keys that only OpenSSH knows.
 */
export function needsOpenssh(config: HostConfig): string | null {
  const set = (name: string) => {
    const value = config.settings.get(name)?.[0];
    return value !== undefined && !["none", "no", "false"].includes(value);
  };
  if (set("proxycommand")) return "ProxyCommand";
  if ((config.settings.get("certificatefile") ?? []).some((file) => file !== "none")) return "a user certificate";
  if (config.identities.some((file) => existsSync(`${file}-cert.pub`))) return "a user certificate";
  if (config.identities.some(isHardwareKey)) return "a FIDO key";
  for (const name of ["pkcs11provider", "knownhostscommand", "revokedhostkeys", "verifyhostkeydns"]) {
    if (set(name)) return `the setting ${name}`;
  }
  const control = config.settings.get("controlpath")?.[0];
  if (control !== undefined && control !== "none" && existsSync(control)) return "a running master connection";
  return null;
}

function isHardwareKey(file: string): boolean {
  try {
    return /^sk-(ssh|ecdsa)/.test(readFileSync(`${file}.pub`, "latin1"));
  } catch {
    return false;
  }
}
