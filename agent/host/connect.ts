// Chooses a transport for one host and opens it. `auto` means ssh2, unless the configuration of a hop has something
// that ssh2 does not honour (see needsOpenssh in ssh-options.ts), or ssh2 supports none of the server's algorithms.

import { foreignAgentKey } from "./agent-keys.ts";
import { askOnTerminal } from "./ask.ts";
import { loadKnownHostsOf, onlyAuthority, recordedAs } from "./known-hosts.ts";
import { connectOpenssh, hasOpenssh } from "./openssh.ts";
import { readRoute } from "./route.ts";
import { connectSsh2, type Ssh2Options } from "./ssh.ts";
import { needsOpenssh } from "./ssh-options.ts";
import type { HostConfig } from "./ssh-settings.ts";
import { expandHome } from "./ssh-tokens.ts";
import { type ConnectOptions, type Transport, TransportError } from "./transport.ts";

/** Opens a connection to a remote; throws a TransportError that says why it cannot. */
export async function connect(given: ConnectOptions): Promise<Transport> {
  const options = withoutTilde(given);
  // Loading ssh2 takes as long as asking ssh for its configuration: do both at once.
  if (options.ssh !== "openssh") void import("ssh2").catch(() => {});
  const route = await readRoute(options);
  const notify = options.notify ?? ((line) => process.stderr.write(`${line}\n`));
  const destination = route.at(-1)!;
  if (destination.hostKeyPolicy === "no") {
    notify(`StrictHostKeyChecking no of ${destination.alias} is taken as accept-new: a changed key is refused`);
  }
  const wanted = options.ssh ?? "auto";
  const need = wanted === "openssh" ? null : await whyOpenssh(route);
  const go = (reason: string | null) => viaOpenssh(route, { ...options, notify }, reason);
  if (wanted === "openssh") return go(null);
  if (need && !need.optional && (wanted === "ssh2" || !(await hasOpenssh()))) throw notHonoured(need, wanted);
  if (need && wanted === "auto" && (await hasOpenssh())) return go(`${need.alias} needs it for ${need.what}`);
  const login: Ssh2Options = { identity: options.identity ?? [], ask: options.askPassword ?? askOnTerminal, notify };
  if (options.timeoutMs !== undefined) login.timeoutMs = options.timeoutMs;
  try {
    return await connectSsh2(route, login);
  } catch (error) {
    const lacking = error instanceof TransportError && error.code === "unsupported";
    if (wanted === "auto" && lacking && (await hasOpenssh())) return go(error.message);
    throw error;
  }
}

/** A shell leaves "~" as it is in --identity=~/key; ssh and we do not. */
function withoutTilde(options: ConnectOptions): ConnectOptions {
  const { identity, knownHosts, configFile } = options;
  return {
    ...options,
    ...(identity ? { identity: identity.map(expandHome) } : {}),
    ...(knownHosts ? { knownHosts: knownHosts.map(expandHome) } : {}),
    ...(configFile === undefined ? {} : { configFile: expandHome(configFile) }),
  };
}

interface HopNeed {
  alias: string;
  what: string;
  optional?: boolean;
}

/** Why any of the hops needs OpenSSH; what the configuration demands comes before what is merely better. */
async function whyOpenssh(route: HostConfig[]): Promise<HopNeed | null> {
  const needs: HopNeed[] = [];
  for (const config of route) {
    const need = needsOpenssh(config);
    if (need) needs.push({ alias: config.alias, ...need });
    else if (config.agent !== null && config.login.publicKey && !config.identitiesOnly) {
      const what = await foreignAgentKey(config.agent);
      if (what !== null) needs.push({ alias: config.alias, what, optional: true });
    }
    if (onlyAuthority(await loadKnownHostsOf(config), ...recordedAs(config))) {
      needs.push({ alias: config.alias, what: "a host certificate", optional: true });
    }
  }
  return needs.find((need) => !need.optional) ?? needs[0] ?? null;
}

/** The built-in client would connect as if the setting were not there. */
function notHonoured({ alias, what }: HopNeed, wanted: string): TransportError {
  const message = `the ssh configuration of ${alias} sets ${what}, which the built-in SSH client does not honour`;
  return new TransportError(
    "unsupported",
    message,
    wanted === "ssh2" ? "leave out --ssh ssh2" : "install OpenSSH's client",
  );
}

async function viaOpenssh(route: HostConfig[], options: ConnectOptions, reason: string | null): Promise<Transport> {
  if (!(await hasOpenssh())) {
    const why = reason === null ? "" : ` (${reason})`;
    const message = `there is no ssh program on this machine${why}`;
    throw new TransportError("unsupported", message, "install OpenSSH's client");
  }
  return connectOpenssh(route, options);
}
