// Runs the unit tests written in AssemblyScript.
//
// Every `*.test.ts` under the AssemblyScript folders exports functions `test_name()` that assert. One module is built
// for each folder that has tests, with `--debug`, and each test runs in a fresh instance of it. The exports are
// compared with the source text, because asc silently drops one of two equal names.
//
//   npx tsx tests/as.test.ts                    all folders
//   npx tsx tests/as.test.ts compiler/syntax    folders whose path begins so

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { buildModule, makeImports, ROOT } from "./build-as.ts";

/** Where AssemblyScript lives; folders called `host` are TypeScript. */
const FOLDERS = ["compiler", "common/as", "agent/remote"];
const TEST_FUNCTION = /^export function (test_\w+)/gm;

/** The folders below `folder` that hold tests, each with its test files. */
function findTests(folder: string, found = new Map<string, string[]>()): Map<string, string[]> {
  const path = join(ROOT, folder);
  if (!existsSync(path)) return found;
  for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (entry.name !== "host" && entry.name !== "native") findTests(name, found);
    } else if (entry.name.endsWith(".test.ts")) {
      found.set(folder, [...(found.get(folder) ?? []), name]);
    }
  }
  return found;
}

function runTest(module: WebAssembly.Module, name: string): void {
  let memory: WebAssembly.Memory | null = null;
  const instance = new WebAssembly.Instance(
    module,
    makeImports(module, () => memory!),
  );
  memory = instance.exports.memory as WebAssembly.Memory;
  (instance.exports[name] as () => void)();
}

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const folders = [...FOLDERS.reduce((found, folder) => findTests(folder, found), new Map<string, string[]>())].filter(
  ([folder]) => wanted.length === 0 || wanted.some((prefix) => folder.startsWith(prefix)),
);

for (const [folder, files] of folders) {
  const tests = suite(folder);
  const names = files.flatMap((file) =>
    [...readFileSync(join(ROOT, file), "utf8").matchAll(TEST_FUNCTION)].map((match) => match[1]!),
  );
  let module: WebAssembly.Module | null = null;
  tests(`every test of ${folder} is built`, async () => {
    module = await buildModule(folder, files);
    const exported = WebAssembly.Module.exports(module)
      .map((entry) => entry.name)
      .filter((name) => name.startsWith("test_"));
    assert.equal(exported.sort(), [...names].sort(), "exports and source text name the same tests");
    assert.ok(names.length > 0, "there are tests");
  });
  for (const name of names) {
    tests(name.slice("test_".length).replaceAll("_", " "), () => {
      assert.ok(module, `${folder} was built`);
      runTest(module, name);
    });
  }
  tests.run();
}
