// Loads the cases of cases.ts in guests and writes down what their kernels say: tests/verifier/logs/KERNEL.txt.
//
//   npx tsx scripts/verifier/record.ts [KERNEL…]        all kernels that are named, else all that are known
//
// Nothing is attached or run. The guests are those of scripts/vm.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootGuest, GUEST_NAMES, type Guest, shutdownGuests } from "../../tests/guest.ts";
import { type BpfCall, encode, encodeCall, type Insn } from "./assembler.ts";
import { type Case, KPROBE, type MapSpec } from "./case.ts";
import { CASES } from "./cases.ts";

const LOGS = "tests/verifier/logs";
const LOG_BYTES = 1 << 20;
const [MAP_CREATE, PROG_LOAD, BTF_LOAD, CLOSE_ALL, BECOME_NOBODY] = [0, 5, 18, 0xffffffff, 0xfffffffe];
/** Of a long log the beginning is not needed: the explanation is at its end. */
const MOST_LOG = 4000;
const PROXY = "/tmp/bpf-proxy";

/** Loads types alone, with a log. */
function typesCall(bytes: Buffer): BpfCall {
  const attr = Buffer.alloc(28);
  attr.writeUInt32LE(bytes.length, 16);
  attr.writeUInt32LE(LOG_BYTES, 20);
  attr.writeUInt32LE(1, 24);
  const buffers = [
    { offset: 0, bytes },
    { offset: 8, bytes: Buffer.alloc(LOG_BYTES) },
  ];
  return { command: BTF_LOAD, attr, fixups: [], buffers };
}

/** The calls of one case; `first` is the number of the first reply. The last is that of the program. */
function callsOf(one: Case, first: number, level: number): BpfCall[] {
  const calls: BpfCall[] = [];
  let btf = -1;
  const closing = { command: CLOSE_ALL, attr: Buffer.alloc(0), fixups: [], buffers: [] };
  if (one.typesOnly) return [typesCall(one.btf!), closing];
  if (one.btf) {
    btf = first;
    const attr = Buffer.alloc(28);
    attr.writeUInt32LE(one.btf.length, 16);
    calls.push({ command: BTF_LOAD, attr, fixups: [], buffers: [{ offset: 0, bytes: one.btf }] });
  }
  const firstMap = first + calls.length;
  for (const map of one.maps ?? []) calls.push(mapCall(map, btf));
  calls.push(programCall(one, { btf, firstMap, level }));
  return [...calls, closing];
}

function mapCall(map: MapSpec, btf: number): BpfCall {
  const attr = Buffer.alloc(60);
  [map.type, map.key, map.value, map.entries, map.flags ?? 0].forEach((word, i) => {
    attr.writeUInt32LE(word, i * 4);
  });
  const hasType = map.valueType !== undefined;
  if (hasType) {
    attr.writeUInt32LE(map.keyType ?? 0, 52);
    attr.writeUInt32LE(map.valueType!, 56);
  }
  const fixups = hasType ? [{ buffer: 0xffffffff, offset: 48, reply: btf }] : [];
  return { command: MAP_CREATE, attr, fixups, buffers: [] };
}

function programCall(one: Case, { btf, firstMap, level }: { btf: number; firstMap: number; level: number }): BpfCall {
  const attr = Buffer.alloc(120);
  attr.writeUInt32LE(one.type ?? KPROBE, 0);
  attr.writeUInt32LE(one.insns.length, 4);
  attr.writeUInt32LE(level, 24);
  attr.writeUInt32LE(LOG_BYTES, 28);
  attr.writeUInt32LE(one.flags ?? 0, 44);
  attr.writeUInt32LE(one.attach ?? 0, 68);
  attr.writeUInt32LE(one.attachId ?? 0, 108);
  const buffers = [
    { offset: 8, bytes: encode(one.insns) },
    { offset: 16, bytes: Buffer.from(`${one.license ?? "GPL"}\0`) },
    { offset: 32, bytes: Buffer.alloc(LOG_BYTES) },
  ];
  const fixups = mapFixups(one.insns, firstMap);
  if (one.functions && btf >= 0) {
    fixups.push({ buffer: 0xffffffff, offset: 72, reply: btf });
    addTable(attr, buffers, { rows: one.functions, at: 76, width: 8 });
    if (one.lines) addTable(attr, buffers, { rows: one.lines, at: 92, width: 16 });
  }
  return { command: PROG_LOAD, attr, fixups, buffers };
}

function mapFixups(insns: readonly Insn[], firstMap: number): BpfCall["fixups"] {
  return insns.flatMap(({ map }, i) =>
    map === undefined ? [] : [{ buffer: 0, offset: i * 8 + 4, reply: firstMap + map }],
  );
}

/** func_info or line_info: record size, address, count. */
function addTable(attr: Buffer, buffers: BpfCall["buffers"], table: { rows: number[][]; at: number; width: number }) {
  attr.writeUInt32LE(table.width, table.at);
  attr.writeUInt32LE(table.rows.length, table.at + 12);
  const bytes = Buffer.alloc(table.rows.length * table.width);
  table.rows.flat().forEach((word, i) => {
    bytes.writeUInt32LE(word, i * 4);
  });
  buffers.push({ offset: table.at + 4, bytes });
}

/** The proxy for a CPU, built by clang. */
function buildProxy(arch: Guest["arch"], folder: string): Buffer {
  const target = arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  const out = join(folder, "proxy");
  const flags = "-O2 -ffreestanding -nostdlib -static -fno-stack-protector -fno-pic -fno-builtin -fuse-ld=lld".split(
    " ",
  );
  const args = [`--target=${target}`, ...flags, "scripts/verifier/bpf-proxy.c", "-o", out];
  const { status, stderr } = spawnSync(process.env.CLANG ?? "clang", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`clang: ${stderr}`);
  return readFileSync(out);
}

/** Does all calls in one guest; returns results and buffers. */
function doCalls(guest: Guest, calls: BpfCall[]): { result: number; buffers: Buffer[] }[] {
  const input = Buffer.concat(calls.map(encodeCall));
  const args = ["-F", guest.sshConfig, "guest", PROXY];
  const { stdout, status } = spawnSync("ssh", args, { input, maxBuffer: 1 << 30, timeout: 280_000 });
  if (status !== 0) throw new Error(`the proxy ended with status ${status}`);
  let at = 0;
  return calls.map(({ buffers }) => {
    const result = Number(stdout.readBigInt64LE(at));
    at += 8;
    const contents = buffers.map(({ bytes }) => {
      at += bytes.length;
      return stdout.subarray(at - bytes.length, at);
    });
    return { result, buffers: contents };
  });
}

/** What one kernel says of all cases, as the file has it. */
async function record(guest: Guest, level: number): Promise<string> {
  let text = `# Linux ${guest.release}, ${guest.arch}; written by scripts/verifier/record.ts\n`;
  const cases = await withNumbers(guest);
  await guest.run("sysctl -qw kernel.unprivileged_bpf_disabled=0");
  const poor = cases.filter(({ unprivileged }) => unprivileged);
  const rich = cases.filter(({ unprivileged }) => !unprivileged);
  for (let start = 0; start < rich.length; start += 20) {
    text += recordSome(guest, rich.slice(start, start + 20), level);
  }
  return text + recordSome(guest, poor, level);
}

/** What kernels call the functions that cases are for. */
async function withNumbers(guest: Guest): Promise<Case[]> {
  const { stdout } = await guest.run("base64 -w0 /sys/kernel/btf/vmlinux");
  const numbers = functionNumbers(Buffer.from(stdout, "base64"));
  return CASES.map((one) => (one.attachTo ? { ...one, attachId: numbers.get(one.attachTo) ?? 0 } : one));
}

/** Bytes behind a type of each kind, without those that depend on its members; and of each member. */
const TRAILERS: Record<number, [fixed: number, each: number]> = {
  1: [4, 0],
  3: [12, 0],
  4: [0, 12],
  5: [0, 12],
  6: [0, 8],
  13: [0, 8],
  14: [4, 0],
  15: [0, 12],
  17: [4, 0],
  19: [0, 12],
};
const FUNC = 12;

function functionNumbers(btf: Buffer): Map<string, number> {
  const [header, typeStart, typeBytes, stringStart] = [4, 8, 12, 16].map((at) => btf.readUInt32LE(at)) as number[];
  const strings = header! + stringStart!;
  const found = new Map<string, number>();
  let id = 1;
  for (let at = header! + typeStart!, end = at + typeBytes!; at < end; id++) {
    const info = btf.readUInt32LE(at + 4);
    const kind = (info >>> 24) & 0x1f;
    const name = strings + btf.readUInt32LE(at);
    if (kind === FUNC) found.set(btf.toString("latin1", name, btf.indexOf(0, name)), id);
    const [fixed, each] = TRAILERS[kind] ?? [0, 0];
    at += 12 + fixed + each * (info & 0xffff);
  }
  return found;
}

/** One run of the proxy. */
function recordSome(guest: Guest, some: Case[], level: number): string {
  const before: BpfCall[] = [];
  if (some[0]?.unprivileged) before.push({ command: BECOME_NOBODY, attr: Buffer.alloc(0), fixups: [], buffers: [] });
  const groups: BpfCall[][] = [];
  for (const one of some) groups.push(callsOf(one, before.length + groups.flat().length, level));
  const replies = doCalls(guest, [...before, ...groups.flat()]);
  let at = before.length;
  const texts = some.map((one, i) => {
    const start = at;
    at += groups[i]!.length;
    return resultOf(one, replies.slice(start, at - 1));
  });
  return texts.join("");
}

function resultOf(one: Case, replies: { result: number; buffers: Buffer[] }[]): string {
  const failed = replies.slice(0, -1).find(({ result }) => result < 0);
  const program = replies.at(-1)!;
  const log = program.buffers.at(one.typesOnly ? 1 : 2)!;
  const all = log.subarray(0, log.indexOf(0)).toString("latin1");
  const kept = all.length > MOST_LOG ? all.slice(all.indexOf("\n", all.length - MOST_LOG) + 1) : all;
  const status = failed ? `setup ${failed.result}` : program.result >= 0 ? "accepted" : `errno ${-program.result}`;
  const lines = kept.split("\n").filter((line) => !/^verification time/.test(line));
  return `== ${one.name} ${status}\n${program.result < 0 && !failed ? lines.join("\n") : ""}\n`;
}

const names = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const folder = mkdtempSync(join(tmpdir(), "proxy-"));
mkdirSync(LOGS, { recursive: true });
try {
  for (const name of names.length > 0 ? names : GUEST_NAMES) {
    const guest = await bootGuest(name);
    const bytes = buildProxy(guest.arch, folder);
    await guest.run(`cat > ${PROXY} && chmod 755 ${PROXY}`, { input: bytes });
    writeFileSync(join(LOGS, `${name}.txt`), await record(guest, 1));
    console.log(`${LOGS}/${name}.txt`);
  }
} finally {
  rmSync(folder, { recursive: true });
  await shutdownGuests();
}
