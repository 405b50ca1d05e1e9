// Options of stap that we do not have, or that change nothing here, each with an explanation. So the command line says
// why it refuses an option, instead of "unknown option".

/** By spelling: the reason, and what to do instead. */
const REFUSED: Record<string, string> = {
  "-i": "is stap's interactive mode, which is not supported; to name an SSH key, use '--identity'",
  "--interactive": "is stap's interactive mode, which is not supported",
  "-t": "is not supported: 'bpftool prog show' on the remote shows the run times of programs",
  "-b": "is for the module runtime's file per CPU; here the output is one stream",
  "-F": "would leave probes behind; here they end with the session",
  "-B": "is for building kernel modules; nothing is built on the remote",
  "-R": "names stap's C runtime, which is not used",
  "--modinfo": "is for kernel modules, and none is built",
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
  "--dump-probe-types": "is not supported; README.md lists them",
  "--dump-probe-aliases": "is not supported; tapset/index.txt lists them",
  "--dump-functions": "is not supported; tapset/index.txt lists them",
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

/** Options that are accepted and change nothing, because what they ask for is always so; by long name. */
export const IDLE: { name: string; short?: string; value: boolean; why: string }[] = [
  { name: "runtime", value: true, why: "there is no other runtime" },
  { name: "bpf", value: false, why: "the same as --runtime=bpf" },
  { name: "prologue-searching", short: "P", value: false, why: "debug information is not used" },
  { name: "skip-badvars", value: false, why: "for context variables" },
  { name: "symbols", short: "d", value: true, why: "the kernel's own symbols are used" },
  { name: "ldd", value: false, why: "the kernel's own symbols are used" },
  { name: "all-modules", value: false, why: "the kernel's own symbols are used" },
  { name: "color", value: false, why: "messages have no colours" },
  { name: "colour", value: false, why: "messages have no colours" },
  { name: "disable-cache", value: false, why: "no objects are cached" },
  { name: "poison-cache", value: false, why: "no objects are cached" },
  { name: "clean-cache", value: false, why: "no objects are cached" },
  { name: "download-debuginfo", value: false, why: "debug information is not used" },
  { name: "check-version", value: false, why: "one version of the language" },
];
