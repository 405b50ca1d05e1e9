// What the ssh configuration says about one host, once it is read (ssh-config.ts), and the spellings of its values.

import { existsSync } from "node:fs";

/** Settings as ssh spells them, in lower case; each with all its values. */
export type Settings = Map<string, string[]>;

/** What StrictHostKeyChecking asks for. */
export type HostKeyPolicy = "yes" | "ask" | "accept-new" | "no";

/** Which proofs may be offered, and how often the user is asked. */
export interface LoginRules {
  /** Nobody is there to answer. */
  batch: boolean;
  publicKey: boolean;
  password: boolean;
  interactive: boolean;
  /** How often a password or a passphrase is asked for. */
  prompts: number;
  /** Methods in the order to try. */
  preferred: string[];
}

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
  userKnownHosts: string[];
  globalKnownHosts: string[];
  /** Only the lines of the global files that revoke a key count: --known-hosts names the others. */
  onlyRevokedOfGlobal: boolean;
  hashKnownHosts: boolean;
  hostKeyPolicy: HostKeyPolicy;
  requiredRsaBits: number;
  login: LoginRules;
  proxyJump: string[];
  /** 4 or 6; 0 for both. */
  family: number;
  bindAddress?: string;
  connectTimeoutMs?: number;
  keepaliveMs: number;
  keepaliveCount: number;
  settings: Settings;
  /** What ssh would say without any configuration; null where there is no ssh binary to ask. */
  standard: Settings | null;
}

/** Where the configuration comes from; all of it has defaults. */
export interface ConfigSource {
  /** One configuration file instead of the user's and the system's, as `ssh -F`. */
  configFile?: string;
  /** The ssh binary; null to read the files instead of asking it. */
  sshBinary?: string | null;
  /** As `ssh -J`, `-o` and `-i`. */
  jump?: string;
  settings?: string[];
  identity?: string[];
}

/** Whether a setting is on, in the spellings of the files and of `ssh -G`. */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && /^(yes|true)$/i.test(value);
}

/** Whether a setting is off or not there. */
export function isOff(value: string | undefined): boolean {
  return value === undefined || /^(no|false|none)$/i.test(value);
}

/** Splits at blanks, except between double quotes. */
export function splitWords(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
}

/**
 * Splits a list of files. `ssh -G` prints no quotes round a name with blanks: a word that does not begin like a path
 * goes on with the one before it, unless both are files of their own.
 */
export function splitPaths(text: string): string[] {
  const paths: string[] = [];
  for (const word of splitWords(text)) {
    const before = paths.at(-1);
    const continues = before !== undefined && isPathLike(before) && !isPathLike(word) && word !== "none";
    if (continues && !existsSync(before) && !existsSync(word)) paths[paths.length - 1] = `${before} ${word}`;
    else paths.push(word);
  }
  return paths;
}

function isPathLike(word: string): boolean {
  return /^([/~$\\]|[A-Za-z]:[/\\])/.test(word);
}
