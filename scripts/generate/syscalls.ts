// Writes the constants and numbers of system calls from the kernel's headers for programs: constants.tab and
// numbers.tab in tapset/calls/. Which constants, says syscall-tables.ts. It needs gcc and the Debian packages
// linux-libc-dev and linux-libc-dev-arm64-cross (--arm64=FOLDER: where its headers are); without them it does nothing.
//
//   npx tsx scripts/generate/syscalls.ts [--check] [--arm64=FOLDER]

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NEWER_CALLS, NEWER_CALLS_X86_64, TABLES, type TableSource } from "./syscall-tables.ts";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const option = process.argv.find((argument) => argument.startsWith("--arm64="));
const ARM64 = option ? option.slice("--arm64=".length) : "/usr/aarch64-linux-gnu/include";
const X86_64 = ["/usr/include/x86_64-linux-gnu", "/usr/include"];
const WIDTH = 118;

/** One constant: its name, its value, and the bits that decide. */
type Row = [name: string, value: number, mask: number];

const work = mkdtempSync(join(tmpdir(), "constants-"));

function gcc(args: string[], text: string): string | null {
  const file = join(work, "x.c");
  writeFileSync(file, text);
  const run = spawnSync("gcc", [...args, file], { encoding: "utf8", maxBuffer: 1 << 28 });
  return run.status === 0 ? run.stdout : null;
}

const OWN = spawnSync("gcc", ["-print-file-name=include"], { encoding: "utf8" }).stdout?.trim() ?? "";

function searched(folders: string[]): string[] {
  return ["-w", "-nostdinc", ...[...folders, OWN].flatMap((folder) => ["-isystem", folder])];
}

/** The names that a header defines, as macros without parameters or in enums. */
function namesIn(header: string, folders: string[]): Map<string, string> {
  const text = `#include <linux/types.h>\n#include <${header}>\n`;
  const macros = gcc([...searched(folders), "-E", "-dM"], text) ?? "";
  const names = new Map<string, string>();
  for (const [, name, body] of macros.matchAll(/^#define (\w+) (.*)$/gm)) names.set(name, body);
  const plain = gcc([...searched(folders), "-E", "-P"], text) ?? "";
  for (const [, body] of plain.matchAll(/enum\s*\w*\s*\{([^}]*)\}/g)) {
    for (const [, name] of body.matchAll(/(\w+)\s*(?:=[^,]*)?(?:,|$)/g)) if (!names.has(name)) names.set(name, "");
  }
  return names;
}

/** The values of names, as 64 bits; those that are no constants are left out. */
function evaluate(headers: string[], names: string[], folders: string[]): Map<string, bigint> {
  const values = new Map<string, bigint>();
  const known = (list: string[]): boolean => {
    const lines = list.map((name) => `{"${name}", (unsigned long long)(${name})},`).join("\n");
    const text =
      `#include <linux/types.h>\n${headers.map((header) => `#include <${header}>\n`).join("")}` +
      "extern int printf(const char *, ...);\n" +
      `static struct { const char *n; unsigned long long v; } t[] = {\n${lines}\n{0}};\n` +
      `int main(void) { for (int i = 0; t[i].n; i++) printf("%s %llu\\n", t[i].n, t[i].v); return 0; }\n`;
    const program = join(work, "x");
    if (gcc([...searched(folders), "-o", program], text) === null) return false;
    const out = spawnSync(program, { encoding: "utf8" }).stdout;
    for (const [, name, value] of out.matchAll(/^(\w+) (\d+)$/gm)) values.set(name, BigInt(value));
    return true;
  };
  // A name that is no constant spoils its half only.
  const split = (list: string[]): void => {
    if (list.length === 0 || known(list) || list.length === 1) return;
    const half = list.length >> 1;
    split(list.slice(0, half));
    split(list.slice(half));
  };
  split(names);
  return values;
}

function rowsOf(source: TableSource, folders: string[]): Row[] {
  const constants = new Map<string, bigint>();
  for (const header of source.headers) {
    const names = [...namesIn(header, folders).keys()].filter(
      (name) => source.names.test(name) && !source.without?.test(name),
    );
    for (const [name, value] of evaluate([header], names, folders))
      if (!constants.has(name)) constants.set(name, value);
  }
  for (const [name, value] of Object.entries(source.added ?? {})) constants.set(name, BigInt(value));
  if (constants.size === 0) throw new Error(`no constant for table ${source.name}`);
  const rows: Row[] = [];
  for (const [name, value] of constants) {
    const low = Number(BigInt.asUintN(32, value));
    const inField = source.isEnum || source.field?.names.test(name);
    const mask = source.isEnum ? 0xffffffff : inField ? (source.field?.mask ?? 0) : low;
    if (value >> 32n !== 0n && value >> 31n !== (1n << 33n) - 1n) continue;
    if (inField || low !== 0) rows.push([name, low, mask]);
  }
  return source.isEnum ? ofEnum(rows) : ofFlags(rows);
}

/** One name for each value, by value. */
function ofEnum(rows: Row[]): Row[] {
  const sorted = rows.sort((a, b) => a[1] - b[1] || a[0].length - b[0].length || (a[0] < b[0] ? -1 : 1));
  return sorted.filter((row, at) => at === 0 || row[1] !== sorted[at - 1][1]);
}

function bits(value: number): number {
  return value.toString(2).replaceAll("0", "").length;
}

/** Fields first, then flags of several bits, then by value. */
function ofFlags(rows: Row[]): Row[] {
  const isField = (row: Row): number => (row[1] === row[2] ? 0 : 1);
  const order = (a: Row, b: Row): number => {
    if (bits(a[2]) !== bits(b[2])) return bits(b[2]) - bits(a[2]);
    return isField(b) - isField(a) || a[1] - b[1] || (a[0] < b[0] ? -1 : 1);
  };
  const sorted = rows.sort(order);
  return sorted.filter((row, at) => !sorted.slice(0, at).some((other) => other[1] === row[1] && other[2] === row[2]));
}

/** All requests of ioctl that the headers define. */
function ioctlRows(): Row[] {
  const rows: Row[] = [];
  for (const folder of ["linux", "asm", "asm-generic", "sound", "drm", "mtd", "rdma", "scsi", "misc", "video"]) {
    const path = folder === "asm" ? join(X86_64[0], folder) : join(X86_64[1], folder);
    if (!existsSync(path)) continue;
    for (const file of readdirSync(path).sort()) {
      if (!file.endsWith(".h")) continue;
      const header = `${folder}/${file}`;
      const isPlain =
        header === "asm-generic/ioctls.h" || header === "asm-generic/sockios.h" || header === "linux/sockios.h";
      const text = readFileSync(join(path, file), "utf8");
      if (!isPlain && !/\b_IO[WR]*(_BAD)?\s*\(/.test(text)) continue;
      const own = new Set([...text.matchAll(/^\s*#\s*define\s+(\w+)/gm)].map((match) => match[1]));
      const names = [...namesIn(header, X86_64)]
        .filter(([name]) => own.has(name))
        .filter(
          ([name, body]) =>
            /_IO[WR]*(_BAD)?\s*\(|DRM_IO|^_?IO[WR]/.test(body) || (isPlain && /^(T|F|SIO)[A-Z0-9]+/.test(name)),
        )
        .map(([name]) => name);
      for (const [name, value] of evaluate([header], names, X86_64)) {
        if (value < 0x100000000n && value > 0xffn) rows.push([name, Number(value), 0xffffffff]);
      }
    }
  }
  return ofEnum(rows);
}

// ----------------------------------------------------------------------------------------------------------- numbers

function numbersIn(header: string, folders: string[], prefix: string, defined: string[] = []): Map<string, number> {
  const text = `#include <${header}>\n`;
  const macros = gcc([...searched(folders), ...defined.map((name) => `-D${name}`), "-E", "-dM"], text) ?? "";
  const bodies = new Map([...macros.matchAll(/^#define (\w+) (.*)$/gm)].map(([, name, body]) => [name, body]));
  const numbers = new Map<string, number>();
  for (let [name, body] of bodies) {
    if (!name.startsWith(prefix) || /^__NR_(syscalls|arch_specific|3264|Linux|max)/.test(name)) continue;
    while (bodies.has(body)) body = bodies.get(body) ?? "";
    if (/^\d+$/.test(body)) numbers.set(name.slice(prefix.length), Number(body));
  }
  return numbers;
}

function withNewer(numbers: Map<string, number>, more: Record<string, number> = {}): Map<string, number> {
  for (const [name, value] of Object.entries({ ...NEWER_CALLS, ...more }))
    if (!numbers.has(name)) numbers.set(name, value);
  return numbers;
}

/** "0 read write … 334 …": a number says where the names that follow it begin. */
function numberText(numbers: Map<string, number>): string {
  const words: string[] = [];
  let next = -1;
  for (const [name, value] of [...numbers].sort((a, b) => a[1] - b[1])) {
    if (value !== next) words.push(`${value}`);
    words.push(name);
    next = value + 1;
  }
  return words.join(" ");
}

// ------------------------------------------------------------------------------------------------------------ output

function wrapped(text: string, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line.length > 0 && indent.length + line.length + word.length + 1 > WIDTH) {
      lines.push(indent + line);
      line = "";
    }
    line += line.length > 0 ? ` ${word}` : word;
  }
  lines.push(indent + line);
  return lines.join("\n");
}

function tableText(key: string, rows: Row[], isEnum: boolean): string {
  const words = rows.map(([name, value, mask]) => {
    const of = isEnum || mask === value ? "" : `/${mask.toString(16)}`;
    return `${name}=${value.toString(16)}${of}`;
  });
  return wrapped(`${key} ${words.join(" ")}`, "").replaceAll("\n", "\n  ");
}

const HEAD = "# Written by scripts/generate/syscalls.ts from the headers of linux-libc-dev. Do not edit.\n";

function constantsFile(): string {
  const texts: string[] = [];
  for (const source of TABLES) {
    const key = `${source.isEnum ? "e" : "f"}.${source.name}`;
    texts.push(tableText(key, rowsOf(source, X86_64), source.isEnum));
    if (!source.perCpu) continue;
    texts.push(tableText(`${key}@arm64`, rowsOf(source, [ARM64]), source.isEnum));
  }
  texts.push(tableText("e.ioctl", ioctlRows(), true));
  const what =
    "# Tables of constants. A line that does not begin with a space begins a table. NAME=VALUE or NAME=VALUE/MASK,\n" +
    "# hexadecimal; flags (f) without a mask are their own, values (e) have all 32 bits.\n";
  return `${HEAD}${what}${texts.join("\n")}\n`;
}

function numbersFile(): string {
  const wanted = [
    "__ARCH_WANT_NEW_STAT",
    "__ARCH_WANT_RENAMEAT",
    "__ARCH_WANT_SET_GET_RLIMIT",
    "__ARCH_WANT_SYS_CLONE3",
  ];
  wanted.push("__ARCH_WANT_MEMFD_SECRET", "__BITS_PER_LONG=64");
  const tables: [string, Map<string, number>][] = [
    ["x86_64", withNewer(numbersIn("asm/unistd_64.h", X86_64, "__NR_"), NEWER_CALLS_X86_64)],
    ["x86_64@32", withNewer(numbersIn("asm/unistd_32.h", X86_64, "__NR_"))],
    ["arm64", withNewer(numbersIn("asm/unistd.h", [ARM64], "__NR_", wanted))],
  ];
  const texts = tables.map(([name, numbers]) => wrapped(`${name} ${numberText(numbers)}`, "").replaceAll("\n", "\n  "));
  const what =
    "# Numbers of system calls of a CPU and of its 32-bit programs; a number says where the names behind it begin.\n";
  return `${HEAD}${what}${texts.join("\n")}\n`;
}

function main(): void {
  if (!existsSync(join(ARM64, "asm/unistd.h")) || spawnSync("gcc", ["--version"]).status !== 0) {
    console.log("left out: it needs gcc, linux-libc-dev and linux-libc-dev-arm64-cross");
    return;
  }
  for (const [file, text] of [
    ["constants.tab", constantsFile()],
    ["numbers.tab", numbersFile()],
  ]) {
    const path = join(ROOT, "tapset/calls", file);
    if (!process.argv.includes("--check")) writeFileSync(path, text);
    else if (readFileSync(path, "utf8") !== text) {
      console.error(`${path} is not what the headers say: npx tsx scripts/generate/syscalls.ts`);
      process.exitCode = 1;
    }
  }
  rmSync(work, { recursive: true });
}

main();
