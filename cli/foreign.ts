// Options of stap that we do not have, or that change nothing here, each with an explanation. So the command line says
// why it refuses an option, instead of "unknown option".

/** By spelling: the reason, and what to do instead. */
const REFUSED: Record<string, string> = {
  "-i": "is stap's interactive mode, which is not supported; to name an SSH key, use '--identity'",
  "--interactive": "is stap's interactive mode, which is not supported",
  "-R": "names stap's C runtime, which is not used",
  "--sign-module": "is for kernel modules, and none is built",
  "--dyninst": "names another runtime; here BPF is the only one",
  "--monitor": "is not supported; print what you need from a timer probe every second",
  "--target-namespaces": "is not supported",
  "--sysroot": "is not needed: facts come from the remote's own kernel",
  "--sysenv": "is not needed: facts come from the remote's own kernel",
  "--remote-prefix": "is not supported: a run has one remote",
  "--use-server": "is not needed: the compiler is part of this program",
  "--list-servers": "is not needed: the compiler is part of this program",
  "--trust-servers": "is not needed: the compiler is part of this program",
  "--unprivileged": "is not supported: BPF tracing needs root",
  "--example": "is not supported: give the script's path",
  "--save-uprobes": "is for kernels older than 3.5",
  "--rlimit-as": "is for stap's compile server",
  "--rlimit-cpu": "is for stap's compile server",
  "--rlimit-nproc": "is for stap's compile server",
  "--rlimit-stack": "is for stap's compile server",
  "--rlimit-fsize": "is for stap's compile server",
};

/** Why an option of stap is refused; undefined if it is not refused. */
export function refusalOf(spelling: string): string | undefined {
  const reason = REFUSED[spelling];
  return reason === undefined ? undefined : `option '${spelling}' ${reason}`;
}

/** An option that is accepted and changes nothing. */
export interface IdleOption {
  /** The long name; what stap knows by a letter only has a hidden one here. */
  name: string;
  short?: string;
  value: boolean;
  why: string;
  /** What stap takes as its value. */
  takes?: RegExp;
  /** Who asks for it hears why it changes nothing. */
  isSaid?: boolean;
}

const OFTEN = /^(never|auto|always)$/;
const NAME_VALUE = /^[A-Za-z_][A-Za-z0-9_]*=.+$/;

/** Options that change nothing: what they ask for is always so, or means nothing here. */
export const IDLE: IdleOption[] = [
  { name: "runtime", value: true, why: "there is no other runtime" },
  { name: "bpf", value: false, why: "the same as --runtime=bpf" },
  { name: "prologue-searching", short: "P", value: false, why: "debug information is not used", takes: OFTEN },
  { name: "skip-badvars", value: false, why: "for context variables" },
  { name: "symbols", short: "d", value: true, why: "the kernel's own symbols are used" },
  { name: "ldd", value: false, why: "the kernel's own symbols are used" },
  { name: "all-modules", value: false, why: "the kernel's own symbols are used" },
  { name: "color", value: false, why: "messages have no colours", takes: OFTEN },
  { name: "colour", value: false, why: "messages have no colours", takes: OFTEN },
  { name: "disable-cache", value: false, why: "no objects are cached" },
  { name: "poison-cache", value: false, why: "no objects are cached" },
  { name: "clean-cache", value: false, why: "no objects are cached" },
  { name: "download-debuginfo", value: false, why: "debug information is not used" },
  { name: "check-version", value: false, why: "one version of the language" },
  { name: "privilege", value: true, why: "tracing needs root", takes: /^stap(dev|sys|usr)$/ },
  {
    name: "timing",
    short: "t",
    value: false,
    why: "'bpftool prog show' on the remote shows the run times of programs",
    isSaid: true,
  },
  { name: "bulk", short: "b", value: false, why: "the output is one stream, not a file for each CPU", isSaid: true },
  { name: "kbuild", short: "B", value: true, why: "no kernel module is built", takes: NAME_VALUE, isSaid: true },
  { name: "modinfo", value: true, why: "no kernel module is built", takes: NAME_VALUE, isSaid: true },
];

/** How an option is written: those whose name stap does not know, by their letter. */
function spellingOf({ name, short, isSaid }: IdleOption): string {
  return short && isSaid ? `-${short}` : `--${name}`;
}

/** What is wrong with the value of such an option; undefined if nothing is. */
export function badValue(name: string, value: string): string | undefined {
  const row = IDLE.find((one) => one.name === name);
  if (!row?.takes || row.takes.test(value)) return undefined;
  return `invalid argument '${value}' for option '${spellingOf(row)}'`;
}

/** What to tell who asked for such an option; undefined if nothing. */
export function idleNote(name: string): string | undefined {
  const row = IDLE.find((one) => one.name === name && one.isSaid);
  return row && `option '${spellingOf(row)}' means nothing here: ${row.why}`;
}
