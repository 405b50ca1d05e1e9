// Connects to the remote that the options name, and starts the agent there. SSH is imported only if a host is named.

import { findWay } from "../agent/host/become.ts";
import { startAgent } from "../agent/host/push.ts";
import {
  type RemoteProcess,
  type Transport,
  TransportError,
  type TransportErrorCode,
} from "../agent/host/transport.ts";
import { readAgents } from "./assets.ts";
import { findContainer } from "./container.ts";
import { EXIT, ExitError, type ExitStatus } from "./exit.ts";
import type { Settings } from "./options.ts";

/** A remote with a running agent. */
export interface Remote {
  process: RemoteProcess;
  /** The remote as messages name it. */
  where: string;
  /** "ssh2", "openssh", "via" or "local" */
  kind: string;
  /** The container that --container names. */
  container?: string;
  /** Whether the agent had to be sent. */
  uploaded: boolean;
  /** What the user should know of it: sentences. */
  notes?: string[];
  /** Starts the agent once more, with other arguments. */
  again?: (args: string[]) => Promise<RemoteProcess>;
  /** Runs a command beside the agent. */
  exec?: (command: string) => Promise<RemoteProcess>;
  close(): Promise<void>;
}

/** Makes a Remote; tests give another. */
export type OpenRemote = (settings: Settings) => Promise<Remote>;

/** Connects as the options say and starts the agent. */
export async function openRemote(settings: Settings): Promise<Remote> {
  return orExitError(async () => {
    const transport = await openTransport(settings);
    try {
      const { process, uploaded, notes } = await startOver(transport, settings);
      const container = settings.container === undefined ? undefined : await containerOf(transport, settings);
      const { where, kind } = transport;
      return {
        process,
        where,
        kind,
        uploaded,
        notes,
        exec: (command) => transport.exec(command),
        again: async (args) => (await startOver(transport, settings, args)).process,
        close: () => transport.close(),
        ...(container ? { container } : {}),
      };
    } catch (error) {
      await transport.close().catch(() => {});
      throw error;
    }
  });
}

/** Sends the agent if it is missing, or takes the one of --agent, which says itself whether it is of this release. */
export async function startOver(
  transport: Transport,
  settings: Settings,
  args: string[] = ["serve"],
): Promise<Pick<Remote, "process" | "uploaded" | "notes">> {
  const { agent, become, cache } = settings;
  if (agent === undefined) {
    return startAgent(transport, { agents: readAgents(), cache, args, ...(become ? { become } : {}) });
  }
  const words = [agent, ...args];
  const process = await (transport.start ? transport.start(words) : transport.exec(`exec ${words.join(" ")}`));
  return { process, uploaded: false, notes: [] };
}

/** The id of --container; root's own tools are asked where that needs no password. */
async function containerOf(transport: Transport, { container, become }: Settings): Promise<string> {
  return findContainer(transport, container as string, become === undefined ? undefined : findWay(become).quiet);
}

/** Does something with a remote; its failures become errors with an exit status. */
export async function orExitError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof TransportError ? new ExitError(statusOf(error.code), error.message, error.hint) : error;
  }
}

/** Connects as the options say. */
export async function openTransport(settings: Settings): Promise<Transport> {
  if (settings.local) return (await import("../agent/host/local.ts")).connectLocal();
  if (settings.via !== undefined) {
    return (await import("../agent/host/via.ts")).connectVia(settings.via, settings.host);
  }
  const { connect } = await import("../agent/host/connect.ts");
  return connect({
    host: settings.host as string,
    identity: settings.identity,
    ssh: settings.ssh,
    ...(settings.knownHosts.length > 0 ? { knownHosts: settings.knownHosts } : {}),
    ...(settings.acceptNew ? { acceptNew: true } : {}),
    ...(settings.user === undefined ? {} : { user: settings.user }),
    ...(settings.port === 0 ? {} : { port: settings.port }),
    ...(settings.jump === undefined ? {} : { jump: settings.jump }),
    ...(settings.sshConfig === undefined ? {} : { configFile: settings.sshConfig }),
    settings: settings.sshOptions,
    notify: (line) => process.stderr.write(`stap-remote: ${line}\n`),
  });
}

/** Failures of a remote that was reached; all others are the connection's. */
const REFUSALS = new Set<TransportErrorCode>([
  "exec",
  "no-agent-place",
  "agent-broken",
  "arch",
  "not-linux",
  "not-root",
  "sudo",
  "unsupported",
]);

function statusOf(code: TransportErrorCode): ExitStatus {
  if (code === "usage") return EXIT.usage;
  return REFUSALS.has(code) ? EXIT.refused : EXIT.connection;
}
