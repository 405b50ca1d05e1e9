// Builds AssemblyScript for tests, outside of the product's own modules.
//
// Builds are cached under .cache/as-tests by the hash of all files that are imported, so that only changed folders
// cost.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** The repository. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const CACHE = join(ROOT, ".cache", "as-tests");
const IMPORT = /^(?:import|export)\b[^;]*?from\s+"(\.[^"]+)"/gm;

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

/** Flags of a build that tells where it failed. */
const DEBUG = ["--debug"];
/** Flags as the product's: asc's library takes other paths when it is built for size. */
export const RELEASE = ["-O3", "--shrinkLevel", "1"];

/** Builds one module that exports what some AssemblyScript files (paths from the root) export. */
export async function buildModule(name: string, files: string[], mode = DEBUG): Promise<WebAssembly.Module> {
  const stem = `${name.replaceAll("/", "-")}-${hashOfImports(files)}${mode === DEBUG ? "" : "-release"}`;
  const output = join(CACHE, `${stem}.wasm`);
  if (existsSync(output)) return new WebAssembly.Module(readFileSync(output));
  mkdirSync(CACHE, { recursive: true });
  const entry = join(CACHE, `${stem}.ts`);
  writeFileSync(entry, files.map((file) => `export * from "../../${file.replace(/\.ts$/, "")}";\n`).join(""));
  const temporary = `${output}.${process.pid}`;
  const flags = ["--runtime", "stub", "--exportRuntime", "--disableWarning", ...mode];
  const options = [relative(ROOT, entry), "--baseDir", ROOT, "--outFile", relative(ROOT, temporary), ...flags];
  const { error, stderr } = await asc.main(options);
  if (error) throw new Error(`${name} does not build:\n${stderr.toString()}`);
  renameSync(temporary, output);
  return new WebAssembly.Module(readFileSync(output));
}

/** Reads an AssemblyScript string. */
function readString(memory: WebAssembly.Memory, pointer: number): string {
  if (!pointer) return "";
  const bytes = new Uint32Array(memory.buffer)[(pointer - 4) >>> 2]!;
  return Buffer.from(memory.buffer, pointer, bytes).toString("utf16le");
}

/** What a module imports: `abort`, and stand-ins that fail when a test reaches them. */
export function makeImports(module: WebAssembly.Module, memory: () => WebAssembly.Memory): WebAssembly.Imports {
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
