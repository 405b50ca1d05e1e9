// Handlers on many CPUs at once, in a guest: sums that must be exact, and orders of changes that must be possible.
//
//   npx tsx scripts/sweeps/stress.ts [COUNT] [--guest=6.12] [--cpus=8] [--seed=N] [--out=FILE]
//
// Each case is one of SCENARIOS under a load that makes a known number of events on every CPU. A guest of
// that many CPUs is booted for it. A case is a finding if a sum is wrong, if a run ends badly, or if more
// handlers are skipped than the scenario allows.

import { fileURLToPath } from "node:url";
import { type CaseEnd, main, Random, type Sweep } from "./sweep.ts";

/** What a scenario's run came to. */
interface Outcome {
  /** All numbers of the last line of output. */
  last: number[];
  lines: string[];
  /** Handlers skipped because of a lock, by re-entrancy, and by the kernel. */
  skipped: { lock: number; nested: number; kernel: number; all: number };
  /** Events that the load has made. */
  events: number;
  cpus: number;
}

interface Scenario {
  name: string;
  script(random: Random): string;
  /** What is wrong; "" if nothing is. */
  judge(outcome: Outcome, random: Random): string;
  /** Events on each CPU. */
  reads: number;
}

/** The pattern of all scripts: reads of dd, which the load makes one byte at a time. */
const READ = 'probe kernel.function("vfs_read") { if (execname() != "dd") next;';
const RETURN = 'probe kernel.function("vfs_read").return { if (execname() != "dd") next;';

const isWrong = (what: Record<string, number | boolean>, right: boolean) => (right ? "" : JSON.stringify(what));

const SCENARIOS: Scenario[] = [
  {
    name: "a latency pair",
    reads: 6000,
    script: () => `global s, h, entries, returns, orphans
      ${READ} entries++; s[tid()] = gettimeofday_ns() }
      ${RETURN} returns++; t = s[tid()]; if (t) { h <<< gettimeofday_ns() - t; delete s[tid()] } else orphans++ }
      probe end { printf("%d %d %d %d\\n", entries, returns, @count(h), orphans) }`,
    judge: ({ last: [entries = 0, returns = 0, timed = 0, orphans = 0], skipped, events }) =>
      isWrong(
        { entries, returns, timed, orphans, ...skipped, events },
        timed + orphans === returns && orphans <= events - entries && skipped.lock <= 0.002 * events,
      ),
  },
  {
    name: "two counted arrays in one handler",
    reads: 6000,
    script: () => `global a, b, n
      ${READ} n++; a[cpu(), tid() % 7]++; b[execname()] += 2 }
      probe end { foreach (v = [c, k] in a) x += v; foreach (v = name in b) y += v; printf("%d %d %d\\n", n, x, y) }`,
    // One that is skipped when it makes an element has made its earlier additions (docs/decisions/0019).
    judge: ({ last: [n = 0, x = 0, y = 0], skipped, events }) =>
      isWrong(
        { n, x, y, ...skipped, events },
        [n, x, y / 2].every((count) => count <= events && count >= events - skipped.all) && y / 2 <= x && x <= n,
      ),
  },
  {
    name: "what is changed together is read together",
    reads: 4000,
    script: () => `global a, b, torn, seen, n
      ${READ} if (cpu() % 2) { a++; b = a; n++ } else { if (a != b) torn++; seen++ } }
      probe end { printf("%d %d %d %d\\n", n, seen, torn, a == b && a == n) }`,
    judge: ({ last: [n = 0, seen = 0, torn = 0, same = 0], skipped, events }) =>
      isWrong({ n, seen, torn, same, ...skipped }, torn === 0 && same === 1 && n + seen + skipped.all === events),
  },
  {
    name: "a report that deletes, while probes count",
    reads: 6000,
    script: (random) => `global a[10000], n, told
      ${READ} n++; a[cpu(), n % ${100 + random.below(800)}]++ }
      probe timer.ms(${60 + random.below(100)}) { foreach (v = [c, k] in a- limit 10000) told += v; delete a }
      probe end { foreach (v = [c, k] in a) rest += v; printf("%d %d %d\\n", n, told, rest) }`,
    judge: ({ last: [n = 0, told = 0, rest = 0], skipped, events }) =>
      isWrong({ n, told, rest, ...skipped, events }, told + rest === n && n <= events && n + skipped.all >= events),
  },
  {
    name: "a hot key beside neighbours that come and go",
    reads: 6000,
    script: (random) => `global a[64], n, made, gone
      ${READ}
        n++; a["hot"]++; k = sprint(n % ${20 + random.below(40)})
        if (k in a) { gone++; delete a[k] } else { made++; a[k] = 1 }
      }
      probe end {
        hot = a["hot"]; delete a["hot"]; foreach (k in a) left++
        printf("%d %d %d %d %d\\n", n, hot, made, gone, left)
      }`,
    judge: ({ last: [n = 0, hot = 0, made = 0, gone = 0, left = 0], skipped, events }) =>
      isWrong(
        { n, hot, made, gone, left, ...skipped, events },
        hot === n && made + gone === n && made - gone === left && n + skipped.all === events,
      ),
  },
  {
    name: "made on one CPU, deleted on others",
    reads: 6000,
    script: () => `global a[512], made, gone, n
      ${READ}
        n++
        if (cpu() == 0) { made += !([n % 400] in a); a[n % 400] = n }
        else { k = (n * 7) % 400; gone += [k] in a; delete a[k] }
      }
      probe end { foreach (k in a) left++; printf("%d %d %d %d\\n", n, made, gone, left) }`,
    judge: ({ last: [n = 0, made = 0, gone = 0, left = 0], skipped, events }) =>
      isWrong({ n, made, gone, left, ...skipped, events }, made - gone === left && n + skipped.all === events),
  },
  {
    name: "idle threads share tid 0",
    reads: 3000,
    script: () => `global s, n, ticks
      probe timer.profile { ticks++; s[tid()] = n; delete s[tid()]; s[0]++; n++ }
      ${READ} n++; s[0]++ }
      probe end {
        zero = s[0]; delete s[0]; foreach (k in s) left++
        printf("%d %d %d %d\\n", n, ticks, zero <= n, left)
      }`,
    judge: ({ last: [n = 0, ticks = 0, fits = 0, left = 0], skipped, events }) =>
      isWrong({ n, ticks, fits, left, ...skipped, events }, fits === 1 && left === 0 && n - ticks <= events),
  },
  {
    name: "statistics of all CPUs",
    reads: 6000,
    script: () => `global s, t, n
      ${READ} n++; s <<< cpu(); t[cpu()] <<< n }
      probe end { foreach (c in t) k += @count(t[c]); printf("%d %d %d %d\\n", n, @count(s), k, @max(s)) }`,
    judge: ({ last: [n = 0, counted = 0, keyed = 0, most = 0], skipped, events, cpus }) =>
      isWrong(
        { n, counted, keyed, most, ...skipped },
        counted === n && keyed === n && most === cpus - 1 && n + skipped.all === events,
      ),
  },
  {
    name: "each handler is one step",
    reads: 250,
    script: (random) => mixOf(random).script,
    judge: (outcome, random) => judgeSteps(mixOf(random), outcome),
  },
];

/** Two handlers at random that change three globals and an element, and what a sequential machine makes of them. */
interface Mix {
  script: string;
  /** One step of each handler on x, y, z and the element. */
  steps: ((state: bigint[]) => void)[];
}

const NAMES = ["x", "y", "z", 'e["k"]'];

function mixOf(random: Random): Mix {
  const handlers = [0, 1].map(() =>
    Array.from({ length: 2 + random.below(5) }, () => ({
      to: random.below(4),
      from: random.below(4),
      other: random.below(4),
      times: 1 + random.below(9),
      plus: random.below(100),
      kind: random.below(3),
    })),
  );
  const text = (op: (typeof handlers)[0][0]) => {
    const [to, from, other] = [NAMES[op.to], NAMES[op.from], NAMES[op.other]];
    if (op.kind === 0) return `${to} = (${from} * ${op.times} + ${op.plus}) % 1000003`;
    if (op.kind === 1) return `if (${from} > ${other}) ${to} = ${other} + ${op.plus}; else ${to} += ${op.times}`;
    return `${to} = ${from}; ${from} = ${other}`;
  };
  const steps = handlers.map((ops) => (s: bigint[]) => {
    for (const { to, from, other, times, plus, kind } of ops) {
      const at = (i: number) => s[i] as bigint;
      if (kind === 0) s[to] = (at(from) * BigInt(times) + BigInt(plus)) % 1000003n;
      else if (kind === 1) s[to] = at(from) > at(other) ? at(other) + BigInt(plus) : at(to) + BigInt(times);
      else {
        s[to] = at(from);
        s[from] = at(other);
      }
    }
  });
  const [first, second] = handlers.map((ops) => ops.map(text).join("; "));
  const record = (kind: number) => `n++; printf("%d ${kind} %d %d %d %d\\n", n, x, y, z, e["k"])`;
  const script = `global x = 1, y = 2, z = 3, e, n
    probe begin { e["k"] = 4 }
    ${READ} if (cpu() % 2) { ${first}; ${record(0)} } else { ${second}; ${record(1)} } }
    probe end { printf("%d\\n", n) }`;
  return { script, steps };
}

/** Replays the handlers in the order that they say they had; each must have seen what the one before it left. */
function judgeSteps({ steps }: Mix, { lines, last, skipped, events }: Outcome): string {
  const told = lines.slice(0, -1).map((line) => line.split(" ").map(BigInt));
  told.sort(([a = 0n], [b = 0n]) => Number(a - b));
  const [n = 0] = last;
  const skips = skipped.all;
  if (n !== told.length || n + skips !== events)
    return `${n} handlers, ${told.length} lines, ${skips} skipped of ${events}`;
  const state = [1n, 2n, 3n, 4n];
  for (const [i, [number, kind, ...seen]] of told.entries()) {
    if (number !== BigInt(i + 1)) return `number ${number} where ${i + 1} was expected`;
    steps[Number(kind)]?.(state);
    if (seen.join() !== state.join()) return `handler ${number} left ${seen}, in sequence it leaves ${state}`;
  }
  return "";
}

/** How many handlers standard error says were skipped, and why. */
function skipsOf(err: string): Outcome["skipped"] {
  const causes = /skipped: (\d+) by lock contention, (\d+) by re-entrancy, (\d+) by the kernel/.exec(err);
  const [lock = 0, nested = 0, kernel = 0] = (causes ?? []).slice(1).map(Number);
  return { lock, nested, kernel, all: lock + nested + kernel };
}

/** The scenarios in a guest with that many CPUs. */
async function stressSweep(name: string, cpus: number): Promise<{ sweep: Sweep; close: () => Promise<void> }> {
  process.env.STAP_REMOTE_GUEST_CPUS = String(cpus);
  process.env.STAP_REMOTE_GUEST = name;
  // The guest's size is read when the module is loaded.
  const { Remote } = await import("../../tests/run/remote.ts");
  const remote = await Remote.open();
  const found = Number((await remote.shell("nproc")).out);
  if (found !== cpus) throw new Error(`guest ${name} runs with ${found} CPUs: stop it (scripts/vm down ${name})`);
  const runCase = async (index: number, seed: number): Promise<CaseEnd> => {
    const scenario = SCENARIOS[index % SCENARIOS.length] as Scenario;
    const script = scenario.script(new Random(seed, index));
    const reads = scenario.reads;
    const one = (cpu: number) =>
      `taskset ${(1 << cpu).toString(16)} dd if=/dev/zero of=/dev/null bs=1 count=${reads} 2>/dev/null`;
    const load = `${Array.from({ length: cpus }, (_, cpu) => one(cpu)).join(" & ")} & wait`;
    const options = ["-w", "-D", "MAXSKIPPED=10000000", "--suppress-time-limits", "-e", script];
    const ended = await remote.run(options, { attached: async () => void (await remote.shell(load)) });
    const lines = ended.out.trimEnd().split("\n");
    const last = (lines.at(-1) ?? "").split(" ").map(Number);
    const outcome = { last, lines, skipped: skipsOf(ended.err), events: reads * cpus, cpus };
    const bad = ended.status !== 0 ? `status ${ended.status}: ${ended.err}` : "";
    const problem = bad || scenario.judge(outcome, new Random(seed, index));
    return { end: scenario.name, ...(problem ? { problem: `${scenario.name}: ${problem}`, input: script } : {}) };
  };
  return {
    sweep: {
      name: `stress-${name}-${cpus}`,
      kernel: (await remote.shell("uname -r")).out.trim(),
      async run(first, count, seed) {
        const ends: CaseEnd[] = [];
        for (let i = 0; i < count; i++) ends.push(await runCase(first + i, seed));
        return ends;
      },
    },
    close: () => remote.close(),
  };
}

/** Takes `--NAME=VALUE` out of the command line. */
function take(name: string, otherwise: string): string {
  const at = process.argv.findIndex((arg) => arg.startsWith(`--${name}=`));
  return at < 0 ? otherwise : (process.argv.splice(at, 1)[0] as string).slice(name.length + 3);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { sweep, close } = await stressSweep(take("guest", "6.12"), Number(take("cpus", "8")));
  await main(sweep);
  await close();
}
