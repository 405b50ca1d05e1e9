// What the code of a handler costs, without running it in a kernel: how many BPF instructions it is, subprograms
// included; how many of them an event executes; and how many helpers it calls.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAsset, readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { type CompileResult, type Compiler, createCompiler } from "../../compiler/host/compile.ts";
import { scriptInput } from "./compile.ts";
import { countInstructions } from "./elf.ts";
import { countExecuted, type Event, type Maker } from "./executed.ts";
import type { GuestBpftrace, Stap } from "./peers.ts";
import type { Subject } from "./subjects.ts";
import type { Group, PeerFigure, Row } from "./table.ts";

/** Who does what an event finds, where a handler asks for nobody in particular. */
const SOMEBODY = { pid: 1234, tid: 1235, comm: "dd" };
const LIMIT = "no more than bpftrace's";

/** What an object's code costs. */
export interface CodeCost {
  /**
   * Instructions of its code for the kernel; what runs at a peer's beginning and end is left out, as ours is the
   * agent's.
   */
  size: number;
  /** Instructions executed for an event, and calls of helpers; or why they could not be counted. */
  executed: number | string;
  helpers: number | string;
}

/** A handler's cost, or why there is none: ours and the peers'. */
interface Costs {
  subject: Subject;
  ours: CodeCost | string;
  peers: Record<string, CodeCost | string>;
}

/** The groups about the code of some handlers. */
export async function countHandlers(
  title: string,
  subjects: Subject[],
  bpftrace: GuestBpftrace | string,
  stap: Stap | string,
): Promise<Group[]> {
  const costs: Costs[] = [];
  for (const subject of subjects) {
    const peers: Costs["peers"] = { bpftrace: await costOfBpftrace(bpftrace, subject) };
    if (subject.stap) peers["stap --runtime=bpf"] = await costOfStap(stap, subject);
    costs.push({ subject, ours: costOfOurs(subject), peers });
  }
  return [
    { title: `${title}: instructions executed for an event`, rows: costs.map((one) => rowOf(one, "executed")) },
    { title: `${title}: calls of helpers for an event`, rows: costs.map((one) => rowOf(one, "helpers")) },
    { title: `${title}: instructions of the programs as loaded`, rows: costs.map((one) => rowOf(one, "size")) },
  ];
}

function rowOf({ subject, ours, peers }: Costs, field: keyof CodeCost): Row {
  const figure = (cost: CodeCost | string) => (typeof cost === "string" ? cost : cost[field]);
  const figures: Record<string, PeerFigure> = {};
  for (const [peer, cost] of Object.entries(peers)) figures[peer] = figure(cost);
  const theirs = figures.bpftrace;
  return {
    what: subject.what,
    unit: field === "helpers" ? "calls" : "insns",
    ours: figure(ours),
    peers: figures,
    bar: field === "size" && subject.bar && typeof theirs === "number" ? { limit: theirs, says: LIMIT } : undefined,
    note: field === "executed" ? subject.note : undefined,
  };
}

/** What the kernels that bpftrace is compared on can do. */
const MODERN = ["atomics_fetch"];

/** Of our program, for kernels with these features. */
export function costOfOurs(subject: Subject, features: string[] = MODERN): CodeCost | string {
  const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());
  const { object, messages } = compileFor(compiler, subject.ours, features);
  return object ? costOf(object, "ours", subject) : (messages.trim().split("\n")[0] ?? "refused");
}

/** Compiles for a kernel that has these features, and everything that the script names but types. */
function compileFor(compiler: Compiler, text: string, features: string[]): CompileResult {
  const names = new Map<string, string[]>();
  const absent = new Map<string, string[]>();
  let result: CompileResult;
  do {
    result = compiler.compile({ ...scriptInput(text), facts: { names, absent, features } });
    for (const need of result.needs) {
      const known = need.kind === "blob" ? absent : names;
      known.set(need.kind, [...(known.get(need.kind) ?? []), ...need.names]);
    }
  } while (result.status === "needs");
  return result;
}

async function costOfBpftrace(bpftrace: GuestBpftrace | string, subject: Subject): Promise<CodeCost | string> {
  const object = typeof bpftrace === "string" ? bpftrace : await bpftrace.compile(subject.bpftrace);
  return typeof object === "string" ? object : costOf(object, "bpftrace", subject);
}

async function costOfStap(stap: Stap | string, subject: Subject): Promise<CodeCost | string> {
  if (typeof stap === "string") return stap;
  const folder = mkdtempSync(join(tmpdir(), "stap-bench-"));
  try {
    const compiled = await stap.compile(subject.stap ?? "", folder);
    return typeof compiled === "string" ? compiled : costOf(compiled.object, "stap", subject);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function costOf(object: Uint8Array, maker: Maker, subject: Subject): CodeCost {
  const sections = [...countInstructions(object)].filter(([name]) => !/^(stap|s_(BEGIN|END))_/.test(name));
  const size = sections.reduce((sum, [, insns]) => sum + insns, 0);
  const event: Event = { task: { ...SOMEBODY, ...subject.task }, bpftraceKeys: subject.bpftraceKeys ?? [] };
  try {
    const { instructions, helpers } = countExecuted(object, maker, event);
    return { size, executed: instructions, helpers };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { size, executed: why, helpers: why };
  }
}
