// Reads the ssh configuration files, for machines without an ssh binary, and says what `ssh -G` would say. What only
// ssh could decide (Match exec, a tag, a criterion of a newer release) is refused by name: a block must not fall away
// in silence, because it may hold the setting that protects the connection.
//
// ssh's rules: the first value of a setting wins; keys, certificates and forwardings accumulate. "Match final" and
// "Match canonical" count in a second pass over the same files.

import { closeSync, fstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import type { HostAddress } from "./address.ts";
import { bad, type ConfigLine, readLine, readLines } from "./config-lines.ts";
import { valueOf } from "./config-values.ts";
import { findOption } from "./ssh-options.ts";
import { matchesList } from "./ssh-patterns.ts";
import type { ConfigSource, Settings } from "./ssh-settings.ts";
import { expandTokens, userHome } from "./ssh-tokens.ts";
import { TransportError } from "./transport.ts";

/** As OpenSSH: files that include each other are an error. */
const MAX_DEPTH = 16;

const COLLECTING = new Set(
  "identityfile certificatefile localforward remoteforward dynamicforward sendenv setenv".split(" "),
);

/** Other names of options, and options that ssh reads and ignores. */
const ALIASES: Record<string, string> = {
  challengeresponseauthentication: "kbdinteractiveauthentication",
  skeyauthentication: "kbdinteractiveauthentication",
  tisauthentication: "kbdinteractiveauthentication",
  dsaauthentication: "pubkeyauthentication",
  pubkeyacceptedkeytypes: "pubkeyacceptedalgorithms",
  hostbasedkeytypes: "hostbasedacceptedalgorithms",
  hostbasedacceptedkeytypes: "hostbasedacceptedalgorithms",
  identityfile2: "identityfile",
  smartcarddevice: "pkcs11provider",
  keepalive: "tcpkeepalive",
};
const DEPRECATED = new Set(
  (
    "protocol cipher fallbacktorsh globalknownhostsfile2 rhostsauthentication rhostsrsaauthentication " +
    "rsaauthentication compressionlevel useblacklistedkeys useprivilegedport userknownhostsfile2 useroaming usersh " +
    "afstokenpassing kerberosauthentication kerberostgtpassing"
  ).split(" "),
);

/** Finds the settings for a host in the user's and the system's file, or in the one file given. */
export function readConfigFiles(address: HostAddress, source: ConfigSource = {}): Settings {
  const settings: Settings = new Map();
  if (address.port !== undefined) settings.set("port", [String(address.port)]);
  if (address.user !== undefined) settings.set("user", [address.user]);
  if (source.identity?.length)
    settings.set(
      "identityfile",
      source.identity.map((file) => file.replaceAll("%", "%%")),
    );
  const pass = { address, host: address.host, settings, final: false, wantsFinal: false };
  if (source.jump !== undefined) apply({ active: true, ...place("") }, jumpLine(source.jump), pass);
  for (const setting of source.settings ?? []) {
    const line = readLine(setting, "command-line");
    if (line) apply({ active: true, ...place("") }, line, pass);
  }
  readAll(source, pass);
  const given = settings.get("hostname")?.[0];
  const host = (given === undefined ? address.host : expandHost(given, address.host)).toLowerCase();
  settings.set("hostname", [host]);
  if (pass.wantsFinal) readAll(source, { ...pass, host, final: true });
  return settings;
}

/** One pass over the files. */
interface Pass {
  address: HostAddress;
  /** What Host patterns are matched with. */
  host: string;
  settings: Settings;
  final: boolean;
  wantsFinal: boolean;
}

/** A file that is being read. */
interface Place {
  /** Where relative names of Include begin. */
  base: string;
  depth: number;
  /** Whether the lines count now. */
  active: boolean;
}

const place = (base: string): Omit<Place, "active"> => ({ base, depth: 0 });

function jumpLine(jump: string): ConfigLine {
  return { keyword: "proxyjump", words: [jump], rest: jump, at: "command-line" };
}

function readAll({ configFile }: ConfigSource, pass: Pass) {
  const user = join(userHome(), ".ssh");
  if (configFile !== undefined) {
    if (configFile.toLowerCase() === "none") return;
    if (readFile(configFile, { ...place(user), active: true }, pass, "as it is")) return;
    throw new TransportError("usage", `cannot open the ssh configuration ${configFile}`, "check --ssh-config");
  }
  const system = process.platform === "win32" ? join(process.env.ProgramData ?? "C:\\ProgramData", "ssh") : "/etc/ssh";
  readFile(join(user, "config"), { ...place(user), active: true }, pass, "check owner");
  readFile(join(system, "ssh_config"), { ...place(system), active: true }, pass, "as it is");
}

/** Reads a file; false if there is none. */
function readFile(file: string, where: Place, pass: Pass, check: "check owner" | "as it is"): boolean {
  if (where.depth > MAX_DEPTH) throw new TransportError("usage", `${file}: too many recursive configuration includes`);
  const text = readChecked(file, check === "check owner");
  if (text === null) return false;
  const here = { ...where };
  for (const line of readLines(text, file)) apply(here, line, pass);
  return true;
}

/** As ssh: what others may write could send the user anywhere. */
function readChecked(file: string, check: boolean): string | null {
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new TransportError("usage", `cannot read the ssh configuration ${file}: ${message}`);
  }
  try {
    const { uid, mode } = fstatSync(fd);
    const foreign = uid !== 0 && uid !== process.getuid?.();
    if (check && process.platform !== "win32" && (foreign || (mode & 0o022) !== 0)) {
      const message = `bad owner or permissions on ${file}: others may write it`;
      throw new TransportError("usage", message, `chmod go-w '${file}'`);
    }
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

function apply(where: Place, line: ConfigLine, pass: Pass) {
  const { keyword, words, at } = line;
  if (keyword === "host") {
    where.active = matchesList(words, pass.host);
  } else if (keyword === "match") {
    where.active = matchesCriteria(line, pass);
  } else if (keyword === "include") {
    if (where.active) for (const pattern of words) include(pattern, where, { pass, at });
  } else {
    const name = ALIASES[keyword] ?? keyword;
    if (DEPRECATED.has(name) || ignores(pass.settings, name)) return;
    if (!findOption(name)) throw bad(at, `bad configuration option '${keyword}'`);
    if (where.active) set(pass.settings, name, valueOf({ ...line, keyword: name }));
    else valueOf({ ...line, keyword: name });
  }
}

function ignores(settings: Settings, name: string): boolean {
  const patterns = settings.get("ignoreunknown")?.[0]?.toLowerCase().split(",") ?? [];
  return findOption(name) === undefined && matchesList(patterns, name);
}

function set(settings: Settings, name: string, value: string) {
  // Of a jump and a command as proxy, the one that comes first counts.
  if (name === "proxyjump" && settings.has("proxycommand")) return;
  if (name === "proxycommand" && settings.has("proxyjump")) return;
  const values = settings.get(name);
  if (values === undefined) settings.set(name, [value]);
  else if (COLLECTING.has(name) && !values.includes(value)) values.push(value);
}

/** HostName may contain %h, the name as the user typed it. */
function expandHost(hostname: string, host: string): string {
  return expandTokens(hostname, { h: host, "%": "%" });
}

/** Match: all criteria of the line must be met; "!" turns one round. */
function matchesCriteria({ words, at }: ConfigLine, pass: Pass): boolean {
  const { address, settings } = pass;
  const hostname = settings.get("hostname")?.[0];
  const values: Record<string, string> = {
    host: hostname === undefined ? address.host : expandHost(hostname, address.host),
    originalhost: address.host,
    user: settings.get("user")?.[0] ?? userInfo().username,
    localuser: userInfo().username,
  };
  const criteria = words.flatMap((word) => word.split("=")).filter((word) => word !== "");
  let met = true;
  let undecided = "";
  while (criteria.length > 0) {
    const word = criteria.shift()!;
    const name = word.replace(/^!/, "").toLowerCase();
    if (name === "final") pass.wantsFinal = true;
    let one = name === "all" || pass.final;
    if (!WORDLESS.has(name)) {
      const patterns = criteria.shift();
      if (patterns === undefined) throw bad(at, `'Match ${name}' has no value`);
      const value = values[name];
      if (value === undefined) {
        if (!UNDECIDABLE.has(name)) throw bad(at, `unsupported Match attribute '${name}'`);
        undecided ||= name;
        continue;
      }
      one = matchesCriterion(name, patterns, value);
    }
    if (one === word.startsWith("!")) met = false;
  }
  if (met && undecided !== "") throw onlySsh(at, `Match ${undecided}`);
  return met;
}

const WORDLESS = new Set(["all", "final", "canonical"]);
const UNDECIDABLE = new Set(["exec", "tagged", "localnetwork", "version", "sessiontype", "command"]);

function onlySsh(at: string, what: string): TransportError {
  return new TransportError("usage", `${at}: only an ssh program can decide '${what}'`, "install OpenSSH's client");
}

/** As in ssh, names of hosts have no case here, unlike those after "Host". */
function matchesCriterion(name: string, patterns: string, value: string): boolean {
  if (!name.endsWith("host")) return matchesList(patterns.split(","), value);
  return matchesList(patterns.toLowerCase().split(","), value.toLowerCase());
}

function include(pattern: string, where: Place, { pass, at }: { pass: Pass; at: string }) {
  // Releases of ssh differ in whether they replace these.
  if (/%|\$\{/.test(pattern)) throw onlySsh(at, `Include ${pattern}`);
  const home = pattern.startsWith("~/") ? join(userHome(), pattern.slice(2)) : pattern;
  const path = isAbsolute(home) ? home : join(where.base, home);
  for (const file of expandGlob(path)) readFile(file, { ...where, depth: where.depth + 1 }, pass, "check owner");
}

/** The files that a pattern names, in order; a name without wildcards names itself. */
export function expandGlob(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).reduce(
    (found, part) => {
      if (!/[*?[]/.test(part)) return found.map((folder) => `${folder}/${part}`);
      const matches = globPart(part);
      return found.flatMap((folder) =>
        listFolder(folder || "/")
          .filter(matches)
          .map((name) => `${folder}/${name}`),
      );
    },
    [parts[0]!],
  );
}

function globPart(part: string): (name: string) => boolean {
  const source = part.replace(/\[!?[^\]]+\]|[*?]|[^\w]/g, (one) => {
    if (one === "*") return ".*";
    if (one === "?") return ".";
    if (one.length > 1) return one.replace(/^\[!/, "[^").replace(/\\/g, "\\\\");
    return `\\${one}`;
  });
  const whole = new RegExp(`^${source}$`, "s");
  return (name) => whole.test(name) && (part.startsWith(".") || !name.startsWith("."));
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
