// `scripts/bench`: measures, prints a row per figure, and ends with status 1 where a bar is missed.
//
//   scripts/bench            everything; boots a guest, for some minutes
//   scripts/bench --quick    without a guest: no start-up, no throughput, no bpftrace
//   scripts/bench --write    everything, and the table of docs/costs.md is written anew
//
// Peers are measured in the same run on the same machine, and figures are given as ratios too, since absolute ones say
// more about the machine. What could not be measured or does not quite compare is said in its row.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fetchKernel } from "../guest/kernel.ts";
import { getGuestSpec } from "../guest/matrix.ts";
import { measureCompile } from "./compile.ts";
import { writeCosts } from "./costs.ts";
import { BenchGuest, measureGuest } from "./guest.ts";
import { runHandlers } from "./handlers.ts";
import { countHandlers } from "./instructions.ts";
import { GuestBpftrace, Stap } from "./peers.ts";
import { measureSizes } from "./sizes.ts";
import { HANDLERS, SUBJECTS, TYPED } from "./subjects.ts";
import { type Group, missesBar, renderGroup } from "./table.ts";
import { measureTypes } from "./types.ts";

const GUEST = "6.12";
const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const WITHOUT_GUEST = "it runs in a guest only, and --quick leaves guests out";

const groups: Group[] = [];

function show(group: Group): void {
  groups.push(group);
  console.log(renderGroup(group));
}

async function withGuest(): Promise<void> {
  const guest = await BenchGuest.boot(GUEST, ROOT);
  let bpftrace: GuestBpftrace | string | undefined;
  try {
    const stap = await Stap.prepare(guest.spec, guest.machine.release, guest);
    bpftrace = await GuestBpftrace.install(guest);
    console.log(`peers: ${nameOf(bpftrace, "bpftrace")}; ${nameOf(stap, "stap")}`);
    show(await measureCompile(ROOT, stap));
    show(await measureTypes());
    show(measureSizes(ROOT));
    const costs = [...(await showCode(bpftrace, stap))];
    costs.push(...(await showTimes(guest, bpftrace)));
    if (args.includes("--write")) {
      const setting = { kernel: guest.machine.release, bpftrace: nameOf(bpftrace, ""), stap: nameOf(stap, "") };
      writeCosts(join(ROOT, "docs/costs.md"), costs, setting);
    }
    show(await measureGuest(guest, bpftrace));
  } finally {
    if (bpftrace && typeof bpftrace !== "string") await bpftrace.remove();
    await guest.leave();
  }
}

/** Handlers by the kernel's clock. */
async function showTimes(guest: BenchGuest, bpftrace: GuestBpftrace | string): Promise<Group[]> {
  const groups = await runHandlers(guest, bpftrace, HANDLERS, "Typical handlers");
  groups.push(...(await runHandlers(guest, bpftrace, TYPED, "Handlers with types")));
  for (const group of groups) show(group);
  return groups;
}

async function withoutGuest(): Promise<void> {
  const spec = getGuestSpec(GUEST);
  const stap = await Stap.prepare(spec, (await fetchKernel(spec)).release);
  show(await measureCompile(ROOT, stap));
  show(await measureTypes());
  show(measureSizes(ROOT));
  await showCode(WITHOUT_GUEST, stap);
}

async function showCode(bpftrace: GuestBpftrace | string, stap: Stap | string): Promise<Group[]> {
  const small = await countHandlers("Small handlers", SUBJECTS, bpftrace, stap);
  const typical = await countHandlers("Typical handlers", HANDLERS, bpftrace, stap);
  for (const group of [...small, ...typical]) show(group);
  return [...small, ...typical];
}

function nameOf(peer: { version: string } | string, name: string): string {
  return typeof peer === "string" ? `no ${name}: ${peer}` : `${name} ${peer.version.replace(/^\S+ v/, "")}`.trim();
}

const args = process.argv.slice(2);
const unknown = args.find((arg) => arg !== "--quick" && arg !== "--write");
if (unknown !== undefined) {
  console.error(`scripts/bench: unknown option '${unknown}'; there are --quick and --write`);
  process.exit(2);
}
await (args.includes("--quick") ? withoutGuest() : withGuest());
const missed = groups.flatMap(({ rows }) => rows).filter(missesBar);
console.log(missed.length > 0 ? `\n${missed.length} bars missed:` : "\nno bar missed");
for (const { what, bar } of missed) console.log(`  ${what}: ${bar?.says}`);
process.exit(missed.length > 0 ? 1 : 0);
