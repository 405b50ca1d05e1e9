// Reads known_hosts files as OpenSSH does, and judges a host key by them. It fails closed: a line that it does not
// understand never makes a key known.
//
//   [@revoked|@cert-authority] pattern[,pattern…] type base64 [comment]
//
// A pattern is a name with * and ?, "!pattern" (which excludes the whole line), "[name]:port" for ports other than 22,
// or "|1|salt|hash", the HMAC-SHA1 of the name. Host certificates are not judged here: the verdict says that only an
// authority is known, and the caller then uses the system's ssh.

import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { matchesPattern } from "./ssh-patterns.ts";
import type { HostConfig } from "./ssh-settings.ts";
import { TransportError } from "./transport.ts";

/** One usable line of a known_hosts file. */
export interface KnownHost {
  file: string;
  line: number;
  marker: "" | "revoked" | "cert-authority";
  patterns: string[];
  /** The key type, "ssh-ed25519". */
  type: string;
  /** The key in SSH's own encoding. */
  key: Buffer;
}

/** What known_hosts says about a key. */
export type Verdict =
  | { kind: "known" }
  | { kind: "unknown" }
  /** Only an authority's line matches the host: its certificates could be checked, its plain keys not. */
  | { kind: "authority"; file: string; line: number }
  | { kind: "revoked"; file: string; line: number }
  /** Another key of the same type is recorded. */
  | { kind: "changed"; file: string; line: number }
  /** The host is recorded, but only with keys of other types. */
  | { kind: "other-type"; file: string; line: number; types: string[] };

/** The name under which a host and port stand in known_hosts: "box" or "[box]:2222". */
export function knownHostName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** SSH's spelling of a key's fingerprint: "SHA256:…" without padding. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** The type that a key in SSH's encoding names itself: "ssh-ed25519". */
export function keyType(key: Buffer): string {
  if (key.length < 4) return "";
  const length = key.readUInt32BE(0);
  return length > 0 && length <= key.length - 4 ? key.toString("latin1", 4, 4 + length) : "";
}

/** Reads the text of one known_hosts file; lines that make no sense are left out. */
export function readKnownHosts(text: string, file: string): KnownHost[] {
  const hosts: KnownHost[] = [];
  text.split("\n").forEach((raw, index) => {
    const host = readLine(raw.trim());
    if (host) hosts.push({ file, line: index + 1, ...host });
  });
  return hosts;
}

function readLine(text: string): Omit<KnownHost, "file" | "line"> | null {
  if (text === "" || text.startsWith("#")) return null;
  const words = text.split(/[ \t]+/);
  let marker: KnownHost["marker"] = "";
  if (words[0]!.startsWith("@")) {
    const word = words.shift()!.slice(1);
    if (word !== "revoked" && word !== "cert-authority") return null;
    marker = word;
  }
  const [names, type, encoded] = words;
  if (!names || !type || !encoded) return null;
  const key = Buffer.from(encoded, "base64");
  // The type is written twice, outside and inside of the key: a line where they differ is damaged.
  if (keyType(key) !== type) return null;
  return { marker, patterns: names.split(","), type, key };
}

/** Reads known_hosts files in order; a file that does not exist counts as empty. */
export async function loadKnownHosts(files: string[]): Promise<KnownHost[]> {
  const hosts: KnownHost[] = [];
  for (const file of files) {
    const text = await readFile(file, "latin1").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return "";
      // It may revoke the very key that the host will show.
      throw new TransportError("usage", `cannot read the known_hosts file ${file}: ${error.message}`);
    });
    hosts.push(...readKnownHosts(text, file));
  }
  return hosts;
}

/** What is known about one host: the user's files, and of the system's what the configuration lets count. */
export async function loadKnownHostsOf(config: HostConfig): Promise<KnownHost[]> {
  const global = await loadKnownHosts(config.globalKnownHosts);
  const counting = config.onlyRevokedOfGlobal ? global.filter(({ marker }) => marker === "revoked") : global;
  return [...(await loadKnownHosts(config.userKnownHosts)), ...counting];
}

/** The host and port that known_hosts knows a host by: an alias stands for itself, without a port. */
export function recordedAs({ hostKeyAlias, host, port }: HostConfig): [string, number] {
  return hostKeyAlias === undefined ? [host, port] : [hostKeyAlias, 22];
}

/** Whether a line speaks about a host; `name` is what `knownHostName` returns. */
export function matchesHost(host: KnownHost, name: string): boolean {
  let matched = false;
  for (const pattern of host.patterns) {
    if (pattern.startsWith("|")) {
      matched = matchesHashed(pattern, name) || matched;
    } else if (pattern.startsWith("!")) {
      if (matchesPattern(pattern.slice(1).toLowerCase(), name)) return false;
    } else {
      matched = matchesPattern(pattern.toLowerCase(), name) || matched;
    }
  }
  return matched;
}

function matchesHashed(pattern: string, name: string): boolean {
  const [, version, salt, hash] = pattern.split("|");
  if (version !== "1" || !salt || !hash) return false;
  const expected = Buffer.from(hash, "base64");
  const actual = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** The lines about a host: those with its port, and for other ports than 22 also those without. */
function linesFor(hosts: KnownHost[], host: string, port: number): { exact: KnownHost[]; portless: KnownHost[] } {
  const exact = hosts.filter((line) => matchesHost(line, knownHostName(host, port)));
  const portless = port === 22 ? [] : hosts.filter((line) => matchesHost(line, knownHostName(host, 22)));
  return { exact, portless };
}

/** Judges the key that a host presented. A recorded key for the name without a port vouches too, as in OpenSSH. */
export function judgeKey(hosts: KnownHost[], host: string, port: number, key: Buffer): Verdict {
  const { exact, portless } = linesFor(hosts, host, port);
  const at = ({ file, line }: KnownHost) => ({ file, line });
  const same = (line: KnownHost) => line.key.equals(key);
  const revoked = [...exact, ...portless].find((line) => line.marker === "revoked" && same(line));
  if (revoked) return { kind: "revoked", ...at(revoked) };
  const plain = exact.filter((line) => line.marker === "");
  if (plain.some(same)) return { kind: "known" };
  const type = keyType(key);
  const changed = plain.find((line) => line.type === type);
  if (changed) return { kind: "changed", ...at(changed) };
  if (plain[0]) return { kind: "other-type", ...at(plain[0]), types: [...new Set(plain.map((line) => line.type))] };
  if (portless.some((line) => line.marker === "" && same(line))) return { kind: "known" };
  const authority = exact.find((line) => line.marker === "cert-authority");
  if (authority) return { kind: "authority", ...at(authority) };
  return { kind: "unknown" };
}

/** The types of key recorded for a host, so that the host is asked for one of those. */
export function knownTypes(hosts: KnownHost[], host: string, port: number): string[] {
  const { exact, portless } = linesFor(hosts, host, port);
  const plain = (exact.length > 0 ? exact : portless).filter((line) => line.marker === "");
  return [...new Set(plain.map((line) => line.type))];
}

/** Whether only a certificate authority vouches for a host. */
export function onlyAuthority(hosts: KnownHost[], host: string, port: number): boolean {
  const { exact, portless } = linesFor(hosts, host, port);
  const lines = [...exact, ...portless].filter((line) => line.marker !== "revoked");
  return lines.length > 0 && lines.every((line) => line.marker === "cert-authority");
}

/** Records a host's key at the end of a known_hosts file, hashed if the user's configuration hashes names. */
export async function recordKey(file: string, name: string, key: Buffer, options: { hashed: boolean }): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const before = await readFile(file, "latin1").catch(() => "");
  const newline = before === "" || before.endsWith("\n") ? "" : "\n";
  const label = options.hashed ? hashName(name, randomBytes(20)) : name;
  const line = `${label} ${keyType(key)} ${key.toString("base64")}\n`;
  await appendFile(file, newline + line, { mode: 0o600 });
}

/** The hashed form of a name: "|1|salt|hash". */
export function hashName(name: string, salt: Buffer): string {
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}
