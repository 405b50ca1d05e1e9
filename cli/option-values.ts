// Parses the values of options: texts → numbers, sizes and so on. A value that makes no sense gets one clear message.

import type { WayName } from "../agent/host/become.ts";
import { UsageError } from "./exit.ts";

/** -l and -L: the probe point whose matches are listed. */
export interface Listing {
  pattern: string;
  variables: boolean;
}

/** -S: bytes of an output file, and how many files are kept (0: all). */
export interface Rotation {
  bytes: number;
  keep: number;
}

/** --host and --local, which stap spells --remote. */
export function whereOf(hosts: string[], remotes: string[], local: boolean) {
  if (remotes.length === 0) return { host: hosts[0], hosts, local };
  if (hosts.length > 0) throw new UsageError("'--host' and '--remote' cannot be used together");
  const direct = remotes.filter((remote) => remote === "direct" || remote === "direct://");
  if (direct.length > 0 && remotes.length > 1) {
    throw new UsageError("'--remote direct://' is this machine, and cannot be used together with others");
  }
  if (direct.length > 0) return { host: undefined, hosts: [], local: true };
  const named = remotes.map(remoteHost);
  return { host: named[0], hosts: named, local };
}

/** --remote ssh://BOX */
function remoteHost(remote: string): string {
  const scheme = /^(\w+):/.exec(remote)?.[1];
  if (scheme !== undefined && scheme !== "ssh" && /^\w+:(\/\/|\/)|^unix:/.test(remote)) {
    throw new UsageError(`'--remote ${remote}': only ssh:// and direct:// are supported`);
  }
  return remote.replace(/^ssh:\/\//, "").replace(/\/$/, "");
}

/** --become and --sudo, which is short for one of its ways */
export function wayOf(way: string | undefined, sudo: boolean): WayName | undefined {
  if (sudo && way !== undefined && way !== "sudo") {
    throw new UsageError(`'--sudo' and '--become ${way}' cannot be used together`);
  }
  return sudo ? "sudo" : (way as WayName | undefined);
}

/** -l and -L */
export function listingOf(plain: string | undefined, variables: string | undefined): Listing | undefined {
  if (plain !== undefined && variables !== undefined) throw new UsageError("'-l' and '-L' cannot be used together");
  if (variables !== undefined) return { pattern: variables, variables: true };
  return plain === undefined ? undefined : { pattern: plain, variables: false };
}

/** -S MB[,N] */
export function rotation(text: string | undefined): Rotation | undefined {
  if (text === undefined) return undefined;
  const match = /^([0-9]+)(?:,([0-9]+))?$/.exec(text);
  const size = Number(match?.[1] ?? 0);
  const keep = Number(match?.[2] ?? 0);
  if (size < 1 || size > 1_000_000 || (match?.[2] !== undefined && keep < 1)) {
    throw new UsageError(
      `option '-S' needs a size in megabytes and optionally a number of files, such as 10,5, not '${text}'`,
    );
  }
  return { bytes: size << 20, keep };
}

/** --vp 00102 */
export function perPass(text: string | undefined): number[] {
  if (text === undefined) return [];
  if (!/^[0-9]{1,5}$/.test(text)) throw new UsageError(`option '--vp' needs up to five digits, not '${text}'`);
  return [...text].map(Number);
}

/** A number from 1 to `max`, or `otherwise` without the option. */
export function wholeNumber(option: string, text: string | undefined, otherwise: number, max: number): number {
  if (text === undefined) return otherwise;
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1 && value <= max))
    throw new UsageError(`option '${option}' needs a number from 1 to ${max}, not '${text}'`);
  return value;
}

const UNITS: Record<string, number> = { "": 1000, s: 1000, ms: 1, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** -T: 90, 0.5, 500ms, 2m, 1h as milliseconds; 0 without the option. */
export function seconds(text: string | undefined): number {
  if (text === undefined) return 0;
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|[smhd]?)$/.exec(text);
  const value = match ? Number(match[1]) * (UNITS[match[2] as string] as number) : Number.NaN;
  if (!(value > 0 && value <= 4_000_000_000)) {
    throw new UsageError(`option '-T' needs a number of seconds, or 500ms, 2m, 1h, not '${text}'`);
  }
  return Math.ceil(value);
}

/** -m */
export function checkModule(name: string): void {
  if (/^[A-Za-z_][A-Za-z0-9_]*(\.bo)?$/.test(name)) return;
  throw new UsageError(`'${name}' is not a valid module name: use only letters, digits and '_'`);
}
