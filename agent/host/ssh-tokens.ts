// The parts of ssh_config values that ssh replaces: ~, %-tokens and ${VARIABLES}. As in ssh, a token or a variable that
// is not known is an error: a file of another name than the user meant must never vouch for a host.

import { createHash } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { TransportError } from "./transport.ts";

/** The home that ssh means by ~: that of the account, whatever $HOME says. */
export function userHome(): string {
  return userInfo().homedir;
}

/** What the tokens stand for. */
export interface TokenValues {
  host: string;
  user: string;
  port: number;
  /** The name as the user typed it. */
  alias: string;
  keyAlias?: string | undefined;
  jump?: string | undefined;
}

function tokens(of: TokenValues): Record<string, string> {
  const local = hostname();
  const hash = createHash("sha1").update(local + of.host + of.port + of.user);
  return {
    "%": "%",
    C: hash.digest("hex"),
    L: local.split(".")[0] ?? local,
    d: userHome(),
    h: of.host,
    i: String(process.getuid?.() ?? 0),
    j: of.jump ?? "",
    k: of.keyAlias ?? of.alias,
    l: local,
    n: of.alias,
    p: String(of.port),
    r: of.user,
    u: userInfo().username,
  };
}

/** Replaces ~, ${VARIABLES} and the percent tokens that a path of the configuration may have. */
export function expandPath(path: string, of: TokenValues): string {
  return expandTokens(expandVariables(expandHome(path)), tokens(of), path);
}

/** Replaces ~ alone. */
export function expandHome(path: string): string {
  const home = path === "~" || path.startsWith("~/") || path.startsWith("~\\") ? userHome() + path.slice(1) : path;
  if (home.startsWith("~")) throw unknown(path, "the home of another user");
  return home;
}

/** Replaces %-tokens of a set that the setting allows. */
export function expandTokens(text: string, allowed: Record<string, string>, whole = text): string {
  return text.replace(/%(.?)/g, (found, letter: string) => {
    const value = allowed[letter];
    if (value === undefined) throw unknown(whole, `'${found}'`);
    return value;
  });
}

function expandVariables(text: string): string {
  return text.replace(/\$\{([^}]*)\}/g, (found, name: string) => {
    const value = process.env[name];
    if (value === undefined) throw unknown(text, `the variable ${found}`);
    return value;
  });
}

function unknown(text: string, what: string): TransportError {
  return new TransportError("usage", `the ssh configuration has '${text}', and ${what} is not known here`);
}
