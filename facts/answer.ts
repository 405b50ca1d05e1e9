// Compiles a script for a kernel: answers what the compiler needs, round by round, by asking the kernel, which is a
// remote's or one that is known from a file. Node, Deno and browsers.

import type { Hello } from "../agent/host/events.ts";
import { QueryKind } from "../common/format/frame.ts";
import { plainName } from "../common/format/function-name.ts";
import { KERNEL_FEATURE } from "../common/format/manifest.ts";
import type { CompileInput, CompileResult, Compiler, Facts } from "../compiler/host/compile.ts";
import { readBlobs, type Source } from "../compiler/host/source.ts";
import { matches } from "./names.ts";

/** ELF machine numbers of the CPUs there are agents for. */
export const ARCH_OF_MACHINE: Record<number, "x86_64" | "arm64"> = { 62: "x86_64", 183: "arm64" };

/** The most rounds of questions for one compile; each round asks for something new, so few are needed. */
const MAX_ROUNDS = 16;

/** What answers questions about names. */
export interface Questioned {
  query(kind: QueryKind, names: string[]): Promise<string[]>;
}

/** Answers that were given before. */
export interface NameCache {
  has(kind: string, name: string): boolean;
  add(kind: string, names: string[]): void;
  save(): void;
}

/** A remote that can be asked about its kernel. */
export interface Asked {
  session: Questioned;
  /** Its earlier answers; none if absent. */
  cache?: NameCache;
  /** Its large inputs; none if absent. */
  blobs?: Source;
  /** The features that were probed; an empty list means that the remote was asked and has none. */
  features: string[];
  warn?: (text: string) => void;
  /** Told each kind of name that the compiler wants to know. */
  onNeed?: (kind: string) => void;
}

/** Features by which the compiler chooses code (compiler/kernel/facts.ts). */
const FEATURES = ["atomics_fetch", "attach_cookie", "preemptible", "recursion_guard"];

/** What code generation has to know of a kernel: features, the length of a jiffy, and which kernel it is. */
export async function featuresOf(session: Questioned & { hello: Hello }): Promise<string[]> {
  const { hz, buildId, release, kernelVersion } = session.hello;
  const found = await session.query(QueryKind.Features, FEATURES);
  const kernel = KERNEL_FEATURE + (buildId || `${release} ${kernelVersion}`);
  return [...FEATURES.filter((name) => found.includes(name)), ...(hz > 0 ? [`hz=${hz}`] : []), kernel];
}

/**
 * Compiles, and asks the kernel (and the cache of its earlier answers) for what the compiler needs. The result has
 * needs if nobody can answer them.
 */
export async function compileWith(compiler: Compiler, input: CompileInput, asked?: Asked): Promise<CompileResult> {
  const facts = asked ? { names: emptyKinds(), absent: emptyKinds(), features: asked.features } : undefined;
  const session = compiler.begin({ ...input, facts });
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { result } = session;
    if (result.status !== "needs") return result;
    const found = await answer(session.input.facts, result, asked);
    if (!found) return result;
    session.add(found);
  }
  throw new Error("internal error: the compiler never stops asking the remote");
}

const QUERY_KINDS: Record<string, QueryKind> = {
  functions: QueryKind.Functions,
  modules: QueryKind.Modules,
  "module-functions": QueryKind.ModuleFunctions,
  tracepoints: QueryKind.Tracepoints,
  config: QueryKind.Config,
  programs: QueryKind.Programs,
  trampolines: QueryKind.Trampolines,
};

function emptyKinds(): Map<string, string[]> {
  return new Map(Object.keys(QUERY_KINDS).map((kind) => [kind, []]));
}

/** Finds out about the needs; undefined if there is nothing new among those that can be answered. */
async function answer(known: Facts | undefined, result: CompileResult, asked?: Asked): Promise<Facts | undefined> {
  const found = await readBlobs(result.needs, asked?.blobs);
  let progress = (found.absent.get("blob") ?? []).length + (found.bytes ?? []).length > 0;
  for (const { kind, names } of result.needs) {
    if (!asked || QUERY_KINDS[kind] === undefined) continue;
    asked.onNeed?.(kind);
    const before = new Set([...(known?.names.get(kind) ?? []), ...(known?.absent.get(kind) ?? [])]);
    const fresh = names.filter((name) => !before.has(name));
    if (fresh.length === 0) continue;
    progress = true;
    const present = await findNames(kind, fresh, asked);
    // A pattern that was answered is added to the names itself, so that the compiler knows that it was asked.
    const answered = fresh.filter((name) => present.some((one) => isAnswer(kind, name, one)));
    const once = new Set([...present, ...answered].filter((name) => !before.has(name)));
    // Names that several functions have stand there twice.
    found.names.set(kind, [...once, ...repeatedIn(present).filter((name) => once.has(name))]);
    found.absent.set(
      kind,
      fresh.filter((name) => !answered.includes(name)),
    );
  }
  asked?.cache?.save();
  return progress ? found : undefined;
}

/** Whether what the remote has answers a question: programs stand behind what was asked, other names alone. */
function isAnswer(kind: string, asked: string, found: string): boolean {
  return kind === "programs" ? found.startsWith(`${asked}=`) : matches(asked, found);
}

/** Names that a list has more than once. */
function repeatedIn(names: string[]): string[] {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const name of names) (seen.has(name) ? repeated : seen).add(name);
  return [...repeated];
}

async function findNames(kind: string, names: string[], { session, cache, warn }: Asked): Promise<string[]> {
  const unknown = names.filter((name) => !cache?.has(kind, name));
  const cached = names.filter((name) => cache?.has(kind, name));
  if (unknown.length === 0) return cached;
  const found = await session.query(QUERY_KINDS[kind] as QueryKind, unknown);
  if (kind === "config") {
    // These are values, not names, and a run asks for them once, so they are not cached.
    if (found.includes("?")) warn?.("the remote has no kernel configuration to read: every CONFIG_… counts as not set");
    return found.filter((one) => one !== "?");
  }
  // What is loaded changes, and what is installed.
  if (kind !== "modules" && kind !== "programs") cache?.add(kind, aloneOf(found));
  // What the cache has is the name of one function; a pattern may have found it, too.
  return [...cached.filter((name) => !found.includes(name)), ...found];
}

/** The names that are the whole answer to themselves: no other function has them, and there are no copies of it. */
function aloneOf(names: string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(plainName(name), (counts.get(plainName(name)) ?? 0) + 1);
  return names.filter((name) => counts.get(plainName(name)) === 1);
}
