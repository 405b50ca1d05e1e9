// The way to a host: its jump hosts and the host itself, each with its own configuration, as ssh starts an ssh of its
// own for each jump. What the command line says (--accept-new, --known-hosts, --identity, --ssh-option) counts for the
// destination only; --ssh-config counts for every hop.

import { parseHost } from "./address.ts";
import { readHostConfig } from "./ssh-config.ts";
import type { ConfigSource, HostConfig } from "./ssh-settings.ts";
import { type ConnectOptions, TransportError } from "./transport.ts";

/** A chain of jumps longer than this is a loop in the configuration. */
const MAX_JUMPS = 8;

/** The hops of a connection in the order in which they are reached; the last one is the destination. */
export async function readRoute(options: ConnectOptions, sshBinary?: string | null): Promise<HostConfig[]> {
  const address = parseHost(options.host);
  // As by ssh, -l and -p count before what stands in the name.
  if (options.user !== undefined) address.user = options.user;
  if (options.port !== undefined) address.port = options.port;
  const everywhere: ConfigSource = {
    ...(options.configFile === undefined ? {} : { configFile: options.configFile }),
    ...(sshBinary === undefined ? {} : { sshBinary }),
  };
  const destination: ConfigSource = {
    ...everywhere,
    ...(options.jump === undefined ? {} : { jump: options.jump }),
    settings: options.settings ?? [],
    identity: options.identity ?? [],
  };
  const config = await readHostConfig(address, destination);
  const route = [...(await jumpsOf(config, everywhere, 0)), applyOptions(config, options)];
  for (const hop of route.slice(0, -1)) refuseTrusting(hop, config);
  return route;
}

/** The jumps before a host. As in ssh, only the first one's own ProxyJump counts. */
async function jumpsOf(config: HostConfig, everywhere: ConfigSource, depth: number): Promise<HostConfig[]> {
  if (config.proxyJump.length === 0) return [];
  if (depth >= MAX_JUMPS) {
    throw new TransportError("usage", `the ProxyJump settings of ${config.alias} form a circle`);
  }
  const before = config.proxyJump.slice(0, -1);
  const source = before.length === 0 ? everywhere : { ...everywhere, jump: before.join(",") };
  const last = await readHostConfig(parseHost(config.proxyJump.at(-1)!), source);
  return [...(await jumpsOf(last, everywhere, depth + 1)), last];
}

/** The command line's part of the destination's configuration. */
function applyOptions(config: HostConfig, options: ConnectOptions): HostConfig {
  if (options.knownHosts?.length) {
    config.userKnownHosts = options.knownHosts;
    config.onlyRevokedOfGlobal = true;
  }
  if (options.acceptNew) config.hostKeyPolicy = "accept-new";
  return config;
}

/** ssh would go on through a jump host whose changed key proves that somebody else answers. */
function refuseTrusting(hop: HostConfig, destination: HostConfig) {
  if (hop.hostKeyPolicy !== "no") return;
  throw new TransportError(
    "usage",
    `the configuration of ${hop.alias}, a jump host of ${destination.alias}, says StrictHostKeyChecking no`,
    "change it to accept-new, which records a new key and refuses a changed one",
  );
}
