// Hashes what the compiler makes of every script of this repository and of some random ones, for both CPUs:
//
//   npx tsx scripts/hash-objects.ts > before.txt       then change something that is to change no object
//   npx tsx scripts/hash-objects.ts | diff before.txt -
//
// With --check the compiler checks itself and overwrites memory that it gives back; the hashes must be the same.
//
// A line is a hash and a name. An object's hash is of its bytes; of a script that is refused, of its diagnostics.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readAsset, readTapset, readTapsetIndex } from "../cli/assets.ts";
import { type CompileInput, type Compiler, createCompiler, type Facts } from "../compiler/host/compile.ts";
import { readCases } from "../tests/conformance/cases.ts";
import { ScriptMaker } from "../tests/fuzz/random-script.ts";
import { largeScript, SUBJECTS } from "./benchmarks/subjects.ts";
import { TASTES } from "./fuzz.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDERS = ["examples", "tests/run", "tests/golden"];
const CPUS = ["x86_64", "arm64"];
const CHECK: [string, string][] = process.argv.includes("--check") ? [["check", "1"]] : [];
/** Random scripts of each taste. */
const RANDOM_SCRIPTS = 500;
const SEED = 7;
/** A compile asks for names of functions and tracepoints a few times at most. */
const MOST_ROUNDS = 8;

interface Work {
  name: string;
  text: string;
  options: [string, string][];
}

function scriptFiles(): Work[] {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".stp"))
      .map((entry) => join(entry.parentPath, entry.name)),
  ).sort();
  return files.map((file) => ({ name: relative(ROOT, file), text: readFileSync(file, "latin1"), options: [] }));
}

/** Cases of the language twice: as they are, and with the handler of `begin` as a kernel probe. */
function conformanceCases(): Work[] {
  return readCases().flatMap(({ area, name, script, options }) => {
    const given: [string, string][] = options.flatMap((word, i) =>
      word === "-D" ? [["define", options[i + 1] ?? ""] as [string, string]] : [],
    );
    const inKernel = script.replace(/\bprobe begin\s*\{/, 'probe kernel.function("vfs_read") {');
    return [
      { name: `${area}: ${name}`, text: script, options: given },
      { name: `${area}: ${name} (kernel)`, text: inKernel, options: given },
    ];
  });
}

function randomScripts(): Work[] {
  return TASTES.flatMap((taste, t) => {
    const maker = new ScriptMaker(SEED + t, taste);
    return Array.from({ length: RANDOM_SCRIPTS }, (_, i) => ({
      name: `random ${t}.${i}`,
      text: maker.next(),
      options: [],
    }));
  });
}

function subjects(): Work[] {
  const large = { name: "large", text: largeScript(), options: [] };
  return [large, ...SUBJECTS.map((one) => ({ name: `subject: ${one.what}`, text: one.ours, options: [] }))];
}

/** Compiles as if the remote had all functions and tracepoints that a script names. */
function hash(compiler: Compiler, work: Work, cpu: string): string {
  const facts: Facts = { names: new Map(), absent: new Map(), features: [] };
  const input: CompileInput = {
    scripts: [{ name: "script.stp", bytes: Buffer.from(work.text, "latin1") }],
    options: [["arch", cpu], ...CHECK, ...work.options],
    args: ["1", "two"],
    facts,
  };
  let made = "no end of needs";
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const result = compiler.compile(input);
    made = result.status;
    if (result.status !== "needs") {
      const digest = createHash("sha256");
      digest.update(result.object ?? "").update(result.messages);
      return digest.digest("hex").slice(0, 16);
    }
    for (const need of result.needs) {
      const known = facts.names.get(need.kind) ?? [];
      const fresh = need.names.map((name) => name.replace(/\*/g, "some"));
      facts.names.set(need.kind, [...new Set([...known, ...need.names, ...fresh])].sort());
    }
  }
  return made;
}

const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());
for (const work of [...scriptFiles(), ...conformanceCases(), ...subjects(), ...randomScripts()])
  for (const cpu of CPUS) console.log(`${hash(compiler, work, cpu)} ${cpu} ${work.name}`);
