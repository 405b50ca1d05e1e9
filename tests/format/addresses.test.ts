// Texts made of addresses, through the Wasm module that the host uses: the addresses are in records, and what is at
// them in frames that come before.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ObjectError } from "../../agent/host/elf.ts";
import { createFormatter, type Formatter } from "../../agent/host/formatter.ts";
import { Show } from "../../common/format/manifest.ts";
import { type ArgumentShape, item, ManifestBuilder, records } from "./manifest-builder.ts";

const WASM = readFileSync(new URL("../../build/formatter.wasm", import.meta.url));
const READ = 0xffffffff81000000n;
const EXT4 = 0xffffffffc0001000n;

interface Known {
  address: bigint;
  offset?: bigint;
  size?: bigint;
  name?: string;
  module?: string;
}

/** The payload of a Symbols frame. */
function symbols(...list: Known[]): Uint8Array {
  const parts: Buffer[] = [];
  for (const { address, offset = 0n, size = 0n, name = "", module = "" } of list) {
    const words = Buffer.alloc(24);
    words.writeBigUInt64LE(address, 0);
    words.writeBigUInt64LE(offset, 8);
    words.writeBigUInt64LE(size, 16);
    parts.push(words);
    for (const text of [name, module]) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length);
      parts.push(length, Buffer.from(text, "latin1"));
    }
  }
  return Buffer.concat(parts);
}

const KNOWN = symbols(
  { address: READ, offset: 0n, size: 0x40n, name: "vfs_read" },
  { address: READ + 0x1fn, offset: 0x1fn, size: 0x40n, name: "vfs_read" },
  { address: EXT4 + 0xfn, offset: 0xfn, size: 0x20n, name: "ext4_read", module: "ext4" },
  { address: READ + 0x1000n },
);

/** Eight bytes of a packed stack. */
function packed(address: bigint): number[] {
  return Array.from({ length: 8 }, (_, i) => Number((address >> BigInt(7 * i)) & 0x7fn) | 0x80);
}

function print(show: Show, shape: ArgumentShape, value: bigint | Uint8Array, format = "%s"): string {
  const builder = new ManifestBuilder();
  const site = builder.site({ format, arguments: [shape], show });
  const formatter = createFormatter(WASM, builder.done());
  assert.ok(formatter.addSymbols(KNOWN));
  return text(formatter, records([item(site, [value])]));
}

function text(formatter: Formatter, bytes: Uint8Array): string {
  let all = "";
  for (const part of formatter.format(bytes)) {
    assert.is(Buffer.from(part.messages).toString("latin1"), "");
    all += Buffer.from(part.text).toString("latin1");
  }
  return all;
}

const stack = (...addresses: bigint[]) => Buffer.from(addresses.flatMap(packed));

test("an address is shown by its name, its place in the function or its module", () => {
  assert.is(print(Show.Name, "long", READ), "vfs_read");
  assert.is(print(Show.Data, "long", READ + 0x1fn), "vfs_read+0x1f/0x40 [kernel]");
  assert.is(print(Show.Module, "long", EXT4 + 0xfn), "ext4");
  assert.is(print(Show.Module, "long", READ), "kernel");
  assert.is(print(Show.Name, "long", READ, "[%10s]"), "[  vfs_read]");
});

test("an address that nobody knows is shown in hexadecimal", () => {
  assert.is(print(Show.Name, "long", 0x10n), "0x10");
  assert.is(print(Show.Data, "long", READ + 0x1000n), "0xffffffff81001000");
  assert.is(print(Show.Module, "long", 0n), "<unknown>");
});

test("a stack is shown in each form, packed or as the text that scripts see", () => {
  const bytes = stack(READ, EXT4 + 0x10n);
  const hex = `0x${READ.toString(16)} 0x${(EXT4 + 0x10n).toString(16)}`;
  for (const value of [bytes, Buffer.from(hex)]) {
    assert.is(print(Show.Hex, "string", value), hex);
    assert.is(print(Show.Brief, "string", value), "vfs_read+0x0/0x40 [kernel]\next4_read+0x10/0x20 [ext4]\n");
    assert.is(print(Show.Folded, "string", value), "ext4_read;vfs_read");
    const lines = ` ${hex.slice(0, 18)} : vfs_read+0x0/0x40 [kernel]\n ${hex.slice(19)} : ext4_read+0x10/0x20 [ext4]\n`;
    assert.is(print(Show.Lines, "string", value), lines);
  }
  assert.is(print(Show.Lines, "string", Buffer.from("")), "");
  assert.is(print(Show.Hex, "string", Buffer.from("x 0x12 12z 0x ff")), "0x12 0xff");
});

test("a return address behind a function's last instruction belongs to that function", () => {
  assert.is(print(Show.Folded, "string", stack(READ, READ + 0x20n)), "vfs_read;vfs_read");
  assert.is(print(Show.Brief, "string", stack(READ, READ + 0x20n)).split("\n")[1], "vfs_read+0x20/0x40 [kernel]");
});

test("frames by which the kernel calls programs are left out at the top", () => {
  const glue = ["bpf_prog_12_p0", "bpf_trace_run2", "__bpf_trace_x", "__traceiter_x"];
  const known = glue.map((name, i) => ({ address: BigInt(i + 1) * 0x100n - (i > 0 ? 1n : 0n), size: 8n, name }));
  const builder = new ManifestBuilder();
  const site = builder.site({ format: "%s", arguments: ["string"], show: Show.Folded });
  const formatter = createFormatter(WASM, builder.done());
  formatter.addSymbols(symbols(...known, { address: READ - 1n, size: 8n, name: "schedule" }));
  const value = stack(0x100n, 0x200n, 0x300n, 0x400n, READ, 0x200n);
  assert.is(text(formatter, records([item(site, [value])])), "bpf_trace_run2;schedule");
});

test("names hold printable characters only, whatever the agent says", () => {
  const builder = new ManifestBuilder();
  const site = builder.site({ format: "%s", arguments: ["long"], show: Show.Data });
  const formatter = createFormatter(WASM, builder.done());
  formatter.addSymbols(symbols({ address: 1n, size: 2n, name: "a\x1b[2J\n\xff b", module: "m\x07" }));
  assert.is(text(formatter, records([item(site, [1n])])), "a?[2J???b+0x0/0x2 [m?]");
});

test("a damaged frame of symbols is refused, and a site that shows what cannot be shown", () => {
  const formatter = createFormatter(WASM, new ManifestBuilder().done());
  const whole = symbols({ address: 1n, name: "abc", module: "de" });
  for (let length = 1; length < whole.length; ++length) assert.not.ok(formatter.addSymbols(whole.subarray(0, length)));
  assert.not.ok(formatter.addSymbols(symbols({ address: 1n, name: "x".repeat(2000) })));
  assert.ok(formatter.addSymbols(new Uint8Array(0)));
  const builder = new ManifestBuilder();
  builder.site({ format: "%s", arguments: ["long"], show: 99 as Show });
  assert.throws(
    () => createFormatter(WASM, builder.done()),
    (error: Error) => error instanceof ObjectError,
  );
});

test.run();
