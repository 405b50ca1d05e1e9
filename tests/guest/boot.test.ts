// Every kernel of the matrix boots and has what tests rely on: two CPUs, BTF, the accounts, bpftool.

import { suite, test } from "uvu";
import * as assert from "uvu/assert";
import { bootGuest, GUEST_NAMES, shutdownGuests } from "../guest.ts";

const RELEASES: Record<string, RegExp> = {
  "5.10": /^5\.10\./,
  "6.1": /^6\.1\./,
  "6.12": /^6\.12\./,
  sid: /^([7-9]|\d\d)\./,
  arm64: /^6\.12\./,
};

for (const name of GUEST_NAMES) {
  const kernel = suite(name);

  kernel(`guest ${name} boots its own kernel on two CPUs with kernel types and symbols`, async () => {
    const guest = await bootGuest(name);
    const script = "uname -r; uname -m; nproc; test -s /sys/kernel/btf/vmlinux && echo btf; wc -l </proc/kallsyms";
    const { code, stdout, stderr } = await guest.run(script);
    assert.is(code, 0, stderr);
    const [release, cpu, cpus, btf, symbols] = stdout.trim().split("\n");
    assert.match(release, RELEASES[name]);
    assert.is(release, guest.release);
    assert.is(cpu, guest.arch === "arm64" ? "aarch64" : "x86_64");
    assert.is(cpus, "2");
    assert.is(btf, "btf");
    assert.ok(Number(symbols) > 50_000, `${symbols} kernel symbols`);
    assert.match(guest.console(), `guest ready: ${release}`);
  });

  kernel(`guest ${name} has accounts with and without sudo`, async () => {
    const guest = await bootGuest(name);
    assert.is((await guest.run("id -u")).stdout, "0\n");
    assert.is((await guest.run("id -u; sudo -n id -u", { user: "tester" })).stdout, "1000\n0\n");
    assert.is.not((await guest.run("sudo -n id -u", { user: "nosudo" })).code, 0);
    assert.is.not((await guest.run("sudo -n id -u", { user: "asker" })).code, 0);
    assert.is((await guest.run("echo guest | sudo -S -p '' id -u", { user: "asker" })).stdout, "0\n");
    assert.is.not((await guest.run("echo wrong | sudo -S -p '' id -u", { user: "asker" })).code, 0);
  });

  kernel(`guest ${name} has bpftool, bpffs and tracefs`, async () => {
    const guest = await bootGuest(name);
    const { code, stdout, stderr } = await guest.run(
      "set -e; bpftool prog list >/dev/null; bpftool map list >/dev/null; bpftool link list >/dev/null;" +
        "test -d /sys/kernel/tracing/events/syscalls; grep -c ' /sys/fs/bpf bpf ' /proc/mounts",
    );
    assert.is(code, 0, stderr);
    assert.is(stdout, "1\n");
  });

  // One guest at a time: they share the machine's processors with everything else.
  kernel.after(() => shutdownGuests());
  kernel.run();
}

test("a command's exit status, output and errors come back apart", async () => {
  const guest = await bootGuest("6.12");
  assert.equal(await guest.run("echo out; echo err >&2; exit 3"), { code: 3, stdout: "out\n", stderr: "err\n" });
  assert.is((await guest.run("exit 255")).code, 255);
  assert.is((await guest.run("wc -c", { input: Buffer.alloc(100_000) })).stdout, "100000\n");
});

test("a command that takes too long is an error that names it", async () => {
  const guest = await bootGuest("6.12");
  try {
    await guest.run("sleep 30", { timeoutMs: 1500 });
    assert.unreachable("the command should not have ended");
  } catch (error) {
    assert.match((error as Error).message, "'sleep 30' in guest 6.12: not done after 1.5 seconds");
  }
});

test("an unknown guest is an error that lists the known ones", async () => {
  try {
    await bootGuest("2.4");
    assert.unreachable("there is no such guest");
  } catch (error) {
    assert.match((error as Error).message, "no guest is called '2.4'; there are 5.10, 6.1, 6.12, sid, arm64");
  }
});

test.after(() => shutdownGuests());
test.run();
