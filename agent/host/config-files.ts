// Reads the ssh configuration files, for machines without an ssh binary. npm's ssh-config parses one file and leaves
// Include to its callers, so this file decides which lines apply to a host.
//
// ssh's rule: the first value of a setting wins; IdentityFile and CertificateFile accumulate.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import SSHConfig, { type Line } from "ssh-config";
import type { HostAddress } from "./address.ts";
import { matchesPattern } from "./known-hosts.ts";

type Settings = Map<string, string[]>;

/** As OpenSSH: files that include each other end somewhere. */
const MAX_DEPTH = 16;

const COLLECTING = new Set(["identityfile", "certificatefile"]);

/** Finds the settings for a host in the user's and the system's file, or in the one file given. */
export function readConfigFiles(address: HostAddress, configFile?: string): Settings {
  const user = join(homedir(), ".ssh", "config");
  const system = "/etc/ssh/ssh_config";
  const settings: Settings = new Map();
  for (const file of configFile === undefined ? [user, system] : [configFile]) {
    readFile(file, { address, settings, base: file === system ? "/etc/ssh" : dirname(user), depth: 0 });
  }
  return settings;
}

interface Reading {
  address: HostAddress;
  settings: Settings;
  /** Where relative names of Include begin. */
  base: string;
  depth: number;
}

function readFile(file: string, reading: Reading) {
  if (reading.depth > MAX_DEPTH || !existsSync(file)) return;
  readLines(SSHConfig.parse(readFileSync(file, "utf8")), { ...reading, depth: reading.depth + 1 });
}

function readLines(lines: Iterable<Line>, reading: Reading) {
  for (const line of lines) {
    if (!("param" in line)) continue;
    const name = line.param.toLowerCase();
    const words = typeof line.value === "string" ? [line.value] : line.value.map((word) => word.val);
    if ("config" in line) {
      const active = name === "host" ? matchesList(words, reading.address.host) : matchesCriteria(line, reading);
      if (active) readLines(line.config, reading);
    } else if (name === "include") {
      for (const pattern of words.flatMap(splitBlanks)) includeFiles(pattern, reading);
    } else {
      set(reading.settings, name, words.join(" "));
    }
  }
}

function set(settings: Settings, name: string, value: string) {
  const values = settings.get(name);
  if (values === undefined) settings.set(name, [value]);
  else if (COLLECTING.has(name)) values.push(value);
}

function splitBlanks(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** ssh's pattern list: a match with "!" before it excludes. */
function matchesList(words: string[], text: string): boolean {
  const patterns = words.flatMap((word) => word.split(/[\s,]+/)).filter((pattern) => pattern !== "");
  const lower = text.toLowerCase();
  const matches = (pattern: string) => matchesPattern(pattern.toLowerCase(), lower);
  if (patterns.some((pattern) => pattern.startsWith("!") && matches(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matches(pattern));
}

/** Match: `all`, `host`, `originalhost`, `user` and `localuser` are understood; any other criterion fails. */
function matchesCriteria(line: Line, { address, settings }: Reading): boolean {
  if (!("criteria" in line)) return false;
  const values: Record<string, string> = {
    host: settings.get("hostname")?.[0] ?? address.host,
    originalhost: address.host,
    user: address.user ?? settings.get("user")?.[0] ?? userInfo().username,
    localuser: userInfo().username,
  };
  return Object.entries(line.criteria).every(([name, criterion]) => {
    if (name.toLowerCase() === "all") return true;
    const value = values[name.toLowerCase()];
    const words = typeof criterion === "string" ? [criterion] : criterion.map((word) => word.val);
    return value !== undefined && matchesList(words, value);
  });
}

function includeFiles(pattern: string, reading: Reading) {
  const home = pattern.startsWith("~/") ? join(homedir(), pattern.slice(2)) : pattern;
  const path = isAbsolute(home) ? home : join(reading.base, home);
  if (!/[*?]/.test(basename(path))) return readFile(path, reading);
  if (!existsSync(dirname(path))) return;
  for (const name of readdirSync(dirname(path)).sort()) {
    if (matchesPattern(basename(path), name)) readFile(join(dirname(path), name), reading);
  }
}
