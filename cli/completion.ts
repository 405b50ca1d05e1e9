// `stap-remote completion bash|zsh|fish`: a script for the user's shell, made of the table of options. Hosts are asked
// of `stap-remote hosts` when they are wanted.

import type { OptionRow } from "./option-rows.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Options whose values are names of hosts, files or folders. */
const HOSTS = new Set(["host", "remote", "jump"]);
const FILES = new Set("hosts-from inventory ssh-config identity known-hosts facts output-file verifier-log".split(" "));
const FOLDERS = new Set(["include"]);
const NAMES = "stap-remote hosts --names 2>/dev/null";

/** The script for a shell. */
export function completionScript(shell: Shell, options: OptionRow[], jobs: string[]): string {
  const shown = options.filter(({ hidden }) => !hidden);
  if (shell === "fish") return fishScript(shown, jobs);
  // zsh runs bash's script.
  return `${shell === "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : ""}${bashScript(shown, jobs)}`;
}

function spellings({ name, short }: OptionRow): string[] {
  return [`--${name}`, ...(short ? [`-${short}`] : [])];
}

function takesValue({ type }: OptionRow): boolean {
  return type === "text" || type === "list";
}

function bashScript(options: OptionRow[], jobs: string[]): string {
  const cases = options
    .filter(takesValue)
    .map((row) => `    ${spellings(row).join("|")}) ${bashAnswer(row)}; return;;`)
    .join("\n");
  const words = options.map(({ name }) => `--${name}`).join(" ");
  return `# Completion for stap-remote: eval "$(stap-remote completion bash)"
_stap_remote() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  if [ "$word" = = ]; then word=; elif [ "$before" = = ]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  case $before in
${cases}
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "${words}" -- "$word")); return;;
  esac
  COMPREPLY=($(compgen -f -- "$word"))
  [ "$COMP_CWORD" -ne 1 ] || COMPREPLY+=($(compgen -W "${jobs.join(" ")}" -- "$word"))
}
complete -o filenames -F _stap_remote stap-remote
`;
}

function bashAnswer({ name, choices }: OptionRow): string {
  if (choices) return `COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$word"))`;
  if (HOSTS.has(name)) return `COMPREPLY=($(compgen -W "$(${NAMES})" -- "$word"))`;
  if (FILES.has(name)) return 'COMPREPLY=($(compgen -f -- "$word"))';
  if (FOLDERS.has(name)) return 'COMPREPLY=($(compgen -d -- "$word"))';
  return "COMPREPLY=()";
}

function fishScript(options: OptionRow[], jobs: string[]): string {
  const lines = options.map((row) => {
    const { name, short, help, choices } = row;
    const text = help.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
    const parts = [`complete -c stap-remote -l ${name}`, ...(short ? [`-s ${short}`] : []), `-d '${text}'`];
    if (takesValue(row)) parts.push(FILES.has(name) || FOLDERS.has(name) ? "-rF" : "-x");
    if (choices) parts.push(`-a '${choices.join(" ")}'`);
    else if (HOSTS.has(name)) parts.push(`-a '(${NAMES})'`);
    return parts.join(" ");
  });
  const first = `complete -c stap-remote -n '__fish_is_first_arg' -a '${jobs.join(" ")}'`;
  return `# Completion for stap-remote: stap-remote completion fish | source\n${[first, ...lines].join("\n")}\n`;
}
