// Guests start and end when they should: processes that want the same guest share it, and it ends with the process that
// booted it.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findMachine, stopMachine } from "../../scripts/guest/machine.ts";
import { bootGuest, shutdownGuests } from "../guest.ts";

/** Not the kernel that contributors keep running: this test stops it. */
const NAME = "6.1";
const PROGRAM = `
  import { bootGuest } from ${JSON.stringify(new URL("../guest.ts", import.meta.url).href)};
  const guest = await bootGuest("${NAME}");
  console.log(guest.port, (await guest.run("cat /proc/sys/kernel/random/boot_id")).stdout);
  process.stdin.resume(); // until we are killed
`;

interface Client {
  process: ChildProcess;
  /** The guest it was given: port and boot id. */
  guest: Promise<string>;
}

function startClient(): Client {
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const args = ["--import", "tsx", "--input-type=module", "--eval", PROGRAM];
  const child = spawn(process.execPath, args, { cwd, stdio: ["pipe", "pipe", "inherit"] });
  const guest = new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (data) => resolve(String(data).trim()));
    child.once("exit", (code) => reject(new Error(`the client ended with status ${code} and no guest`)));
  });
  return { process: child, guest };
}

async function waitFor(condition: () => boolean): Promise<boolean> {
  for (let i = 0; i < 100 && !condition(); i++) await sleep(100);
  return condition();
}

test.before(async () => {
  await stopMachine(NAME);
});

test("two processes that ask at once share one guest, which ends with the one that booted it", async () => {
  const clients = [startClient(), startClient()];
  try {
    const [first, second] = await Promise.all(clients.map((client) => client.guest));
    assert.is(first, second);
    const machine = findMachine(NAME);
    assert.ok(machine, "the guest is known to other processes");
    // Only one of the two is its parent; that both are killed is the worst that can happen to it.
    for (const client of clients) client.process.kill("SIGKILL");
    assert.ok(await waitFor(() => findMachine(NAME) === null), "the guest outlived its process");
    assert.ok(await waitFor(() => isGone(machine!.pid)), "its QEMU is still there");
  } finally {
    for (const client of clients) client.process.kill("SIGKILL");
  }
});

test("a kernel that crashes is reported with the end of its console", async () => {
  const guest = await bootGuest(NAME);
  try {
    await guest.run("echo 8 >/proc/sys/kernel/printk; sleep 1; echo c >/proc/sysrq-trigger");
    assert.unreachable("the guest should have crashed");
  } catch (error) {
    assert.match((error as Error).message, "the guest has ended; its console ends:");
    assert.match((error as Error).message, "Kernel panic - not syncing: sysrq triggered crash");
  }
  assert.match((await (await bootGuest(NAME)).run("uname -r")).stdout, /^6\.1\./, "the next user gets a fresh one");
});

test.after(() => shutdownGuests());

/** A zombie process has no command line any more. */
function isGone(pid: number): boolean {
  return !existsSync(`/proc/${pid}/exe`);
}

test.run();
