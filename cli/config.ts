// The user's configuration, and that of a project: defaults of options, and groups of hosts.
//
//   # ~/.config/stap-remote/config
//   host = root@box
//   sudo
//
//   [groups]
//   web = root@web[1-3]
//   all = @web db1
//
// A project's file, .stap-remote in the current directory, may come from somebody else. So it has no option by which a
// program could be started here, a key be used, a check be left out, or somebody become root.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { UsageError } from "./exit.ts";
import { reasonOf } from "./output.ts";

/** What configuration files say. */
export interface Config {
  /** Options, `--name` or `--name=value`, the user's before the project's; none of them is --host. */
  options: string[];
  /** Hosts for command lines that name none. */
  hosts: string[];
  /** Names of groups, each with its words. */
  groups: Map<string, string[]>;
}

/** Where a configuration comes from; tests give another. */
export interface ConfigPlace {
  env: Record<string, string | undefined>;
  directory: string;
}

const PROJECT_FILE = ".stap-remote";
/** What a project may set. */
const PROJECT_OPTIONS = new Set([
  ..."host user port jump parallel include define buffer timeout output timestamps".split(" "),
  ..."monotonic attach exclude-agent folded no-global-var-display suppress-time-limits arch release facts".split(" "),
]);
/** What is no default: it says what one command line does. */
const NO_DEFAULTS = new Set(["script", "extra", "list", "list-variables", "pass", "help", "version", "command", "pid"]);

/** Reads both files and STAP_REMOTE_HOST. */
export function readConfig({ env, directory }: ConfigPlace = { env: process.env, directory: process.cwd() }): Config {
  const config: Config = { options: [], hosts: [], groups: new Map() };
  read(config, userFile(env), () => undefined);
  read(config, join(directory, PROJECT_FILE), (name) =>
    PROJECT_OPTIONS.has(name) ? undefined : `a project's file may not set '${name}'; put it into ${userFile(env)}`,
  );
  const named = env.STAP_REMOTE_HOST?.split(/\s+/).filter((word) => word !== "") ?? [];
  if (named.length > 0) config.hosts = named;
  return config;
}

/** The user's file. */
function userFile(env: ConfigPlace["env"]): string {
  const base = env.XDG_CONFIG_HOME || (process.platform === "win32" && env.APPDATA) || join(homedir(), ".config");
  return join(base, "stap-remote", "config");
}

function read(config: Config, file: string, objection: (name: string) => string | undefined): void {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return;
    throw new UsageError(`cannot read '${file}': ${reasonOf(error)}`, "mend or remove the file");
  }
  let section = "";
  const hosts: string[] = [];
  for (const [i, whole] of text.split("\n").entries()) {
    const fail = (what: string) => new UsageError(`'${file}:${i + 1}': ${what}`, "see docs/configuration.md");
    const line = whole.replace(/(^|\s)#.*/, "").trim();
    if (line === "") continue;
    const header = /^\[(.*)\]$/.exec(line);
    if (header) {
      section = header[1] as string;
      if (section !== "groups") throw fail(`there is no section '${section}', only [groups]`);
      continue;
    }
    const pair = /^([A-Za-z0-9_.-]+)\s*(?:=\s*(.*))?$/.exec(line);
    if (!pair) throw fail("a line is 'option', 'option = value' or '[groups]'");
    const [, name, value] = pair as unknown as [string, string, string | undefined];
    if (section === "groups") {
      if (value === undefined) throw fail("a group is 'name = host host …'");
      config.groups.set(
        name,
        value.split(/\s+/).filter((word) => word !== ""),
      );
      continue;
    }
    const problem = NO_DEFAULTS.has(name) ? `'${name}' is for the command line only` : objection(name);
    if (problem !== undefined) throw fail(problem);
    if (name === "host") hosts.push(...(value ?? "").split(/\s+/).filter((word) => word !== ""));
    else config.options.push(value === undefined ? `--${name}` : `--${name}=${value}`);
  }
  if (hosts.length > 0) config.hosts = hosts;
}
