// Runs the unit tests written in AssemblyScript.
//
// Every `*.test.ts` under the AssemblyScript folders exports functions `test_name()` that assert. One module is built for
// each folder that has tests, with `--debug`, and each test runs in a fresh instance of it. The exports are compared with
// the source text, because asc silently drops one of two equal names.
//
//   npx tsx tests/as.test.ts                    all folders
//   npx tsx tests/as.test.ts compiler/syntax    folders whose path begins so
//
// Builds are cached under .cache/as-tests by the hash of all files that a folder's tests import.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const CACHE = join(ROOT, ".cache", "as-tests");
/** Where AssemblyScript lives; folders called `host` are TypeScript. */
const FOLDERS = ["compiler", "common/as", "agent/remote"];
const TEST_FUNCTION = /^export function (test_\w+)/gm;
const IMPORT = /^(?:import|export)\b[^;]*?from\s+"(\.[^"]+)"/gm;

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

/** A hash of some files and of everything they import. */
function hashOfImports(files: string[]): string {
  const hash = createHash("sha256");
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file) || !existsSync(file)) return;
    seen.add(file);
    const text = readFileSync(file, "utf8");
    hash.update(relative(ROOT, file)).update("\0").update(text).update("\0");
    for (const match of text.matchAll(IMPORT)) {
      const target = resolve(dirname(file), match[1]!);
      visit(existsSync(`${target}.ts`) ? `${target}.ts` : join(target, "index.ts"));
    }
  };
  for (const file of files) visit(join(ROOT, file));
  return hash.digest("hex").slice(0, 16);
}

/** Builds the tests of a folder; returns the Wasm bytes. */
async function build(folder: string, files: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const stem = `${folder.replaceAll("/", "-")}-${hashOfImports(files)}`;
  const output = join(CACHE, `${stem}.wasm`);
  if (existsSync(output)) return new Uint8Array(readFileSync(output));
  mkdirSync(CACHE, { recursive: true });
  const entry = join(CACHE, `${stem}.ts`);
  writeFileSync(entry, files.map((file) => `export * from "../../${file.replace(/\.ts$/, "")}";\n`).join(""));
  const temporary = `${output}.${process.pid}`;
  const flags = ["--runtime", "stub", "--exportRuntime", "--debug", "--disableWarning"];
  const options = [relative(ROOT, entry), "--baseDir", ROOT, "--outFile", relative(ROOT, temporary), ...flags];
  const { error, stderr } = await asc.main(options);
  if (error) throw new Error(`${folder} does not build:\n${stderr.toString()}`);
  renameSync(temporary, output);
  return new Uint8Array(readFileSync(output));
}

/** Reads an AssemblyScript string. */
function readString(memory: WebAssembly.Memory, pointer: number): string {
  if (!pointer) return "";
  const bytes = new Uint32Array(memory.buffer)[(pointer - 4) >>> 2]!;
  return Buffer.from(memory.buffer, pointer, bytes).toString("utf16le");
}

/** What a module imports: `abort`, and stand-ins that fail when a test reaches them. */
function makeImports(module: WebAssembly.Module, memory: () => WebAssembly.Memory): WebAssembly.Imports {
  const imports: WebAssembly.Imports = {};
  for (const { module: group, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== "function") continue;
    imports[group] ??= {};
    imports[group][name] = () => {
      throw new Error(`a unit test reached the import ${group}.${name}`);
    };
  }
  imports.env ??= {};
  imports.env.abort = (message: number, file: number, line: number, column: number) => {
    const place = `${readString(memory(), file)}:${line}:${column}`;
    throw new Error(`${readString(memory(), message) || "abort"} (${place})`);
  };
  imports.env.trace = (message: number, count: number, ...values: number[]) => {
    console.log(readString(memory(), message), ...values.slice(0, count));
  };
  return imports;
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
    module = new WebAssembly.Module(await build(folder, files));
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
