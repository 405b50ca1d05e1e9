// Chooses a transport for one host and opens it. `auto` means ssh2, unless the ssh configuration of the host asks for
// something that ssh2 lacks (see needsOpenssh in ssh-config.ts).

import type { ConnectOptions, Transport } from "./transport.ts";
import { TransportError } from "./transport.ts";

/** Opens a connection to a remote; throws a TransportError that says why it cannot. */
export async function connect(options: ConnectOptions): Promise<Transport> {
  throw new TransportError("unsupported", `cannot connect to ${options.host} yet`);
}
