// Objects on a real kernel: loaded by bpftool, run by the agent alone, run by the client from a file, and refused by
// the verifier after an instruction was damaged by hand.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { breakFirstStore } from "./broken.ts";
import { Remote } from "./remote.ts";

const test = suite("object");
let remote: Remote;
let folder = "";

const SCRIPT = `global reads
probe begin { printf("begins with %d\\n", reads) }
probe kernel.function("vfs_read") {
  if (execname() != "dd") next
  reads++
  printf("%s reads: %d\\n", execname(), pid() > 0)
}
probe kernel.function("vfs_read").return { reads += 0 }
probe kernel.trace("sched_switch") { reads += 0 }
probe timer.profile { reads += 0 }
probe timer.ms(50) { if (reads > 0) exit() }
probe end { printf("%d read\\n", reads > 0) }
`;

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), "stap-object-"));
  remote = await Remote.open();
  await remote.run(["-e", "probe begin { exit() }"]); // the agent is there from now on
});
test.after(async () => {
  await remote.shell("rm -rf /tmp/object");
  rmSync(folder, { recursive: true });
  await remote.close();
});

/** Compiles for the guest's CPU without a remote; the object's path. */
async function compile(name: string, script: string): Promise<string> {
  const source = join(folder, `${name}.stp`);
  const object = join(folder, `${name}.bo`);
  writeFileSync(source, script);
  const { status, err } = await remote.runHere(["-a", remote.guest.arch, "-p4", "-o", object, source]);
  assert.equal([status, err], [0, ""]);
  return object;
}

/** Copies a file into the guest. */
async function put(path: string, to: string): Promise<void> {
  const folderThere = to.replace(/\/[^/]*$/, "");
  const { code, stderr } = await remote.guest.run(`mkdir -p ${folderThere} && cat > ${to}`, {
    input: readFileSync(path),
  });
  assert.is(code, 0, stderr);
}

test("bpftool loads all programs of an object, and shows the script's lines in them", async () => {
  await put(await compile("lines", SCRIPT), "/tmp/object/lines.bo");
  const pins = "/sys/fs/bpf/stap-test";
  try {
    const load = await remote.shell(`bpftool prog loadall /tmp/object/lines.bo ${pins} && ls ${pins}`);
    assert.is(load.status, 0, load.err + load.out);
    const programs = load.out.trim().split("\n");
    assert.is(programs.length, 4, load.out);
    const dumps = programs.map((name) => `bpftool prog dump xlated pinned ${pins}/${name} linum`);
    const { out, err } = await remote.shell(dumps.join("; "));
    assert.match(out, /; .*printf\("%s reads: %d\\n", execname\(\), pid\(\) > 0\)/, err);
    assert.match(out, /\[file:lines\.stp line_num:6 line_col:\d+\]/);
  } finally {
    await remote.shell(`rm -rf ${pins}`);
  }
});

test("the agent runs an object by itself", async () => {
  await put(await compile("alone", SCRIPT), "/tmp/object/alone.bo");
  const load = "(sleep 2; dd if=/proc/version of=/dev/null 2>/dev/null) >/dev/null &";
  const run = `${load} ${remote.agentPath} run /tmp/object/alone.bo -T 20`;
  const { status, out, err } = await remote.shell(run);
  assert.equal([status, err], [0, ""]);
  assert.match(out, /^begins with 0\n(dd reads: 1\n)+1 read\n$/);
});

test("the agent alone runs a command, and says what a failed one returned", async () => {
  const script = 'probe begin { printf("%d\\n", target() > 0) } probe end { println("end") }';
  await put(await compile("command", script), "/tmp/object/command.bo");
  const { status, out, err } = await remote.shell(
    `${remote.agentPath} run /tmp/object/command.bo -c 'echo hi; exit 3'`,
  );
  assert.equal(out.trimEnd().split("\n").sort(), ["1", "end", "hi"]);
  assert.match(err, /status 3/);
  assert.is(status, 1);
});

test("the agent alone ends by SIGINT with its end probes", async () => {
  const script = 'probe begin { println("begin") } probe end { println("end") }';
  await put(await compile("signal", script), "/tmp/object/signal.bo");
  const run = `${remote.agentPath} run /tmp/object/signal.bo & p=$!; sleep 1; kill -INT $p; wait $p; echo "status $?"`;
  const { out, err } = await remote.shell(run);
  assert.equal([out, err], ["begin\nend\nstatus 130\n", ""]);
});

test("the agent alone says in one line what is wrong with a file", async () => {
  await put(await compile("whole", SCRIPT), "/tmp/object/whole.bo");
  const cut = "head -c 700 /tmp/object/whole.bo > /tmp/object/cut.bo; head -c 3000 /dev/urandom > /tmp/object/noise.bo";
  await remote.shell(cut);
  for (const file of ["cut.bo", "noise.bo", "absent.bo"]) {
    const { status, out, err } = await remote.shell(`${remote.agentPath} run /tmp/object/${file}`);
    assert.is.not(status, 0);
    assert.is(out, "");
    assert.match(err, /^stap-agent: .*\n/);
  }
});

test("the client runs an object that was built elsewhere", async () => {
  const object = await compile("elsewhere", SCRIPT);
  const attached = async () => void (await remote.shell("dd if=/proc/version of=/dev/null"));
  const { status, out, err } = await remote.run(["run", object, "-T", "20"], { attached });
  assert.equal([status, err], [0, ""]);
  assert.match(out, /^begins with 0\n(dd reads: 1\n)+1 read\n$/);
});

test("an object for another CPU is refused", async () => {
  const other = remote.guest.arch === "arm64" ? "x86_64" : "arm64";
  const object = join(folder, "other.bo");
  const script = 'probe kernel.function("sys_read") { exit() }';
  await remote.runHere(["-a", other, "-p4", "-o", object, "-e", script]);
  const { status, err } = await remote.run(["run", object]);
  assert.is(status, 4);
  assert.match(err, /^stap-remote: .*(arm64|x86_64|CPU)/);
});

test("a program that the verifier refuses is explained at its line in the script", async () => {
  const script =
    'probe begin { println("never seen") }\nprobe kernel.function("vfs_read")\n{\n  printf("%d\\n", pid())\n}\n';
  const path = await compile("refused", script);
  const object = new Uint8Array(readFileSync(path));
  breakFirstStore(object, "kprobe/vfs_read");
  writeFileSync(path, object);
  const { status, out, err } = await remote.run(["run", path]);
  assert.equal([status, out], [4, ""]);
  assert.match(err, /^ERROR: the kernel's verifier refused probe kernel\.function\("vfs_read"\): R9 !read_ok/);
  assert.match(err, /^\s+at: .*refused\.stp:4:\d+\n\s+source: {3}printf\("%d\\n", pid\(\)\)\n\s+\^\n/m);
  assert.match(err, /^\s+instruction: \d+: \S/m);
  assert.match(err, /Pass 5: run failed\.\n$/);
  const log = join(folder, "verifier.log");
  const full = await remote.run(["run", path, `--verifier-log=${log}`]);
  assert.is(full.status, 4);
  assert.match(readFileSync(log, "utf8"), /processed \d+ insns/);
});

test("nothing of a refused object stays", async () => {
  const before = await remote.traces();
  await remote.run(["run", join(folder, "refused.bo")]);
  assert.is(await remote.leftBehind(before), "");
});

test("an object with what cannot be relocated in it runs there, and is refused by another kernel", async () => {
  const script = 'probe kernel.function("vfs_read") { if (&@var("jiffies")) exit() } probe end { print("done\\n") }';
  const path = join(folder, "typed.bo");
  const compiled = await remote.run(["-p4", "-o", path, "-e", script]);
  assert.is(compiled.status, 0, compiled.err);
  const during = { attached: async () => void (await remote.shell("cat /proc/version")) };
  assert.is((await remote.run(["run", path], during)).out, "done\n");
  const object = readFileSync(path, "latin1");
  const [feature, id] = /kernel=([0-9a-f]{40})/.exec(object)!;
  const other = feature.replace(id!, "c0ffee".padEnd(40, "0"));
  writeFileSync(path, Buffer.from(object.replace(feature, other), "latin1"));
  const { status, err } = await remote.run(["run", path]);
  assert.is(status, 4, err);
  const reason = "because of the variable 'jiffies'";
  const text = `compiled with the types of another kernel \\(c0ffee0+; this one is ${id}\\), .* ${reason}`;
  assert.match(err, new RegExp(text));
  assert.is(err.trim().split("\n").length, 1, err);
  const untyped = readFileSync(await compile("untyped", SCRIPT), "latin1");
  assert.not.match(untyped, /kernel=/);
});

test.run();
