// `stap-remote install` and `uninstall`: the agent for a group of users who are not root, with file capabilities;
// `clean`: removes the agents that are cached. The agent's bootstrap does it on the remote (agent/host/bootstrap.ts).

import { changeInstallation } from "../agent/host/push.ts";
import { readAgents } from "./assets.ts";
import { EXIT, type ExitStatus } from "./exit.ts";
import type { Settings } from "./options.ts";
import { openTransport, orExitError } from "./remote.ts";
import type { Surroundings } from "./surroundings.ts";

/** Installs the agent, or removes it. */
export async function changeInstalled(settings: Settings, around: Surroundings): Promise<ExitStatus> {
  const job = bootstrapJob(settings);
  const become = settings.become === undefined ? {} : { become: settings.become };
  await orExitError(async () => {
    const transport = await openTransport(settings);
    try {
      const file = await changeInstallation(transport, { agents: readAgents(), ...become }, job);
      around.message(sentence(settings, file, transport.where));
    } finally {
      await transport.close().catch(() => {});
    }
  });
  return EXIT.done;
}

function bootstrapJob({ job, group }: Settings) {
  if (job === "install") return { kind: "install", group: group as string } as const;
  return { kind: job === "clean" ? "clean" : "uninstall" } as const;
}

function sentence({ job, group }: Settings, file: string, where: string): string {
  if (job === "clean") return file === "" ? `No agent is cached on ${where}.\n` : `Removed ${file} from ${where}.\n`;
  if (job === "uninstall") return `Removed ${file} from ${where}.\n`;
  const warning = `members of group '${group}' can now read the kernel's memory there, and so all secrets in it`;
  return `Installed ${file} on ${where} for group '${group}'.\nWARNING: ${warning}\n`;
}
