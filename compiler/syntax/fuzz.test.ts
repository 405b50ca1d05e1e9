// Mutated scripts: whatever the bytes are, pass 1 gives a tree or diagnostics, and both can be printed. A trap fails
// the test by itself; the seed is in the message of what did not hold.

import { Reporter } from "../diagnostics/diagnostic";
import { writeDiagnosticsJson } from "../diagnostics/json";
import { renderDiagnostics } from "../diagnostics/render";
import { bytesOf, Source } from "../source/source";
import { dumpFile } from "./dump";
import { MAX_NESTING } from "./limit";
import { PreprocessOptions } from "./options";
import { parseFile } from "./parser";
import { printFile } from "./print";
import { Random, RandomScript } from "./random";

/** Fragments to insert: every kind of token that could disturb the lexer, the preprocessor or the parser. */
const PIECES: StaticArray<string> = [
  "%(",
  "%?",
  "%:",
  "%)",
  "%{",
  "%}",
  "@define m(x) %( @x @x %) ",
  "@m(",
  "@m(@m(1))",
  "$1",
  "@2",
  "$3",
  "$#",
  '"',
  "\\",
  "/*",
  "*/",
  "#",
  "\n",
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  "->",
  "$$",
  "probe ",
  "function ",
  "global ",
  "foreach (",
  "in ",
  "@hist_log(",
  "@cast(",
  '=~ "x"',
  "kernel_v > ",
  "? ",
  ": ",
  ", ",
  "\xff",
  "\0",
];

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const position = random.below(bytes.length + 1);
  switch (random.below(5)) {
    case 0: {
      const flipped = bytes.slice();
      if (position < bytes.length) flipped[position] ^= (<u8>1) << (<u8>random.below(8));
      return flipped;
    }
    case 1:
      return splice(bytes, position, 1 + random.below(8), new Uint8Array(0));
    case 2:
      return splice(bytes, position, 0, bytes.subarray(random.below(position + 1), position));
    case 3: {
      const piece = PIECES[random.below(PIECES.length)];
      return splice(bytes, position, 0, bytesOf(piece.repeat(random.oneIn(20) ? 600 : 1)));
    }
    default:
      return splice(bytes, position, random.below(4), bytesOf(PIECES[random.below(PIECES.length)]));
  }
}

/** Replaces `removed` bytes at a position. */
function splice(bytes: Uint8Array, position: i32, removed: i32, inserted: Uint8Array): Uint8Array {
  const end = min(position + removed, bytes.length);
  const result = new Uint8Array(bytes.length - (end - position) + inserted.length);
  result.set(bytes.subarray(0, position), 0);
  result.set(inserted, position);
  result.set(bytes.subarray(end), position + inserted.length);
  return result;
}

function check(bytes: Uint8Array, seed: i32): bool {
  const options = new PreprocessOptions();
  options.kernelRelease = "6.1.0";
  options.args = ["6", "a $1 b"];
  options.guru = (seed & 1) == 0;
  const reporter = new Reporter();
  const file = parseFile(new Source("f.stp", bytes), options, reporter);
  assert(file.height <= MAX_NESTING, `seed ${seed}: height`);
  const printed = printFile(file);
  const dumped = dumpFile(file);
  assert(renderDiagnostics(reporter).length > 0 == reporter.diagnostics.length > 0, `seed ${seed}: text`);
  assert(writeDiagnosticsJson(reporter).startsWith("["), `seed ${seed}: JSON`);
  if (reporter.hasErrors) return false;
  // Without errors the tree is complete, so the printed text is a valid script.
  const again = parseFile(Source.fromText("g.stp", printed), options, reporter);
  assert(!reporter.hasErrors, `seed ${seed}: ${renderDiagnostics(reporter)}\n${printed}`);
  assert(dumpFile(again) == dumped, `seed ${seed}: the same tree`);
  return true;
}

/** Checks the mutated script of one seed; true if it is a script still. Exported for longer runs. */
export function fuzzOne(seed: i32): bool {
  const random = new Random(seed);
  let bytes = bytesOf(new RandomScript(random).write());
  const mutations = 1 + random.below(6);
  for (let i = 0; i < mutations; ++i) bytes = mutate(bytes, random);
  return check(bytes, seed);
}

function fuzz(first: i32, count: i32): void {
  let accepted = 0;
  for (let seed = first; seed < first + count; ++seed) {
    if (fuzzOne(seed)) ++accepted;
  }
  assert(accepted > 0 && accepted < count, `some are scripts still: ${accepted} of ${count}`);
}

export function test_mutated_scripts_give_a_tree_or_diagnostics(): void {
  fuzz(1, 1500);
}

export function test_more_mutated_scripts_give_a_tree_or_diagnostics(): void {
  fuzz(1000001, 1500);
}

export function test_random_bytes_give_a_tree_or_diagnostics(): void {
  for (let seed = 0; seed < 500; ++seed) {
    const random = new Random(seed);
    const bytes = new Uint8Array(random.below(300));
    for (let i = 0; i < bytes.length; ++i) bytes[i] = <u8>random.below(random.oneIn(2) ? 256 : 128);
    check(bytes, seed);
  }
}
