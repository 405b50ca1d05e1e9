// Options that stap has and we do not, or that change nothing here: each with what its user should know. The command
// line then says why, not just "unknown option".

/** By spelling: the reason, and what to do instead. */
const REFUSED: Record<string, string> = {
  "-i": "is stap's interactive mode, which there is not; an SSH key is named with '--identity'",
  "--interactive": "is stap's interactive mode, which there is not",
  "-t": "is not supported: 'bpftool prog show' on the remote has the run times of programs",
  "-b": "is for files per CPU of the module's runtime; the output is one stream here",
  "-F": "leaves probes behind; here they end with the session",
  "-B": "is for building kernel modules; nothing is built on the remote",
  "-R": "names stap's C runtime, which is not used",
  "--modinfo": "is for kernel modules; there is none",
  "--sign-module": "is for kernel modules; there is none",
  "--dyninst": "names another runtime; there is BPF only",
  "--monitor": "is not supported; a timer probe can print what is wanted every second",
  "--suppress-time-limits": "is not supported; raise the limit: -D MAXACTION=N",
  "--target-namespaces": "is not supported",
  "--sysroot": "is not needed: the remote's kernel is asked itself",
  "--sysenv": "is not needed: the remote's kernel is asked itself",
  "--remote-prefix": "is not supported: one remote a run",
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

/** Why an option of stap's is refused; undefined if it is none. */
export function refusalOf(spelling: string): string | undefined {
  const reason = REFUSED[spelling];
  return reason === undefined ? undefined : `option '${spelling}' ${reason}`;
}

/** Options that are taken and change nothing, since what they ask for is so anyway: long names. */
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
