// How many BPF instructions a handler takes: all code that the kernel gets for it, subprograms included.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAsset, readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { createCompiler } from "../../compiler/host/compile.ts";
import { scriptInput } from "./compile.ts";
import { countInstructions, totalInstructions } from "./elf.ts";
import type { GuestBpftrace, Stap } from "./peers.ts";
import { SUBJECTS, type Subject } from "./subjects.ts";
import type { Group, PeerFigure, Row } from "./table.ts";

/** All rows about instructions. */
export async function countHandlers(bpftrace: GuestBpftrace | string, stap: Stap | string): Promise<Group> {
  const rows: Row[] = [];
  for (const subject of SUBJECTS) rows.push(await countHandler(subject, bpftrace, stap));
  return { title: "BPF instructions (the programs as loaded, before the kernel rewrites them)", rows };
}

/** One row: a handler of ours and the peers'. */
export async function countHandler(
  subject: Subject,
  bpftrace: GuestBpftrace | string,
  stap: Stap | string,
): Promise<Row> {
  const theirs = typeof bpftrace === "string" ? bpftrace : await countBpftrace(bpftrace, subject);
  const peers: Record<string, PeerFigure> = { bpftrace: theirs };
  if (subject.stap) peers["stap --runtime=bpf"] = await countStap(stap, subject.stap);
  const says = "no more than bpftrace's";
  const limit = typeof theirs === "number" ? theirs : Number.POSITIVE_INFINITY;
  return {
    what: subject.what,
    unit: "insns",
    ours: countOurs(subject.ours),
    peers,
    bar: subject.bar && typeof theirs === "number" ? { limit, says } : undefined,
    note: subject.note,
  };
}

function countOurs(text: string): number | string {
  const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());
  const { object, messages } = compiler.compile(scriptInput(text));
  return object ? totalInstructions(object) : (messages.trim().split("\n")[0] ?? "refused");
}

async function countBpftrace(bpftrace: GuestBpftrace, subject: Subject): Promise<PeerFigure> {
  const object = await bpftrace.compile(subject.bpftrace);
  return typeof object === "string" ? object : totalInstructions(object);
}

async function countStap(stap: Stap | string, text: string): Promise<PeerFigure> {
  if (typeof stap === "string") return stap;
  const folder = mkdtempSync(join(tmpdir(), "stap-bench-"));
  try {
    const compiled = await stap.compile(text, folder);
    if (typeof compiled === "string") return compiled;
    // Its begin and end probes run in its own interpreter, as ours run in the agent.
    const sections = [...countInstructions(compiled.object)].filter(([name]) => !name.startsWith("stap_"));
    return sections.reduce((sum, [, insns]) => sum + insns, 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
