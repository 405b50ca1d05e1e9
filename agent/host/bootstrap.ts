// The shell script that runs on the remote before the agent. It finds out what the remote is, becomes root, finds a
// folder for the agent, receives the agent if it is missing, and execs it. Each line that it writes begins with a
// random marker, so that the host can ignore whatever a login shell prints:
//
//   hello UNAME      `uname -srm`
//   uid N            the login user
//   become           sudo (or another way) is about to start this script again as root
//   password         the same, and it will ask for a password on standard error, with the marker as its prompt
//   send FOLDER      now send the agent's bytes; the host sends nothing more until it reads another line
//   sync             not all of them could be taken: send an empty line and the marker, so that both know where we are
//   skip FOLDER WHY  that folder cannot be used
//   note WHAT ...    something that the user should know
//   refuse WHY       the script ends with an error
//   done FILE        the script ends; it has installed or removed that file
//   run CACHED FILE  the script ends: from the next byte on, both streams are the agent's
//
// The login shell (which may be csh or fish) sees only COMMAND, which needs no quoting. It says `stap-remote-sh` at
// once, and takes the script as one line from standard input, because `read` takes it byte by byte and leaves the rest
// in the stream. A line that does not begin like the script is not run: then something else has read from the stream,
// such as a start-up file of the login shell. The script must work in dash, busybox, bash and mksh with the small tools
// that busybox has.
//
// Invariant: root never runs a file that another user could have written. Every folder from / down to the agent belongs
// to root, and other users may not write there (or may only add files, as in /tmp).
//
// Invariant: whatever dies, and if the network does, what the script has begun is gone ten seconds later. While
// something of it lies on the disk, a second process (`guard`) watches the first, and whether the agent's bytes come.

import { WAYS, type Way } from "./become.ts";

/** What the remote says as soon as COMMAND runs. */
export const READY = "stap-remote-sh";

/** COMMAND ends with this status if what it reads is not the script. */
export const NOT_THE_SCRIPT = 97;

/** The command that the login shell runs. Its shell ends by itself if no script comes within ten seconds. */
export const COMMAND =
  `exec sh -c 'echo ${READY};` +
  "(for i in 1 2 3 4 5 6 7 8 9 10;do sleep 1&&kill -0 $$||exit;done;kill $$)</dev/null >/dev/null 2>&1&" +
  `IFS= read -r s;case $s in M=*)eval "$s";;*)exit ${NOT_THE_SCRIPT};;esac'`;

/** Where `stap-remote install` puts the agent. */
export const INSTALL_FOLDER = "/usr/local/lib/stap-remote";
/** Its file there. */
export const INSTALLED = `${INSTALL_FOLDER}/stap-agent`;

/** CPUs that an agent is built for. */
export type AgentArch = "x86_64" | "arm64";

/** An agent as the script knows it. */
export interface AgentFile {
  arch: AgentArch;
  sha256: string;
  size: number;
}

/**
 * What the script is to do: start the agent (without a cache: nothing is looked for or kept there), install it for a
 * group, remove what was installed, or what is cached.
 */
export type BootstrapJob =
  | { kind: "run"; cache?: boolean }
  | { kind: "install"; group: string }
  | { kind: "uninstall" }
  | { kind: "clean" };

/** What the script depends on. */
export interface Bootstrap {
  marker: string;
  agents: AgentFile[];
  /** How a login user becomes root; undefined: not at all. */
  way?: Way;
  args: string[];
  job?: BootstrapJob;
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
  const job = bootstrap.job ?? { kind: "run" };
  const lines = [
    settings(bootstrap),
    FUNCTIONS,
    TOOLS,
    `u=$(uname -srm); say hello "$u"; me=$(id -u); say uid "\${1:-$me}";`,
    `[ "\${u%% *}" = Linux ] || refuse not-linux;`,
    `case \${u##* } in ${bootstrap.agents.map(agentCase).join(" ")} *) refuse arch;; esac;`,
    job.kind === "run" ? RUN_INSTALLED : "",
    becomeRoot(bootstrap.way),
    RAISE_LIMITS,
    ...jobLines(job),
  ];
  return lines
    .join(" ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" ");
}

function jobLines(job: BootstrapJob): string[] {
  if (job.kind === "install") return [`g=${quote(job.group)};`, INSTALL];
  if (job.kind === "uninstall") return [UNINSTALL];
  if (job.kind === "clean") return [CACHES, CLEAN];
  if (job.cache === false) return [SEND_TO_TEMPORARY, "refuse no-place;"];
  return [CACHES, RUN_CACHED, SEND_TO_CACHE, SEND_TO_TEMPORARY, "refuse no-place;"];
}

function agentCase({ arch, sha256, size }: AgentFile): string {
  return `${MACHINES[arch]}) h=${sha256} n=${size};;`;
}

/** The first line; M=, by which COMMAND knows the script, comes first. */
function settings({ marker, way, args }: Bootstrap): string {
  const agent = args.map(quote).join(" ");
  const login = `\${W:+login="$W"} \${L:+limits="$L"}`;
  const start = `start() { free; trap - EXIT HUP TERM PIPE; umask "$U"; exec "$@" ${agent} ${login} 3<&-; };`;
  return `M=${marker}; S=${way ? 1 : 0}; U=$(umask); umask 077; W=\${1:+"$1:$2:$3"}; ${start}`;
}

// end: ends a process of ours. By a signal that no shell handles: a child that was just forked may drop another.
// say: one line to the host. Where the host has gone, writing fails, and the EXIT trap takes away what was begun.
// same: whether a file is the agent: by its hash, or by its size where nothing computes one (the name carries the hash,
//   and only root could write the folder).
// safe FOLDER [FILE]: sets p to the folder's real path and says whether only root can change what is there.
//   In `ls -ldn` column 6 of the mode is the group's w, column 9 the others' w, column 10 a t for a sticky folder.
// limits: sets l to this shell's resource limits, in the kernel's order: SOFT:HARD, with - for "unlimited".
// guard: the process that removes t and d if this one is killed, and ends this one if t has not grown for seven
//   seconds. free ends it. It starts before t and d exist, and is patient before and after the transfer.
// receive FOLDER: receives the agent as FOLDER/.agent-MARKER; sets t. The reader has a process of its own, because a
//   shell handles signals while it waits for one, but not while it runs a program. After `sync`, the stream begins
//   anew behind the marker.
// put FOLDER: receives the agent into a folder that is safe; sets f. mv would move it *into* a folder of that name.
const FUNCTIONS = `
say() { printf "%s %s\\n" "$M" "$*" 2>/dev/null || exit 1; };
refuse() { say refuse "$@"; exit 1; };
skip() { say skip "$@"; return 1; };
w=$!; t=; d=; r=; v=; x=; o=;
end() { [ -z "$1" ] || { kill -9 "$1"; wait "$1"; } 2>/dev/null; };
free() { end "$v"; v=; };
tidy() { end "$r"; [ -z "$t" ] || rm -f "$t"; [ -z "$d" ] || rm -rf "$d"; free; };
trap tidy EXIT; trap "exit 1" HUP TERM; trap "" PIPE;
end "$w";
same() {
  if command -v sha256sum >/dev/null 2>&1; then set -- $(sha256sum < "$1"); [ "$1" = "$h" ];
  else set -- $(wc -c < "$1"); [ "$1" = "$n" ]; fi; };
safe() {
  p=$(cd "$1" 2>/dev/null && pwd -P) || return 1;
  q=$p; a=$2; set --;
  while [ -n "$q" ]; do set -- "$@" "$q"; q=\${q%/*}; done;
  ls -ldn / "$@" \${a:+"$a"} 2>/dev/null | (
    while read -r mode links owner rest; do
      [ "$owner" = 0 ] || exit 1;
      case $mode in
        d????????[tT]*) ;;
        [-d]????w*|[-d]???????w*) exit 1;;
        [-d]*) ;;
        *) exit 1;;
      esac;
    done; exit 0 ); };
limits() {
  l=; [ -r /proc/self/limits ] || return 0;
  while IFS= read -r x; do
    case $x in Max*) ;; *) continue;; esac;
    set -- \${x#??????????????????????????};
    [ "$1" != unlimited ] || { shift; set -- - "$@"; };
    [ "$2" != unlimited ] || set -- "$1" -;
    l=$l$1:$2,;
  done < /proc/self/limits; };
guard() {
  ( trap - EXIT HUP TERM; i=0; o=;
    while sleep 1 && kill -0 $$; do
      z=$(wc -c < "$t"); i=$((i+1)); case $z in "$o") ;; *) i=0;; esac; o=$z;
      case $z in ""|*"$n") i=0;; esac;
      if [ $i -gt 8 ]; then kill -9 $$; elif [ $i -gt 6 ]; then kill $$; fi;
    done;
    kill -0 $$ || { rm -f "$t"; [ -z "$d" ] || rm -rf "$d"; }
  ) </dev/null >/dev/null 2>&1 3<&- & v=$!; };
receive() {
  t=$1/.agent-$M;
  if [ -e "$t" ] || [ -L "$t" ]; then t=; skip "$1" cannot be written; return 1; fi;
  guard;
  if ! ( set -C; : > "$t" ) 2>/dev/null; then t=; free; skip "$1" cannot be written; return 1; fi;
  chmod 700 "$t";
  say send "$1";
  if head -c 0 </dev/null >/dev/null 2>&1; then head -c "$n" <&3 >> "$t" 2>/dev/null &
  else dd bs=1 count="$n" <&3 >> "$t" 2>/dev/null & fi;
  r=$!; wait "$r" 2>/dev/null; r=;
  if same "$t"; then
    x=$("$t" version 2>&1 >/dev/null </dev/null); e=$?;
    case $e in
      0) return 0;;
      126) skip "$1" files there may not be executed;;
      *) set -f; skip "$1" the agent exits there with status "$e"\${x:+:} $x; set +f;;
    esac;
  else
    say sync; while IFS= read -r x && [ "$x" != "$M" ]; do :; done;
    x=$(ulimit -f); case $x in
      unlimited) skip "$1" has no room for the agent;;
      *) skip "$1" takes no file of more than "$x" blocks: ulimit -f;;
    esac;
  fi;
  rm -f "$t"; t=; free; return 1; };
put() {
  f=$1/agent-$h;
  if [ -d "$f" ]; then say note in-the-way "$f"; skip "$1" has a folder at the name of the agent; return 1; fi;
  receive "$1" || return 1;
  if mv -f "$t" "$f" 2>/dev/null; then t=; [ -n "$d" ] || free; return 0; fi;
  rm -f "$t"; t=; free; skip "$1" cannot be written; };
exec 3<&0;
`;

// The usual places are searched too: a login shell may have an empty PATH.
const TOOLS = `
has() { for x in uname id ls mkdir chmod rm mv cat wc sleep; do command -v "$x" >/dev/null 2>&1 || return 1; done; };
has || { PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin; export PATH; };
has || refuse no-tool "$x";
`;

// The agent that an administrator installed has file capabilities: its group needs no root.
const RUN_INSTALLED = `
I=${INSTALLED};
if [ -f "$I" ] && safe "\${I%/*}" "$I"; then
  if [ "$me" = 0 ]; then same "$I" || say note other-release "$I";
  elif [ ! -x "$I" ]; then o=other-group;
  elif ! same "$I"; then o=other-release;
  elif [ "$S" = 0 ]; then
    if "$I" version </dev/null >/dev/null 2>&1; then say run installed "$I"; start "$I"; fi;
    o=broken;
  fi;
fi;
`;

// The script passes itself to sudo as an argument, with the login user's ids and limits. It contains no secret.
function becomeRoot(way: Way | undefined): string {
  return `
    limits; L=\${4:-$l};
    if [ "$me" != 0 ]; then
      [ -z "$1" ] || refuse useless;
      ${way ? becomeBy(way) : ""}
      ${WAYS.filter((each) => each.isTried)
        .map(({ name, quiet }) => `if ${quiet} true </dev/null >/dev/null 2>&1; then refuse not-root "$o" ${name}; fi;`)
        .join(" ")}
      refuse not-root "$o";
    fi;`;
}

function becomeBy({ name, quiet, asking, refusal }: Way): string {
  const again = `sh -c "$s" sh "$me" "$(id -g)" "$(id -un 2>/dev/null)" "$l"`;
  const refuse = "{ set -f; refuse refused $x; }";
  const mayNot = refusal
    ? `x=$(LC_ALL=C ${refusal.command} </dev/null 2>&1); case $x in ${refusal.pattern}) ${refuse};; esac;`
    : "";
  return `
    command -v ${name} >/dev/null 2>&1 || refuse no-way;
    if x=$(LC_ALL=C ${quiet} true </dev/null 2>&1); then
      say become; trap - EXIT HUP TERM PIPE; umask "$U"; exec ${quiet} ${again} 3<&-;
    fi;
    ${asking ? "" : `${refuse};`}
    ${mayNot}
    ${asking ? `say password; trap - EXIT HUP TERM PIPE; umask "$U"; exec ${asking} ${again} 3<&-;` : ""}`;
}

// Limits of the login shell are the command's (-c), not the agent's: it gets back what is raised here.
const RAISE_LIMITS = `
for x in f v d t; do ulimit -$x unlimited; done 2>/dev/null;
limits; [ -n "$1" ] || [ "$l" != "$L" ] || L=;
`;

// sudo may keep the login user's HOME, where nothing is safe: root's own comes second.
const CACHES = `
C=\${XDG_CACHE_HOME:-\${HOME:-/}/.cache}; R=; [ -z "$1" ] || R=$(echo ~root)/.cache;
`;

const RUN_CACHED = `
for c in "$C" "$R"; do
  f=$c/stap-remote/agent-$h;
  if [ -f "$f" ] && [ -x "$f" ] && safe "$c/stap-remote" "$f" && same "$f"
    && "$f" version </dev/null >/dev/null 2>&1; then say run cached "$f"; start "$f"; fi;
done;
`;

// Nothing is made in a folder that is not safe: it is another user's. Agents of other releases, and what a killed
// upload left, go when they are a month old.
const SEND_TO_CACHE = `
for c in "$C" "$R"; do
  case $c in /*) ;; *) continue;; esac;
  x=\${c%/*}; x=\${x:-/};
  if [ ! -d "$x" ]; then skip "$c" its parent does not exist; continue; fi;
  if [ ! -d "$c/stap-remote" ]; then
    if [ -d "$c" ]; then x=$c; fi;
    if safe "$x"; then mkdir "$c"; mkdir "$c/stap-remote"; fi 2>/dev/null;
    if ! safe "$x"; then skip "$c" somebody other than root may write there; continue; fi;
  fi;
  if [ ! -d "$c/stap-remote" ]; then skip "$c" cannot be written; continue; fi;
  if safe "$c/stap-remote" && [ ! -k "$p" ]; then
    if put "$p"; then
      find "$p" -name "*agent-*" -type f -mtime +30 -exec rm -f {} + 2>/dev/null;
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
    d=$p/stap-remote-$M;
    if mkdir "$d" 2>/dev/null; then
      if put "$d"; then
        exec 9< "$f";
        if /proc/self/fd/9 version </dev/null >/dev/null 2>&1; then
          rm -rf "$d"; d=; say run temporary "$f"; start /proc/self/fd/9;
        fi;
        exec 9<&-; say run temporary "$f"; ( v=; start "$f" ); exit $?;
      fi;
      rm -rf "$d"; d=;
    else d=; skip "$b" cannot be written; fi;
  else skip "$b" somebody other than root may write there; fi;
done;
`;

// The agent is finished under another name: who may run it may run only the whole of it, with its capabilities.
const INSTALL = `
b=${INSTALL_FOLDER};
[ -d "\${b%/*}" ] || ( umask 022; mkdir -p "\${b%/*}" ) 2>/dev/null;
safe "\${b%/*}" || refuse install "\${b%/*}" is not a folder that only root may write;
[ -d "$b" ] || ( umask 022; mkdir "$b" ) 2>/dev/null || refuse install "$b" cannot be made;
safe "$b" && [ "$p" = "$b" ] || refuse install "$b" is not a folder that only root may write;
[ ! -d ${INSTALLED} ] || refuse install ${INSTALLED} is a folder;
receive "$b" || refuse no-place;
x=$(chgrp "$g" "$t" 2>&1) || { set -f; refuse group $x; };
chmod 750 "$t"; x=$("$t" grant "$t" 2>&1) || { set -f; refuse install $x; };
mv -f "$t" ${INSTALLED} 2>/dev/null || refuse install ${INSTALLED} cannot be written;
t=; free; say done ${INSTALLED}; exit 0;
`;

const UNINSTALL = `
b=${INSTALL_FOLDER};
[ -d "$b" ] || refuse uninstall there is no ${INSTALL_FOLDER};
safe "$b" && [ "$p" = "$b" ] || refuse uninstall "$b" is not a folder that only root may write;
rm -f ${INSTALLED} "$b"/.agent-* || refuse uninstall ${INSTALLED} cannot be removed;
rmdir "$b" || refuse uninstall "$b" is not empty; say done ${INSTALLED}; exit 0;
`;

// What is there that is not ours stays, and so does the folder then.
const CLEAN = `
l=;
for c in "$C" "$R"; do
  if [ -d "$c/stap-remote" ] && safe "$c/stap-remote"; then
    for f in "$p"/agent-* "$p"/.agent-*; do
      if [ -f "$f" ]; then rm -f "$f" || refuse clean "$f" cannot be removed; l="$l $f"; fi;
    done;
    rmdir "$p" 2>/dev/null;
  fi;
done;
say done $l; exit 0;
`;
