#!/usr/bin/env node
// Builds the project: `node scripts/build.mjs [--force] [step ...]`. Each step lists the files that it reads, and is
// skipped if neither these files nor its commands nor the tools have changed. It works from a fresh clone after `npm
// ci`, without a TypeScript loader, on every system. The agents need clang and lld; without them the build says so and
// leaves the agents out.
//
//   compiler   compiler/index.ts         -> build/compiler.wasm
//   formatter  common/as/print/index.ts  -> build/formatter.wasm
//   agent      agent/remote/main.ts      -> build/agent.wasm -> wasm2c -> clang, lld -> build/stap-agent-{x86_64,arm64}
//   client     cli/main.ts, lib          -> dist/stap-remote.js, dist/index.js, dist/web.js
//   page       pictures/page             -> build/page.html
//   package    Wasm, agents, tapset      -> dist/

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { mergeData } from "./merge-data.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BUILD = join(ROOT, "build");
const DIST = join(ROOT, "dist");
const STAMPS = join(BUILD, "stamps");
const WORK = join(BUILD, "agent");

/** CPUs that agents are built for: our name, clang's, and the flags that only it takes. */
const CPUS = [
  { name: "x86_64", triple: "x86_64-linux-gnu", flags: ["-mno-red-zone"] },
  // Its code is larger than x86_64's; sequences of instructions that repeat become functions: 17 KB less.
  { name: "arm64", triple: "aarch64-linux-gnu", flags: ["-mno-outline-atomics", "-moutline"] },
];

/** Flags of every C file of the agent: no libc, no start-up files, nothing that would differ from build to build. */
const C_FLAGS = [
  ..."-std=gnu11 -ffreestanding -nostdlibinc -fno-stack-protector -fno-pic".split(" "),
  ..."-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -fno-strict-aliasing".split(" "),
  ..."-fno-math-errno -Wall -Wextra -Wno-unused-function".split(" "),
];
const LINK_FLAGS = ["-fuse-ld=lld", "-nostdlib", "-static", "-Wl,--gc-sections,-z,noseparate-code,--build-id=none,-s"];

/** A step that cannot be done here; the message says why. */
class BuildError extends Error {}

const log = (text) => process.stdout.write(`${text}\n`);

/** All files below `folder` whose name `wanted` accepts, sorted, so that hashes are stable. */
function filesBelow(folder, wanted) {
  const path = join(ROOT, folder);
  if (!existsSync(path)) return [];
  const found = [];
  for (const entry of readdirSync(path, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && wanted(entry.name)) found.push(join(entry.parentPath ?? entry.path, entry.name));
  }
  return found.sort();
}

const isSource = (name) => name.endsWith(".ts") && !name.endsWith(".test.ts");

/** One digest over files and whatever else decides the result. */
function digest(files, extra) {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(extra));
  for (const file of files) {
    hash.update(`\0${relative(ROOT, file)}\0`);
    hash.update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** Runs a command; its output goes to ours. */
function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"], ...options });
  if (result.error) throw new BuildError(`cannot run ${command}: ${result.error.message}`);
  if (result.status !== 0) throw new BuildError(`${command} ${args[0]} failed`);
}

const nodeTool = (path, args) => run(process.execPath, [join(ROOT, "node_modules", path), ...args]);

/** Runs asc with the options of asconfig.json's `target`. */
function compileWasm(target, entry) {
  if (!existsSync(join(ROOT, entry))) throw new BuildError(`${entry} is missing`);
  // Elsewhere first: tests may be reading the old one.
  const out = join(BUILD, `${target}.wasm`);
  nodeTool("assemblyscript/bin/asc.js", [entry, "--config", "asconfig.json", "--target", target, "-o", `${out}.new`]);
  renameSync(`${out}.new`, out);
}

/** A program that answers --version, of those named; undefined if there is none. */
function findProgram(names) {
  return names.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
}

/** clang and lld of the same installation, newest first; an explanation where they are missing. */
function findClang() {
  const versions = ["", ...Array.from({ length: 12 }, (_, i) => `-${24 - i}`)];
  const clang = process.env.CLANG ?? findProgram(versions.map((v) => `clang${v}`));
  if (!clang) return { missing: "clang" };
  const suffix = /clang(-\d+)$/.exec(clang)?.[1] ?? "";
  const lld = findProgram([`ld.lld${suffix}`, "ld.lld"]);
  if (!lld) return { missing: "lld" };
  const version = spawnSync(clang, ["--version"], { encoding: "utf8" }).stdout.split("\n")[0];
  return { clang, version };
}

/** agent.wasm to one C file, then that and the native part to an executable for `cpu`. */
function buildAgent(clang, cpu) {
  const native = join("agent", "native");
  const out = join(WORK, cpu.name);
  mkdirSync(out, { recursive: true });
  const flags = [`--target=${cpu.triple}`, ...C_FLAGS, ...cpu.flags, "-I", WORK, "-I", native];
  flags.push("-isystem", join(native, "include"));
  const objects = [];
  const compile = (source, more) => {
    const object = join(out, source.replace(/^.*[\\/]/, "").replace(/\.c$/, ".o"));
    run(clang, [...flags, ...more, "-c", source, "-o", object]);
    objects.push(object);
  };
  compile(join(native, "start.c"), ["-O2"]);
  compile(join(native, "trampoline.c"), ["-O2"]);
  compile(join(native, "runtime.c"), ["-O2", "-fno-builtin"]);
  // Most of it runs once; records are moved by runtime.c. asc has inlined already what is worth it; but without the
  // smallest functions inlined, the interpreter is three times slower.
  compile(join(WORK, "agent.c"), ["-Oz", "-mllvm", "-inline-threshold=10", "-w"]);
  const map = `-Wl,-Map=${join(out, "agent.map")}`;
  const target = join(BUILD, `stap-agent-${cpu.name}`);
  run(clang, [`--target=${cpu.triple}`, ...LINK_FLAGS, map, ...objects, "-o", `${target}.new`]);
  chmodSync(`${target}.new`, 0o755);
  renameSync(`${target}.new`, target);
}

/** Copies what changed, so that a second build leaves times alone. */
function copy(from, to) {
  if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) return;
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, `${to}.new`);
  chmodSync(`${to}.new`, statSync(from).mode & 0o777);
  renameSync(`${to}.new`, to);
}

/** Makes a folder like another: what changed is copied, what is not there any more goes. */
function copyFolder(from, to) {
  const wanted = filesBelow(relative(ROOT, from), () => true).map((file) => relative(from, file));
  for (const name of wanted) copy(join(from, name), join(to, name));
  for (const file of filesBelow(relative(ROOT, to), () => true)) {
    if (!wanted.includes(relative(to, file))) rmSync(file);
  }
}

/** Replaces a package of yargs that makes every start slow. */
const QUICK_WIDTH = {
  name: "quick-width",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^string-width$/ }, () => ({ path: join(ROOT, "scripts/text-width.mjs") })),
};

async function bundleClient() {
  const { build } = await import("esbuild");
  if (!existsSync(join(ROOT, "cli/main.ts"))) throw new BuildError("cli/main.ts is missing");
  for (const name of existsSync(DIST) ? readdirSync(DIST) : []) {
    if (name.endsWith(".js")) rmSync(join(DIST, name));
  }
  await build({
    absWorkingDir: ROOT,
    entryPoints: { "stap-remote": "cli/main.ts", index: "lib/node.ts" },
    outdir: "dist",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    // ssh2 has optional native parts and is needed only for --host: it stays a package, imported when a host is named.
    external: ["ssh2", "cpu-features"],
    plugins: [QUICK_WIDTH],
    banner: {
      js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
    },
    legalComments: "none",
    logLevel: "warning",
  });
  await build({
    absWorkingDir: ROOT,
    entryPoints: ["lib/web.ts"],
    outfile: "dist/web.js",
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    logLevel: "warning",
  });
  for (const name of ["index", "web"]) copy(join(ROOT, "lib/declarations", `${name}.d.ts`), join(DIST, `${name}.d.ts`));
  copy(join(ROOT, "lib/types.ts"), join(DIST, "types.d.ts"));
  const out = join(DIST, "stap-remote.js");
  const text = readFileSync(out, "utf8").replace(/^#!.*\n/, "");
  writeFileSync(out, `#!/usr/bin/env node\n${text}`);
  chmodSync(out, 0o755);
}

/** The page that shows a run: script, style and a place for the run's lines. Its policy names the script's hash. */
async function bundlePage() {
  const { build, transform } = await import("esbuild");
  const bundle = await build({
    absWorkingDir: ROOT,
    entryPoints: ["pictures/page/main.ts"],
    write: false,
    bundle: true,
    minify: true,
    format: "iife",
    platform: "browser",
    target: "es2022",
    charset: "utf8",
    loader: { ".css": "empty" },
    legalComments: "none",
    logLevel: "warning",
  });
  const script = bundle.outputFiles[0].text.trim().replaceAll("</script", "<\\/script");
  const sheets = ["node_modules/uplot/dist/uPlot.min.css", "pictures/page/page.css"];
  const css = sheets.map((sheet) => readFileSync(join(ROOT, sheet), "utf8")).join("\n");
  const { code } = await transform(css, { loader: "css", minify: true });
  const hash = createHash("sha256").update(script).digest("base64");
  const parts = { HASH: hash, STYLE: code.trim(), SCRIPT: script };
  const page = readFileSync(join(ROOT, "pictures/page/page.html"), "utf8");
  writeFileSync(
    join(BUILD, "page.html"),
    page.replace(/@(HASH|STYLE|SCRIPT)@/g, (_, name) => parts[name]),
  );
}

const wasmSources = (folders) => folders.flatMap((folder) => filesBelow(folder, isSource));
const version = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version;
const clang = findClang();

/** The steps, in order: what each reads, what it makes, how. */
const STEPS = [
  {
    name: "compiler",
    inputs: () => wasmSources(["compiler", "common"]).filter((f) => !f.includes(join("compiler", "host"))),
    outputs: ["build/compiler.wasm"],
    run: () => compileWasm("compiler", "compiler/index.ts"),
  },
  {
    name: "formatter",
    inputs: () => wasmSources(["common/as/print", "common/format"]),
    outputs: ["build/formatter.wasm"],
    run: () => compileWasm("formatter", "common/as/print/index.ts"),
  },
  {
    name: "agent",
    inputs: () => [...wasmSources(["agent/remote", "common"]), ...filesBelow("agent/native", (n) => /\.[ch]$/.test(n))],
    outputs: CPUS.map((cpu) => `build/stap-agent-${cpu.name}`),
    tools: clang.version,
    skip: () =>
      clang.missing &&
      `${clang.missing} is missing: no agents are built. Install clang and lld (Debian: apt install clang lld; ` +
        "macOS: brew install llvm lld). The compiler and the client work without.",
    run: () => {
      compileWasm("agent", "agent/remote/main.ts");
      mkdirSync(WORK, { recursive: true });
      writeFileSync(join(WORK, "merged.wasm"), mergeData(readFileSync(join(BUILD, "agent.wasm"))));
      nodeTool("wabt/bin/wasm2c", ["build/agent/merged.wasm", "-n", "agent", "-o", "build/agent/agent.c"]);
      for (const cpu of CPUS) buildAgent(clang.clang, cpu);
    },
  },
  {
    name: "client",
    inputs: () =>
      wasmSources(["cli", "pictures", "lib", "facts", "verifier", "compiler/host", "agent/host", "common/format"]),
    outputs: ["dist/stap-remote.js", "dist/index.js", "dist/web.js"],
    run: bundleClient,
  },
  {
    name: "page",
    inputs: () => filesBelow("pictures", (name) => /\.(ts|css|html)$/.test(name)),
    outputs: ["build/page.html"],
    run: bundlePage,
  },
  {
    name: "package",
    always: true,
    inputs: () => [],
    outputs: [],
    run: () => {
      const names = ["compiler.wasm", "formatter.wasm", "page.html", ...CPUS.map((cpu) => `stap-agent-${cpu.name}`)];
      for (const name of names) if (existsSync(join(BUILD, name))) copy(join(BUILD, name), join(DIST, name));
      copyFolder(join(ROOT, "tapset"), join(DIST, "tapset"));
      writeFileSync(join(DIST, "tapset.json"), packTapset());
    },
  },
];

/** The tapset in one file, for browsers, which cannot read folders. */
function packTapset() {
  const folder = join(ROOT, "tapset");
  const names = filesBelow("tapset", (name) => /\.(stpm?|tab)$/.test(name));
  const files = names.map((path) => ({
    name: relative(folder, path).replaceAll("\\", "/"),
    text: readFileSync(path, "utf8"),
  }));
  return JSON.stringify({ index: readFileSync(join(folder, "index.txt"), "utf8"), files });
}

/** Does one step unless it is up to date. */
async function perform(step, force) {
  const reason = step.skip?.();
  if (reason) {
    log(`${step.name}: skipped: ${reason}`);
    return;
  }
  const stamp = join(STAMPS, step.name);
  const lock = readFileSync(join(ROOT, "package-lock.json"), "utf8");
  const parts = ["build.mjs", "merge-data.mjs", "text-width.mjs"].map((name) => join(ROOT, "scripts", name));
  const self = digest(parts, "");
  const config = readFileSync(join(ROOT, "asconfig.json"), "utf8");
  const now = digest(step.inputs(), [version, step.tools, lock, self, config]);
  const fresh = existsSync(stamp) && readFileSync(stamp, "utf8") === now;
  if (!step.always && !force && fresh && step.outputs.every((file) => existsSync(join(ROOT, file)))) return;
  rmSync(stamp, { force: true });
  const began = performance.now();
  await step.run();
  if (step.always) return;
  writeFileSync(stamp, now);
  const sizes = step.outputs.map((file) => `${file} ${Math.ceil(statSync(join(ROOT, file)).size / 1024)} KB`);
  log(`${step.name}: ${sizes.join(", ")} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
}

async function main() {
  const args = process.argv.slice(2);
  const force = args.includes("--force");
  const wanted = args.filter((arg) => arg !== "--force");
  const unknown = wanted.find((name) => !STEPS.some((step) => step.name === name));
  if (unknown) throw new BuildError(`no such step: ${unknown} (steps: ${STEPS.map((s) => s.name).join(", ")})`);
  mkdirSync(STAMPS, { recursive: true });
  let failed = false;
  for (const step of STEPS) {
    if (wanted.length > 0 && !wanted.includes(step.name)) continue;
    try {
      await perform(step, force);
    } catch (error) {
      failed = true;
      log(`${step.name}: FAILED: ${error instanceof BuildError ? error.message : (error.stack ?? error)}`);
    }
  }
  if (failed) process.exitCode = 1;
}

main().catch((error) => {
  log(`build: ${error.message}`);
  process.exitCode = 1;
});
