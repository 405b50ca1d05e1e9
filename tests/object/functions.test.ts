// The functions of an object: each is reached from some program, and a handler that was lowered more than once has left
// nothing of its earlier attempts (compiler/lower/transaction.ts).

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readAsset, readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { type CompileResult, createCompiler, type Facts } from "../../compiler/host/compile.ts";

const RUN = fileURLToPath(new URL("../run/", import.meta.url));
const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());
const test = suite("functions of an object");

/** Compiles as if the remote had all functions and tracepoints that a script names, and no types. */
function compile(script: string, options: [string, string][]): CompileResult {
  const facts: Facts = { names: new Map(), absent: new Map(), features: [] };
  const scripts = [{ name: "x.stp", bytes: Buffer.from(script) }];
  for (;;) {
    const result = compiler.compile({ scripts, options, args: [], facts });
    if (result.status !== "needs") return result;
    for (const { kind, names } of result.needs) {
      if (kind === "blob") facts.absent.set(kind, [...(facts.absent.get(kind) ?? []), ...names]);
      else facts.names.set(kind, [...(facts.names.get(kind) ?? []), ...names].sort());
    }
  }
}

/** The functions of a script's object by name, each with what it calls. */
function callGraph(script: string): Map<string, string[]> {
  const { text, messages } = compile(script, [["dump", "il"]]);
  assert.ok(text, messages);
  const texts = (text ?? "").split(/^(?=(?:handler|subprogram) \$)/m).filter((fn) => fn.includes("$"));
  const names = texts.map((fn) => /\$(\S+)/.exec(fn)?.[1] as string);
  // Calls name functions by their place in the module.
  const callees = (fn: string) =>
    [...fn.matchAll(/\bcall(?:function|lookup) (\d+)/g)].map(([, at]) => names[Number(at)]);
  return new Map(names.map((name, i) => [name, callees(texts[i] as string) as string[]]));
}

test("a loop with two prints, which is lowered three times, leaves one function of its body", () => {
  const loop = 'for (i = 0; i < 3; i++) { printf("a"); printf("b %s\\n", execname()) }';
  const names = [...callGraph(`probe kernel.function("vfs_read") { ${loop} }`).keys()].sort();
  assert.equal(names, ["p0_vfs_read", "p0_vfs_read_loop0", "stp_claim", "stp_control_record", "stp_fail", "stp_flush"]);
});

test("nested loops in two handlers leave one function for each body", () => {
  const loops = 'for (i = 0; i < 3; i++) { for (j = 0; j < 2; j++) { printf("%d", i); printf("%d\\n", j) } }';
  const script = `probe kernel.function("vfs_read") { ${loops} } probe kernel.function("vfs_write") { ${loops} }`;
  const bodies = [...callGraph(script).keys()].filter((name) => name.includes("_loop"));
  assert.equal(bodies.sort(), ["p0_vfs_read_loop0", "p0_vfs_read_loop1", "p1_vfs_write_loop0", "p1_vfs_write_loop1"]);
});

test("an error of an attempt that was given up does not refuse the script", () => {
  // Directly, each print would be a record of its own, of more than a record may have.
  const long = 'printf("%s%s\\n", s, s); printf("%s\\n", s)';
  const script = `global s = "x" probe kernel.function("vfs_read") { for (i = 0; i < 2; i++) { ${long} } }`;
  assert.is(compile(script, []).status, "done");
});

const scripts = readdirSync(RUN).filter((name) => name.endsWith(".stp"));
test(`every function is reached from a program in all of ${scripts.length} scripts`, () => {
  let functions = 0;
  for (const name of scripts) {
    const script = readFileSync(join(RUN, name), "utf8");
    if (compile(script, []).status !== "done") continue;
    const graph = callGraph(script);
    const called = new Set([...graph.values()].flat());
    const idle = [...graph.keys()].filter((fn) => fn.startsWith("stp_") && fn !== "stp_initialize" && !called.has(fn));
    assert.equal(idle, [], name);
    functions += graph.size;
  }
  assert.ok(functions > scripts.length, "the scripts have functions");
});

test.run();
