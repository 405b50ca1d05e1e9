// The library: in Node from dist/index.js, in Deno and Chromium from dist/web.js; the same objects, diagnostics and
// lists.

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeFacts } from "../../facts/write.ts";
import type * as Library from "../../lib/node.ts";
import { inChromium, inDeno } from "./engines.ts";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "library-test-"));
const test = suite("library");

/** Run in each engine, with the library and the bytes of a file of facts; gives what JSON can carry. */
const WORK = `async ({ loadCompiler, readObject }, options, facts) => {
  const compiler = await loadCompiler(options);
  const hash = async (bytes) => Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))).join(" ");
  const script = 'global n, LIMIT probe kernel.function("vfs_*") { n[ppfunc()]++ } ' +
    'probe end { foreach (f in n) println(f, n[f], LIMIT, $1) }';
  const request = { script, name: "x.stp", args: ["7"], globals: { LIMIT: 3 }, define: { MAXERRORS: 5 } };
  const without = await compiler.compile(request);
  const made = await compiler.compile({ ...request, facts });
  const refused = await compiler.compile({ script: "probe begin { nosuch() }" });
  const own = { name: "own.stp", text: "function twice:long(n:long) { return 2 * n }" };
  const extended = await compiler.compile({ script: "probe begin { println(twice(2)) exit() }", library: [own] });
  const il = await compiler.compile({ script: "probe begin { println(1) exit() }", dump: "bpf" });
  const { probes, script: name } = readObject(made.object);
  const broken = await compiler.compile({ script, facts: facts.slice(0, 100) }).catch((error) => error.message);
  return {
    without: without.diagnostics[0].hint,
    object: await hash(made.object),
    probes: probes.map(({ point }) => point),
    name,
    refused: refused.diagnostics.map(({ severity, message, place }) => [severity, message, place.line, place.column]),
    extended: await hash(extended.object),
    il: il.text,
    listed: await compiler.listProbes('kernel.function("vfs_*")', { facts }),
    broken,
  };
}`;

function facts(): Uint8Array {
  const words = { release: "6.1.0", kernelVersion: "#1 SMP", buildId: "c0ffee00c0ffee00" };
  return encodeFacts({
    hello: { version: 3, machine: 62, cpus: 2, pageSize: 4096, uid: 0, pid: 0, hz: 250, ...words },
    features: ["atomics_fetch"],
    functions: ["vfs_read", "vfs_write"],
    modules: [],
    moduleFunctions: [],
    moduleBuilds: [],
    tracepoints: [],
    config: [],
    blobs: [],
  });
}

let expected: Record<string, unknown>;

test.before(async () => {
  for (const name of ["web.js", "compiler.wasm", "formatter.wasm", "tapset.json"]) {
    copyFileSync(join(DIST, name), join(folder, name));
  }
  writeFileSync(join(folder, "box.facts"), facts());
  const library = (await import(join(DIST, "index.js"))) as typeof Library;
  const work = new Function(`return ${WORK}`)() as (...args: unknown[]) => Promise<Record<string, unknown>>;
  expected = JSON.parse(JSON.stringify(await work(library, undefined, facts())));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test("Node compiles with and without facts, lists, and refuses in words", () => {
  assert.is(expected.without, "say which with --host");
  // The first one gives the global its value.
  assert.equal(expected.probes, ["begin", 'kernel.function("vfs_read")', 'kernel.function("vfs_write")', "end"]);
  assert.is(expected.name, "x.stp");
  assert.equal((expected.refused as unknown[])[0], ["error", "unresolved function 'nosuch'", 1, 15]);
  assert.match(expected.il as string, /exit/);
  assert.equal((expected.listed as string[]).length, 2);
  assert.is(expected.broken, "it is cut off");
});

test("Deno gives the same", () => {
  const program = `import * as library from "./web.js";
const work = ${WORK};
console.log(JSON.stringify(await work(library, undefined, Deno.readFileSync("box.facts"))));`;
  assert.equal(inDeno(folder, program), expected);
});

test("Chromium gives the same", async () => {
  const found = await inChromium(
    folder,
    `(async () => {
      const library = await import("/web.js");
      const work = ${WORK};
      const facts = await (await fetch("/box.facts")).arrayBuffer();
      return work(library, { base: new URL("/", location) }, new Uint8Array(facts));
    })()`,
  );
  assert.equal(found, expected);
});

test.run();
