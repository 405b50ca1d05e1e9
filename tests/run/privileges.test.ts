// Root and what takes its place: sudo and the -c command, an installed agent and its group, and the words for what
// stands in the way.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { rightsOf } from "../../cli/rights.ts";
import { type Ended, Remote, runClient } from "./remote.ts";

const test = suite("privileges");
let remote: Remote;
const INSTALLED = "/usr/local/lib/stap-remote/stap-agent";
const KPROBE = 'probe kernel.function("vfs_read") { println("kprobe"); exit() }';

test.before(async () => {
  remote = await Remote.open();
  await remote.run(["-e", "probe begin { exit() }"]);
});
test.after(async () => {
  await remote.shell("rm -rf /usr/local/lib/stap-remote /tmp/granted; sysctl -w kernel.perf_event_paranoid=3");
  await remote.close();
});

function as(user: string, ...argv: string[]): Promise<Ended> {
  return runClient([...argv, ...remote.address(user)]);
}

test("under --sudo, the command has the login user's ids and limits, and the home stays the user's", async () => {
  const command = "id -u; ulimit -l; md5sum < /proc/self/limits";
  const expected = await remote.guest.run(command, { user: "tester" });
  await remote.shell(`echo 'Defaults env_keep += "HOME XDG_CACHE_HOME"' >> /etc/sudoers`);
  const { status, out, err } = await as("tester", "--sudo", "-c", command, "-e", 'probe begin { println("begin") }');
  await remote.shell("sed -i /env_keep/d /etc/sudoers");
  assert.equal([status, err], [0, ""]);
  assert.equal(out.split("\n").sort(), ["begin", ...expected.stdout.split("\n")].sort());
  assert.is((await remote.shell("find /home/tester -user root")).out, "");
});

test("under --sudo, system() runs commands as the login user", async () => {
  const script = 'probe begin { system("id -u; ls /root"); exit() }';
  const { status, out, err } = await as("tester", "--sudo", "-e", script);
  assert.equal([status, out], [0, (await remote.guest.run("id -u", { user: "tester" })).stdout]);
  assert.match(err, /^ls: .*Permission denied$/m);
});

test("a user who may not run sudo is refused with sudo's words, and asked nothing", async () => {
  const began = Date.now();
  const { status, err } = await as("nosudo", "--sudo", "-e", "probe begin { exit() }");
  assert.is(status, 4);
  assert.match(err, "refused: Sorry, user nosudo may not run sudo");
  assert.ok(Date.now() - began < 20_000);
});

test("an installed agent serves its group without root, is refused to others, and goes", async () => {
  const installed = await as("tester", "install", "--sudo", "--group", "nosudo");
  assert.equal([installed.status, installed.out], [0, ""]);
  assert.match(
    installed.err,
    /^Installed .* for group 'nosudo'.\nWARNING: members .* can now read the kernel's memory/,
  );
  assert.match((await remote.shell(`ls -l ${INSTALLED}`)).out, /^-rwxr-x--- +1 root +nosudo /);
  await remote.shell("sysctl -w kernel.perf_event_paranoid=2");
  const member = await as("nosudo", "-e", KPROBE);
  assert.equal([member.status, member.out, member.err], [0, "kprobe\n", ""]);
  const command = await as("nosudo", "-c", "id -u; grep CapEff /proc/self/status", "-e", "probe begin { n++ }");
  assert.match(command.out, /^1001\nCapEff:\t0+\n$/);
  assert.match((await as("asker", "-e", KPROBE)).err, "it is not in the group that may run the agent");
  await remote.shell("sysctl -w kernel.perf_event_paranoid=3");
  // fentry, which is the choice on some kernels, is no perf event.
  const paranoid = await as("nosudo", "--attach", "kprobe", "-e", KPROBE);
  assert.is(paranoid.status, 4);
  assert.match(paranoid.err, "sysctl -w kernel.perf_event_paranoid=2");
  await remote.shell(`echo >> ${INSTALLED}`);
  assert.match((await as("nosudo", "-e", KPROBE)).err, /of another release; install it again/);
  const pushed = await as("tester", "--sudo", "-e", KPROBE);
  assert.equal([pushed.status, pushed.out], [0, "kprobe\n"]);
  assert.match(pushed.err, /^WARNING: .* is of another release than this program: install it again/);
  assert.is((await as("tester", "uninstall", "--sudo")).status, 0);
  assert.is((await remote.shell("ls -d /usr/local/lib/stap-remote")).out, "");
});

test("a group that does not exist is not given anything", async () => {
  const { status, err } = await as("tester", "install", "--sudo", "--group", "nobody-here");
  assert.is(status, 4);
  assert.match(err, /cannot be given to the group: chgrp: .*nobody-here/);
  assert.is((await remote.shell(`ls -A ${INSTALLED.replace(/[^/]*$/, "")}`)).out, "");
});

/** Masks of file capabilities, and what the agent says with them to a user without any. */
const OBSTACLES: [string, string, RegExp][] = [
  ["CAP_PERFMON is missing", "8000000000", /This user lacks CAP_PERFMON: become root with --sudo/],
  ["CAP_BPF is missing", "4000000000", /This user lacks CAP_BPF:/],
  ["perf events are forbidden", "c001000000", /kernel.perf_event_paranoid is 3, which forbids perf_event_open/],
];
for (const [what, mask, words] of OBSTACLES) {
  test(`says so where ${what}`, async () => {
    const object = await kprobeObject();
    const copy = `cp ${remote.agentPath} /tmp/granted && chmod 755 /tmp/granted`;
    const grant = `/tmp/granted grant /tmp/granted ${mask}`;
    const { out, err } = await remote.shell(
      `${copy} && ${grant} && su nosudo -c '/tmp/granted run ${object} -T 1' 2>&1`,
    );
    assert.match(out + err, words);
  });
}

test("says so in a user namespace", async () => {
  const object = await kprobeObject();
  const { out } = await remote.shell(`unshare -U -r ${remote.agentPath} run ${object} -T 1 2>&1`);
  assert.match(out, "This is a user namespace, as of a rootless container");
});

/** Scripts that need different rights; all of them print "seen". */
const CONTAINED = [
  'probe kernel.trace("sched_switch") { println("seen") exit() }',
  'probe kernel.function("vfs_write") { println("seen") exit() }',
  'probe kernel.function("vfs_write").return { println("seen") exit() }',
  'probe timer.profile { printf("%s\\nseen\\n", symname(stack(0))) exit() }',
];

/** Numbers of capabilities (uapi/linux/capability.h). */
const NUMBERS: Record<string, number> = { SYS_ADMIN: 21, SYS_RESOURCE: 24, SYSLOG: 34, PERFMON: 38, BPF: 39 };

test("the capabilities of 'manifest' suffice to a user without any, and are needed", async () => {
  await remote.shell("sysctl -w kernel.perf_event_paranoid=2");
  const run = async (names: string[]) => {
    const mask = names.reduce((bits, name) => bits | (1n << BigInt(NUMBERS[name] as number)), 0n).toString(16);
    const copy = `cp ${remote.agentPath} /tmp/granted && chmod 755 /tmp/granted`;
    const grant = `/tmp/granted grant /tmp/granted ${mask}`;
    const { out, err } = await remote.shell(
      `${copy} && ${grant} && su nosudo -c '/tmp/granted run /tmp/granted.bo -T 5' 2>&1`,
    );
    return out + err;
  };
  const needless: string[] = [];
  for (const script of CONTAINED) {
    const bytes = await objectInGuest(script);
    const names = rightsOf(bytes).capabilities.map(({ name }) => name);
    const said = await run(names);
    assert.ok(/^seen$/m.test(said), `${script} with ${names.join(" ")}: ${said}`);
    for (const one of ["BPF", "PERFMON"]) {
      if (/^seen$/m.test(await run(names.filter((name) => name !== one)))) needless.push(`${one}: ${script}`);
    }
  }
  await remote.shell("sysctl -w kernel.perf_event_paranoid=3");
  assert.equal(needless, []);
});

/** The path of an object in the guest, which every user may read. */
async function kprobeObject(): Promise<string> {
  await objectInGuest(KPROBE);
  return "/tmp/granted.bo";
}

/** Puts a script's object into the guest. */
async function objectInGuest(script: string): Promise<Uint8Array> {
  const { out } = await remote.run(["-p4", "-m", "privileges_test", "-e", script]);
  const { readFileSync, rmSync } = await import("node:fs");
  const bytes = readFileSync(out.trim());
  rmSync(out.trim());
  await remote.guest.run("cat > /tmp/granted.bo; chmod 644 /tmp/granted.bo", { input: bytes });
  return bytes;
}

test.run();
