// Makes the programs of a seed with their expected output, and describes how an engine's output differs.

import { type Ended, interpret } from "../interpret/interpreter.ts";
import { evaluate, type Outcome } from "./evaluate.ts";
import { generate } from "./generate.ts";
import { reduce } from "./reduce.ts";
import { render } from "./render.ts";
import type { Program } from "./tree.ts";

/** A handler that fails does not end the session; programs leave some of what they compute unused. */
export const OPTIONS = ["-D", "MAXERRORS=1000", "-w"];

/** A program, as the tree and in the script language, and what must come of it. */
export interface Subject {
  seed: number;
  program: Program;
  script: string;
  expected: Outcome;
}

/** The program of a seed; undefined if it runs too long. */
function subjectOf(seed: number): Subject | undefined {
  const program = generate(seed);
  const expected = evaluate(program);
  return expected.tooLong ? undefined : { seed, program, script: render(program), expected };
}

/** So many programs from a seed on. */
export function subjects(seed: number, count: number): Subject[] {
  const found: Subject[] = [];
  for (let next = seed; found.length < count; next++) {
    const subject = subjectOf(next);
    if (subject) found.push(subject);
  }
  return found;
}

/** How a run differs from what is expected; "" if it does not. */
function difference(expected: Outcome, seen: Ended): string {
  const error = /^ERROR: (.*?)(?: near .*)?$/m.exec(seen.err)?.[1];
  const refused = /^(?:parse|semantic) error: .*$/m.exec(seen.err);
  if (refused) return `refused: ${refused[0]}`;
  if (error !== expected.error) return `the error is '${error ?? ""}', not '${expected.error ?? ""}'`;
  return seen.out === expected.out ? "" : "the output differs";
}

/** Runs a script in the interpreter; a trap is a failure like others. */
async function run(script: string): Promise<Ended> {
  try {
    return await interpret(script, OPTIONS);
  } catch (error) {
    return { status: -1, out: "", err: `semantic error: ${error instanceof Error ? error.message : error}` };
  }
}

/** What must come of a program that may be ill-typed by now: nothing of use then. */
function evaluateAny(program: Program): Outcome {
  try {
    return evaluate(program);
  } catch {
    return { out: "", tooLong: true };
  }
}

/** Compares a subject with the interpreter; "" or a report with a program made small. */
export async function compareInterpreter(subject: Subject): Promise<string> {
  const found = difference(subject.expected, await run(subject.script));
  if (found === "") return "";
  const kind = found.replace(/'.*'/, "");
  const small = await reduce(generate(subject.seed), async (program) => {
    const expected = evaluateAny(program);
    return !expected.tooLong && difference(expected, await run(render(program))).replace(/'.*'/, "") === kind;
  });
  const [expected, seen] = [evaluate(small), await run(render(small))];
  return [
    `seed ${subject.seed}: ${difference(expected, seen)}`,
    render(small),
    `expected:\n${expected.out}${expected.error ?? ""}`,
    `seen:\n${seen.out}${seen.err}`,
  ].join("\n");
}
