// An SSH server for the tests that does what no honest one does: refuses every proof, says what it likes, stops in the
// middle. It is made of ssh2's server.

import { readFileSync, writeFileSync } from "node:fs";
import ssh2, { type AuthContext, type Connection, type Server } from "ssh2";
import { makeKey } from "./sshd.ts";

/** Where a lying server stops answering. */
export type Silence = "log-in" | "channel" | "command" | "forward";

/** A running server; a test changes its fields. */
export interface LyingServer {
  port: number;
  /** A known_hosts file with its key. */
  knownHosts: string;
  /** The proofs that a client offered, without "none" and without questions about a key. */
  tried: string[];
  /** Its methods instead of the usual three. */
  methods: string[] | undefined;
  banner: string | undefined;
  says: { name: string; text: string; prompt: string };
  /** Lets everybody in, and then falls silent there. */
  silent: Silence | undefined;
  stop(): void;
}

const METHODS = ["publickey", "keyboard-interactive", "password"];

/** Starts a server with a new host key. */
export async function startLyingServer(hostKey: string): Promise<LyingServer> {
  makeKey(hostKey);
  const open = new Set<Connection>();
  const state: LyingServer = {
    port: 0,
    knownHosts: `${hostKey}-known`,
    tried: [],
    methods: undefined,
    banner: undefined,
    says: { name: "", text: "", prompt: "Password: " },
    silent: undefined,
    stop: () => {
      server.close();
      for (const client of open) client.end();
    },
  };
  // ssh2 reads the banner at each connection.
  const settings = { hostKeys: [readFileSync(hostKey)] };
  Object.defineProperty(settings, "banner", { get: () => state.banner });
  const server: Server = new ssh2.Server(settings, (client) => {
    open.add(client);
    client.on("close", () => open.delete(client));
    client.on("error", () => {});
    client.on("authentication", (attempt) => answer(state, attempt));
    client.on("ready", () => fallSilent(state, client));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  state.port = (server.address() as { port: number }).port;
  const known = readFileSync(`${hostKey}.pub`, "utf8");
  writeFileSync(state.knownHosts, `[127.0.0.1]:${state.port} ${known}`);
  return state;
}

function answer(state: LyingServer, attempt: AuthContext) {
  if (state.silent === "log-in") return;
  if (state.silent !== undefined) return attempt.accept();
  const refuse = () => attempt.reject((state.methods ?? METHODS) as never);
  if (attempt.method === "none") return refuse();
  if (attempt.method !== "publickey" || attempt.signature === undefined) state.tried.push(attempt.method);
  if (attempt.method !== "keyboard-interactive") return refuse();
  const { name, text, prompt } = state.says;
  attempt.prompt([{ prompt, echo: false }], name, text, refuse);
}

/** A client that is let in waits for ever. */
function fallSilent(state: LyingServer, client: Connection) {
  client.on("session", (accept) => {
    if (state.silent === "channel") return;
    const session = accept();
    session.on("exec", () => {});
  });
  client.on("tcpip", () => {});
}
