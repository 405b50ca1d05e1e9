// The interface of every way to a remote: ssh2 (ssh.ts), the system's ssh (openssh.ts), any program
// that runs commands elsewhere (via.ts), this machine itself (local.ts).
// A transport runs commands with binary standard input and output. Everything else (finding a folder for the agent,
// sending it, frames) is built on `exec` and knows nothing about SSH.
//
// Invariant: a failure that the user can act on is a TransportError. Its message says in one sentence what happened and
// where, and its hint says what to do.

/** One remote command with binary standard input and output. */
export interface RemoteProcess {
  stdin: NodeJS.WritableStream;
  stdout: NodeJS.ReadableStream;
  stderr: NodeJS.ReadableStream;
  /** Resolves when the process ended: exit code or signal; a null code and no signal if the connection was cut. */
  done: Promise<ProcessEnd>;
  /** Closes the channel: the process sees end of file on its standard input and EPIPE on its output. */
  kill(): void;
}

/** How a remote process ended. */
export interface ProcessEnd {
  code: number | null;
  signal?: string;
  /** Why the connection was cut, where that is known. */
  error?: TransportError;
}

/** A connection to one remote. */
export interface Transport {
  readonly kind: "ssh2" | "openssh" | "local" | "via";
  /** The remote as messages name it: "root@box:22". */
  readonly where: string;
  exec(command: string): Promise<RemoteProcess>;
  /** Runs a program with arguments of plain words, without a shell where the transport needs none. */
  start?(words: string[]): Promise<RemoteProcess>;
  close(): Promise<void>;
}

/** Asks the user, without echo unless told; null when the user declines or there is no terminal to ask on. */
export type AskPassword = (prompt: string, echo?: boolean) => Promise<string | null>;

/** What `connect` needs to know; only `host` is required. */
export interface ConnectOptions {
  /** `[user@]box[:port]`, `[user@][v6]:port`, or an alias from the ssh configuration. */
  host: string;
  /** The user and port, as `ssh -l` and `-p`; they count before those in `host`. */
  user?: string;
  port?: number;
  /** Hosts to go through, as `ssh -J`; "none" for no jump whatever the configuration says. */
  jump?: string;
  /** Settings of the destination as "Name=value", as `ssh -o`. */
  settings?: string[];
  /** Private key files of the destination, before those of the configuration. */
  identity?: string[];
  /** known_hosts files of the destination instead of those of the configuration. */
  knownHosts?: string[];
  /** Record the destination's key if it is not known yet; a changed key is still refused. */
  acceptNew?: boolean;
  /** The SSH implementation; "auto" is ssh2 unless the configuration needs something that ssh2 lacks. */
  ssh?: "auto" | "ssh2" | "openssh";
  timeoutMs?: number;
  /** How to ask for passwords and passphrases; by default the user is asked on the terminal, if there is one. */
  askPassword?: AskPassword;
  /** One ssh configuration file instead of the user's and the system's, as `ssh -F`. */
  configFile?: string;
  /** Tells the user what was done without asking, such as recording a host key; standard error by default. */
  notify?: (line: string) => void;
}

/** Why a connection, or starting the agent over it, failed. */
export type TransportErrorCode =
  | "usage" // the host argument or an option makes no sense
  | "unknown-host" // the name does not resolve
  | "refused" // nothing listens there
  | "unreachable" // no route, network down
  | "timeout"
  | "auth" // no key, agent or password was accepted
  | "identity" // a key file cannot be read or decrypted
  | "host-key-unknown"
  | "host-key-changed"
  | "host-key-revoked"
  | "host-key-weak"
  | "cut" // the connection ended in the middle
  | "exec" // the remote would not run a command
  | "no-agent-place" // no directory on the remote takes and runs the agent
  | "agent-broken" // the agent arrived but does not run
  | "arch" // no agent for this CPU
  | "not-linux"
  | "not-root"
  | "sudo" // sudo would not
  | "unsupported"; // this transport cannot do it; another one may

/** A failure of the connection or of the start of the agent, in words for the user. */
export class TransportError extends Error {
  readonly code: TransportErrorCode;
  /** What to do about it. */
  readonly hint?: string;

  constructor(code: TransportErrorCode, message: string, hint?: string) {
    super(message);
    this.name = "TransportError";
    this.code = code;
    if (hint !== undefined) this.hint = hint;
  }
}
