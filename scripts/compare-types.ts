// Compares our reader of kernel types with others, for every test kernel:
//
//   npx tsx scripts/compare-types.ts [--kernel=6.12] [--btf=FILE] [--fields=1000] [--seed=1]
//
// 1. All types as C, as `--dump=types:kernel-btf` prints them, against `bpftool btf dump … format c`, up to layout: the
//    order, white space, forward declarations, names that bpftool makes unique, and what it adds so that a C compiler
//    comes to the same offsets.
// 2. The same for the modules that the guests load.
// 3. The offsets of random members, against what clang says of bpftool's C.
//
// It needs bpftool and clang. The exit status is 1 if something differs.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { declarationsOf, differences, type Field, fieldsOf } from "./c-types.ts";
import { builtCompiler } from "./fuzz.ts";
import { kernelBtf, moduleBtf } from "./guest/btf.ts";
import { GUESTS, getGuestSpec } from "./guest/matrix.ts";
import { Random } from "./sweeps/sweep.ts";

const KERNEL = "kernel-btf";
const MODULE = "module-btf m";
/** How many differences are shown. */
const SHOWN = 10;
const BIG_TEXT = { encoding: "utf8", maxBuffer: 1 << 28 } as const;

/** All types of a kernel's BTF as our reader prints them; with `module`, those that this BTF of a module adds. */
export function printTypes(btf: Uint8Array, module?: Uint8Array): string {
  const bytes = [{ blob: KERNEL, offset: 0, size: btf.length, bytes: btf }];
  if (module) bytes.push({ blob: MODULE, offset: 0, size: module.length, bytes: module });
  const result = builtCompiler().compile({
    scripts: [{ name: "none.stp", bytes: new TextEncoder().encode("probe begin { }") }],
    options: [["dump", `types:${module ? MODULE : KERNEL}`]],
    args: [],
    facts: { names: new Map(), absent: new Map(), bytes },
  });
  if (result.status !== "done") throw new Error(result.messages);
  return result.text ?? "";
}

/** All types as `bpftool btf dump … format c` prints them; those of a module after those of its kernel, `base`. */
export function bpftoolTypes(file: string, base?: string): string {
  const options = base ? ["-B", base] : [];
  return execFileSync("bpftool", [...options, "btf", "dump", "file", file, "format", "c"], BIG_TEXT);
}

/** The offsets that clang gives the members, when it compiles a header. */
export function clangOffsets(fields: Field[], header: string, folder: string): number[] {
  const rows = fields.map(({ type, path }) => `__builtin_offsetof(${type}, ${path}),`).join("\n");
  const table = 'const unsigned long long table[] __attribute__((section(".offsets")))';
  writeFileSync(join(folder, "offsets.c"), `#include "${header}"\n${table} = {\n${rows}\n};\n`);
  const files = ["-c", join(folder, "offsets.c"), "-o", join(folder, "offsets.o")];
  const built = spawnSync("clang", ["--target=x86_64-linux-gnu", "-w", "-fms-extensions", ...files], BIG_TEXT);
  if (built.status !== 0) throw new Error(`clang: ${built.stderr.slice(0, 2000)}`);
  execFileSync("llvm-objcopy", ["-O", "binary", "-j", ".offsets", join(folder, "offsets.o"), join(folder, "offsets")]);
  const said = readFileSync(join(folder, "offsets"));
  return fields.map((_, i) => Number(said.readBigUInt64LE(i * 8)));
}

/** bpftool's C with the sizes of enums that are not an int: not all versions of it print them, but all know them. */
function withEnumSizes(header: string, file: string): string {
  const raw = execFileSync("bpftool", ["btf", "dump", "file", file], BIG_TEXT);
  let text = header;
  for (const [, name = "", size] of raw.matchAll(/^\[\d+\] ENUM '(\w+)' .*\bsize=([12])\b/gm)) {
    const definition = new RegExp(`(^enum ${name} \\{[^}]*\\});`, "m");
    text = text.replace(definition, `$1 __attribute__((mode(${size === "1" ? "byte" : "HI"})));`);
  }
  return text;
}

function pickFields(fields: Field[], count: number, random: Random): Field[] {
  const left = [...fields];
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const at = random.below(left.length);
    const [field] = left.splice(at, 1, left.at(-1) as Field);
    left.pop();
    return field as Field;
  });
}

/** The types of a kernel's modules beside bpftool's. */
function compareModules(btf: Buffer, modules: Map<string, Buffer>): number {
  const folder = mkdtempSync(join(tmpdir(), "compare-types-"));
  try {
    writeFileSync(join(folder, "btf"), btf);
    const kernels = declarationsOf(printTypes(btf));
    const wrong = [...modules].flatMap(([module, bytes]) => {
      writeFileSync(join(folder, module), bytes);
      const ours = declarationsOf(printTypes(btf, bytes));
      const theirs = declarationsOf(bpftoolTypes(join(folder, module), join(folder, "btf")));
      return differences([...kernels, ...ours], theirs);
    });
    console.log(`  types of ${modules.size} modules: ${wrong.length} differ from bpftool's`);
    for (const line of wrong.slice(0, SHOWN)) console.log(`  ${line}`);
    return wrong.length;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints what differs; how much it is. */
function compareKernel(name: string, btf: Buffer, count: number, random: Random): number {
  const folder = mkdtempSync(join(tmpdir(), "compare-types-"));
  try {
    const file = join(folder, "btf");
    writeFileSync(file, btf);
    const theirs = bpftoolTypes(file);
    const ours = printTypes(btf);
    const wrongTypes = differences(declarationsOf(ours), declarationsOf(theirs));
    console.log(`${name}: ${declarationsOf(ours).length} types, ${wrongTypes.length} differ from bpftool's`);
    for (const line of wrongTypes.slice(0, SHOWN)) console.log(`  ${line}`);

    writeFileSync(join(folder, "theirs.h"), withEnumSizes(theirs, file));
    const fields = fieldsOf(ours);
    const chosen = pickFields(fields, count, random);
    const said = clangOffsets(chosen, join(folder, "theirs.h"), folder);
    const wrong = chosen.flatMap(({ type, path, offset }, i) =>
      offset === said[i] ? [] : [`${type}.${path}: ours ${offset}, clang's ${said[i]}`],
    );
    console.log(`  offsets of ${chosen.length} of ${fields.length} members: ${wrong.length} differ from clang's`);
    for (const line of wrong.slice(0, SHOWN)) console.log(`  ${line}`);
    return wrongTypes.length + wrong.length;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const options = {
    kernel: { type: "string", multiple: true },
    btf: { type: "string" },
    fields: { type: "string" },
    seed: { type: "string" },
  } as const;
  const { values } = parseArgs({ options });
  const count = Number(values.fields ?? 1000);
  const random = new Random(Number(values.seed ?? 1), 0);
  let wrong = 0;
  if (values.btf !== undefined) wrong += compareKernel(values.btf, readFileSync(values.btf), count, random);
  const specs = values.kernel?.map(getGuestSpec) ?? (values.btf === undefined ? GUESTS : []);
  for (const spec of specs) {
    const btf = await kernelBtf(spec);
    wrong += compareKernel(spec.name, btf, count, random);
    wrong += compareModules(btf, await moduleBtf(spec));
  }
  process.exitCode = wrong > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
