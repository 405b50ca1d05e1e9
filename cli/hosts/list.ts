// The hosts that a command line names: --host, --hosts-from, --inventory. A name may hold ranges, as pdsh and
// ClusterShell write them: web[01-20].

import { readFileSync } from "node:fs";
import { EXIT, ExitError, UsageError } from "../exit.ts";
import { reasonOf } from "../output.ts";
import { readInventory } from "./inventory.ts";

/** One host to run on. */
export interface Host {
  /** How to connect: `[user@]box[:port]`. */
  host: string;
  /** What its lines begin with. */
  name: string;
  /** A private key of its own. */
  identity?: string;
}

/** Where hosts are named. */
export interface Sources {
  /** --host */
  hosts: string[];
  /** --hosts-from: files, or "-" */
  hostsFrom: string[];
  /** --inventory */
  inventory?: string;
  /** --limit */
  limit?: string;
  /** Groups of the configuration; `@name` stands for one. */
  groups?: Map<string, string[]>;
}

/** More would be a slip of the pen, and no fleet of one client. */
const MOST_HOSTS = 10_000;

/** All hosts, each once, in the order in which they are named. */
export async function hostsOf({ hosts, hostsFrom, inventory, limit, groups }: Sources): Promise<Host[]> {
  const named = [...hosts, ...hostsFrom.flatMap(readHosts)];
  const words = named.flatMap((word) => membersOf(word, groups ?? new Map(), [])).flatMap(expand);
  const found: Host[] = words.map((host) => ({ host, name: host.slice(host.lastIndexOf("@") + 1) }));
  if (inventory !== undefined) found.push(...(await readInventory(inventory, limit)));
  const once = new Map(found.map((one) => [one.host, one]));
  if (once.size > MOST_HOSTS) throw new UsageError(`${once.size} hosts are more than ${MOST_HOSTS}`);
  return withNames([...once.values()]);
}

/** `@web` as the words of that group, which may name other groups. */
function membersOf(word: string, groups: Map<string, string[]>, path: string[]): string[] {
  if (!word.startsWith("@")) return [word];
  const name = word.slice(1);
  const members = groups.get(name);
  const known = [...groups.keys()].map((one) => `@${one}`).join(" ");
  const hint = known === "" ? "groups stand in the configuration file" : `there are: ${known}`;
  if (!members) throw new UsageError(`there is no group '${word}' of hosts`, hint);
  if (path.includes(name)) throw new UsageError(`the group '@${name}' of hosts contains itself`);
  return members.flatMap((one) => membersOf(one, groups, [...path, name]));
}

/** Hosts that would have one name are called by all of what was given. */
function withNames(hosts: Host[]): Host[] {
  const counts = new Map<string, number>();
  for (const { name } of hosts) counts.set(name, (counts.get(name) ?? 0) + 1);
  return hosts.map((one) => (counts.get(one.name) === 1 ? one : { ...one, name: one.host }));
}

/** The words of a file of hosts: blanks and newlines part them, '#' begins a comment. */
function readHosts(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new ExitError(EXIT.failed, `cannot read the hosts of '${file}': ${reasonOf(error)}`);
  }
  const words = text.split("\n").flatMap((line) => line.replace(/(^|\s)#.*/, "").split(/\s+/));
  const hosts = words.filter((word) => word !== "");
  const bad = hosts.find((word) => !isHost(word));
  if (bad !== undefined) throw new ExitError(EXIT.failed, `'${file}': '${bad.slice(0, 80)}' is no host`);
  if (hosts.length === 0) throw new ExitError(EXIT.failed, `'${file}' names no host`);
  return hosts;
}

/** Whether a word may name a host; what begins with '-' would be an option of ssh. */
export function isHost(word: string): boolean {
  return word.length <= 300 && /^[^\s\p{Cc}-][^\s\p{Cc}]*$/u.test(word);
}

const RANGE = /^(.*?[^@[\]])\[([0-9]+(?:-[0-9]+)?(?:,[0-9]+(?:-[0-9]+)?)*)\](.*)$/;

/** web[1-3,7] as four names; a number keeps its leading zeros. */
export function expand(word: string): string[] {
  const match = RANGE.exec(word);
  if (!match) return [word];
  const [, before, ranges, behind] = match as unknown as [string, string, string, string];
  const numbers = ranges.split(",").flatMap((range) => numbersOf(range, word));
  return numbers.flatMap((number) => expand(behind).map((rest) => `${before}${number}${rest}`));
}

function numbersOf(range: string, word: string): string[] {
  const [first, last = first] = range.split("-") as [string, string?];
  const [from, to] = [Number(first), Number(last)];
  if (!(from <= to && to - from < MOST_HOSTS)) throw new UsageError(`'${word}': '${range}' is no range of numbers`);
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i).padStart(first.length, "0"));
}
