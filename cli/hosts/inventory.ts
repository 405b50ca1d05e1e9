// Ansible's inventories: read by `ansible-inventory` where that is installed, else INI and YAML files are read here
// (hosts, groups, children, ranges, ansible_host and kin; neither plug-ins nor templates).

import { execFile } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { promisify } from "node:util";
import { EXIT, ExitError } from "../exit.ts";
import { reasonOf } from "../output.ts";
import { expand, type Host, isHost } from "./list.ts";

/** Variables of a host. */
type Variables = Record<string, unknown>;

/** A group: its hosts and the groups in it. */
interface Group {
  hosts: Map<string, Variables>;
  children: Set<string>;
  variables: Variables;
}

type Groups = Map<string, Group>;

/** A program that answers with more than this is not ansible-inventory. */
const MOST_BYTES = 256 << 20;
const UNKNOWN = "ungrouped";

/** The hosts of an inventory that `limit` names (groups, hosts, patterns; '!' excludes), or all. */
export async function readInventory(file: string, limit?: string): Promise<Host[]> {
  const groups = (await askAnsible(file)) ?? (await readFile(file));
  const all = allHosts(groups);
  const names = limit === undefined ? [...all.keys()] : limited(limit, groups, all);
  if (names.length === 0) {
    const of = limit === undefined ? "" : ` that match '${limit}'`;
    throw new ExitError(EXIT.failed, `the inventory '${file}' has no hosts${of}`);
  }
  return names.map((name) => toHost(file, name, all.get(name) ?? {}));
}

function toHost(file: string, name: string, variables: Variables): Host {
  const text = (key: string) => (variables[key] === undefined ? undefined : String(variables[key]));
  const address = text("ansible_host") ?? text("ansible_ssh_host") ?? name;
  const user = text("ansible_user") ?? text("ansible_ssh_user");
  const port = text("ansible_port") ?? text("ansible_ssh_port");
  const identity = text("ansible_ssh_private_key_file") ?? text("ansible_private_key_file");
  const box = port !== undefined && address.includes(":") ? `[${address}]` : address;
  const host = `${user === undefined ? "" : `${user}@`}${box}${port === undefined ? "" : `:${port}`}`;
  if (!isHost(host)) throw new ExitError(EXIT.failed, `'${file}': '${host.slice(0, 80)}' is no host`);
  return { host, name, ...(identity === undefined ? {} : { identity }) };
}

// ---- which hosts

/** Hosts of all groups, each with its variables; those of a host itself count before those of its groups. */
function allHosts(groups: Groups): Map<string, Variables> {
  const all = new Map<string, Variables>();
  const visit = (name: string, inherited: Variables, path: string[]) => {
    const group = groups.get(name);
    if (!group || path.includes(name)) return;
    const variables = { ...inherited, ...group.variables };
    for (const [host, own] of group.hosts) all.set(host, { ...variables, ...all.get(host), ...own });
    for (const child of group.children) visit(child, variables, [...path, name]);
  };
  const children = new Set([...groups.values()].flatMap((group) => [...group.children]));
  const everywhere = groups.get("all")?.variables ?? {};
  for (const name of groups.keys()) if (!children.has(name)) visit(name, everywhere, []);
  return all;
}

/** `web,db*,!db3` as Ansible reads it: names of groups and hosts, in any order; '&' keeps what both have. */
function limited(limit: string, groups: Groups, all: Map<string, Variables>): string[] {
  const parts = limit.split(/[,:](?![^[]*\])/).filter((part) => part !== "");
  const hostsOf = (pattern: string) => {
    const test = globTest(pattern);
    const inGroups = [...groups.keys()].filter(test).flatMap((name) => hostsIn(name, groups, []));
    return new Set([...[...all.keys()].filter(test), ...inGroups, ...(pattern === "all" ? all.keys() : [])]);
  };
  const plain = parts.filter((part) => !/^[!&]/.test(part));
  let names = plain.length === 0 ? [...all.keys()] : [...new Set(plain.flatMap((part) => [...hostsOf(part)]))];
  for (const part of parts) {
    if (part.startsWith("&")) names = names.filter((name) => hostsOf(part.slice(1)).has(name));
    if (part.startsWith("!")) names = names.filter((name) => !hostsOf(part.slice(1)).has(name));
  }
  return names;
}

function hostsIn(name: string, groups: Groups, path: string[]): string[] {
  const group = groups.get(name);
  if (!group || path.includes(name)) return [];
  return [...group.hosts.keys(), ...[...group.children].flatMap((child) => hostsIn(child, groups, [...path, name]))];
}

function globTest(pattern: string): (name: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  try {
    const expression = new RegExp(`^(?:${source})$`);
    return (name) => expression.test(name);
  } catch {
    return (name) => name === pattern;
  }
}

// ---- ansible-inventory

/** A group as `ansible-inventory --list` has it; the one called "_meta" has the variables of all hosts. */
interface Listed {
  hosts?: string[];
  children?: string[];
  hostvars?: Record<string, Variables>;
}

/** What `ansible-inventory --list` says; undefined where it is not installed. */
async function askAnsible(file: string): Promise<Groups | undefined> {
  let said: string;
  try {
    const options = { maxBuffer: MOST_BYTES, encoding: "utf8" } as const;
    said = (await promisify(execFile)("ansible-inventory", ["-i", file, "--list"], options)).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    const { stderr = "" } = error as { stderr?: string };
    const reason = stderr.trim().split("\n").at(-1) ?? "";
    throw new ExitError(EXIT.failed, `ansible-inventory does not read '${file}': ${reason || reasonOf(error)}`);
  }
  const { _meta: about, ...listed } = JSON.parse(said) as Record<string, Listed>;
  const groups: Groups = new Map();
  for (const [name, { hosts = [], children = [] }] of Object.entries(listed)) {
    const group = groupOf(groups, name);
    for (const host of hosts) group.hosts.set(host, about?.hostvars?.[host] ?? {});
    for (const child of children) group.children.add(child);
  }
  return groups;
}

// ---- files

function groupOf(groups: Groups, name: string): Group {
  const group = groups.get(name) ?? { hosts: new Map(), children: new Set(), variables: {} };
  groups.set(name, group);
  return group;
}

async function readFile(file: string): Promise<Groups> {
  let text: string;
  try {
    if (statSync(file).isDirectory() || (statSync(file).mode & 0o111) !== 0) {
      const what = "a folder or a program is read by ansible-inventory, which is not installed here";
      throw new ExitError(EXIT.failed, `cannot read the inventory '${file}': ${what}`);
    }
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof ExitError) throw error;
    throw new ExitError(EXIT.failed, `cannot read the inventory '${file}': ${reasonOf(error)}`);
  }
  return /\.(ya?ml|json)$/.test(file) ? readYaml(file, text) : readIni(file, text);
}

/** `[group]`, `[group:children]`, `[group:vars]`, and hosts with variables behind them. */
function readIni(file: string, text: string): Groups {
  const groups: Groups = new Map();
  let [name, kind] = [UNKNOWN, "hosts"];
  for (const [i, whole] of text.split("\n").entries()) {
    const line = whole.replace(/(^|\s)[#;].*/, "").trim();
    if (line === "") continue;
    const section = /^\[([^\]:]+)(?::(children|vars|hosts))?\]$/.exec(line);
    if (section) {
      [name, kind] = [section[1] as string, section[2] ?? "hosts"];
      groupOf(groups, name);
    } else if (kind === "children") {
      groupOf(groups, name).children.add(line);
      groupOf(groups, line);
    } else if (kind === "vars") {
      Object.assign(groupOf(groups, name).variables, variablesOf(line));
    } else {
      const [hosts, ...rest] = wordsOf(line);
      if (hosts === undefined || !isHost(hosts)) throw new ExitError(EXIT.failed, `'${file}:${i + 1}': no host`);
      for (const host of expandAnsible(hosts)) groupOf(groups, name).hosts.set(host, variablesOf(rest.join(" ")));
    }
  }
  return groups;
}

/** Blanks part words, but not in quotes. */
function wordsOf(line: string): string[] {
  return line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
}

function variablesOf(line: string): Variables {
  const pairs = wordsOf(line.replace(/\s*=\s*/g, "=")).map((word) => /^([^=]+)=(.*)$/.exec(word));
  return Object.fromEntries(
    pairs.flatMap((pair) => (pair ? [[pair[1] as string, (pair[2] as string).replace(/^(["'])(.*)\1$/, "$2")]] : [])),
  );
}

/** web[01:20], as Ansible writes ranges of numbers. */
function expandAnsible(word: string): string[] {
  return expand(word.replace(/\[([0-9]+):([0-9]+)\]/g, "[$1-$2]"));
}

async function readYaml(file: string, text: string): Promise<Groups> {
  const { parse } = await import("yaml");
  let tree: unknown;
  try {
    tree = parse(text);
  } catch (error) {
    throw new ExitError(EXIT.failed, `the inventory '${file}' is no YAML: ${(error as Error).message.split("\n")[0]}`);
  }
  const groups: Groups = new Map();
  const visit = (name: string, given: unknown) => {
    const group = groupOf(groups, name);
    const { hosts, children, vars } = recordOf(given) as { hosts?: unknown; children?: unknown; vars?: unknown };
    for (const [host, variables] of Object.entries(recordOf(hosts))) {
      for (const one of expandAnsible(host)) group.hosts.set(one, recordOf(variables));
    }
    Object.assign(group.variables, recordOf(vars));
    for (const [child, inner] of Object.entries(recordOf(children))) {
      group.children.add(child);
      visit(child, inner);
    }
  };
  for (const [name, group] of Object.entries(recordOf(tree))) visit(name, group);
  return groups;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
