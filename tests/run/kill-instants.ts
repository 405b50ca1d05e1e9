// A run that loses one of its parts at some instant, from the first byte of the connection to the last: the client,
// the connection, sudo, the shell that starts the agent, or the agent. Whatever dies, and whenever: ten seconds later
// nothing of the run is on the guest, and the client has ended by itself.

import { setTimeout as sleep } from "node:timers/promises";
import { type Remote, startClient } from "./remote.ts";

/** What is killed. */
export const VICTIMS = ["client", "connection", "sudo", "shell", "agent"] as const;
export type Victim = (typeof VICTIMS)[number];

/** One death. */
export interface Death {
  victim: Victim;
  /** Milliseconds after the client was started; of the shell: after it was. */
  afterMs: number;
  /** Whether the agent has to be sent first. */
  uploads: boolean;
  /** Whether the login user becomes root with sudo. */
  sudo: boolean;
}

/** How it ended: "killed", or "nothing to kill" if the victim was not there at that instant. */
export interface Outcome {
  end: string;
  problem?: string;
}

/** A run with one probe of every kind takes about so long, milliseconds. */
export const LIFE_MS = 3500;
/** The shell lives so long where it receives the agent. */
export const SHELL_MS = 500;
/** The heartbeat's time, and what a loaded guest takes to list what is left. */
const GONE_MS = 13_000;
/** The client may wait for an answer so long. */
const CLIENT_MS = 75_000;

const SCRIPT = `
global n
probe kernel.function("vfs_read") { n++ }
probe kernel.function("vfs_read").return { n++ }
probe kernel.trace("sched_switch") { n++ }
probe timer.profile { n++ }
probe timer.ms(100) { printf("%d\\n", n) }
probe end { println("end") }
`;

/** What `ps` shows of each victim. The shell's guard and its reader are younger than the shell itself. */
const PATTERNS: Record<Exclude<Victim, "client">, string> = {
  connection: "sshd-session: (root|tester)@notty",
  sudo: "sudo .*stap-remote-sh|sudo -n sh -c",
  shell: "^ *[0-9]+ sh -c (echo stap-remote-sh|M=)",
  agent: "(agent-[0-9a-f]{64}|fd/9) serve",
};

/** Lets one run die; `before` are the guest's traces without any run. */
export async function die(remote: Remote, before: string, death: Death): Promise<Outcome> {
  if (death.uploads) await remote.shell("rm -f /root/.cache/stap-remote/agent-*");
  const old = await pidsOf(remote, "connection");
  const user = death.sudo ? [...remote.address("tester"), "--sudo"] : remote.address();
  const client = startClient([...user, "-T", "2", "-e", SCRIPT]);
  let end = "killed";
  if (death.victim === "shell") end = await killShell(remote, death.afterMs);
  else await sleep(death.afterMs);
  if (death.victim === "client") client.kill("SIGKILL");
  else if (death.victim !== "shell") {
    const pid = (await pidsOf(remote, death.victim)).find((each) => !old.includes(each));
    if (pid === undefined) end = "nothing to kill";
    else await remote.shell(`kill -9 ${pid}`);
  }
  const left = await remote.leftBehind(before, end === "killed" ? GONE_MS : CLIENT_MS);
  const ended = await Promise.race([client.ended, sleep(CLIENT_MS, null, { ref: false })]);
  if (!ended) client.kill("SIGKILL");
  const problem = left ? `left behind: ${left}` : ended ? complaint(ended.err) : "the client hangs";
  return { end: `${death.victim} ${end}`, ...(problem ? { problem } : {}) };
}

/** What a client may not say whatever dies. */
function complaint(err: string): string | undefined {
  return /internal error|\n\s+at /.test(err) ? err.trim() : undefined;
}

/** The shell lives for some tenths of a second: the guest itself waits for it, and kills it so long afterwards. */
async function killShell(remote: Remote, afterMs: number): Promise<string> {
  const list = `ps -o pid,args | grep -E '${PATTERNS.shell}' | grep -v grep | head -n 1`;
  const find = `p=$(${list}); p=\${p# *}; p=\${p%% sh*}`;
  const wait = `i=0; p=; while [ -z "$p" ] && [ $i -lt 150 ]; do i=$((i+1)); usleep 10000; ${find}; done`;
  const { out } = await remote.shell(`${wait}; usleep ${afterMs * 1000}; kill -9 $p && echo killed`);
  return out.includes("killed") ? "killed" : "nothing to kill";
}

async function pidsOf(remote: Remote, victim: Exclude<Victim, "client">): Promise<number[]> {
  const { out } = await remote.shell(`ps -o pid,args | grep -E '${PATTERNS[victim]}' | grep -v grep`);
  return out
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => Number.parseInt(line, 10))
    .sort((a, b) => a - b);
}
