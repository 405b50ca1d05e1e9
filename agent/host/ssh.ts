// The default transport: npm's ssh2, which works the same on every operating system and needs no ssh binary. It is
// imported only when it is used. By default ssh2 accepts any host key, so we always pass a `hostVerifier`, which
// refuses the key unless checkHostKey returns.
//
// A connection goes through four states, each with its own failures: socket (name, route, refusal) → handshake (host
// key, algorithms) → authentication (credentials) → ready. `Attempt` holds the state.

import { connect as connectSocket, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { parseHost, printHost } from "./address.ts";
import { checkHostKey, hostKeyAlgorithms } from "./host-key.ts";
import { type Credentials, prepareCredentials } from "./identity.ts";
import { loadKnownHosts } from "./known-hosts.ts";
import { type ConfigSource, type HostConfig, readHostConfig } from "./ssh-config.ts";
import { type AskPassword, type ProcessEnd, type RemoteProcess, type Transport, TransportError } from "./transport.ts";

/** What a connection needs beside the host's own configuration. */
export interface Ssh2Options {
  identity: string[];
  acceptNew: boolean;
  timeoutMs: number;
  ask: AskPassword;
  knownHosts?: string[];
  source: ConfigSource;
}

/** A chain of jumps longer than this is a loop in the configuration. */
const MAX_JUMPS = 8;

/** Connects with ssh2, through the configured jump hosts. */
export async function connectSsh2(config: HostConfig, options: Ssh2Options, depth = 0): Promise<Transport> {
  const jumps = await openJumps(config, options, depth);
  try {
    const last = jumps.at(-1);
    const socket = last ? await last.forward(config.host, config.port) : await openSocket(config, options.timeoutMs);
    return await logIn(config, socket, { ...options, jumps });
  } catch (error) {
    for (const jump of jumps.reverse()) await jump.close();
    throw error;
  }
}

/** Opens the jump hosts one through the other. */
async function openJumps(config: HostConfig, options: Ssh2Options, depth: number): Promise<Ssh2Transport[]> {
  const jumps: Ssh2Transport[] = [];
  if (config.proxyJump.length > 0 && depth >= MAX_JUMPS) {
    throw new TransportError("usage", `the ProxyJump settings of ${config.alias} form a circle`);
  }
  for (const hop of config.proxyJump) {
    const jump = await readHostConfig(parseHost(hop), options.source);
    if (options.knownHosts) jump.knownHosts = options.knownHosts;
    const last = jumps.at(-1);
    const inner = { ...options, jumps: [] };
    if (last) jumps.push(await logIn(jump, await last.forward(jump.host, jump.port), inner));
    else jumps.push((await connectSsh2(jump, options, depth + 1)) as Ssh2Transport);
  }
  return jumps;
}

function openSocket(config: HostConfig, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { host, port, family, bindAddress } = config;
    const socket = connectSocket({ host, port, family, localAddress: bindAddress, noDelay: true });
    const timer = setTimeout(() => socket.destroy(timeoutError(config, timeoutMs)), timeoutMs);
    const settle = () => {
      clearTimeout(timer);
      socket.removeListener("error", fail);
    };
    const fail = (error: Error) => {
      settle();
      reject(error instanceof TransportError ? error : socketError(error, config));
    };
    socket.once("error", fail);
    socket.once("connect", () => {
      settle();
      resolve(socket);
    });
  });
}

function timeoutError(config: HostConfig, timeoutMs: number): TransportError {
  const place = printHost(config.host, config.port);
  const seconds = Math.round(timeoutMs / 100) / 10;
  return new TransportError(
    "timeout",
    `${place} did not answer within ${seconds} s`,
    "check the address, the port and the firewall",
  );
}

/** Translates a failed socket; Node reports several errors if a name has several addresses. */
export function socketError(error: Error, { host, port }: { host: string; port: number }): TransportError {
  const list = (error as AggregateError).errors as NodeJS.ErrnoException[] | undefined;
  const cause: NodeJS.ErrnoException = list?.find((one) => one.code === "ECONNREFUSED") ?? list?.[0] ?? error;
  const place = printHost(host, port);
  switch (cause.code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_NONAME":
    case "EAI_NODATA":
      return new TransportError(
        "unknown-host",
        `cannot resolve the host name '${host}'`,
        "check the spelling of --host",
      );
    case "ECONNREFUSED":
      return new TransportError(
        "refused",
        `${place} refused the connection: no SSH server listens there`,
        "check the port (--host box:PORT) and that sshd runs",
      );
    case "ETIMEDOUT":
      return new TransportError("timeout", `${place} did not answer`, "check the address, the port and the firewall");
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ENETDOWN":
    case "EHOSTDOWN":
    case "EADDRNOTAVAIL":
      return new TransportError(
        "unreachable",
        `no route to ${place} (${cause.code})`,
        "check the network of this machine",
      );
    default:
      return new TransportError("cut", `the connection to ${place} broke: ${cause.message}`);
  }
}

/** Shakes hands and logs in over an open socket. */
async function logIn(
  config: HostConfig,
  socket: Duplex,
  options: Ssh2Options & { jumps: Ssh2Transport[] },
): Promise<Ssh2Transport> {
  const { default: ssh2 } = await import("ssh2");
  // A socket without a listener for its errors ends the process; ssh2 adds its own only below.
  socket.on("error", () => {});
  const credentials = new Attempt(config, options.timeoutMs);
  const known = await loadKnownHosts(config.knownHosts);
  const rules = { config, known, acceptNew: options.acceptNew };
  const ask: AskPassword = (prompt) => credentials.pausing(() => options.ask(prompt));
  const ways = await prepareCredentials(ssh2, config, { identity: options.identity, ask });
  const client = new ssh2.Client();
  await credentials.run(client, ways, {
    sock: socket,
    username: config.user,
    readyTimeout: 0,
    keepaliveInterval: config.keepaliveMs,
    keepaliveCountMax: 3,
    algorithms: { serverHostKey: hostKeyAlgorithms(rules) as never, compress: ["none"] },
    hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
      checkHostKey(rules, key).then(
        () => verify(true),
        (error) => {
          credentials.refuse(error);
          verify(false);
        },
      );
    },
  });
  return new Ssh2Transport(client, config, options.jumps);
}

/** One handshake and log-in: its deadline, and the reason of ours why it failed, which ssh2 would not know. */
class Attempt {
  private reason: Error | null = null;
  private timer: NodeJS.Timeout | null = null;
  private expire: () => void = () => {};
  private shaken = false;
  private readonly config: HostConfig;
  private readonly timeoutMs: number;

  constructor(config: HostConfig, timeoutMs: number) {
    this.config = config;
    this.timeoutMs = timeoutMs;
  }

  /** Remembers why we ended the connection. */
  refuse(reason: Error) {
    this.reason ??= reason;
  }

  /** Stops the clock while the user types. */
  async pausing<T>(work: () => Promise<T>): Promise<T> {
    this.stop();
    try {
      return await work();
    } finally {
      this.start();
    }
  }

  run(client: Client, ways: Credentials, settings: object): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error?: Error) => {
        this.stop();
        client.removeAllListeners("ready");
        client.destroy();
        reject(this.reason ?? this.explain(ways, error));
      };
      this.expire = () => {
        this.refuse(timeoutError(this.config, this.timeoutMs));
        fail();
      };
      client.on("error", (error: Error & { level?: string }) => {
        // If the ssh-agent cannot be reached, the other methods are still tried.
        if (error.level !== "agent") fail(error);
      });
      client.once("close", () => fail());
      client.once("handshake", () => {
        this.shaken = true;
      });
      client.once("ready", () => {
        this.stop();
        client.removeAllListeners("error").removeAllListeners("close");
        resolve();
      });
      this.start();
      client.connect({ ...settings, authHandler: this.handler(ways, fail) as never });
    });
  }

  private handler(ways: Credentials, fail: () => void) {
    return (left: string[] | null, _partial: boolean, next: (method: unknown) => void) => {
      ways.next(left).then(
        (method) => next(method ?? false),
        (error: Error) => {
          this.refuse(error);
          fail();
        },
      );
    };
  }

  private start() {
    this.timer = setTimeout(() => this.expire(), this.timeoutMs);
  }

  private stop() {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  private explain(ways: Credentials, error?: Error & { level?: string; code?: string }): TransportError {
    const where = `${this.config.user}@${printHost(this.config.alias, this.config.port)}`;
    if (error?.level === "client-authentication" || ways.accepted.length > 0) {
      const offered = ways.tried.length > 0 ? `tried ${ways.tried.join(", ")}` : "there was no key to try";
      const takes = ways.accepted.length > 0 ? `; it accepts ${ways.accepted.join(", ")}` : "";
      const hint = "name a key with --identity FILE, add one to ssh-agent, or check the user before '@'";
      return new TransportError("auth", `${where} refused the login (${offered}${takes})`, hint);
    }
    if (error && /no matching/i.test(error.message)) {
      const hint = "run again with --ssh openssh, which supports more algorithms";
      return new TransportError("unsupported", `${where} and ssh2 have no algorithm in common: ${error.message}`, hint);
    }
    if (error?.level === "client-socket" && error.code) return socketError(error, this.config);
    const when = this.shaken ? "during log-in" : "before the handshake was complete";
    const why = error ? `: ${error.message}` : "";
    return new TransportError(
      "cut",
      `${where} ended the connection ${when}${why}`,
      "check that an SSH server listens there",
    );
  }
}

/** A logged-in ssh2 connection. */
class Ssh2Transport implements Transport {
  readonly kind = "ssh2";
  readonly where: string;
  private readonly client: Client;
  private readonly jumps: Ssh2Transport[];
  private readonly closed: Promise<void>;
  private isClosed = false;
  private failure: Error | null = null;

  constructor(client: Client, config: HostConfig, jumps: Ssh2Transport[]) {
    this.client = client;
    this.jumps = jumps;
    this.where = `${config.user}@${printHost(config.alias, config.port)}`;
    client.on("error", (error) => {
      this.failure ??= error;
    });
    this.closed = new Promise((resolve) => {
      client.once("close", () => {
        this.isClosed = true;
        resolve();
      });
    });
  }

  exec(command: string): Promise<RemoteProcess> {
    return new Promise((resolve, reject) => {
      const refused = (error: Error) =>
        new TransportError(
          "exec",
          `${this.where} does not run commands: ${error.message}`,
          "check the account's shell and the server's rules",
        );
      if (this.isClosed) return reject(this.cutError());
      try {
        this.client.exec(command, (error, channel) => {
          if (error) reject(this.isClosed ? this.cutError() : refused(error));
          else resolve(this.toProcess(channel));
        });
      } catch {
        reject(this.cutError());
      }
    });
  }

  /** A stream to another host through this one. */
  forward(host: string, port: number): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      this.client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
        const place = printHost(host, port);
        if (error) reject(new TransportError("unreachable", `${this.where} cannot reach ${place}: ${error.message}`));
        else resolve(channel);
      });
    });
  }

  async close(): Promise<void> {
    this.client.end();
    const timer = setTimeout(() => this.client.destroy(), 1000);
    await this.closed;
    clearTimeout(timer);
    for (const jump of this.jumps.reverse()) await jump.close();
  }

  private cutError(): TransportError {
    const why = this.failure ? `: ${this.failure.message}` : "";
    return new TransportError("cut", `the connection to ${this.where} was cut${why}`);
  }

  private toProcess(channel: ClientChannel): RemoteProcess {
    let end: ProcessEnd | null = null;
    channel.on("exit", (code: number | null, signal?: string) => {
      end = signal ? { code: null, signal } : { code };
    });
    // Writing to a process that has exited makes no exception; `done` reports the end.
    channel.on("error", () => {});
    channel.stderr.on("error", () => {});
    const done = new Promise<ProcessEnd>((resolve) => {
      channel.once("close", () => resolve(end ?? { code: null, error: this.cutError() }));
      void this.closed.then(() => setImmediate(() => resolve(end ?? { code: null, error: this.cutError() })));
    });
    return { stdin: channel, stdout: channel, stderr: channel.stderr, done, kill: () => void channel.close() };
  }
}
