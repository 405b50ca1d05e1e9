// The agent by itself, as on a machine that no host can reach: two files copied by hand, formatted text on standard
// output.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bootGuest, type Guest, type GuestResult, shutdownGuests } from "../guest.ts";
import { CLIENT } from "./remote.ts";

const test = suite("alone");
const folder = mkdtempSync(join(tmpdir(), "stap-alone-"));
let guest: Guest;

test.before(async () => {
  guest = await bootGuest(process.env.STAP_REMOTE_GUEST || "6.12");
  const agent = readFileSync(new URL(`../../build/stap-agent-${guest.arch}`, import.meta.url));
  await put("stap-agent", agent);
});
test.after(async () => {
  rmSync(folder, { recursive: true });
  await guest.run("rm -rf /tmp/alone");
  await shutdownGuests();
});

async function put(name: string, bytes: Buffer): Promise<void> {
  const { code, stderr } = await guest.run(
    `mkdir -p /tmp/alone && cat > /tmp/alone/${name} && chmod 755 /tmp/alone/${name}`,
    { input: bytes },
  );
  assert.is(code, 0, stderr);
}

/** Compiles here, runs there; `$AGENT` in the command line is the agent, `x.bo` the object. */
async function run(script: string, command = "$AGENT run x.bo"): Promise<GuestResult> {
  const object = join(folder, "x.bo");
  const compiled = spawnSync(process.execPath, [CLIENT, "-p4", "-a", guest.arch, "-o", object, "-e", script]);
  assert.is(compiled.status, 0, String(compiled.stderr));
  await put("x.bo", readFileSync(object));
  return guest.run(`cd /tmp/alone && AGENT=./stap-agent && ${command}`);
}

test("prints what the script prints, and runs end probes", async () => {
  const script = 'probe begin { printf("%s %5d|\\n", "hi", 42) exit() } probe end { println("bye") }';
  const { code, stdout, stderr } = await run(script);
  assert.equal({ code, stdout, stderr }, { code: 0, stdout: "hi    42|\nbye\n", stderr: "" });
});

test("sees a command from its first system call, and only then ends", async () => {
  const script =
    'global n probe kernel.function("vfs_read") { if (pid() == target()) n++ } probe end { println(n >= 1000) }';
  const { code, stdout } = await run(script, '$AGENT run x.bo -c "dd if=/dev/zero of=/dev/null bs=1 count=1000"');
  assert.is(stdout, "1\n");
  assert.is(code, 0);
});

test("commands of system() print where the agent prints, in order", async () => {
  const script = `probe begin { println("one"); system("echo two"); exit() }
    probe end { println("three"); system("sleep 0.5; echo four; echo error >&2") }`;
  const { code, stdout, stderr } = await run(script);
  assert.equal({ code, stderr }, { code: 0, stderr: "error\n" });
  assert.is(stdout, "one\nthree\ntwo\nfour\n");
});

test("names addresses of the kernel itself", async () => {
  const script = "probe timer.profile { if (stack(1)) { print_backtrace(); exit() } }";
  const { code, stdout, stderr } = await run(script, "$AGENT run x.bo -T 20");
  assert.is(code, 0, stderr);
  assert.match(stdout, /^ 0x[0-9a-f]{16} : [\w.]+\+0x\w+\/0x\w+ \[\w+\]\n/);
});

test("says how a command failed", async () => {
  const { code, stdout, stderr } = await run("probe begin { n++ }", '$AGENT run x.bo -c "echo out; exit 3"');
  assert.is(stdout, "out\n");
  assert.match(stderr, /Child process exited with status 3/);
  assert.is(code, 1);
});

test("kills a command that still runs when the script exits", async () => {
  const { code, stdout, stderr } = await run(
    "probe timer.ms(300) { println(target() > 1) exit() }",
    '$AGENT run x.bo -c "sleep 987"; code=$?; pidof sleep | wc -w; exit $code',
  );
  assert.equal({ code, stdout, stderr }, { code: 0, stdout: "1\n0\n", stderr: "" });
});

test("stops after -T seconds, writes to -o, knows -x", async () => {
  const script = 'probe begin { println(target()) } probe end { println("end") }';
  const { code, stdout } = await run(script, "$AGENT run x.bo -T 0.5 -o out.txt -x 1 && cat out.txt");
  assert.is(stdout, "1\nend\n");
  assert.is(code, 0);
});

test("runs end probes on SIGTERM and on Ctrl-C", async () => {
  for (const signal of ["TERM", "INT"]) {
    const { code, stdout } = await run(
      'probe end { println("end") }',
      `$AGENT run x.bo & sleep 1; kill -${signal} $!; wait $!`,
    );
    assert.is(stdout, "end\n");
    assert.is(code, 130);
  }
});

test("reports an error with its position and runs error probes instead of end probes", async () => {
  const script =
    'probe begin { println(1 / (pid() - pid())) } probe end { println("end") } probe error { println("error") }';
  const { code, stdout, stderr } = await run(script);
  assert.is(stdout, "error\n");
  assert.match(stderr, /ERROR: division by 0 near operator '\/' at .*:1:25\n/);
  assert.match(stderr, /Number of errors: 1/);
  assert.is(code, 1);
});

test("prints globals that are written and never read", async () => {
  const { stdout } = await run('global n, s probe begin { n = 42 s = "text" exit() }');
  assert.is(stdout, 'n=42\ns="text"\n');
});

test("ends when the reader of its output does", async () => {
  const { code, stdout } = await run(
    "probe timer.ms(10) { println(1) }",
    'timeout 20 sh -c "$AGENT run x.bo | head -n 2"; code=$?; sleep 1; pidof stap-agent | wc -w; exit $code',
  );
  assert.is(stdout, "1\n1\n0\n");
  assert.is(code, 0);
});

/** Starts a shell command in the guest over a connection of its own, and waits for its agent. */
async function startApart(command: string, options: string[]): Promise<ChildProcess> {
  const args = ["-F", guest.sshConfig, "-S", "none", "-o", "ControlPath=none", ...options, "guest"];
  const ssh = spawn("ssh", [...args, `cd /tmp/alone && ${command}`], { stdio: ["pipe", "pipe", "pipe"] });
  for (let i = 0; i < 50; ++i) {
    const { stdout } = await guest.run("pidof stap-agent");
    if (stdout.trim() !== "") return ssh;
    await sleep(100);
  }
  throw new Error("the agent does not start");
}

/** Kills the server's process of the connection that the agent was started through. */
const CUT = `p=$(pidof stap-agent); while [ "$p" -gt 1 ]; do
  p=$(awk '/^PPid/ { print $2 }' /proc/$p/status)
  case $(cat /proc/$p/comm) in sshd*) kill -9 $p; exit 0;; esac
done; exit 1`;

test("ends within a second when its connection is killed, though the script prints nothing", async () => {
  await run("probe timer.s(100) { println(1) }", "true");
  const silent = "./stap-agent run x.bo";
  for (const [command, options] of [
    [silent, []],
    [`${silent} | cat`, ["-n"]],
    [`${silent} > out`, []],
    [silent, ["-tt"]],
  ] as [string, string[]][]) {
    const ssh = await startApart(command, options);
    await sleep(800);
    const { stdout } = await guest.run(`pidof stap-agent > /dev/null || echo early; ${CUT}`);
    assert.is(stdout, "", `${command} ${options}: it runs until the connection is killed`);
    await sleep(1000);
    const left = await guest.run("pidof stap-agent");
    assert.is(left.stdout, "", `${command} ${options}`);
    ssh.kill();
  }
});

test("escapes the machine's control characters on a terminal, and nowhere else", async () => {
  const script = `probe kernel.function("do_exit") {
    if (pid() == target()) {
      printf("\\033[1m%s\\n", execname())
      warn(execname())
    }
  }`;
  const name = `"./$(printf '\\033[31mevil')"`;
  await put("plain", Buffer.from("#!/bin/sh\n:\n"));
  await put("named", Buffer.from(`#!/bin/sh\nexec ${name}\n`));
  const command = `ln -f plain ${name} && ./stap-agent run x.bo -c ./named`;
  const piped = await run(script, command);
  assert.equal([piped.stdout, piped.stderr], ["\x1b[1m\x1b[31mevil\n", "WARNING: \x1b[31mevil\n"]);
  for (const [option, shown] of [
    ["", "\\x1b[31mevil"],
    ["--raw", "\x1b[31mevil"],
  ] as const) {
    const args = ["-F", guest.sshConfig, "-S", "none", "-o", "ControlPath=none", "-tt", "guest"];
    const { stdout } = spawnSync("ssh", [...args, `cd /tmp/alone && ${command} ${option}`], { input: "" });
    const lines = String(stdout).split("\r\n").sort();
    assert.equal(lines, ["", "Tracing: 1 probes are attached.", `\x1b[1m${shown}`, `WARNING: ${shown}`].sort());
  }
});

test("says all that it has to say to a slow reader, on both streams", async () => {
  const script = `
    probe oneshot { for (i = 0; i < 3000; ++i) { println("out " . sprint(i)) warn("err " . sprint(i)) } }
    probe end { println("last") }`;
  const slow = "{ sleep 2; cat; }";
  const { stdout } = await run(
    script,
    `($AGENT run x.bo 2>&1 >&3 | ${slow} | grep -c 'err ' >&2) 3>&1 2>errs | ${slow} | grep -cE 'out |last'; cat errs`,
  );
  assert.is(stdout, "3001\n3000\n");
});

test("says what is missing: the object, root, a number", async () => {
  const none = await run("probe begin { n++ }", "$AGENT run nosuch.bo");
  assert.is(none.code, 2);
  assert.match(none.stderr, /cannot read 'nosuch.bo': No such file or directory/);
  const number = await guest.run("/tmp/alone/stap-agent run /tmp/alone/x.bo -T soon");
  assert.is(number.code, 2);
  assert.match(number.stderr, /'soon' is not a number of seconds/);
  const user = await guest.run("/tmp/alone/stap-agent run /tmp/alone/x.bo", { user: "tester" });
  assert.is(user.code, 4);
  assert.match(user.stderr, /Operation not permitted|Permission denied/);
  assert.match(user.stderr, /root|sudo/);
});

test.run();
