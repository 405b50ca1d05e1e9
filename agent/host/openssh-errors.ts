// Translates the messages of OpenSSH's client into TransportErrors with the codes that ssh2's failures have. There is
// one row for each kind of message. The first row that matches counts, so causes stand before their consequences.

import { printable } from "./printable.ts";
import { TransportError, type TransportErrorCode } from "./transport.ts";

interface Row {
  pattern: RegExp;
  code: TransportErrorCode;
  /** `$1` is the pattern's first group, `@` the remote. */
  message: string;
  hint?: string;
}

const COMPARE =
  "compare its fingerprint with the host's own, then run again with --accept-new to record it, or log in once with ssh";
const INTERCEPT = "somebody may be intercepting the connection; if the host was set up anew, remove its old key:";

const ROWS: Row[] = [
  {
    pattern: /Could not resolve hostname ([^:\s]+)/,
    code: "unknown-host",
    message: "cannot resolve the host name '$1'",
    hint: "check the spelling of --host",
  },
  {
    pattern: /connect to (?:host|address) .*Connection refused/,
    code: "refused",
    message: "@ refused the connection: no SSH server listens there",
    hint: "check the port (--host box:PORT) and that sshd runs",
  },
  {
    pattern: /(?:Connection|Operation) timed out|Timeout, server .* not responding/,
    code: "timeout",
    message: "@ did not answer",
    hint: "check the address, the port and the firewall",
  },
  {
    pattern: /(No route to host|Network is unreachable)/,
    code: "unreachable",
    message: "no route to @ ($1)",
    hint: "check the network of this machine",
  },
  {
    pattern: /REVOKED HOST KEY|Host key .* revoked|is marked as revoked/i,
    code: "host-key-revoked",
    message: "the host key of @ is revoked by a known_hosts file",
    hint: "do not connect; ask the host's administrator for its new key",
  },
  {
    pattern: /(Error checking host key .* in revoked keys file .*)/,
    code: "host-key-revoked",
    message: "the host key of @ cannot be checked for revocation: $1",
    hint: "mend or unset RevokedHostKeys",
  },
  {
    pattern: /(Invalid key length|key length .* too small|Host key .*length.*)/i,
    code: "host-key-weak",
    message: "ssh refuses the host key of @: $1",
  },
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED[\s\S]*Offending \S+ key in (.+:\d+)/,
    code: "host-key-changed",
    message: "the host key of @ has changed: $1 records another",
    hint: `${INTERCEPT} ssh-keygen -R`,
  },
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    code: "host-key-changed",
    message: "the host key of @ has changed: a known_hosts file records another",
    hint: `${INTERCEPT} ssh-keygen -R`,
  },
  {
    pattern: /No (\S+) host key is known for|Host key verification failed/,
    code: "host-key-unknown",
    message: "the host key of @ is not known: it is in no known_hosts file",
    hint: COMPARE,
  },
  {
    pattern: /Permission denied \(([^)]*)\)|Permission denied, please try again|Too many authentication failures/,
    code: "auth",
    message: "@ refused the login; it accepts $1",
    hint: "name a key with --identity FILE, add one to ssh-agent, or check the user before '@'",
  },
  {
    pattern: /(Unable to negotiate with .*)/,
    code: "unsupported",
    message: "@ and ssh have no algorithm in common: $1",
  },
  {
    pattern: /(Bad configuration option.*|Bad owner or permissions on .*|terminating, \d+ bad configuration options)/,
    code: "usage",
    message: "ssh does not accept its configuration: $1",
  },
  {
    pattern: /(administratively prohibited|exec request failed.*|shell request failed.*)/,
    code: "exec",
    message: "@ does not run commands: $1",
    hint: "check the account's shell and the server's rules",
  },
  {
    pattern:
      /((?:Connection|(?:kex|ssh)_exchange_identification|client_loop|banner exchange|ssh_dispatch_run_fatal).*)/,
    code: "cut",
    message: "the connection to @ was cut: $1",
    hint: "check that an SSH server listens there",
  },
];

/** Translates ssh's messages, if they mean that the connection failed. */
export function explainOpenssh(text: string, where: string): TransportError | null {
  for (const { pattern, code, message, hint } of ROWS) {
    const match = pattern.exec(text);
    if (!match) continue;
    const words = message.replace("@", where).replace("$1", () => printable(match[1]?.trim() ?? "other proof"));
    return new TransportError(code, words, hint);
  }
  return null;
}
