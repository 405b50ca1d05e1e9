// Makes sure that the agent is on the remote and starts it, in one exec.

import type { AskPassword, RemoteProcess, Transport } from "./transport.ts";
import { TransportError } from "./transport.ts";

/** CPUs that an agent is built for. */
export type AgentArch = "x86_64" | "arm64";

/** What `startAgent` needs. */
export interface PushOptions {
  /** The agent for each CPU: a static ELF. */
  agents: Map<AgentArch, Uint8Array>;
  /** Whether to become root with sudo where the login user is not root. */
  sudo?: "no" | "yes";
  askPassword?: AskPassword;
  /** The agent's arguments; default ["serve"]. */
  args?: string[];
}

/** A running agent: the process' stdin and stdout are its frame streams. */
export interface StartedAgent {
  process: RemoteProcess;
  /** `uname -srm` of the remote. */
  uname: string;
  arch: AgentArch;
  /** The login user's id, not what sudo made of it. */
  uid: number;
  /** Whether the agent had to be sent. */
  uploaded: boolean;
  /** Where the agent's file is (or was: outside a cache directory it is removed once started). */
  path: string;
}

/** Sends the agent if it is missing, starts it, and hands over its frame streams. */
export async function startAgent(transport: Transport, options: PushOptions): Promise<StartedAgent> {
  void options;
  throw new TransportError("unsupported", `cannot start the agent on ${transport.where} yet`);
}
