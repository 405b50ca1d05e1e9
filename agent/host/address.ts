// Parses the host argument: "[user@]box[:port]", "[user@][v6]:port", a bare IPv6 address, or an alias of the ssh
// configuration, with or without "ssh://" before it.

import { TransportError } from "./transport.ts";

/** A host argument in its parts; missing parts are left to the configuration. */
export interface HostAddress {
  user?: string;
  host: string;
  port?: number;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: names have none
const UNSAFE = /['`";&<>|(){}\u0000-\u001f\u007f]/;

/** Splits a host argument; throws a TransportError for one that cannot be a host. */
export function parseHost(argument: string): HostAddress {
  const text = argument.trim().replace(/^ssh:\/\//, "");
  const at = text.lastIndexOf("@");
  const user = at < 0 ? undefined : text.slice(0, at);
  const rest = text.slice(at + 1);
  const bracketed = /^\[([^\]]+)\](?::(.*))?$/.exec(rest);
  const named = /^([^:]*):([^:]*)$/.exec(rest);
  const [host, port] = bracketed ? [bracketed[1]!, bracketed[2]] : named ? [named[1]!, named[2]] : [rest, undefined];
  const bad = (what: string) =>
    new TransportError("usage", `'${argument}' is not a host: ${what}`, "write --host [user@]box[:port]");
  if (host === "") throw bad("the name is empty");
  if (host.startsWith("-") || user?.startsWith("-")) throw bad("a name does not begin with '-'");
  if (user === "") throw bad("there is no user before '@'");
  if (/[\s/\0]/.test(host)) throw bad("a name contains no blanks or slashes");
  if (user !== undefined && /[\s\0]/.test(user)) throw bad("a user name contains no blanks");
  // As ssh: names reach the shells of ProxyCommand and Match exec.
  if (UNSAFE.test(host) || /[$\\,]/.test(host)) throw bad("a name contains none of the shell's characters");
  if (UNSAFE.test(user ?? "")) throw bad("a user name contains none of the shell's characters");
  const address: HostAddress = { host };
  if (user !== undefined) address.user = user;
  if (port !== undefined) {
    if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65535) throw bad(`'${port}' is not a port`);
    address.port = Number(port);
  }
  return address;
}

/** A host and port for messages and ssh's `-J` spelling: "box:22", "[::1]:22". */
export function printHost(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
