// The default transport: npm's ssh2, which works the same on every operating system and needs no ssh binary. It is
// imported only when it is used. By default ssh2 accepts any host key, so we always pass a `hostVerifier`, which
// refuses the key unless checkHostKey returns.
//
// A connection goes through four states, each with its own failures: socket (name, route, refusal) → handshake (host
// key, algorithms) → authentication (credentials) → ready. `Attempt` holds the state.

import { connect as connectSocket, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { printHost } from "./address.ts";
import { offered } from "./algorithms.ts";
import { checkHostKey, type HostKeyRules, hostKeyAlgorithms } from "./host-key.ts";
import { type Credentials, ONLY_SHA1, prepareCredentials } from "./identity.ts";
import { loadKnownHostsOf } from "./known-hosts.ts";
import { printable } from "./printable.ts";
import type { HostConfig } from "./ssh-settings.ts";
import { type AskPassword, type ProcessEnd, type RemoteProcess, type Transport, TransportError } from "./transport.ts";

/** What a connection needs beside the configuration of its hops. */
export interface Ssh2Options {
  /** Keys of the command line, which are the destination's. */
  identity: string[];
  /** The limit of each step; without it that of each hop's configuration. */
  timeoutMs?: number;
  ask: AskPassword;
  notify: (line: string) => void;
}

const TIMEOUT_MS = 20_000;

/** Connects with ssh2 through all hops; the last one is the destination. */
export async function connectSsh2(route: HostConfig[], options: Ssh2Options): Promise<Transport> {
  const passed: Ssh2Transport[] = [];
  try {
    for (const [index, config] of route.entries()) {
      const last = passed.at(-1);
      const limitMs = options.timeoutMs ?? config.connectTimeoutMs ?? TIMEOUT_MS;
      const socket = last ? await last.forward(config.host, config.port) : await openSocket(config, limitMs);
      const isDestination = index === route.length - 1;
      const login = { ...options, limitMs, identity: isDestination ? options.identity : [] };
      passed.push(await logIn(config, socket, { ...login, jumps: isDestination ? [...passed] : [] }));
    }
    return passed.at(-1)!;
  } catch (error) {
    for (const jump of passed.reverse()) await jump.close();
    throw error;
  }
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
      return new TransportError("cut", `the connection to ${place} broke: ${printable(cause.message)}`);
  }
}

/** Shakes hands and logs in over an open socket. */
async function logIn(
  config: HostConfig,
  socket: Duplex,
  options: Ssh2Options & { limitMs: number; jumps: Ssh2Transport[] },
): Promise<Ssh2Transport> {
  const { default: ssh2 } = await import("ssh2");
  // A socket without a listener for its errors ends the process; ssh2 adds its own only below.
  socket.on("error", () => {});
  const attempt = new Attempt(config, options.limitMs);
  const ask: AskPassword = (prompt, echo) => attempt.pausing(() => options.ask(prompt, echo));
  const rules = { config, known: await loadKnownHostsOf(config), ask, notify: options.notify };
  const ways = await prepareCredentials(ssh2, config, { identity: options.identity, ask, notify: options.notify });
  const client = new ssh2.Client();
  let accepted: Buffer | null = null;
  await attempt.run(client, ways, {
    sock: socket,
    username: config.user,
    readyTimeout: 0,
    keepaliveInterval: config.keepaliveMs,
    keepaliveCountMax: config.keepaliveCount,
    algorithms: algorithmsOf(rules),
    hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
      // Keys are exchanged again during a long connection: the host must then show the key that was accepted.
      if (accepted !== null) return verify(accepted.equals(key));
      checkHostKey(rules, key).then(
        () => {
          accepted = Buffer.from(key);
          verify(true);
        },
        (error) => {
          attempt.refuse(error);
          verify(false);
        },
      );
    },
  });
  return new Ssh2Transport(client, config, options);
}

/** The lists that are offered to the server; an empty one has no algorithm in common with any. */
function algorithmsOf(rules: Pick<HostKeyRules, "config" | "known">) {
  const lists = {
    kex: offered("kex", rules.config).list,
    cipher: offered("cipher", rules.config).list,
    hmac: offered("hmac", rules.config).list,
    serverHostKey: hostKeyAlgorithms(rules),
    compress: ["none"],
  };
  for (const [kind, list] of Object.entries(lists)) {
    if (list.length > 0) continue;
    const message = `the configuration of ${rules.config.alias} allows no ${kind} algorithm that ssh2 can do`;
    throw new TransportError("unsupported", message, "run again with --ssh openssh, which supports more algorithms");
  }
  return lists as never;
}

/** One handshake and log-in: its deadline, and the reason of ours why it failed, which ssh2 would not know. */
class Attempt {
  private reason: Error | null = null;
  private timer: NodeJS.Timeout | null = null;
  private expire: () => void = () => {};
  private shaken = false;
  private settled = false;
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
      if (!this.settled) this.start();
    }
  }

  run(client: Client, ways: Credentials, settings: object): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error?: Error) => {
        this.stop();
        this.settled = true;
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
        if (error.level !== "agent" && !error.message.endsWith(ONLY_SHA1)) fail(error);
      });
      client.once("close", () => fail());
      client.once("change password", () => {
        const where = `${this.config.user}@${this.config.alias}`;
        this.refuse(new TransportError("auth", `${where} wants a new password`, "log in once with ssh to change it"));
        fail();
      });
      client.once("handshake", () => {
        this.shaken = true;
      });
      client.once("ready", () => {
        this.stop();
        this.settled = true;
        for (const event of ["error", "close", "change password"]) client.removeAllListeners(event);
        resolve();
      });
      this.start();
      client.connect({ ...settings, authHandler: this.handler(ways, fail) as never });
    });
  }

  private handler(ways: Credentials, fail: () => void) {
    return (left: string[] | null, partial: boolean, next: (method: unknown) => void) => {
      ways.next(left, partial).then(
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
      return new TransportError(
        "unsupported",
        `${where} and ssh2 have no algorithm in common: ${printable(error.message)}`,
        hint,
      );
    }
    if (error?.level === "client-socket" && error.code) return socketError(error, this.config);
    const when = this.shaken ? "during log-in" : "before the handshake was complete";
    const why = error ? `: ${printable(error.message)}` : "";
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
  private readonly limitMs: number;
  private readonly closed: Promise<void>;
  private isClosed = false;
  private failure: Error | null = null;

  constructor(client: Client, config: HostConfig, options: { limitMs: number; jumps: Ssh2Transport[] }) {
    this.client = client;
    this.jumps = options.jumps;
    this.limitMs = options.limitMs;
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
    return this.limited("start a command", (resolve, reject) => {
      this.client.exec(command, (error, channel) => {
        if (!error) return resolve(this.toProcess(channel));
        const message = `${this.where} does not run commands: ${printable(error.message)}`;
        reject(new TransportError("exec", message, "check the account's shell and the server's rules"));
      });
    });
  }

  /** A stream to another host through this one. */
  forward(host: string, port: number): Promise<Duplex> {
    const place = printHost(host, port);
    return this.limited(`open a connection to ${place}`, (resolve, reject) => {
      this.client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
        if (!error) return resolve(channel);
        const message = `${this.where} cannot reach ${place}: ${printable(error.message)}`;
        reject(new TransportError("unreachable", message));
      });
    });
  }

  /** A request to the server, which it must answer within the limit. */
  private limited<T>(
    what: string,
    request: (resolve: (answer: T) => void, reject: (error: TransportError) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) return reject(this.cutError());
      const seconds = Math.round(this.limitMs / 100) / 10;
      const message = `${this.where} let us log in, but did not ${what} within ${seconds} s`;
      const timer = setTimeout(() => {
        reject(new TransportError("timeout", message, "check the account's shell and the server's rules"));
        this.client.destroy();
      }, this.limitMs);
      void this.closed.then(() => reject(this.cutError()));
      const settle = (action: () => void) => {
        clearTimeout(timer);
        action();
      };
      try {
        request(
          (answer) => settle(() => resolve(answer)),
          (error) => settle(() => reject(this.isClosed ? this.cutError() : error)),
        );
      } catch {
        settle(() => reject(this.cutError()));
      }
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
    const why = this.failure ? `: ${printable(this.failure.message)}` : "";
    return new TransportError("cut", `the connection to ${this.where} was cut${why}`);
  }

  private toProcess(channel: ClientChannel): RemoteProcess {
    let end: ProcessEnd | null = null;
    channel.on("exit", (code: number | null, signal?: string) => {
      end = signal ? { code: null, signal: printable(signal, 40) } : { code };
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
