// Random regular expressions through the whole chain: parser, automata, tables in the object, and the routines that
// walk them in the agent's interpreter. The answers are compared with JavaScript's. (compiler/regex compares groups,
// because there each expression can be asked alone; tests/run/random-regex.test.ts does the same in kernels.)

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { interpret } from "../interpret/interpreter.ts";
import { expectedLine, matchText, type Question, samples, scriptOf } from "./random-regex.ts";

const test = suite("random regular expressions");

async function compare(seed: number, question: Question): Promise<number> {
  const list = samples(seed, question === "truth" ? 2 : 1);
  const ended = await interpret(scriptOf(list, question, "begin"));
  if (/too large a table|more than \d+ groups/.test(ended.err)) return 0;
  assert.is(ended.err, "");
  let rest = ended.out;
  for (const one of list) {
    const line = expectedLine(one, question);
    assert.is(rest.slice(0, line.length + 1), `${line}\n`, matchText(one));
    rest = rest.slice(line.length + 1);
  }
  assert.is(rest, "");
  return list.length;
}

test("whether there is a match", async () => {
  let compared = 0;
  for (let seed = 1; seed <= 15; seed++) compared += await compare(seed, "truth");
  assert.ok(compared > 2500, `only ${compared} compared`);
});

test("where the match is", async () => {
  let compared = 0;
  for (let seed = 101; seed <= 115; seed++) compared += await compare(seed, "whole");
  assert.ok(compared > 2500, `only ${compared} compared`);
});

test.run();
