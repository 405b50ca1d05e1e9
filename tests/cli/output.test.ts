// Writing the script's text to real pipes: slow readers, readers that leave, full devices.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Output } from "../../cli/output.ts";
import { strftime } from "../../cli/strftime.ts";

const test = suite<{ folder: string; fifo: string }>("output");
const BLOCK = new Uint8Array(200_000).fill(65);

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "stap-out-"));
  context.fifo = join(context.folder, "fifo");
  execFileSync("mkfifo", [context.fifo]);
});
test.after.each((context) => rmSync(context.folder, { recursive: true }));

function reader(command: string): ChildProcess {
  return spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "inherit"] });
}

async function textOf(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout!) text += chunk;
  return text.trim();
}

test("all bytes arrive, in order, however slow the reader is, and timers go on meanwhile", async ({ fifo }) => {
  const text = textOf(reader(`(sleep 0.3; wc -c) < ${fifo}`));
  const output = Output.open(fifo);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  for (let i = 0; i < 20; i++) await output.write(BLOCK);
  await output.close();
  clearInterval(timer);
  assert.is(await text, "4000000");
  assert.ok(ticks >= 10, `${ticks} ticks`);
});

test("a reader that leaves is noticed and is no error", async ({ fifo }) => {
  const text = textOf(reader(`head -c 5 ${fifo}`));
  const output = Output.open(fifo);
  for (let i = 0; i < 50 && !output.readerGone; i++) await output.write(BLOCK);
  await output.close();
  assert.is(output.readerGone, true);
  assert.is(await text, "AAAAA");
});

test("a file is written from its beginning", async ({ folder }) => {
  const file = join(folder, "out");
  for (const text of ["a longer text", "short"]) {
    const output = Output.open(file);
    await output.write(new TextEncoder().encode(text));
    await output.close();
  }
  assert.is(readFileSync(file, "utf8"), "short");
});

test("a full device is one clear error", async () => {
  if (!existsSync("/dev/full")) return;
  const output = Output.open("/dev/full");
  let message = "";
  try {
    await output.write(BLOCK);
    await output.close();
  } catch (error) {
    message = (error as Error).message;
  }
  assert.is(message, "cannot write '/dev/full': no space left on device");
});

test("files rotate by size, at the ends of writes, and the oldest go", async () => {
  const folder = mkdtempSync(join(tmpdir(), "stap-rotate-"));
  try {
    const output = Output.open(join(folder, "out"), { bytes: 10, keep: 2 });
    for (const text of ["aaaaaa", "bbbbbb", "cccc", "dddddddddddd", "e"]) await output.write(Buffer.from(text));
    await output.close();
    assert.equal(readdirSync(folder).sort(), ["out.2", "out.3"]);
    assert.is(readFileSync(join(folder, "out.2"), "utf8"), "dddddddddddd");
    assert.is(readFileSync(join(folder, "out.3"), "utf8"), "e");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a file's name may hold the time", () => {
  const time = new Date(2026, 0, 2, 3, 4, 5);
  assert.is(strftime("a-%Y%m%d-%H%M%S.%%.%Q", time), "a-20260102-030405.%.%Q");
  assert.is(
    strftime("%a %A %b %B %h %C %e %j %k %l %I %p %P %u %w", time),
    "Fri Friday Jan January Jan 20  2 002  3  3 03 AM am 5 5",
  );
  assert.is(
    strftime("%c|%D|%F|%r|%R|%T|%x|%X", time),
    "Fri Jan  2 03:04:05 2026|01/02/26|2026-01-02|03:04:05 AM|03:04|03:04:05|01/02/26|03:04:05",
  );
  assert.is(strftime("%U %W %V %G %g %n%t", time), "00 00 01 2026 26 \n\t");
  assert.is(strftime("%G-%V %U %W %Ey", new Date(2027, 0, 3, 23)), "2026-53 01 00 27");
  assert.match(strftime("%z %s", time), /^[+-]\d{4} \d+$/);
});

test.run();
