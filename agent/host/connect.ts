// Chooses a transport for one host and opens it. `auto` means ssh2, unless the ssh configuration of the host needs
// something that ssh2 lacks (see needsOpenssh in ssh-config.ts), or ssh2 supports none of the server's algorithms.

import { parseHost } from "./address.ts";
import { askOnTerminal } from "./ask.ts";
import { loadKnownHosts, onlyAuthority } from "./known-hosts.ts";
import { connectOpenssh, hasOpenssh } from "./openssh.ts";
import { connectSsh2 } from "./ssh.ts";
import { type HostConfig, needsOpenssh, readHostConfig } from "./ssh-config.ts";
import { type ConnectOptions, type Transport, TransportError } from "./transport.ts";

const TIMEOUT_MS = 20_000;

/** Opens a connection to a remote; throws a TransportError that says why it cannot. */
export async function connect(options: ConnectOptions): Promise<Transport> {
  const address = parseHost(options.host);
  // Loading ssh2 takes as long as asking ssh for its configuration: do both at once.
  if (options.ssh !== "openssh") void import("ssh2").catch(() => {});
  const source = options.configFile === undefined ? {} : { configFile: options.configFile };
  const config = await readHostConfig(address, source);
  if (options.knownHosts?.length) config.knownHosts = options.knownHosts;
  const wanted = options.ssh ?? "auto";
  const reason = wanted === "auto" ? await whyOpenssh(config) : null;
  if (wanted === "openssh" || reason !== null) return viaOpenssh(config, options, reason);
  const shared = {
    identity: options.identity ?? [],
    acceptNew: acceptsNew(config, options),
    timeoutMs: options.timeoutMs ?? config.connectTimeoutMs ?? TIMEOUT_MS,
    ask: options.askPassword ?? askOnTerminal,
    source,
  };
  const known = options.knownHosts?.length ? { knownHosts: options.knownHosts } : {};
  try {
    return await connectSsh2(config, { ...shared, ...known });
  } catch (error) {
    const lacking = error instanceof TransportError && error.code === "unsupported";
    if (wanted === "auto" && lacking && (await hasOpenssh())) return viaOpenssh(config, options, error.message);
    throw error;
  }
}

async function whyOpenssh(config: HostConfig): Promise<string | null> {
  const known = await loadKnownHosts(config.knownHosts);
  const [host, port] = config.hostKeyAlias === undefined ? [config.host, config.port] : [config.hostKeyAlias, 22];
  return needsOpenssh(config) ?? (onlyAuthority(known, host, port) ? "a host certificate" : null);
}

/** The user's own StrictHostKeyChecking may allow new keys; a changed one is refused whatever it says. */
function acceptsNew(config: HostConfig, options: ConnectOptions): boolean {
  return options.acceptNew ?? ["accept-new", "no", "off", "false"].includes(config.strictHostKey);
}

async function viaOpenssh(config: HostConfig, options: ConnectOptions, reason: string | null): Promise<Transport> {
  if (!(await hasOpenssh())) {
    const why = reason === null ? "" : ` (${config.alias} needs it for ${reason})`;
    throw new TransportError(
      "unsupported",
      `there is no ssh program on this machine${why}`,
      "install OpenSSH's client",
    );
  }
  return connectOpenssh(config, options);
}
