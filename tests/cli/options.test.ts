// The command line as people type it.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { UsageError } from "../../cli/exit.ts";
import { OPTIONS } from "../../cli/option-rows.ts";
import { helpText, parseOptions } from "../../cli/options.ts";

function refusal(...argv: string[]): string {
  try {
    parseOptions(argv);
  } catch (error) {
    assert.instance(error, UsageError);
    return (error as Error).message;
  }
  throw new Error(`accepted: ${argv.join(" ")}`);
}

test("options may follow the script's name, as in stap", () => {
  const settings = parseOptions(["-v", "x.stp", "-v", "--local", "3", "-c", "ls -l", "-5"]);
  assert.is(settings.file, "x.stp");
  assert.is(settings.verbose, 2);
  assert.is(settings.command, "ls -l");
  assert.equal(settings.args, ["3", "-5"]);
});

test("what follows two dashes are the script's arguments", () => {
  assert.equal(parseOptions(["--local", "x.stp", "1", "--", "-v", "-T"]).args, ["1", "-v", "-T"]);
});

test("with -e all that is no option is an argument", () => {
  const settings = parseOptions(["--local", "-e", "probe begin {}", "a", "-T", "5"]);
  assert.is(settings.script, "probe begin {}");
  assert.is(settings.file, undefined);
  assert.equal(settings.args, ["a"]);
});

test("a dash is a script: standard input", () => {
  assert.is(parseOptions(["-p1", "-"]).file, "-");
});

test("two dashes end the options", () => {
  assert.is(parseOptions(["-p1", "--", "-strange.stp"]).file, "-strange.stp");
});

test("short options take values glued or apart, and may be bundled", () => {
  const settings = parseOptions([
    "-vvp4",
    "-DMAXERRORS=5",
    "-D",
    "MAXSKIPPED=7",
    "-mname",
    "-T5",
    "-x",
    "12",
    "-gu",
    "x.stp",
  ]);
  assert.equal([settings.verbose, settings.pass, settings.module], [2, 4, "name"]);
  assert.equal(settings.define, ["MAXERRORS=5", "MAXSKIPPED=7"]);
  assert.equal([settings.timeoutMs, settings.pid, settings.guru, settings.unoptimized], [5000, 12, true, true]);
});

test("long options take values with = or apart", () => {
  const settings = parseOptions([
    "--host=root@box:22",
    "--identity",
    "k1",
    "--identity=k2",
    "--runtime=bpf",
    "--bpf",
    "x",
  ]);
  assert.is(settings.host, "root@box:22");
  assert.equal(settings.identity, ["k1", "k2"]);
});

test("a value may begin with a dash or hold an equals sign", () => {
  const settings = parseOptions(["--local", "-c", "-weird --cmd=1", "-e", "-"]);
  assert.is(settings.command, "-weird --cmd=1");
  assert.is(settings.script, "-");
});

test("run takes an object and options on both sides of it", () => {
  const settings = parseOptions(["run", "x.bo", "--host", "box", "-T", "0.5"]);
  assert.equal([settings.job, settings.file, settings.host, settings.timeoutMs], ["run", "x.bo", "box", 500]);
});

test("-E adds scripts, -l and -L ask for probe points", () => {
  assert.equal(parseOptions(["-p2", "-E", "a", "-Eb", "x.stp"]).extra, ["a", "b"]);
  assert.equal(parseOptions(["-l", "timer.*"]).list, { pattern: "timer.*", variables: false });
  assert.equal(parseOptions(["-Lvm.*"]).list, { pattern: "vm.*", variables: true });
});

test("stap's --remote is --host or --local", () => {
  assert.is(parseOptions(["--remote", "ssh://root@box", "x.stp"]).host, "root@box");
  assert.is(parseOptions(["--remote=box", "x.stp"]).host, "box");
  assert.is(parseOptions(["--remote=direct://", "x.stp"]).local, true);
});

test("options of stap's that change nothing are taken in silence", () => {
  const words = ["-P", "-d", "kernel", "--ldd", "--color=auto", "--disable-cache", "--runtime=bpf", "--bpf"];
  assert.is(parseOptions(["-p2", ...words, "x.stp"]).file, "x.stp");
});

test("a run that goes on takes a name, and no option that needs the client", () => {
  const detached = (...argv: string[]) => parseOptions(["--host", "box", ...argv]).detach;
  assert.is(detached("--detach", "night", "x.stp"), "night");
  assert.is(detached("-F", "a/slow disk.stp"), "slow_disk");
  assert.is(detached("x.stp"), undefined);
  for (const words of [["-c", "ls"], ["-o", "x"], ["--json"], ["--timestamps"]]) {
    assert.throws(() => detached("--detach", "n", "x.stp", ...words), /needs this program while the run lasts/);
  }
  for (const name of ["", "../x", "a b", "-x", "n".repeat(65)]) {
    assert.throws(() => detached(`--detach=${name}`, "a.stp"), /needs a name/);
    assert.throws(() => parseOptions(["stop", "--host", "box", "--", name]), /cannot be the name of a run/);
  }
  assert.is(parseOptions(["stop", "night", "--host", "box"]).file, "night");
});

test("options that mean nothing here say so in a sentence", () => {
  const words = ["-t", "-b", "-B", "CONFIG_X=y", "--modinfo=a=b c"];
  const { notes } = parseOptions(["-p2", ...words, "x.stp"]);
  assert.is(notes.length, 4);
  assert.match(notes.join("\n"), /^option '-t' means nothing here: .*bpftool/);
  assert.equal(parseOptions(["-p2", "--ldd", "x.stp"]).notes, []);
});

test("-S gives the size and number of output files, --vp the verbosity of passes", () => {
  assert.equal(parseOptions(["--local", "-o", "f", "-S2,3", "x"]).rotate, { bytes: 2 << 20, keep: 3 });
  assert.equal(parseOptions(["--local", "-o", "f", "-S", "5", "x"]).rotate, { bytes: 5 << 20, keep: 0 });
  assert.is(parseOptions(["-p2", "--vp", "00201", "x"]).verbose, 2);
});

const REFUSALS: [string[], RegExp][] = [
  [[], /no script/],
  [["x.stp"], /no machine to run on/],
  [["--frobnicate", "x.stp"], /unknown option '--frobnicate'/],
  [["--hots", "b", "x.stp"], /did you mean '--host'/],
  [["-Z", "x.stp"], /unknown option '-Z'/],
  [["-i", "key", "x.stp"], /'--identity'/],
  [["--host"], /needs a value/],
  [["-p9", "x.stp"], /number from 1 to 5, not '9'/],
  [["--local", "-T", "soon", "x.stp"], /number of seconds, or 500ms, 2m, 1h, not 'soon'/],
  [["--local", "-x", "-1", "x.stp"], /not '-1'/],
  [["--local", "-x", "1", "-c", "ls", "x.stp"], /cannot be used together/],
  [["--local", "--host", "b", "x.stp"], /cannot be used together/],
  [["--local", "--cgroup", "a", "--container", "b", "x.stp"], /cannot be used together/],
  [["--local", "--cgroup", "", "x.stp"], /takes a directory below/],
  [["--local", "--container", "a;b", "x.stp"], /is no name of a container/],
  [["-p4", "--container", "web", "x.stp"], /asks a machine/],
  [["-p4", "-m", "a/b", "x.stp"], /is not a valid module name/],
  [["-p4", "-a", "vax", "x.stp"], /vax/],
  [["-p4", "-D", "=3", "x.stp"], /not NAME=VALUE/],
  [["--runtime=kernel", "--local", "x.stp"], /kernel/],
  [["run", "--host", "b"], /needs an object file/],
  [["run", "x.bo", "arg", "--host", "b"], /takes no arguments/],
  [["run", "x.bo", "--host", "b", "-D", "A=1"], /'--define' is for compiling/],
  [["-p2", "-e", "a", "-e", "b"], /only one script with '-e'/],
  [["-p2", "-l", "begin", "x.stp"], /take no script/],
  [["-l", "begin", "-L", "end"], /cannot be used together/],
  [["--local", "-S", "5", "x.stp"], /needs '-o FILE'/],
  [["--local", "-o", "f", "-S", "5,0", "x.stp"], /not '5,0'/],
  [["--prologue-searching=blah", "-p2", "x.stp"], /invalid argument 'blah' for option '--prologue-searching'/],
  [["--color=green", "-p2", "x.stp"], /invalid argument 'green'/],
  [["--privilege", "root", "-p2", "x.stp"], /invalid argument 'root' for option '--privilege'/],
  [["-B", "x", "-p2", "x.stp"], /invalid argument 'x' for option '-B'/],
  [["--modinfo=x", "-p2", "x.stp"], /invalid argument 'x' for option '--modinfo'/],
  [["--dump-functions", "x.stp"], /takes no script/],
  [["--use-server=x", "x.stp"], /part of this program/],
  [["--remote", "libvirt://box", "x.stp"], /only ssh:\/\/ and direct:\/\//],
  [["-p2", "-r", "/usr/src/linux", "x.stp"], /takes a kernel's release/],
  [["--sudo=yes", "--local", "x.stp"], /takes no value/],
];

for (const [argv, pattern] of REFUSALS) {
  test(`refuses: ${argv.join(" ") || "(nothing)"}`, () => {
    assert.match(refusal(...argv), pattern);
    assert.not.match(refusal(...argv), /\n/);
  });
}

test("ssh's own options have long names", () => {
  const ssh = [
    "--user",
    "me",
    "--port=2200",
    "--jump",
    "a,b",
    "--ssh-config",
    "f",
    "--ssh-option",
    "A=b",
    "--ssh-option=C d",
  ];
  const settings = parseOptions(["--host", "box", ...ssh, "x.stp"]);
  assert.equal([settings.user, settings.port, settings.jump, settings.sshConfig], ["me", 2200, "a,b", "f"]);
  assert.equal(settings.sshOptions, ["A=b", "C d"]);
  assert.match(refusal("--host", "box", "--port", "ssh", "x.stp"), /--port.*1 to 65535/);
});

test("the help lists every option", async () => {
  const help = await helpText();
  for (const { name, short, hidden } of OPTIONS) {
    if (hidden) continue;
    assert.match(help, new RegExp(`--${name}\\b`));
    if (short) assert.match(help, new RegExp(`-${short}, --${name}\\b`));
  }
});

test("several hosts are named by options, files and inventories", () => {
  const { host, hosts, hostsFrom, parallel } = parseOptions(["x.stp", "--host", "a", "--host=b", "--hosts-from", "-"]);
  assert.equal([host, hosts, hostsFrom, parallel], ["a", ["a", "b"], ["-"], 16]);
  assert.equal(parseOptions(["x.stp", "--remote", "ssh://a/", "--remote", "b"]).hosts, ["a", "b"]);
  assert.match(refusal("x.stp", "--remote", "a", "--remote", "direct://"), /is this machine/);
  assert.match(refusal("x.stp", "--host", "-oProxyCommand=x"), /option '--host' needs a value/);
  assert.match(refusal("x.stp", "--host", "a", "--limit", "b"), /'--limit' needs '--inventory FILE'/);
  assert.match(refusal("x.stp", "--hosts-from", "f", "--local"), /'--hosts-from' and '--local' cannot be used/);
  assert.match(refusal("x.stp", "--via", "podman exec -i {host}"), /has {host}, and no host is named/);
  assert.match(refusal("x.stp", "--via", "podman exec -i web", "--host", "a"), /has no {host}/);
  assert.is(parseOptions(["x.stp", "--host", "a", "--agent", "/opt/stap-agent"]).agent, "/opt/stap-agent");
  assert.match(refusal("x.stp", "--host", "a", "--agent", "stap-agent"), /needs the whole path/);
  assert.match(refusal("x.stp", "--host", "a", "--agent", "/x;rm"), /needs the whole path/);
  assert.match(refusal("x.stp", "--host", "a", "--agent", "/x", "--sudo"), /as the login user/);
});

test("-T takes units", () => {
  const ms = (text: string) => parseOptions(["x.stp", "--local", "-T", text]).timeoutMs;
  assert.equal(["2", "0.5", "500ms", "2m", "1h", "10s"].map(ms), [2000, 500, 500, 120_000, 3_600_000, 10_000]);
  for (const text of ["2x", "m", "-1", "0", "1m30s"]) assert.match(refusal("x.stp", "--local", "-T", text), /-T/);
});

test("the form of the output", () => {
  assert.is(parseOptions(["x.stp", "--local", "--output", "json"]).json, true);
  assert.is(parseOptions(["x.stp", "--local", "--timestamps"]).stamps, "date");
  assert.is(parseOptions(["x.stp", "--local", "-o", "file"]).output, "file");
  assert.match(refusal("x.stp", "--local", "--output", "out.txt"), /output/);
  assert.match(refusal("x.stp", "--local", "--timestamps", "--monotonic"), /cannot be used together/);
  assert.match(refusal("x.stp", "--local", "--timestamps", "--output=json"), /stand in JSON Lines anyway/);
});

test.run();
