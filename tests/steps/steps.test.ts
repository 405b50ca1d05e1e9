// Random programs of recursive functions in the agent's interpreter: the answer and the order of all that happens are those
// of a simple evaluator. tests/run/steps.test.ts runs some of them in kernels. STAP_REMOTE_SEED=N runs one.

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

test.run();
