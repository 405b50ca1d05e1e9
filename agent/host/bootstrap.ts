// The shell script that runs on the remote before the agent. It finds out what the remote is, becomes root, finds a
// folder for the agent, receives the agent if it is missing, and execs it. Each line that it writes begins with a
// random marker, so that the host can ignore whatever a login shell prints:
//
//   hello UNAME      `uname -srm`
//   uid N            the login user
//   password         sudo is about to ask for one on standard error, with the marker as its prompt
//   send FOLDER      now send the agent's bytes; the host sends nothing more until it reads another line, so that a
//                    `head -c` which reads ahead takes only the agent
//   skip FOLDER WHY  that folder cannot be used
//   refuse WHY       the script ends with an error
//   run CACHED FILE  the script ends: from the next byte on, both streams are the agent's
//
// The login shell (which may be csh or fish) sees only COMMAND, which needs no quoting. The script itself goes over
// standard input as one line, because `read` takes it byte by byte and leaves the rest in the stream. It must work in
// dash, busybox, bash and mksh with the small tools that busybox has.
//
// Invariant: root never runs a file that another user could have written. Every folder from / down to the agent belongs
// to root, and other users may not write there (or may only add files, as in /tmp).

/** The command that the login shell runs. */
export const COMMAND = "exec sh -c 'IFS= read -r s;eval \"$s\"'";

/** CPUs that an agent is built for. */
export type AgentArch = "x86_64" | "arm64";

/** An agent as the script knows it. */
export interface AgentFile {
  arch: AgentArch;
  sha256: string;
  size: number;
}

/** What the script depends on. */
export interface Bootstrap {
  marker: string;
  agents: AgentFile[];
  sudo: boolean;
  args: string[];
}

/** `uname -m` of each CPU that an agent is built for. */
const MACHINES: Record<AgentArch, string> = { x86_64: "x86_64|amd64", arm64: "aarch64|arm64" };

/** Quotes a word for a POSIX shell. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The CPU of a `uname -m` line, if there are agents for it. */
export function archOf(machine: string): AgentArch | null {
  const found = Object.entries(MACHINES).find(([, names]) => names.split("|").includes(machine));
  return found ? (found[0] as AgentArch) : null;
}

/** The script, as one line. */
export function bootstrapScript(bootstrap: Bootstrap): string {
  const lines = [
    settings(bootstrap),
    FUNCTIONS,
    `u=$(uname -srm); say hello "$u"; me=$(id -u); say uid "\${1:-$me}";`,
    `[ "\${u%% *}" = Linux ] || refuse not-linux;`,
    `case \${u##* } in ${bootstrap.agents.map(agentCase).join(" ")} *) refuse arch;; esac;`,
    BECOME_ROOT,
    RUN_CACHED,
    SEND_TO_CACHE,
    SEND_TO_TEMPORARY,
    "refuse no-place;",
  ];
  return lines
    .join(" ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" ");
}

function agentCase({ arch, sha256, size }: AgentFile): string {
  return `${MACHINES[arch]}) h=${sha256} n=${size};;`;
}

function settings({ marker, sudo, args }: Bootstrap): string {
  const agent = args.map(quote).join(" ");
  const start = `start() { trap - EXIT HUP TERM PIPE; umask "$U"; exec "$@" ${agent}; };`;
  return `M=${marker}; S=${sudo ? 1 : 0}; U=$(umask); umask 077; ${start}`;
}

// say: one line to the host. Where the host has gone, writing fails, and the EXIT trap takes away what was begun.
// same: whether a file is the agent: by its hash, or by its size where nothing computes one (the name carries the hash,
//   and only root could write the folder).
// safe FOLDER [FILE]: sets p to the folder's real path and says whether only root can change what is there.
//   In `ls -ldn` column 6 of the mode is the group's w, column 9 the others' w, column 10 a t for a sticky folder.
// put FOLDER: receives the agent into a folder that is safe; sets f. Data that does not fit is read and thrown away, so
//   that the next place starts at the first byte.
const FUNCTIONS = `
say() { printf "%s %s\\n" "$M" "$*" 2>/dev/null || exit 1; };
refuse() { say refuse "$@"; exit 1; };
skip() { say skip "$@"; return 1; };
t=; d=;
tidy() { [ -z "$t" ] || rm -f "$t"; [ -z "$d" ] || rm -rf "$d"; };
trap tidy EXIT; trap "exit 1" HUP TERM; trap "" PIPE;
same() {
  if command -v sha256sum >/dev/null 2>&1; then set -- $(sha256sum < "$1"); [ "$1" = "$h" ];
  else set -- $(wc -c < "$1"); [ "$1" = "$n" ]; fi; };
safe() {
  p=$(cd "$1" 2>/dev/null && pwd -P) || return 1;
  q=$p; r=$2; set --;
  while [ -n "$q" ]; do set -- "$@" "$q"; q=\${q%/*}; done;
  ls -ldn / "$@" \${r:+"$r"} 2>/dev/null | (
    while read -r mode links owner rest; do
      [ "$owner" = 0 ] || exit 1;
      case $mode in
        d????????[tT]*) ;;
        [-d]????w*|[-d]???????w*) exit 1;;
        [-d]*) ;;
        *) exit 1;;
      esac;
    done; exit 0 ); };
put() {
  f=$1/agent-$h;
  ( set -C; : > "$1/.agent-$M" ) 2>/dev/null || { skip "$1" cannot be written; return 1; };
  t=$1/.agent-$M; chmod 700 "$t";
  say send "$1";
  if head -c 0 </dev/null >/dev/null 2>&1; then head -c "$n"; else dd bs=1 count="$n" 2>/dev/null; fi |
    { cat >> "$t"; cat >/dev/null; } 2>/dev/null;
  if same "$t"; then
    "$t" version </dev/null >/dev/null 2>&1; e=$?;
    if [ "$e" = 0 ] && mv -f "$t" "$f" 2>/dev/null; then t=; return 0; fi;
    case $e in
      0) skip "$1" cannot be written;;
      126) skip "$1" files there may not be executed;;
      *) skip "$1" the agent exits there with status "$e";;
    esac;
  else skip "$1" has no room for the agent; fi;
  rm -f "$t"; t=; return 1; };
`;

// The script passes itself to sudo as an argument, with the login user's id. It contains no secret.
const BECOME_ROOT = `
if [ "$me" != 0 ]; then
  [ -z "$1" ] || refuse sudo-useless;
  if [ "$S" = 1 ]; then
    command -v sudo >/dev/null 2>&1 || refuse no-sudo;
    trap - EXIT HUP TERM PIPE; umask "$U";
    if sudo -n true </dev/null >/dev/null 2>&1; then exec sudo -n sh -c "$s" sh "$me"; fi;
    say password; exec sudo -S -p "$M" sh -c "$s" sh "$me";
  fi;
  if sudo -n true </dev/null >/dev/null 2>&1; then refuse not-root sudo; fi;
  refuse not-root;
fi;
`;

// sudo may keep the login user's HOME, where nothing is safe: root's own comes second.
const RUN_CACHED = `
C=\${XDG_CACHE_HOME:-\${HOME:-/}/.cache}; R=; [ -z "$1" ] || R=$(echo ~root)/.cache;
for c in "$C" "$R"; do
  f=$c/stap-remote/agent-$h;
  if [ -f "$f" ] && [ -x "$f" ] && safe "$c/stap-remote" "$f" && same "$f"
    && "$f" version </dev/null >/dev/null 2>&1; then say run cached "$f"; start "$f"; fi;
done;
`;

// Agents of other releases, and what a killed upload left, go when they are a month old.
const SEND_TO_CACHE = `
for c in "$C" "$R"; do
  case $c in /*) ;; *) continue;; esac;
  if [ ! -d "\${c%/*}" ]; then skip "$c" its parent does not exist; continue; fi;
  mkdir "$c" 2>/dev/null; mkdir "$c/stap-remote" 2>/dev/null;
  if [ ! -d "$c/stap-remote" ]; then skip "$c" cannot be written; continue; fi;
  if safe "$c/stap-remote"; then
    if put "$p"; then
      find "$p" -name "*agent-*" -mtime +30 -exec rm -f {} + 2>/dev/null;
      say run kept "$f"; start "$f";
    fi;
  else skip "$c" somebody other than root may write there; fi;
done;
`;

// In a place that is not a cache nothing may be left: the agent is started through an open file after its name is gone;
// where that does not work (no /proc, a shell that closes files on exec) the shell waits and cleans up.
const SEND_TO_TEMPORARY = `
for b in "$XDG_RUNTIME_DIR" /run/user/0 /var/tmp /dev/shm /tmp; do
  if [ -z "$b" ] || [ ! -d "$b" ]; then continue; fi;
  if safe "$b"; then
    if mkdir "$p/stap-remote-$M" 2>/dev/null; then
      d=$p/stap-remote-$M;
      if put "$d"; then
        exec 9< "$f";
        if /proc/self/fd/9 version </dev/null >/dev/null 2>&1; then
          rm -rf "$d"; d=; say run temporary "$f"; start /proc/self/fd/9;
        fi;
        exec 9<&-; say run temporary "$f"; ( start "$f" ); exit $?;
      fi;
      rm -rf "$d"; d=;
    else skip "$b" cannot be written; fi;
  else skip "$b" somebody other than root may write there; fi;
done;
`;
