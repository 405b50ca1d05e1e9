// What helps at the shell: `stap-remote hosts` lists names of hosts, `stap-remote completion SHELL` prints a script for
// it.

import { offeredHosts } from "../agent/host/ssh-hosts.ts";
import { completionScript, SHELLS } from "./completion.ts";
import { EXIT, type ExitStatus, UsageError } from "./exit.ts";
import { OPTIONS } from "./option-rows.ts";
import { JOBS } from "./options.ts";
import { writeText } from "./output.ts";
import type { Surroundings } from "./surroundings.ts";

/** Lists the hosts of the ssh configuration and of known_hosts, and our groups of hosts; --names: names alone. */
export async function hostsJob(argv: string[], around: Surroundings): Promise<ExitStatus> {
  const unknown = argv.find((word) => word !== "--names");
  if (unknown !== undefined) throw new UsageError(`'hosts' takes no '${unknown}', only '--names'`);
  const groups = [...(around.config?.().groups ?? [])];
  const hosts = offeredHosts();
  const names = [...hosts.map(({ name }) => name), ...groups.map(([name]) => `@${name}`)];
  const width = Math.max(0, ...names.map((name) => name.length));
  const rows = [
    ...hosts.map(({ name, from }) => `${name.padEnd(width)}  ${from === "configuration" ? "ssh configuration" : from}`),
    ...groups.map(([name, words]) => `${`@${name}`.padEnd(width)}  group: ${words.join(" ")}`),
  ];
  return print(around, argv.length > 0 ? names : rows);
}

/** Prints the script for a shell. */
export async function completionJob(argv: string[], around: Surroundings): Promise<ExitStatus> {
  const shell = SHELLS.find((name) => name === argv[0]);
  if (!shell || argv.length > 1) throw new UsageError(`'completion' takes a shell: ${SHELLS.join(", ")}`);
  const own = ["explain", "help", "hosts", "completion"];
  return print(around, [completionScript(shell, OPTIONS, [...new Set([...JOBS.map(firstWord), ...own])]).trimEnd()]);
}

function firstWord(job: string): string {
  return job.replace(/ .*/, "");
}

async function print(around: Surroundings, lines: string[]): Promise<ExitStatus> {
  await writeText(around.openOutput(undefined), lines.map((line) => `${line}\n`).join(""));
  return EXIT.done;
}
