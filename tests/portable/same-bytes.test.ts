// The same script gives the same bytes in Node, Deno and Chromium.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readAsset, readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { compileAndHash, type Work } from "./compile-and-hash.ts";
import { inChromium, inDeno } from "./engines.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SCRIPTS = [
  "examples/opens.stp",
  "tests/run/functions.stp",
  "tests/run/printf.stp",
  "tests/run/strings-in-kernel.stp",
];

const test = suite("same bytes");
const folder = mkdtempSync(join(tmpdir(), "portable-test-"));
const wasm = readAsset("compiler.wasm");
const work: Work = {
  tapset: readTapset().map(({ name, bytes }) => ({ name, text: new TextDecoder().decode(bytes) })),
  tapsetIndex: readTapsetIndex(),
  scripts: SCRIPTS.map((name) => ({ name, text: readFileSync(join(ROOT, name), "utf8") })),
};
let expected: string[] = [];

test.before(async () => {
  expected = await compileAndHash(wasm, work);
  await build({
    entryPoints: [join(ROOT, "tests/portable/compile-and-hash.ts")],
    outfile: join(folder, "bundle.js"),
    bundle: true,
    format: "esm",
  });
  writeFileSync(join(folder, "compiler.wasm"), wasm);
  writeFileSync(join(folder, "work.json"), JSON.stringify(work));
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

test("Node compiles every script, and twice to the same bytes", async () => {
  for (const [i, name] of SCRIPTS.entries()) assert.match(expected[i]!, /^[0-9a-f]{64}$/, name);
  assert.match(expected.at(-1)!, "0000231e  1e 1f 20", "the bytes of a blob arrived");
  assert.equal(await compileAndHash(wasm, work), expected);
});

test("Deno gives the same bytes", () => {
  const program = `import { compileAndHash } from "./bundle.js";
const work = JSON.parse(Deno.readTextFileSync("work.json"));
console.log(JSON.stringify(await compileAndHash(Deno.readFileSync("compiler.wasm"), work)));`;
  assert.equal(inDeno(folder, program), expected);
});

test("Chromium gives the same bytes", async () => {
  const hashes = await inChromium(
    folder,
    `(async () => {
      const { compileAndHash } = await import("/bundle.js");
      const bytes = new Uint8Array(await (await fetch("/compiler.wasm")).arrayBuffer());
      return compileAndHash(bytes, await (await fetch("/work.json")).json());
    })()`,
  );
  assert.equal(hashes, expected);
});

test.run();
