// --cgroup and --container: only tasks of the group, or below it, are traced.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote, runClient } from "./remote.ts";

const test = suite("cgroup");
let remote: Remote;
const ROOT = "/sys/fs/cgroup";
const ID = "3f2a91c0b7d84e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7";
const BOX = `box.slice/docker-${ID}.scope`;

/** Counts the writes of dd, by how much it writes; says the group's number. */
const SCRIPT = `
global writes
probe kernel.function("vfs_write") {
  if (execname() == "dd" && uint_arg(3) % 11 == 0) writes[uint_arg(3), cgroup_id()]++
}
probe end { foreach ([bytes, group+] in writes) printf("%d: %d in %d\\n", bytes, writes[bytes, group], group) }
`;

/** What runs: dd writes 11 bytes in no group, 22 in the group, 33 below it. */
const LOAD = `
dd if=/dev/zero of=/dev/null bs=11 count=1
in_group() { sh -c 'echo $$ > ${ROOT}/'$1'/cgroup.procs; exec dd if=/dev/zero of=/dev/null count=1 bs='$2; }
in_group ${BOX} 22
in_group ${BOX}/inner 33
`;

test.before(async () => {
  remote = await Remote.open();
  await remote.run(["-e", "probe begin { exit() }"]);
  await remote.shell(`mkdir -p ${ROOT}/${BOX}/inner; mkdir -p ${ROOT}/other`);
});
test.after(async () => {
  await remote.shell(
    `rmdir ${ROOT}/${BOX}/inner ${ROOT}/${BOX} ${ROOT}/box.slice ${ROOT}/other; rm -f /usr/bin/docker`,
  );
  await remote.close();
});

async function traced(...options: string[]): Promise<string> {
  const attached = async () => void (await remote.shell(LOAD));
  const { out, err } = await remote.run([...options, "-e", SCRIPT], { attached });
  assert.is(err, "");
  return out;
}

async function numberOf(group: string): Promise<string> {
  return (await remote.shell(`stat -c %i ${ROOT}/${group}`)).out.trim();
}

test("without the option all tasks are traced, and cgroup_id() is the number of their group's directory", async () => {
  const lines = await traced();
  assert.match(lines, /^11: 1 in \d+$/m);
  assert.match(lines, `22: 1 in ${await numberOf(BOX)}\n`);
  assert.match(lines, `33: 1 in ${await numberOf(`${BOX}/inner`)}\n`);
});

test("a group is named by its directory, whole or below the mount; what is below it counts", async () => {
  const expected = `22: 1 in ${await numberOf(BOX)}\n33: 1 in ${await numberOf(`${BOX}/inner`)}\n`;
  assert.is(await traced("--cgroup", `${ROOT}/${BOX}`), expected);
  assert.is(await traced("--cgroup", "box.slice"), expected);
  assert.is(await traced("--cgroup", `/${BOX}/inner`), `33: 1 in ${await numberOf(`${BOX}/inner`)}\n`);
  assert.is(await traced("--cgroup", "other"), "");
});

test("the beginning of a container's id finds the group of its processes", async () => {
  const attached = async () => void (await remote.shell(LOAD));
  await remote.shell(`sh -c 'echo $$ > ${ROOT}/${BOX}/inner/cgroup.procs; exec sleep 1000' >/dev/null 2>&1 &`);
  const { out, err } = await remote.run(["--cgroup", ID.slice(0, 10), "-e", SCRIPT], { attached });
  assert.is(err, "");
  assert.match(out, /^22: 1 in \d+\n33: 1 in \d+\n$/);
});

test("the engine of the remote is asked for the name of a container", async () => {
  const script = 'probe kernel.function("vfs_write") { if (execname() == "sh") { println("seen"); exit() } }';
  const question = "inspect --type container --format {{.Id}} -- web-1";
  const answer = `[ "$*" = "${question}" ] && echo ${ID}`;
  await remote.shell(`printf '%s\\n' '#!/bin/sh' '${answer}' > /usr/bin/docker; chmod 755 /usr/bin/docker`);
  const loop = "for i in $(seq 300); do echo; sleep 0.2; done";
  await remote.shell(`(sh -c 'echo $$ > ${ROOT}/${BOX}/cgroup.procs; ${loop}' >/dev/null 2>&1 &)`);
  const found = await runClient([...remote.address(), "--container", "web-1", "-T", "30", "-e", script]);
  assert.equal([found.out, found.err, found.status], ["seen\n", "", 0]);
  const unknown = await runClient([...remote.address(), "--container", "web-2", "-e", script]);
  assert.is(unknown.status, 4);
  assert.match(unknown.err, /no container is called 'web-2' on .*asked were docker, podman, crictl/s);
  await remote.shell("pkill -x sleep; pkill -f 'seq 300'");
});

test("a group that is not there, or no group, is refused", async () => {
  const none = await remote.run(["--cgroup", "/no/such", "-e", SCRIPT]);
  assert.match(none.err, "control group or container '/no/such' is not there");
  const file = await remote.run(["--cgroup", "/tmp", "-e", SCRIPT]);
  assert.match(file.err, "control group or container '/tmp' has no directory of version 2");
  const id = await remote.run(["--cgroup", "abcdef0123", "-e", SCRIPT]);
  assert.match(id.err, "control group or container 'abcdef0123' is not there");
});

test.run();
