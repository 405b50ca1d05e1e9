// Random regular expressions through all of it: parser, automata, tables in the object, the routines that walk them in the
// agent's interpreter; compared with JavaScript's own, which is asked for every place where the leftmost longest match
// could be. (Groups are compared in compiler/regex, where expressions can be asked one by one.)

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { interpret } from "../interpret/interpreter.ts";

const test = suite("random regular expressions");

/** Expressions of one script, and strings that each is tried on. */
const EXPRESSIONS = 40;
const STRINGS = 6;

class Maker {
  constructor(private state: number) {}

  below(n: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 4294967296) * n);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  expression(depth: number): string {
    const parts = [this.sequence(depth)];
    while (this.below(4) === 0) parts.push(this.sequence(depth));
    return parts.join("|");
  }

  private sequence(depth: number): string {
    let text = "";
    for (let n = this.below(4); n >= 0; n--) {
      const isGroup = depth > 0 && this.below(4) === 0;
      text += isGroup ? `(${this.expression(depth - 1)})` : this.pick(ATOMS);
      if (this.below(3) === 0) text += this.pick(["*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}"]);
    }
    return text;
  }

  string(bytes: number): string {
    let text = "";
    for (let n = this.below(bytes); n > 0; n--) text += this.pick([..."aabbc.-1_ \n"]);
    return text;
  }
}

const ATOMS = [..."aaabbc1_-", ".", "\\.", "[ab]", "[^a]", "[b-c1]", "[^\\n]", "\\w", "\\W", "\\s", "\\S", "[-.]"];

interface Sample {
  expression: string;
  startsAtStart: boolean;
  endsAtEnd: boolean;
  text: string;
}

/** What matched(0) must be, or undefined. */
function expected({ expression, startsAtStart, endsAtEnd, text }: Sample): string | undefined {
  const whole = new RegExp(`^(?:${expression})$`, "s");
  for (let start = 0; start <= (startsAtStart ? 0 : text.length); start++) {
    for (let end = text.length; end >= (endsAtEnd ? text.length : start); end--) {
      if (whole.test(text.slice(start, end))) return text.slice(start, end);
    }
  }
  return undefined;
}

/** A literal of the language. A backslash before a letter stays for the expression. */
function literal(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}"`;
}

/** The literal of an expression: `\n` in a set is the byte itself, since only the literal knows that escape. */
function expressionLiteral({ expression, startsAtStart, endsAtEnd }: Sample): string {
  const group = startsAtStart || endsAtEnd ? `(${expression})` : expression;
  return literal(`${startsAtStart ? "^" : ""}${group}${endsAtEnd ? "$" : ""}`.replaceAll("\\n", "\n"));
}

function samples(maker: Maker, depth: number): Sample[] {
  const list: Sample[] = [];
  for (let i = 0; i < EXPRESSIONS; i++) {
    // Short strings are matched in registers, long ones in the frame; those are too much for JavaScript where loops nest.
    const isFlat = maker.below(3) === 0;
    const shape = {
      expression: maker.expression(isFlat ? 0 : depth),
      startsAtStart: maker.below(5) === 0,
      endsAtEnd: maker.below(5) === 0,
    };
    for (let k = 0; k < STRINGS; k++) list.push({ ...shape, text: maker.string(isFlat ? 40 : 14) });
  }
  return list;
}

/** A script that prints one line for each sample, newlines as '/'. */
function scriptOf(list: Sample[], found: string): string {
  const lines = list.map((one) => `${found}(${literal(one.text)} =~ ${expressionLiteral(one)})`);
  return `${found === "whole" ? WHOLE : TRUTH}\nprobe begin {\n${lines.join("\n")}\n}\n`;
}

const TRUTH = "function truth(is) { println(is) }";
const WHOLE = 'function whole(is) { if (is) printf("[%s]%d\\n", matched(0), ngroups() > 0); else println("no") }';

async function compare(seed: number, found: "truth" | "whole"): Promise<number> {
  const list = samples(new Maker(seed), found === "truth" ? 2 : 1);
  const ended = await interpret(scriptOf(list, found));
  if (/too large a table|more than \d+ groups/.test(ended.err)) return 0;
  assert.is(ended.err, "");
  const wanted = list.map((one) => {
    const match = expected(one);
    if (found === "truth") return match === undefined ? "0" : "1";
    return match === undefined ? "no" : `[${match}]1`;
  });
  if (ended.out !== wanted.map((line) => `${line}\n`).join("")) {
    let rest = ended.out;
    for (const [i, line] of wanted.entries()) {
      const one = list[i] as Sample;
      const what = `${literal(one.text)} =~ ${expressionLiteral(one)}`;
      assert.is(rest.slice(0, line.length + 1), `${line}\n`, what);
      rest = rest.slice(line.length + 1);
    }
  }
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
