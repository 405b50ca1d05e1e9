// Combinations of options that make no sense, each with one clear message.

import { type Kind, kindNamed, kindOfFile } from "../pictures/kinds.ts";
import { isContainerName } from "./container.ts";
import { UsageError } from "./exit.ts";
import { isHost } from "./hosts/list.ts";
import { checkModule } from "./option-values.ts";
import type { Settings } from "./options.ts";

/** PATH_MAX of the kernel. */
const MOST_PATH = 4096;

/** Combinations that make no sense. */
export function checkSettings(settings: Settings): void {
  const { job, file, script, local, facts } = settings;
  const isRemote = namesRemote(settings);
  const ownCheck = JOB_CHECKS[job];
  if (ownCheck) {
    ownCheck(settings);
    return;
  }
  if (job === "run" && file === undefined) throw new UsageError("'run' needs an object file");
  if (job === "run" && settings.args.length > 0)
    throw new UsageError("an object takes no arguments: they were compiled in");
  if (settings.list !== undefined && (script !== undefined || file !== undefined)) {
    throw new UsageError("'-l' and '-L' list probe points; they take no script but that of '-E'");
  }
  if (settings.library !== undefined && (script !== undefined || file !== undefined || settings.list !== undefined)) {
    throw new UsageError(`'--dump-${settings.library}' lists what the library has; it takes no script`);
  }
  if (settings.detach !== undefined) checkDetached(settings);
  else if (settings.rotate !== undefined && settings.output === undefined)
    throw new UsageError("option '-S' needs '-o FILE'");
  if (settings.release?.startsWith("/")) {
    throw new UsageError("option '-r' takes a kernel's release, such as 6.12.0-amd64; build trees are not needed");
  }
  const lists = settings.list !== undefined || settings.library !== undefined;
  if (file === undefined && script === undefined && !lists)
    throw new UsageError("no script: give a file, '-' or -e 'probe …'");
  if (facts !== undefined && (isRemote || local))
    throw new UsageError("'--facts' is for compiling without the machine; leave out '--host' and '--local'");
  if (facts !== undefined && !onlyCompiles(settings)) {
    throw new UsageError("'--facts' compiles only: give -p4 (an object), -p1 to -p3, -l or -L");
  }
  checkRemotes(settings);
  if (settings.command !== undefined && settings.pid !== 0)
    throw new UsageError("'-c' and '-x' cannot be used together");
  checkGroups(settings);
  if (settings.module !== undefined) checkModule(settings.module);
  for (const pair of [...settings.set, ...settings.define]) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*(=|$)/.test(pair)) throw new UsageError(`'${pair}' is not NAME=VALUE`);
  }
  if ((job === "run" || !onlyCompiles(settings)) && !isRemote && !local) {
    throw new UsageError(
      "no machine to run on: give --host [USER@]BOX, or --local for this one",
      "to compile only: -p4",
    );
  }
}

/** The jobs that neither compile nor run. */
const JOB_CHECKS: Partial<Record<Settings["job"], (settings: Settings) => void>> = {
  install: checkInstallation,
  uninstall: checkInstallation,
  clean: checkInstallation,
  doctor: checkInstallation,
  attach: checkKept,
  stop: checkKept,
  list: checkInstallation,
  "object show": ({ file, args }) => {
    if (file === undefined || args.length > 0) throw new UsageError("'object show' takes an object file");
  },
  image: ({ args }) => {
    if (args.length > 0) throw new UsageError("'image' takes at most one object file");
  },
  view: ({ file, args, live }) => {
    if (file === undefined || args.length > 0) throw new UsageError("'view' takes a file that was written by a run");
    if (live) throw new UsageError("'view' shows a run that is over; leave out '--live'");
  },
  manifest: (settings) => {
    const { file, script, command } = settings;
    if (command !== undefined)
      throw new UsageError("option '-c' has no meaning for 'manifest': the image has no commands");
    if (file === undefined && script === undefined) throw new UsageError("'manifest' takes a script or an object file");
    if (namesRemote(settings) || settings.local)
      throw new UsageError("'manifest' compiles without a machine: describe its kernel with '--facts FILE.facts'");
  },
  facts: checkFacts,
  "facts show": checkFacts,
  "facts diff": checkFacts,
};

function checkFacts(settings: Settings): void {
  const { job, file, args, local, facts } = settings;
  const isRemote = namesRemote(settings);
  const files = [file, ...args].filter((one) => one !== undefined).length;
  const wanted = { "facts show": 1, "facts diff": 2 }[job as string] ?? 0;
  if (files !== wanted) throw new UsageError(`'${job}' takes ${["no file", "a file", "two files"][wanted]}`);
  if (facts !== undefined) throw new UsageError(`option '--facts' has no meaning for '${job}'`);
  if (job === "facts" && isRemote === local)
    throw new UsageError("'facts' needs a machine: --host [USER@]BOX, or --local");
}

function checkInstallation(settings: Settings): void {
  const { job, file, local, group } = settings;
  if (file !== undefined) throw new UsageError(`'${job}' takes no argument, not '${file}'`);
  if (namesRemote(settings) === local) throw new UsageError(`'${job}' needs a machine: --host [USER@]BOX, or --local`);
  if (job !== "install") return;
  const isName = group !== undefined && /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(group);
  if (!isName) throw new UsageError("'install' needs a group on the remote: --group GROUP");
}

/** In the place of the name of --detach: -F, which takes the script's. */
export const AS_SCRIPT = "*";
const RUN_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/** `attach NAME`, `stop NAME` */
function checkKept({ job, file, args, local, ...rest }: Settings): void {
  if (file === undefined || args.length > 0) throw new UsageError(`'${job}' takes the name of a run`);
  if (!RUN_NAME.test(file)) throw new UsageError(`'${file}' cannot be the name of a run`);
  if (namesRemote(rest as Settings) === local)
    throw new UsageError(`'${job}' needs a machine: --host [USER@]BOX, or --local`);
}

/** --detach and -F: what needs this program while the run lasts is refused. */
function checkDetached(settings: Settings): void {
  if (settings.detach === AS_SCRIPT)
    settings.detach = (settings.file ?? "script").replace(/^.*[\\/]|\.(stp|bo)$/g, "").replace(/[^A-Za-z0-9_]/g, "_");
  if (!RUN_NAME.test(settings.detach as string))
    throw new UsageError("option '--detach' needs a name: up to 64 letters, digits and ._-");
  if (onlyCompiles(settings) || settings.verify) throw new UsageError("'--detach' is for a run");
  const { command, output, json, stamps, rotate } = settings;
  const other = [
    [command !== undefined, "-c"],
    [output !== undefined, "-o"],
    [json, "--output json"],
    [stamps !== undefined, "--timestamps"],
  ].find(([isGiven]) => isGiven);
  if (other) throw new UsageError(`'${other[1]}' needs this program while the run lasts: leave it out, or '--detach'`);
  if ((rotate?.bytes ?? 0) > 1 << 30)
    throw new UsageError("with '--detach', '-S' takes at most 1024 megabytes of memory");
}

/** Whether a script is compiled and not run. */
export function onlyCompiles(settings: Settings): boolean {
  const { pass, dump, list, library } = settings;
  return pass < 5 || dump !== undefined || list !== undefined || library !== undefined;
}

/** Whether a machine other than this one is named. */
export function namesRemote({ hosts, hostsFrom, inventory, via }: Settings): boolean {
  return hosts.length > 0 || hostsFrom.length > 0 || inventory !== undefined || via !== undefined;
}

function checkRemotes(settings: Settings): void {
  const { hosts, hostsFrom, inventory, limit, via, local } = settings;
  const first = hosts.length > 0 ? "--host" : via === undefined ? "--hosts-from" : "--via";
  if (namesRemote(settings) && local) throw new UsageError(`'${first}' and '--local' cannot be used together`);
  const bad = hosts.find((host) => !isHost(host));
  if (bad !== undefined) throw new UsageError(`option '--host' needs a value: [USER@]BOX[:PORT]`);
  if (limit !== undefined && inventory === undefined) throw new UsageError("option '--limit' needs '--inventory FILE'");
  const { agent, become } = settings;
  if (agent !== undefined && !/^\/[\w./@+-]+$/.test(agent))
    throw new UsageError(
      `option '--agent' needs the whole path of a file on the remote, made of letters, digits and ./@+-_`,
    );
  if (agent !== undefined && become !== undefined)
    throw new UsageError("'--agent' runs a file as the login user: leave out '--sudo' and '--become'");
  const isListed = hosts.length > 0 || hostsFrom.length > 0 || inventory !== undefined;
  if (via !== undefined && isListed !== via.includes("{host}")) {
    const what = isListed ? "has no {host}, so that the hosts mean nothing" : "has {host}, and no host is named";
    throw new UsageError(`'--via ${via}' ${what}`);
  }
}

/** --cgroup and --container */
function checkGroups(settings: Settings): void {
  const { cgroup, container, local } = settings;
  if (cgroup !== undefined && container !== undefined)
    throw new UsageError("'--cgroup' and '--container' cannot be used together");
  if (cgroup === "" || (cgroup?.length ?? 0) > MOST_PATH)
    throw new UsageError("option '--cgroup' takes a directory below /sys/fs/cgroup, or the id of a container");
  if (container === undefined) return;
  if (!isContainerName(container)) throw new UsageError(`'${container}' is no name of a container`);
  if (!namesRemote(settings) && !local)
    throw new UsageError("'--container' asks a machine: give --host [USER@]BOX; without one, --cgroup takes an id");
}

/** Settings that follow from the kind. `asked`: by --output or --json. */
export function kindSettings(settings: Settings, asked: string | undefined): Partial<Settings> {
  const kind = kindNamed(asked ?? kindByName(settings) ?? "text");
  const { live, job } = settings;
  if (live && job !== "run" && onlyCompiles(settings)) throw new UsageError("'--live' follows a run, and nothing runs");
  if (live) checkFile(settings, "live");
  if (kind.name === "text" && !live) return { kind: "text", json: false };
  if (settings.stamps !== undefined) {
    throw new UsageError(`times stand in ${nameOf(kind)} anyway: leave out '--timestamps' and '--monotonic'`);
  }
  if (kind.writer) checkFile(settings, kind.name);
  return { kind: kind.name, json: true, folded: settings.folded || live || kind.isFolded === true };
}

function nameOf({ name }: Kind): string {
  return name === "json" ? "JSON Lines" : `the output '${name}'`;
}

/** What the file of -o is for a run's output; other jobs write files of their own kinds. */
function kindByName(settings: Settings): string | undefined {
  const { job, output, verify } = settings;
  const isRun = job === "run" || (job === "script" && !onlyCompiles(settings));
  return isRun && !verify && output !== undefined ? kindOfFile(output)?.name : undefined;
}

function checkFile({ job, verify, rotate, live }: Settings, name: string): void {
  if (verify || (job !== "run" && job !== "script")) {
    const option = name === "live" ? "--live" : `--output ${name}`;
    throw new UsageError(`'${option}' is of what a script prints, and has no meaning here`);
  }
  if (rotate !== undefined && live) throw new UsageError("'-S' and '--live' cannot be used together");
  if (rotate !== undefined) throw new UsageError(`'-S' cuts text and JSON Lines; a file of kind '${name}' stays whole`);
}
