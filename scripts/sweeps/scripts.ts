// Scripts through the compiler: random ones (scripts/fuzz.ts), splices of real ones, soups of tokens, byte noise, deep
// nests and repetitions. A case is a finding if the compiler traps, returns neither an object nor an error, or takes
// long. Memory is bounded by the module (docs/decisions/0017).

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Compiler } from "../../compiler/host/compile.ts";
import { ModuleLimit } from "../../compiler/host/load.ts";
import { ScriptMaker } from "../../tests/fuzz/random-script.ts";
import { builtCompiler, FACTS, judge, TASTES } from "../fuzz.ts";
import { type CaseEnd, main, Random, type Sweep } from "./sweep.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MOST_MS = 20_000;

/** All scripts of the repository, as byte strings. */
function realScripts(): string[] {
  return ["examples", "tapset", "tests/golden", "tests/run", "tests/conformance"].flatMap((folder) => {
    const entries = readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true });
    const files = entries.filter((entry) => entry.isFile() && /\.stpm?$/.test(entry.name));
    return files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
  });
}

const TOKEN = /[A-Za-z_$@][\w$]*|\d+|"(?:[^"\\\n]|\\.)*"|\/\/.*|\s+|[^\s\w]/g;

/** Makes scripts of real ones. */
class Splicer {
  private readonly scripts = realScripts().sort();
  private readonly tokens = this.scripts.map((script) => script.match(TOKEN) ?? []);
  private readonly lines = this.scripts.flatMap((script) => script.split("\n"));

  /** Pieces of real scripts, cut between tokens. */
  splice(random: Random): string {
    let text = "";
    for (let i = 1 + random.below(6); i > 0; i--) {
      const tokens = random.pick(this.tokens);
      const from = random.below(tokens.length);
      text += tokens.slice(from, from + 1 + random.below(200)).join("");
    }
    return text;
  }

  /** A real script of which some tokens were replaced by tokens of others, removed or doubled. */
  change(random: Random): string {
    const tokens = [...random.pick(this.tokens)];
    for (let i = 1 + random.below(5); i > 0 && tokens.length > 0; i--) {
      const at = random.below(tokens.length);
      const other = random.pick(random.pick(this.tokens));
      tokens.splice(at, random.below(3), ...(random.oneIn(3) ? [] : [other ?? ""]));
    }
    return tokens.join("");
  }

  soup(random: Random): string {
    const words = Array.from({ length: random.below(300) }, () => random.pick(random.pick(this.tokens)) ?? "");
    return `probe begin {\n${words.join(random.oneIn(2) ? " " : "")}}`;
  }

  shuffle(random: Random): string {
    return Array.from({ length: random.below(40) }, () => random.pick(this.lines)).join("\n");
  }
}

function noise(random: Random): string {
  const ascii = random.oneIn(2);
  const bytes = Array.from({ length: random.below(400) }, () => random.below(ascii ? 128 : 256));
  return (random.oneIn(2) ? "probe begin { " : "") + String.fromCharCode(...bytes);
}

const OPENERS = [
  "(",
  "{",
  "[",
  "if (1) ",
  "a[",
  "f(",
  "1 ? ",
  "!",
  "-",
  "%( 1 == 1 %? ",
  "@m(",
  "{ try {",
  '"a" . ',
  "@defined(",
];
const CLOSERS = [")", "}", "]", ";", "1", " : 2", " %)", "} catch { } }", '"b"'];

/** The same, or a few kinds of brackets, many times inside one another. */
function nest(random: Random): string {
  const kinds = Array.from({ length: 1 + random.below(3) }, () => random.pick(OPENERS));
  const depth = random.pick([10, 100, 499, 501, 5000, 50_000]);
  const inside = kinds.join("").repeat(Math.ceil(depth / kinds.length));
  const after = random.oneIn(3) ? "" : random.pick(CLOSERS).repeat(depth);
  return `global a\nfunction f(x) { return x }\n@define m(x) %( @x %)\nprobe begin { x = ${inside}1${after} }`;
}

/** A short piece thousands of times: what takes more than linear time shows. */
function repetition(random: Random, splicer: Splicer): string {
  const piece = random.oneIn(2) ? random.pick(OPENERS) : splicer.change(random).slice(0, 200);
  const count = random.pick([100, 1000, 5000]);
  return random.oneIn(2) ? piece.repeat(count) : `probe begin { ${piece.repeat(count)} }`;
}

/** One script for each case. */
class Maker {
  private readonly splicer = new Splicer();

  make(seed: number, index: number): string {
    const random = new Random(seed, index);
    const kind = random.below(40);
    if (kind < 12) return new ScriptMaker(random.next(), random.pick(TASTES)).next();
    if (kind < 18) return this.splicer.splice(random);
    if (kind < 28) return this.splicer.change(random);
    if (kind < 32) return this.splicer.soup(random);
    if (kind < 35) return this.splicer.shuffle(random);
    if (kind < 38) return noise(random);
    return random.oneIn(2) ? nest(random) : repetition(random, this.splicer);
  }
}

/** Scripts through the compiler. */
export function scriptSweep(compiler: Compiler = builtCompiler()): Sweep {
  const maker = new Maker();
  return {
    name: "scripts",
    batch: 100,
    run: (first, count, seed) =>
      Array.from({ length: count }, (_, i) => compileCase(compiler, maker.make(seed, first + i))),
  };
}

function compileCase(compiler: Compiler, script: string): CaseEnd {
  const began = Date.now();
  const scripts = [{ name: "random.stp", bytes: Buffer.from(script, "latin1") }];
  try {
    const options: [string, string][] = script.length < 20_000 ? [["check", "1"]] : [];
    const result = compiler.compile({ scripts, options, args: ["1", "two"], facts: FACTS });
    const took = Date.now() - began;
    const problem = result.status === "needs" ? "" : judge(result) || (took > MOST_MS ? `it took ${took} ms` : "");
    return { end: result.status, ...(problem ? { problem, input: script } : {}) };
  } catch (error) {
    if (error instanceof ModuleLimit) return { end: "too large" };
    return { end: "trap", problem: error instanceof Error ? error.message : String(error), input: script };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(scriptSweep());
