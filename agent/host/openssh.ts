import type { HostConfig } from "./ssh-config.ts";
import { type ConnectOptions, type Transport, TransportError } from "./transport.ts";
export async function hasOpenssh(): Promise<boolean> {
  return false;
}
export async function connectOpenssh(config: HostConfig, options: ConnectOptions): Promise<Transport> {
  void options;
  throw new TransportError("unsupported", config.alias);
}
