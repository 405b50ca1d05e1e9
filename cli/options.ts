// The command line. Parsing, checks and --help are derived from the rows of option-rows.ts.
//
// As in stap, options may follow the script's name, and `--` ends them. A short option takes its value attached or
// separate (-p4, -p 4), and short options may be bundled (-vp4). yargs does not parse these as getopt does. So `spell`
// first writes every option in its long form; then yargs checks types and prints the help.

import yargs from "yargs";
import type { WayName } from "../agent/host/become.ts";
import type { Config } from "./config.ts";
import { distance } from "./distance.ts";
import { UsageError } from "./exit.ts";
import { badValue, IDLE, idleNote, refusalOf } from "./foreign.ts";
import { AS_SCRIPT, checkSettings, kindSettings, namesRemote, onlyCompiles } from "./option-checks.ts";
import { COMPILE, OPTIONS, type OptionRow, OUTPUT, WHERE } from "./option-rows.ts";
import {
  type Listing,
  listingOf,
  perPass,
  type Rotation,
  rotation,
  seconds,
  wayOf,
  whereOf,
  wholeNumber,
} from "./option-values.ts";
import { USAGE } from "./usage.ts";

/** What of the library can be listed: `--dump-NAME`. */
const LIBRARY_DUMPS = ["functions", "probe-aliases", "probe-types"] as const;
export type LibraryDump = (typeof LIBRARY_DUMPS)[number];

const BY_NAME = new Map(OPTIONS.map((row) => [row.name, row]));
const BY_SHORT = new Map(OPTIONS.filter((row) => row.short).map((row) => [row.short as string, row]));
const takesValue = (row: OptionRow) => row.type === "text" || row.type === "list";

/** Jobs beside running a script: the first word of the command line. */
export const JOBS = [
  "run",
  "verify",
  "install",
  "uninstall",
  "clean",
  "doctor",
  "attach",
  "stop",
  "list",
  "object show",
  "image",
  "view",
  "manifest",
  "facts show",
  "facts diff",
  "facts",
] as const;
type Job = (typeof JOBS)[number] | "script";

/** What the command line asks for, by option name. */
export interface Settings {
  /** "run" is given an object, "script" a script. */
  job: Job;
  /** Nothing is attached: what the verifier does is printed. */
  verify: boolean;
  /** The script's or object's file; undefined with -e. */
  file?: string;
  args: string[];
  /** The host, or the first of several. */
  host?: string;
  /** All that --host and --remote name. */
  hosts: string[];
  hostsFrom: string[];
  inventory?: string;
  limit?: string;
  /** Groups of hosts, by name. */
  groups: Map<string, string[]>;
  /** A program that runs commands on the remote, instead of SSH. */
  via?: string;
  /** The agent's file on the remote. */
  agent?: string;
  /** On how many hosts runs start at the same time. */
  parallel: number;
  local: boolean;
  identity: string[];
  user?: string;
  /** 0: the configuration's. */
  port: number;
  jump?: string;
  sshConfig?: string;
  sshOptions: string[];
  knownHosts: string[];
  acceptNew: boolean;
  /** The agent is kept on the remote for the next run. */
  cache: boolean;
  /** How to become root on the remote. */
  become?: WayName;
  /** Of `install`: who may run the agent. */
  group?: string;
  ssh: "auto" | "ssh2" | "openssh";
  script?: string;
  /** Scripts beside it (-E). */
  extra: string[];
  /** -l, -L: the probe point whose matches are listed. */
  list?: Listing;
  /** --dump-functions and so on: what of the library is listed. */
  library?: LibraryDump;
  /** What options that change nothing have to say. */
  notes: string[];
  command?: string;
  pid: number;
  timeoutMs: number;
  /** The name under which the run goes on without this program. */
  detach?: string;
  set: string[];
  pass: number;
  module?: string;
  arch?: string;
  release?: string;
  /** A file of facts of the kernel that is compiled for. */
  facts?: string;
  compatible?: string;
  define: string[];
  include: string[];
  /** Megabytes, 0: the compiler's default. */
  buffer: number;
  guru: boolean;
  unoptimized: boolean;
  noWarnings: boolean;
  warningsAsErrors: boolean;
  /** How functions are probed. */
  attach?: string;
  excludeAgent: boolean;
  /** The control group whose tasks are traced. */
  cgroup?: string;
  /** The container whose tasks are traced. */
  container?: string;
  /** Stack-keyed arrays are printed in the folded form of flame-graph tools. */
  folded: boolean;
  suppressHandlerErrors: boolean;
  suppressTimeLimits: boolean;
  dump?: string;
  check: boolean;
  keep: boolean;
  output?: string;
  /** The kind of output: the name of a row of pictures/kinds.ts. */
  kind: string;
  /** Of `manifest`: what runs the object, and in which image. */
  manifestKind?: string;
  image?: string;
  /** A page follows the run. */
  live: boolean;
  /** JSON Lines instead of text; all kinds but text are made of them. */
  json: boolean;
  /** What each line of text begins with. */
  stamps?: "date" | "seconds";
  /** With several hosts: no names before lines. */
  noPrefix: boolean;
  rotate?: Rotation;
  /** Control characters of the traced machine reach the terminal as they are. */
  raw: boolean;
  noGlobals: boolean;
  verbose: number;
  verifierLog?: string;
  help: boolean;
  version: boolean;
}

/** Command line to settings, with the defaults of the user's configuration; throws a UsageError. */
export function parseOptions(argv: string[], config?: Config): Settings {
  const job = JOBS.find((name) => name.split(" ").every((word, i) => word === argv[i])) ?? "script";
  const { options, positionals } = spell(job === "script" ? argv : argv.slice(job.split(" ").length));
  const defaults = config ? spellDefaults(config).filter((option) => isFor(job, option)) : [];
  const settings = parseSpelled(job, { options, defaults, positionals });
  if (config) settings.groups = config.groups;
  const host = config && config.hosts.length > 0 && wantsHost(settings) ? config.hosts : [];
  if (host.length > 0) Object.assign(settings, whereOf(host, [], false));
  if (!settings.help && !settings.version) checkSettings(settings);
  return settings;
}

function spellDefaults({ options }: Config): string[] {
  try {
    return spell(options).options;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`the configuration: ${error.message}`, "see docs/configuration.md");
  }
}

/** Whether a default means something for a job: a job refuses options of others. */
function isFor(job: Job, option: string): boolean {
  const group = BY_NAME.get(nameOf(option))?.group;
  return job === "script" || group === WHERE || (group === OUTPUT && !job.startsWith("facts"));
}

/** Jobs that take the options of a script. */
const COMPILES = new Set<Job>(["run", "verify", "script", "manifest"]);

/** Jobs that read files only. */
const OFFLINE = new Set<Job>(["facts show", "facts diff", "object show", "image", "view", "manifest"]);

/** The host of the configuration is for command lines that need a machine and name none. */
function wantsHost(settings: Settings): boolean {
  const { job, local, facts, list, arch, release } = settings;
  if (local || namesRemote(settings) || facts !== undefined || OFFLINE.has(job)) return false;
  return (
    job !== "script" || !onlyCompiles(settings) || (list !== undefined && arch === undefined && release === undefined)
  );
}

function nameOf(option: string): string {
  return option.slice(2).replace(/=.*/s, "");
}

interface Spelled {
  options: string[];
  defaults: string[];
  positionals: string[];
}

function parseSpelled(job: Job, { options, defaults, positionals }: Spelled): Settings {
  const values = parser()
    .fail((message: string) => {
      throw new UsageError(firstLine(message));
    })
    .parseSync([...defaults, ...options]) as Record<string, unknown>;
  const settings = toSettings(job, values);
  if (job === "run") refuseCompileOptions(options);
  if (!COMPILES.has(job)) refuseAllBut(job, options);
  if (settings.script === undefined && positionals.length > 0) settings.file = positionals.shift() as string;
  if (settings.verify && settings.file?.endsWith(".bo")) settings.job = "run";
  settings.args = positionals;
  const kind = values.json === true ? "json" : [values.output].flat().at(-1)?.toString();
  return Object.assign(settings, kindSettings(settings, kind));
}

/** Text of --help. */
export async function helpText(): Promise<string> {
  return `${await parser().getHelp()}\n`;
}

function parser() {
  let builder = yargs([])
    .scriptName("stap-remote")
    .usage(USAGE)
    .epilogue("SCRIPT may be '-': standard input. Options may follow it. What follows '--' is passed to the script.")
    .parserConfiguration({ "boolean-negation": false, "camel-case-expansion": false, "dot-notation": false })
    .help(false)
    .version(false)
    .strictOptions()
    .exitProcess(false)
    .wrap(100);
  for (const row of OPTIONS) {
    builder = builder.option(row.name, {
      type: row.type === "flag" || row.type === "optional" ? "boolean" : row.type === "count" ? "count" : "string",
      array: row.type === "list",
      group: row.group,
      describe: row.value ? `${row.help} (${row.value})` : row.help,
      ...(row.short ? { alias: row.short } : {}),
      ...(row.choices ? { choices: row.choices } : {}),
      ...(row.hidden ? { hidden: true } : {}),
    });
  }
  return builder;
}

/** Writes each option as --name or --name=value. A negative number is not an option. */
function spell(argv: string[]): { options: string[]; positionals: string[] } {
  const options: string[] = [];
  const positionals: string[] = [];
  const rest = [...argv];
  while (rest.length > 0) {
    const word = rest.shift() as string;
    if (word === "--") return { options, positionals: [...positionals, ...rest] };
    if (word.startsWith("--")) options.push(spellLong(word, rest));
    else if (/^-[^0-9]/.test(word)) options.push(...spellShort(word, rest));
    else positionals.push(word);
  }
  return { options, positionals };
}

function spellLong(word: string, rest: string[]): string {
  const equals = word.indexOf("=");
  const name = word.slice(2, equals < 0 ? undefined : equals);
  const row = BY_NAME.get(name);
  if (!row) throw new UsageError(refusalOf(`--${name}`) ?? `unknown option '--${name}'${nearest(name)}`);
  if (row.type === "optional") {
    if (equals >= 0) checkIdle(name, word.slice(equals + 1));
    return `--${name}`;
  }
  if (!takesValue(row)) {
    if (equals >= 0) throw new UsageError(`option '--${name}' takes no value`);
    return word;
  }
  if (equals >= 0) return word;
  return `--${name}=${nextValue(`--${name}`, row, rest)}`;
}

function spellShort(word: string, rest: string[]): string[] {
  const spelled: string[] = [];
  for (let i = 1; i < word.length; i++) {
    const letter = word[i] as string;
    const row = BY_SHORT.get(letter);
    if (!row) throw new UsageError(refusalOf(`-${letter}`) ?? `unknown option '-${letter}'`);
    if (!takesValue(row)) {
      spelled.push(`--${row.name}`);
      continue;
    }
    const glued = word.slice(i + 1);
    return [...spelled, `--${row.name}=${glued || nextValue(`-${letter}`, row, rest)}`];
  }
  return spelled;
}

/** An option that changes nothing is refused with a value that makes no sense to stap, either. */
function checkIdle(name: string, value: string): void {
  const problem = badValue(name, value);
  if (problem !== undefined) throw new UsageError(problem);
}

function nextValue(spelling: string, row: OptionRow, rest: string[]): string {
  const value = rest.shift();
  if (value === undefined) throw new UsageError(`option '${spelling}' needs a value: ${row.value}`);
  return value;
}

/** ", did you mean …" for an option one or two letters away. */
function nearest(name: string): string {
  const close = OPTIONS.find((row) => row.name.startsWith(name) || distance(row.name, name) <= 2);
  return close ? `; did you mean '--${close.name}'?` : "";
}

function toSettings(job: Job, values: Record<string, unknown>): Settings {
  const text = (name: string): string | undefined => {
    const value = values[name];
    return Array.isArray(value) ? String(value.at(-1)) : (value as string | undefined);
  };
  const list = (name: string) => ((values[name] as unknown[] | undefined) ?? []).map(String);
  const flag = (name: string) => values[name] === true;
  if (Array.isArray(values.script)) throw new UsageError("only one script with '-e'; more of them with '-E'");
  for (const runtime of list("runtime")) {
    if (runtime !== "bpf") throw new UsageError(`there is no runtime '${runtime}' here, only 'bpf'`);
  }
  for (const { name } of IDLE.filter((row) => row.value)) for (const value of list(name)) checkIdle(name, value);
  return {
    job: job === "verify" ? "script" : job,
    verify: job === "verify",
    args: [],
    ...whereOf(list("host"), list("remote"), flag("local")),
    hostsFrom: list("hosts-from"),
    inventory: text("inventory"),
    limit: text("limit"),
    groups: new Map(),
    via: text("via"),
    agent: text("agent"),
    parallel: wholeNumber("--parallel", text("parallel"), MOST_STARTING, 10_000),
    identity: list("identity"),
    user: text("user"),
    port: wholeNumber("--port", text("port"), 0, 65_535),
    jump: text("jump"),
    sshConfig: text("ssh-config"),
    sshOptions: list("ssh-option"),
    knownHosts: list("known-hosts"),
    acceptNew: flag("accept-new"),
    cache: !flag("no-cache"),
    group: text("group"),
    become: wayOf(text("become"), flag("sudo")),
    ssh: (text("ssh") as Settings["ssh"]) ?? "auto",
    script: text("script"),
    extra: list("extra"),
    list: listingOf(text("list"), text("list-variables")),
    library: LIBRARY_DUMPS.find((name) => flag(`dump-${name}`)),
    notes: IDLE.filter(({ name }) => values[name] === true || list(name).length > 0).flatMap(
      ({ name }) => idleNote(name) ?? [],
    ),
    command: text("command"),
    pid: wholeNumber("-x", text("pid"), 0, 0x7fffffff),
    timeoutMs: seconds(text("timeout")),
    detach: text("detach") ?? (flag("leave-running") ? AS_SCRIPT : undefined),
    set: list("set"),
    pass: wholeNumber("-p", text("pass"), 5, 5),
    module: text("module"),
    arch: text("arch"),
    ...kernelOf(text("release"), text("facts")),
    compatible: text("compatible"),
    define: list("define"),
    include: list("include"),
    buffer: wholeNumber("-s", text("buffer"), 0, 1024),
    guru: flag("guru"),
    unoptimized: flag("unoptimized"),
    noWarnings: flag("no-warnings"),
    warningsAsErrors: flag("warnings-as-errors"),
    attach: text("attach"),
    excludeAgent: flag("exclude-agent"),
    cgroup: text("cgroup"),
    container: text("container"),
    folded: flag("folded"),
    suppressHandlerErrors: flag("suppress-handler-errors"),
    suppressTimeLimits: flag("suppress-time-limits"),
    dump: text("dump"),
    check: flag("check"),
    keep: flag("keep"),
    output: text("output-file"),
    kind: "text",
    json: false,
    live: flag("live"),
    manifestKind: text("kind"),
    image: text("image"),
    ...stampsOf(flag("timestamps"), flag("monotonic")),
    noPrefix: flag("no-prefix"),
    rotate: rotation(text("rotate")),
    raw: flag("raw"),
    noGlobals: flag("no-global-var-display"),
    verbose: Math.max((values.verbose as number | undefined) ?? 0, ...perPass(text("vp"))),
    verifierLog: text("verifier-log"),
    help: flag("help"),
    version: flag("version"),
  };
}

/** --timestamps and --monotonic */
function stampsOf(dates: boolean, seconds: boolean): Pick<Settings, "stamps"> {
  if (dates && seconds) throw new UsageError("'--timestamps' and '--monotonic' cannot be used together");
  return dates ? { stamps: "date" } : seconds ? { stamps: "seconds" } : {};
}

/** -r takes a release or, as --facts does, a file of facts. */
function kernelOf(release: string | undefined, facts: string | undefined): Pick<Settings, "release" | "facts"> {
  return release?.endsWith(".facts") ? { facts: facts ?? release } : { release, facts };
}

/** --parallel: sshd's MaxStartups refuses more from one client only if they share a host. */
const MOST_STARTING = 16;

const LATE = new Set(["script", "extra", "list", "list-variables", "set"]);

/** `install`, `uninstall`, `clean`, `doctor`, `attach`, `stop`, `list` and `facts` only connect. */
function refuseAllBut(job: Job, options: string[]): void {
  for (const option of options) {
    const name = nameOf(option);
    const group = BY_NAME.get(name)?.group;
    if (group !== WHERE && group !== OUTPUT) throw new UsageError(`option '--${name}' has no meaning for '${job}'`);
  }
}

/** `run` is given an object: what changes the compilation comes too late. */
function refuseCompileOptions(options: string[]): void {
  for (const option of options) {
    const name = nameOf(option);
    const row = BY_NAME.get(name);
    const late = row?.group === COMPILE ? row.hidden !== true : LATE.has(name);
    if (late) throw new UsageError(`option '--${name}' is for compiling; 'run' is given what was compiled`);
  }
}

function firstLine(message: string | undefined): string {
  return (message ?? "bad command line").trim().split("\n").filter(Boolean).join(" ").replace(/\s+/g, " ");
}
