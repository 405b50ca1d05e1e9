// Writes the blocks of docs/tour.md anew: its script through every phase, by the compiler and the formatter that were
// built. A block stands behind a line `<!-- tour:NAME -->`; the one called `source` is the script, and stays as it is.
//
//   npx tsx scripts/generate/tour.ts [--check]

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createFormatter } from "../../agent/host/formatter.ts";
import { encodeFrame, FrameDecoder } from "../../agent/host/frames.ts";
import { manifestOf } from "../../agent/host/manifest.ts";
import { readAsset, readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { AgentFrame } from "../../common/format/frame.ts";
import { RecordItem } from "../../common/format/record.ts";
import { type CompileResult, createCompiler } from "../../compiler/host/compile.ts";

const TOUR = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "docs/tour.md");
const BLOCK = /(<!-- tour:([a-z]+) -->\n```[a-z]*\n)([\s\S]*?)(^```$)/gm;
/** The event that the tour tells of. */
const COMMAND = "cat";
const TID = 4711;
const COMM_BYTES = 16;
/** The kernel's handler in dumps that name functions. */
const HANDLER = /^handler \$p0_/m;

const old = readFileSync(TOUR, "utf8");
const source = [...old.matchAll(BLOCK)].find(([, , name]) => name === "source")?.[3];
if (source === undefined) throw new Error("docs/tour.md has no block called 'source'");
const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());

function compile(options: [string, string][]): CompileResult {
  const script = { name: "tour.stp", bytes: new TextEncoder().encode(source) };
  const result = compiler.compile({ scripts: [script], options: [["arch", "x86_64"], ...options], args: [] });
  if (result.status !== "done" || result.messages !== "") throw new Error(`the tour's script: ${result.messages}`);
  return result;
}

const dump = (name: string) => compile([["dump", name]]).text ?? "";
const object = compile([["pass", "4"]]).object as Uint8Array;

/** The one function in a dump that a pattern matches. When the dump changes, the tour must not show another one. */
function functionIn(name: string, pattern: RegExp): string {
  const parts = dump(name)
    .split(/\n\n|^(?=; [a-z]+$)/m)
    .filter((part) => pattern.test(part));
  if (parts.length !== 1) throw new Error(`--dump=${name}: ${pattern} matches ${parts.length} functions, not one`);
  return `${parts[0]?.trim()}\n`;
}

/** The ELF sections, a line each. */
function sections(): string {
  const view = new DataView(object.buffer, object.byteOffset, object.byteLength);
  const table = Number(view.getBigUint64(40, true));
  const header = (index: number) => table + index * view.getUint16(58, true);
  const names = Number(view.getBigUint64(header(view.getUint16(62, true)) + 24, true));
  const lines = ["section                     bytes  flags"];
  for (let i = 1; i < view.getUint16(60, true); i++) {
    const start = names + view.getUint32(header(i), true);
    const name = new TextDecoder().decode(object.subarray(start, object.indexOf(0, start)));
    const flags = Number(view.getBigUint64(header(i) + 8, true));
    const letters = [..."WAX"].filter((_, bit) => flags & (1 << bit)).join("");
    const size = Number(view.getBigUint64(header(i) + 32, true));
    lines.push(`${name.padEnd(26)} ${String(size).padStart(6)}  ${letters}`.trimEnd());
  }
  return `${lines.join("\n")}\n`;
}

/** The record of the handler's only print, its site being the object's first. */
function record(): Uint8Array {
  const bytes = new Uint8Array(RecordItem.Size + COMM_BYTES + 8);
  bytes.set(new TextEncoder().encode(COMMAND), RecordItem.Size);
  new DataView(bytes.buffer).setBigInt64(RecordItem.Size + COMM_BYTES, BigInt(TID), true);
  return bytes;
}

/** An Output frame with one record behind its length. */
function frame(): Uint8Array {
  const payload = new Uint8Array(8 + record().length);
  new DataView(payload.buffer).setUint32(0, record().length, true);
  payload.set(record(), 8);
  return encodeFrame(AgentFrame.Output, payload);
}

/** What the host prints for that frame. */
function line(): string {
  const decoder = new FrameDecoder();
  decoder.push(frame());
  const payload = decoder.next()?.payload ?? new Uint8Array(0);
  const formatter = createFormatter(readAsset("formatter.wasm"), manifestOf(object) as Uint8Array);
  return [...formatter.format(payload)].map(({ text }) => new TextDecoder().decode(text)).join("");
}

/** Bytes as `hexdump -C` shows them. */
function hexdump(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, "0"));
    const left = hex.slice(0, 8).join(" ").padEnd(23);
    const right = hex.slice(8).join(" ").padEnd(23);
    const letters = [...row].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    text += `${at.toString(16).padStart(4, "0")}  ${left}  ${right}  |${letters}|\n`;
  }
  return text;
}

/** What each block holds. */
const BLOCKS: Record<string, () => string> = {
  source: () => source,
  parsed: () => compile([["pass", "1"]]).text ?? "",
  script: () => dump("script"),
  il: () => functionIn("il", HANDLER),
  layout: () => functionIn("il:layout", HANDLER),
  regalloc: () => functionIn("regalloc", HANDLER),
  bpf: () => functionIn("bpf", /bpf_get_current_comm/),
  sections,
  record: () => hexdump(record()),
  frame: () => hexdump(frame()),
  line,
};

const missing = Object.keys(BLOCKS).filter((name) => !old.includes(`<!-- tour:${name} -->\n\`\`\``));
if (missing.length > 0) throw new Error(`docs/tour.md has no block called ${missing.join(", ")}`);
const fresh = old.replace(BLOCK, (...[, before, name, , after]: string[]) => {
  const block = BLOCKS[name as string];
  if (!block)
    throw new Error(`docs/tour.md: no block is called '${name}' (there are ${Object.keys(BLOCKS).join(", ")})`);
  return `${before}${block()}${after}`;
});
if (process.argv.includes("--check")) {
  if (fresh !== old) {
    console.error("docs/tour.md is out of date: run npx tsx scripts/generate/tour.ts, and read the difference");
    process.exitCode = 1;
  }
} else if (fresh !== old) {
  writeFileSync(TOUR, fresh);
  console.log("wrote docs/tour.md");
}
