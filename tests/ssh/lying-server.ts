// An SSH server for the tests that does what no honest one does: refuses every proof, or believes any key, says what it
// likes, stops in the middle. It is made of ssh2's server.

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
  /** The proofs that it wants, one after the other; none is enough where this is empty. */
  wants: string[];
  /** The right answer to its questions. */
  answer: string;
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
    wants: [],
    answer: "right",
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
    const left = [...state.wants];
    client.on("authentication", (attempt) => answer(state, attempt, left));
    client.on("ready", () => serve(state, client));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  state.port = (server.address() as { port: number }).port;
  const known = readFileSync(`${hostKey}.pub`, "utf8");
  writeFileSync(state.knownHosts, `[127.0.0.1]:${state.port} ${known}`);
  return state;
}

/** Judges a proof; `left` are those that this connection still has to give. */
function answer(state: LyingServer, attempt: AuthContext, left: string[]) {
  if (state.silent === "log-in") return;
  if (state.silent !== undefined) return attempt.accept();
  const refuse = () => attempt.reject((left.length > 0 ? left.slice(0, 1) : (state.methods ?? METHODS)) as never);
  const judge = (isRight: boolean) => {
    if (!isRight || left[0] !== attempt.method) return refuse();
    left.shift();
    if (left.length === 0) attempt.accept();
    else attempt.reject(left.slice(0, 1) as never, true);
  };
  if (attempt.method === "none") return refuse();
  if (attempt.method === "publickey") {
    if (attempt.signature !== undefined) return judge(true);
    state.tried.push(attempt.method);
    return left[0] === "publickey" ? attempt.accept() : refuse();
  }
  state.tried.push(attempt.method);
  if (attempt.method === "password") return judge(attempt.password === state.answer);
  if (attempt.method !== "keyboard-interactive") return refuse();
  const { name, text, prompt } = state.says;
  attempt.prompt([{ prompt, echo: false }], name, text, (answers) => judge(answers[0] === state.answer));
}

/** Says "through" to every command, unless it is to fall silent. */
function serve(state: LyingServer, client: Connection) {
  client.on("session", (accept) => {
    if (state.silent === "channel") return;
    accept().on("exec", (run) => {
      if (state.silent === "command") return;
      const channel = run();
      channel.write("through\n");
      channel.exit(0);
      channel.end();
    });
  });
  client.on("tcpip", () => {});
}
