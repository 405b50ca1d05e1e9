// --container: a container's name or id → what the agent looks for, an id. Ids are found in /proc by the agent; names
// are known only to the engine that gave them, so the remote's own tools are asked.

import type { Transport } from "../agent/host/transport.ts";
import { EXIT, ExitError } from "./exit.ts";

/** Characters that names of containers have; no shell sees others. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const ID = /^[0-9a-f]{32,64}$/;
const MOST_BYTES = 65_536;

/** The engines, in the order in which they are asked. */
const ENGINES = ["docker", "podman", "crictl"] as const;

/** Asks one engine: its answer is the ids, one a line. */
function question(engine: (typeof ENGINES)[number], name: string): string {
  if (engine === "crictl") return `crictl ps --quiet --no-trunc --name '^${name.replaceAll(".", "\\.")}$'`;
  return `${engine} inspect --type container --format '{{.Id}}' -- ${name}`;
}

/** Tells names that no container has from those that may be asked for. */
export function isContainerName(name: string): boolean {
  return NAME.test(name);
}

/** The id of a container on a remote; a root shell is asked if `become` says how to get one. */
export async function findContainer(transport: Transport, name: string, become?: string): Promise<string> {
  const asRoot = become === undefined ? "" : `${become} `;
  const found = new Set<string>();
  for (const engine of ENGINES) {
    const command = `command -v ${engine} >/dev/null && ${asRoot}${question(engine, name)} </dev/null 2>/dev/null`;
    for (const line of (await output(transport, command)).split("\n")) if (ID.test(line.trim())) found.add(line.trim());
  }
  const [id] = found;
  if (found.size > 1) throw refusal(`more than one container is called '${name}' on ${transport.where}`, "give its id");
  if (id !== undefined) return id;
  // An id needs no engine; the agent says if there is none.
  if (/^[0-9a-f]{8,64}$/.test(name)) return name;
  const hint = `asked were ${ENGINES.join(", ")}; the beginning of the id (8 digits or more) needs none of them`;
  throw refusal(`no container is called '${name}' on ${transport.where}`, hint);
}

function refusal(message: string, hint: string): ExitError {
  return new ExitError(EXIT.refused, message, hint);
}

async function output(transport: Transport, command: string): Promise<string> {
  const process = await transport.exec(command);
  process.stderr.resume();
  process.stdin.end();
  let text = "";
  for await (const chunk of process.stdout) if (text.length < MOST_BYTES) text += chunk.toString();
  await process.done;
  return text;
}
