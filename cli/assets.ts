// Finds the built parts: beside the bundled program if it is installed, else in build/ and tapset/ of the checkout.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AgentArch } from "../agent/host/bootstrap.ts";
import type { NamedBytes } from "../compiler/host/compile.ts";
import { EXIT, ExitError } from "./exit.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const IN_CHECKOUT = basename(HERE) === "cli";
const BUILT = IN_CHECKOUT ? join(HERE, "..", "build") : HERE;
const TAPSET = IN_CHECKOUT ? join(HERE, "..", "tapset") : join(HERE, "tapset");

const assets = new Map<string, Uint8Array>();

/** The bytes of a built file, read once; a message that says how to make it if it is missing. */
export function readAsset(name: string): Uint8Array {
  const path = join(BUILT, name);
  const known = assets.get(name) ?? (existsSync(path) ? readFileSync(path) : undefined);
  if (known) {
    assets.set(name, known);
    return known;
  }
  const hint = IN_CHECKOUT ? "build it: npm run build" : "install the package again";
  throw new ExitError(EXIT.failed, `'${path}' is missing`, hint);
}

/** The agents that were built. */
export function readAgents(): Map<AgentArch, Uint8Array> {
  const agents = new Map<AgentArch, Uint8Array>();
  for (const arch of ["x86_64", "arm64"] as AgentArch[]) {
    const path = join(BUILT, `stap-agent-${arch}`);
    if (existsSync(path)) agents.set(arch, readFileSync(path));
  }
  if (agents.size > 0) return agents;
  const hint = "build the agents on a machine with clang and lld: npm run build";
  throw new ExitError(EXIT.failed, "this installation contains no agent to send to a remote", hint);
}

/** The library scripts: files ending in .stp below tapset/, named by their path in it. */
export function readTapset(): NamedBytes[] {
  return readScripts(TAPSET);
}

/** The index of the library, "" if none was generated. */
export function readTapsetIndex(): string {
  const path = join(TAPSET, "index.txt");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** All scripts, files of macros and tables (.tab) below a directory, in a stable order. */
function readScripts(directory: string): NamedBytes[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.(stpm?|tab)$/.test(name),
  );
  return names.sort().map((name) => ({ name: name.replaceAll("\\", "/"), bytes: readFileSync(join(directory, name)) }));
}

/** The version of this package. */
export function version(): string {
  for (const directory of [HERE, join(HERE, "..")]) {
    const path = join(directory, "package.json");
    if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")).version;
  }
  return "unknown";
}
