// Damaged objects through the agent on a real kernel: in a guest, `stap-agent run` loads and attaches each, so that the
// reader, the linker, the maps, the verifier and the ways to attach are all met.
//
//   npx tsx scripts/sweeps/objects.ts [COUNT] [--guest=6.12] [--seed=N] [--out=FILE]
//
// A case is a finding if the agent ends with a status that is none of its own (70: internal error; 128 and more: a
// signal). One whose damaged handlers loop is killed after some seconds and counted as "killed". After each batch no
// program may be left in the kernel. A guest that does not answer is a finding of the batch.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bootGuest, type Guest, shutdownGuests } from "../../tests/guest.ts";
import { builtCompiler } from "../fuzz.ts";
import { mutateObject } from "./mutate-object.ts";
import { KERNEL_SCRIPTS } from "./object-scripts.ts";
import { type CaseEnd, main, Random, type Sweep } from "./sweep.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BATCH = 200;
const KILLED = 137;
/** What the agent may end with: done, failed, usage, refused, interrupted. */
const STATUSES: Record<number, string> = { 0: "ran", 1: "failed", 2: "usage", 4: "refused", 130: "interrupted" };

/** Reads objects from a tar file, runs each, and prints "NAME STATUS", for what is odd also the message. */
const DRIVER = `cd /tmp/sweep && rm -f *.bo && tar x && programs() { bpftool prog list | grep -c '^[0-9]'; }
  before=$(programs)
  lane() {
    for n in $1*.bo; do
      timeout -s KILL 5 ./stap-agent run $n -T 0.02 >out$1 2>err$1 </dev/null
      s=$?
      case $s in 0|1|2|4) echo $n $s;; *) echo $n $s $(tail -c 300 err$1);; esac
    done
  }
  lane a & lane b & wait
  for i in 1 2 3 4 5 6 7 8 9 10; do [ $(programs) -le $before ] && exit 0; sleep 0.3; done
  echo LEFT $(($(programs) - before))`;

function makeObjects(arch: string): Uint8Array[] {
  const compiler = builtCompiler();
  return KERNEL_SCRIPTS.map((script) => {
    const scripts = [{ name: "x.stp", bytes: Buffer.from(script) }];
    const result = compiler.compile({ scripts, options: [["arch", arch]], args: [] });
    if (!result.object) throw new Error(result.messages || `needs: ${JSON.stringify(result.needs)}`);
    return result.object;
  });
}

/** A tar file of objects, one for each case, in two lanes that run at the same time. */
function pack(objects: Uint8Array[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "stap-sweep-"));
  try {
    objects.forEach((object, i) => {
      writeFileSync(join(folder, `${i % 2 ? "b" : "a"}${i}.bo`), object);
    });
    return spawnSync("tar", ["-C", folder, "-c", "."], { maxBuffer: 1 << 30 }).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the lines of the driver say about each case. */
function readEnds(stdout: string, objects: Uint8Array[]): CaseEnd[] {
  const ends = new Map<number, CaseEnd>();
  for (const [, number, code, message] of stdout.matchAll(/^[ab](\d+)\.bo (\d+) ?(.*)$/gm)) {
    const status = Number(code);
    const end = STATUSES[status] ?? (status === KILLED ? "killed" : "odd");
    const input = objects[Number(number)] as Uint8Array;
    ends.set(Number(number), end === "odd" ? { end, problem: `status ${status}: ${message}`, input } : { end });
  }
  const all = objects.map((input, i) => ends.get(i) ?? { end: "lost", problem: "the guest says nothing of it", input });
  const left = /^LEFT (.*)$/m.exec(stdout);
  if (left) all[all.length - 1] = { end: "left", problem: `${left[1]} programs stay in the kernel after the batch` };
  return all;
}

/** Damaged objects through the agent of a guest. */
export async function objectSweep(name: string): Promise<Sweep> {
  const guest = await bootGuest(name);
  const good = makeObjects(guest.arch);
  await prepare(guest);
  return {
    name: `objects-${name}`,
    kernel: guest.release,
    batch: BATCH,
    async run(first, count, seed) {
      const objects = Array.from({ length: count }, (_, i) => {
        const random = new Random(seed, first + i);
        return mutateObject(random.pick(good), random);
      });
      const { stdout } = await guest.run(DRIVER, { input: pack(objects), timeoutMs: 20_000 + count * 6000 });
      return readEnds(stdout, objects);
    },
  };
}

async function prepare(guest: Guest): Promise<void> {
  const agent = readFileSync(join(ROOT, `build/stap-agent-${guest.arch}`));
  const command = "mkdir -p /tmp/sweep && cat > /tmp/sweep/stap-agent && chmod 755 /tmp/sweep/stap-agent";
  const { code, stderr } = await guest.run(command, { input: agent });
  if (code !== 0) throw new Error(stderr);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.findIndex((arg) => arg.startsWith("--guest="));
  const name = at < 0 ? "6.12" : (process.argv.splice(at, 1)[0] as string).slice("--guest=".length);
  await main(await objectSweep(name));
  await shutdownGuests();
}
