// All options, one row each: how they are spelt, what value they take, and what --help says of them.

import { WAYS } from "../agent/host/become.ts";
import { KINDS } from "../pictures/kinds.ts";
import { IDLE } from "./foreign.ts";

type OptionType = "flag" | "count" | "text" | "list" | "optional";

/** One option. */
export interface OptionRow {
  name: string;
  short?: string;
  type: OptionType;
  /** What the value is called in --help. */
  value?: string;
  group: string;
  help: string;
  choices?: string[];
  hidden?: boolean;
}

export const WHERE = "Where to run:";
const WHAT = "What to run:";
export const COMPILE = "Compiling:";
export const OUTPUT = "Output:";

/** All options. To add one: a row here and a field's use in run.ts or compile.ts. */
export const OPTIONS: OptionRow[] = [
  {
    name: "host",
    type: "list",
    value: "[USER@]BOX[:PORT]",
    group: WHERE,
    help: "run on BOX, over SSH; repeatable, and web[01-20] are twenty: each line then begins with the host's name",
  },
  {
    name: "hosts-from",
    type: "list",
    value: "FILE",
    group: WHERE,
    help: "run on the hosts in FILE ('-': standard input)",
  },
  { name: "inventory", type: "text", value: "FILE", group: WHERE, help: "run on the hosts of an Ansible inventory" },
  { name: "limit", type: "text", value: "PATTERN", group: WHERE, help: "of these, only hosts and groups like PATTERN" },
  {
    name: "via",
    type: "text",
    value: "CMD",
    group: WHERE,
    help: "put CMD before what runs on the remote, instead of SSH: 'podman exec -i web'; {host} in CMD is the host",
  },
  {
    name: "agent",
    type: "text",
    value: "FILE",
    group: WHERE,
    help: "run the agent that is FILE on the remote instead of sending one; with --via it needs no shell there",
  },
  { name: "parallel", type: "text", value: "N", group: WHERE, help: "start on at most N hosts at the same time; 16" },
  { name: "local", type: "flag", group: WHERE, help: "run on this machine itself, without SSH" },
  {
    name: "remote",
    type: "list",
    value: "[USER@]BOX",
    group: WHERE,
    help: "the same as --host, as stap spells it; takes ssh://BOX and direct:// (--local)",
  },
  {
    name: "identity",
    type: "list",
    value: "FILE",
    group: WHERE,
    help: "private key to log in with, as ssh -i (repeatable)",
  },
  { name: "user", type: "text", value: "USER", group: WHERE, help: "user to log in as, as ssh -l" },
  { name: "port", type: "text", value: "PORT", group: WHERE, help: "port to connect to, as ssh -p" },
  {
    name: "jump",
    type: "text",
    value: "HOST[,HOST]...",
    group: WHERE,
    help: "hosts to go through, as ssh -J; 'none': through none",
  },
  {
    name: "ssh-config",
    type: "text",
    value: "FILE",
    group: WHERE,
    help: "ssh configuration to read instead of the user's and the system's, as ssh -F",
  },
  {
    name: "ssh-option",
    type: "list",
    value: "NAME=VALUE",
    group: WHERE,
    help: "a setting of ssh_config(5) for BOX, as ssh -o (repeatable)",
  },
  {
    name: "known-hosts",
    type: "list",
    value: "FILE",
    group: WHERE,
    help: "known_hosts file to check against (repeatable)",
  },
  { name: "accept-new", type: "flag", group: WHERE, help: "record an unknown host key without asking" },
  { name: "no-cache", type: "flag", group: WHERE, help: "keep no copy of the agent on the remote for the next run" },
  { name: "sudo", type: "flag", group: WHERE, help: "become root with sudo on the remote" },
  {
    name: "become",
    type: "text",
    value: "WAY",
    choices: WAYS.map(({ name }) => name),
    group: WHERE,
    help: "become root on the remote with sudo, or with doas or run0 where they ask for no password",
  },
  {
    name: "group",
    type: "text",
    value: "GROUP",
    group: WHERE,
    help: "with install: the group whose members may trace without root; they can read kernel memory",
  },
  {
    name: "ssh",
    type: "text",
    value: "WHICH",
    choices: ["auto", "ssh2", "openssh"],
    group: WHERE,
    help: "the built-in SSH client or the system's",
  },
  { name: "script", short: "e", type: "text", value: "SCRIPT", group: WHAT, help: "run this script instead of a file" },
  {
    name: "extra",
    short: "E",
    type: "list",
    value: "SCRIPT",
    group: WHAT,
    help: "add this script (repeatable)",
  },
  {
    name: "list",
    short: "l",
    type: "text",
    value: "PROBE",
    group: WHAT,
    help: "list the probe points that match PROBE, run nothing",
  },
  {
    name: "list-variables",
    short: "L",
    type: "text",
    value: "PROBE",
    group: WHAT,
    help: "like -l, with the variables of the handlers",
  },
  { name: "dump-functions", type: "flag", group: WHAT, help: "list the functions of the library" },
  { name: "dump-probe-aliases", type: "flag", group: WHAT, help: "list the probe aliases of the library" },
  { name: "dump-probe-types", type: "flag", group: WHAT, help: "list the forms of probe points" },
  {
    name: "command",
    short: "c",
    type: "text",
    value: "CMD",
    group: WHAT,
    help: "run CMD on the remote, and stop when it exits",
  },
  { name: "pid", short: "x", type: "text", value: "PID", group: WHAT, help: "make target() return PID" },
  { name: "timeout", short: "T", type: "text", value: "SECONDS", group: WHAT, help: "stop after SECONDS" },
  {
    name: "detach",
    type: "text",
    value: "NAME",
    group: WHAT,
    help: "let the run go on without this program, for -T or a day; then: attach NAME, stop NAME, list",
  },
  { name: "leave-running", short: "F", type: "flag", group: WHAT, help: "--detach, under the script's name" },
  { name: "set", short: "G", type: "list", value: "NAME=VALUE", group: WHAT, help: "set a global of the script" },
  {
    name: "pass",
    short: "p",
    type: "text",
    value: "NUM",
    group: COMPILE,
    help: "stop after pass 1 to 5: parse, elaborate, translate, compile, run",
  },
  {
    name: "module",
    short: "m",
    type: "text",
    value: "NAME",
    group: COMPILE,
    help: "name of the object: -p4 writes NAME.bo",
  },
  {
    name: "arch",
    short: "a",
    type: "text",
    value: "ARCH",
    choices: ["x86_64", "arm64"],
    group: COMPILE,
    help: "CPU to compile for without a remote",
  },
  {
    name: "release",
    short: "r",
    type: "text",
    value: "RELEASE",
    group: COMPILE,
    help: "kernel release to compile for without a remote, as 'uname -r' prints it; or a file as --facts takes it",
  },
  {
    name: "facts",
    type: "text",
    value: "FILE.facts",
    group: COMPILE,
    help: "compile for the kernel that 'stap-remote facts' has described in FILE, without a remote",
  },
  {
    name: "define",
    short: "D",
    type: "list",
    value: "NAME=VALUE",
    group: COMPILE,
    help: "set a limit, such as MAXERRORS=5",
  },
  {
    name: "include",
    short: "I",
    type: "list",
    value: "DIR",
    group: COMPILE,
    help: "another directory of library scripts",
  },
  { name: "buffer", short: "s", type: "text", value: "MB", group: COMPILE, help: "size of the output buffer" },
  { name: "guru", short: "g", type: "flag", group: COMPILE, help: "enable guru mode" },
  { name: "unoptimized", short: "u", type: "flag", group: COMPILE, help: "compile without optimising" },
  { name: "no-warnings", short: "w", type: "flag", group: COMPILE, help: "print no warnings" },
  { name: "warnings-as-errors", short: "W", type: "flag", group: COMPILE, help: "treat warnings as errors" },
  {
    name: "attach",
    type: "text",
    value: "WAY",
    choices: ["best", "kprobe", "fentry"],
    group: COMPILE,
    help: "probe functions by kprobe, or by fentry and not otherwise; best: by what is cheapest and loses nothing",
  },
  { name: "exclude-agent", type: "flag", group: COMPILE, help: "no probe runs for what the agent itself does" },
  {
    name: "cgroup",
    type: "text",
    value: "PATH|ID",
    group: COMPILE,
    help: "run probes on kernel events only in tasks of this control group, or below it",
  },
  {
    name: "container",
    type: "text",
    value: "NAME|ID",
    group: COMPILE,
    help: "the same for a container; docker, podman or crictl of the remote know its name",
  },
  { name: "suppress-handler-errors", type: "flag", group: COMPILE, help: "end handlers silently on run-time errors" },
  {
    name: "suppress-time-limits",
    type: "flag",
    group: COMPILE,
    help: "let handlers run long, and take all of the machine's time",
  },
  { name: "dump", type: "text", value: "PHASE", group: COMPILE, help: "print a phase's internal form and stop" },
  { name: "check", type: "flag", group: COMPILE, help: "check the compiler's own invariants between phases" },
  { name: "keep", short: "k", type: "flag", group: COMPILE, help: "keep the object in the current directory" },
  {
    name: "compatible",
    type: "text",
    value: "VERSION",
    group: COMPILE,
    help: "the version that 'systemtap_v' has in conditionals; up to 2.5, '->' is for target variables",
  },
  {
    name: "output-file",
    short: "o",
    type: "text",
    value: "FILE",
    group: OUTPUT,
    help: "write the script's output (with -p4: the object) to FILE; its ending says the kind, as --output does",
  },
  {
    name: "output",
    type: "text",
    value: "KIND",
    choices: KINDS.map(({ name }) => name),
    group: OUTPUT,
    help: "text, as stap prints it; json: JSON Lines (docs/json.md); others for other tools (docs/pictures.md)",
  },
  { name: "live", type: "flag", group: OUTPUT, help: "show the run in a page on this machine while it goes on" },
  { name: "json", type: "flag", group: OUTPUT, help: "the same as --output json" },
  { name: "timestamps", type: "flag", group: OUTPUT, help: "begin each line of text with its time" },
  { name: "monotonic", type: "flag", group: OUTPUT, help: "begin each line of text with the seconds since the first" },
  { name: "no-prefix", type: "flag", group: OUTPUT, help: "with several hosts: print no names of hosts before lines" },
  {
    name: "raw",
    type: "flag",
    group: OUTPUT,
    help: "let control characters of the traced machine through to the terminal",
  },
  {
    name: "rotate",
    short: "S",
    type: "text",
    value: "MB[,N]",
    group: OUTPUT,
    help: "with -o: start a new file after MB megabytes, and keep N files",
  },
  {
    name: "folded",
    type: "flag",
    group: OUTPUT,
    help: "print arrays with stacks as keys, which nothing reads, for flame-graph tools",
  },
  { name: "no-global-var-display", type: "flag", group: OUTPUT, help: "do not print globals that nothing reads" },
  { name: "verbose", short: "v", type: "count", group: OUTPUT, help: "print passes and their times (repeatable)" },
  {
    name: "vp",
    type: "text",
    value: "ABCDE",
    group: OUTPUT,
    help: "verbosity of each pass, one digit each; the greatest digit applies",
  },
  {
    name: "verifier-log",
    type: "text",
    value: "full|FILE",
    group: OUTPUT,
    help: "print or save the whole verifier log of a refused program",
  },
  {
    name: "kind",
    type: "text",
    value: "KIND",
    choices: ["job", "daemonset"],
    group: OUTPUT,
    help: "with manifest: a Job, on one node, or a DaemonSet, on all of them",
  },
  { name: "image", type: "text", value: "IMAGE", group: OUTPUT, help: "with manifest: the agent's image" },
  { name: "help", short: "h", type: "flag", group: OUTPUT, help: "print this help" },
  { name: "version", short: "V", type: "flag", group: OUTPUT, help: "print the version" },
];

for (const { name, short, value, why } of IDLE) {
  const row: OptionRow = { name, type: value ? "list" : "optional", group: COMPILE, help: why, hidden: true };
  OPTIONS.push({ ...row, ...(value ? { value: "VALUE" } : {}), ...(short ? { short } : {}) });
}
