// Asks an agent for all that is known of its kernel.

import type { Session } from "../agent/host/session.ts";
import { QueryKind } from "../common/format/frame.ts";
import { EXPORT_PREFIX } from "../common/format/function-name.ts";
import { KERNEL_BTF, MODULE_BTF } from "../common/format/request.ts";
import type { KernelFacts, PackedBlob } from "./kernel.ts";

/** All facts of the kernel at the other end; `say` is told what comes next. */
export async function collectFacts(
  session: Pick<Session, "hello" | "query" | "fetch">,
  say: (what: string) => void = () => {},
): Promise<KernelFacts> {
  const ask = (kind: QueryKind, ...names: string[]) => session.query(kind, names);
  say("features");
  const features = await ask(QueryKind.Features, "*");
  say("functions");
  const functions = await ask(QueryKind.Functions, "*", `${EXPORT_PREFIX}*`);
  const modules = await ask(QueryKind.Modules, "*");
  const moduleFunctions = await ask(QueryKind.ModuleFunctions, "*", `*:${EXPORT_PREFIX}*`);
  say("tracepoints");
  const tracepoints = withoutTwins(await ask(QueryKind.Tracepoints, "*", "*:*"));
  const config = await ask(QueryKind.Config, "*");
  const moduleBuilds = modules.length > 0 ? await ask(QueryKind.ModuleBuilds, ...modules) : [];
  const blobs: PackedBlob[] = [];
  for (const name of [KERNEL_BTF, ...modules.map((module) => MODULE_BTF + module)]) {
    say(name === KERNEL_BTF ? "types of the kernel" : `types of module '${name.slice(MODULE_BTF.length)}'`);
    const stream = await session.fetch(name);
    if (stream) blobs.push({ name, stream });
    // Modules' types build on the kernel's.
    else if (name === KERNEL_BTF) break;
  }
  const hello = { ...session.hello, uid: 0, pid: 0 };
  return { hello, features, functions, modules, moduleFunctions, moduleBuilds, tracepoints, config, blobs };
}

/** An event that has a system is there with it only. */
function withoutTwins(names: string[]): string[] {
  const full = names.filter((name) => name.includes(":"));
  const events = new Set(full.map((name) => name.slice(name.indexOf(":") + 1)));
  return [...full, ...names.filter((name) => !name.includes(":") && !events.has(name))];
}
