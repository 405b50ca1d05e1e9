// Random programs of recursive functions in the agent's interpreter: the answer and the order of execution must be
// those of a simple evaluator. tests/run/steps.test.ts runs some of them in kernels. STAP_REMOTE_SEED=N runs one.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { interpret } from "../interpret/interpreter.ts";
import { randomScript } from "./random.ts";

const chosen = process.env.STAP_REMOTE_SEED;
const seeds = chosen === undefined ? Array.from({ length: 120 }, (_, k) => k + 1) : [Number(chosen)];
const test = suite("steps");

test("random recursive functions do everything in order", async () => {
  let ran = 0;
  for (const seed of seeds) {
    const made = randomScript(seed, "probe oneshot", "");
    if (made === undefined) continue;
    ++ran;
    const options = ["-w", "-DMAXACTION_INTERRUPTIBLE=100000"];
    const { out, err } = await interpret(made.script, options);
    assert.is(`${out}${err}`.trim(), made.expected, `seed ${seed}:\n${made.script}`);
  }
  assert.ok(ran * 2 > seeds.length, `${ran} programs ran`);
});

/** More text than is inlined. */
const LONG = `if (n > 1000) { ${'printf("%d is more than a thousand\\n", n); '.repeat(10)} }`;

test("loops of a function that is called twice run as often as they should", async () => {
  const body = `${LONG} sum = 0; for (i = 1; i <= n; i++) sum += i; return sum`;
  const script = `function sum(n) { ${body} } probe oneshot { printf("%d %d\\n", sum(10), sum(100)) }`;
  const { out, err } = await interpret(script, ["-w"]);
  assert.is(`${out}${err}`, "55 5050\n");
});

test("a sorted foreach goes on where it was after a recursive call entered it again", async () => {
  const script = `global a
function walk(n) { foreach (k+ in a) { printf("%d.%d ", n, k); if (n) walk(n - 1) } }
function least(n) { foreach (v = k- in a limit 2) { printf("%d=%d ", k, v); if (n) least(n - 1) } }
probe oneshot { a[2] = 20; a[1] = 10; walk(1); println(""); a[3] = 30; least(1); println("") }`;
  const { out, err } = await interpret(script, ["-w"]);
  assert.is(`${out}${err}`, "1.1 0.1 0.2 1.2 0.1 0.2 \n3=30 3=30 2=20 2=20 3=30 2=20 \n");
});

test("calls nest as deeply as MAXNESTING says", async () => {
  const script = 'function down(n) { return n ? 1 + down(n - 1) : 0 } probe oneshot { printf("%d\\n", down($1)) }';
  const most = await interpret(script, ["-DMAXNESTING=20"], ["19"]);
  assert.equal([most.out, most.status], ["19\n", 0]);
  const more = await interpret(script, ["-DMAXNESTING=20"], ["20"]);
  assert.match(more.err, /ERROR: MAXNESTING exceeded near identifier 'down' at <input>:1:10/);
  assert.is(more.status, 1);
  const usual = await interpret(script, [], ["10"]);
  assert.equal([usual.out, usual.status], ["10\n", 0]);
});

test.run();
