// Whole command lines against an agent in TypeScript: what is printed where, and how the program exits.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ByteReader, ByteWriter } from "../../agent/host/bytes.ts";
import { main } from "../../cli/command.ts";
import { EXIT, ExitError } from "../../cli/exit.ts";
import { Interrupts } from "../../cli/interrupts.ts";
import { Output } from "../../cli/output.ts";
import type { Surroundings } from "../../cli/surroundings.ts";
import { AgentFrame, FailureCode, HostFrame, ProgressStep, StopReason } from "../../common/format/frame.ts";
import { Manifest, SiteRow, TableKind } from "../../common/format/manifest.ts";
import { SiteKind } from "../../common/format/record.ts";
import { captureMessages } from "../captured.ts";
import { item, ManifestBuilder, objectWith, records } from "../format/manifest-builder.ts";
import { type Behaviour, FakeAgent, failurePayload, helloPayload } from "./fake-agent.ts";

interface Result {
  status: number;
  out: string;
  err: string;
  agent: FakeAgent;
}

const test = suite<{ folder: string; object: string }>("run");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "stap-cli-"));
  context.object = join(context.folder, "x.bo");
  writeFileSync(context.object, objectWith(sampleManifest()));
});
test.after.each((context) => rmSync(context.folder, { recursive: true }));

/** Sites 0 "hi %d\n", 1 an error, 2 a warning; program probe_1 at x.stp:2:7. */
function sampleManifest(): Uint8Array {
  const builder = new ManifestBuilder();
  builder.position("x.stp", 1, 1, 'probe kernel.function("vfs_read") {');
  const division = builder.position("x.stp", 2, 7, "  a = b / c");
  builder.site({ format: "hi %d\n", arguments: ["long"] });
  builder.site({ kind: SiteKind.Error, format: "division by 0", near: "operator '/'", position: division });
  builder.site({ kind: SiteKind.Warning, format: "%s", arguments: ["string"] });
  const program = builder.program("probe_1", 'kernel.function("vfs_read")', 0);
  builder.line(program, 0, 0);
  builder.line(program, 4, division);
  return builder.done();
}

async function run(
  folder: string,
  argv: string[],
  behaviour: Behaviour,
  change: Partial<Surroundings> = {},
): Promise<Result> {
  const agent = new FakeAgent(behaviour);
  const outFile = join(folder, "stdout");
  writeFileSync(outFile, "");
  const messages = captureMessages();
  const status = await main(argv, {
    openRemote: async () => ({
      process: agent.process,
      where: "box",
      kind: "fake",
      uploaded: true,
      close: async () => {},
    }),
    interrupts: new Interrupts(),
    ...messages.to,
    openOutput: (file) => (file === undefined ? new Output(openSync(outFile, "a"), "stdout", true) : Output.open(file)),
    ...change,
  });
  return { status, out: readFileSync(outFile, "utf8"), err: messages.said(), agent };
}

const hi = (count: number) => records(...Array.from({ length: count }, (_, i) => [item(0, [i])]));

/** Standard output and standard error as a terminal. */
function terminal(folder: string): Partial<Surroundings> {
  const screen = new Output(openSync(join(folder, "stdout"), "a"), "stdout", true);
  Object.defineProperty(screen, "isTerminal", { value: true });
  return { messagesOnTerminal: true, openOutput: () => screen };
}

test("with -v a message stands under the line of the pass before its own", async ({ folder }) => {
  const lines = async (script: string) => {
    const { err } = await run(folder, ["-p2", "-v", "-e", script], {});
    return err.match(/^(Pass \d: [a-z]+|(semantic|parse) error|WARNING)/gm);
  };
  const analysed = ["Pass 2: analyzed", "Pass 2: analysis"];
  assert.equal(await lines("probe begin { nosuch() }"), ["Pass 1: parsed", "semantic error", ...analysed]);
  assert.equal(await lines("probe begin { x = "), ["parse error", "Pass 1: parsed", "Pass 1: parse"]);
  const warned = ["Pass 1: parsed", "WARNING", "Pass 2: analyzed"];
  assert.equal(await lines("probe begin { x = 1; exit() }"), warned);
});

test("a terminal gets the machine's control characters escaped, files and --raw as they are", async (context) => {
  const { folder, object } = context;
  const builder = new ManifestBuilder();
  builder.site({ format: "\x1b[1m%s\n", arguments: ["string"] });
  builder.site({ kind: SiteKind.Warning, format: "%s", arguments: ["string"] });
  writeFileSync(object, objectWith(builder.done()));
  const onRun = (agent: FakeAgent) => {
    agent.send(AgentFrame.Output, records([item(0, ["\x1b[2J"])]));
    agent.send(AgentFrame.Control, records([item(1, ["\x1b[2J"])]));
    agent.send(AgentFrame.CommandOutput, Uint8Array.from([1, 0x1b, 0x5b, 0x4a, 10]));
    agent.finish();
  };
  const shown = await run(folder, ["run", object, "--host", "box"], { onRun }, terminal(folder));
  assert.is(shown.out, "\x1b[1m\\x1b[2J\n\x1b[J\n");
  assert.is(shown.err, "WARNING: \\x1b[2J\n");
  const raw = await run(folder, ["run", object, "--host", "box", "--raw"], { onRun }, terminal(folder));
  assert.equal([raw.out, raw.err], ["\x1b[1m\x1b[2J\n\x1b[J\n", "WARNING: \x1b[2J\n"]);
  const piped = await run(folder, ["run", object, "--host", "box"], { onRun });
  assert.equal([piped.out, piped.err], [raw.out, raw.err]);
});

test("an object whose sites are damaged is one sentence, and no file of -o is touched", async ({ folder, object }) => {
  const builder = new ManifestBuilder();
  builder.site({ format: "%d\n", arguments: ["long"] });
  const bytes = builder.done();
  // The first row behind the directory is the site's: its count of arguments becomes absurd.
  const table = new DataView(bytes.buffer).getUint32(Manifest.Directory + TableKind.Site * 8, true);
  bytes[table + SiteRow.ArgumentCount] = 200;
  writeFileSync(object, objectWith(bytes));
  const file = join(folder, "out");
  writeFileSync(file, "kept");
  const { status, err } = await run(folder, ["run", object, "--host", "box", "-o", file], {});
  assert.is(status, EXIT.failed);
  assert.is(err, `stap-remote: '${object}': damaged manifest: a site is damaged\n`);
  assert.is(readFileSync(file, "utf8"), "kept");
});

test("prints what the records say and exits with 0", async ({ folder, object }) => {
  const onRun = (agent: FakeAgent) => {
    agent.send(AgentFrame.Started, new Uint8Array(8));
    agent.send(AgentFrame.Output, hi(2));
    agent.finish();
  };
  const { status, out, err, agent } = await run(folder, ["run", object, "--host", "box"], { onRun });
  assert.equal([status, out, err], [EXIT.done, "hi 0\nhi 1\n", ""]);
  assert.equal(agent.received, [HostFrame.Hello, HostFrame.Object, HostFrame.Run]);
});

test("ends as stap does when a handler fails", async ({ folder, object }) => {
  const onRun = (agent: FakeAgent) => {
    agent.send(AgentFrame.Output, hi(1));
    agent.send(AgentFrame.Control, records([item(1)]));
    agent.finish({ reason: StopReason.Errors, errors: 1 });
  };
  const { status, out, err } = await run(folder, ["run", object, "--host", "box"], { onRun });
  assert.is(out, "hi 0\n");
  assert.is(
    err,
    "ERROR: division by 0 near operator '/' at x.stp:2:7\n" +
      "WARNING: Number of errors: 1, skipped probes: 0\n" +
      "Pass 5: run failed.\n",
  );
  assert.is(status, EXIT.failed);
});

test("a warning of the script's changes nothing else", async ({ folder, object }) => {
  const onRun = (agent: FakeAgent) => {
    agent.send(AgentFrame.Control, records([item(2, ["odd"])]));
    agent.finish();
  };
  const { status, err } = await run(folder, ["run", object, "--host", "box"], { onRun });
  assert.equal([status, err], [EXIT.done, "WARNING: odd\n"]);
});

test("counts what was lost and skipped", async ({ folder, object }) => {
  const onRun = (agent: FakeAgent) => agent.finish({ lostOutput: 17, skippedLock: 3 });
  const { status, err } = await run(folder, ["run", object, "--host", "box"], { onRun });
  assert.is(status, EXIT.done);
  assert.match(err, /^WARNING: Number of errors: 0, skipped probes: 3\n/);
  assert.match(err, /\nWARNING: There were 17 lost units of output/);
  assert.match(err, /\nWARNING: skipped: 3 by lock contention, 0 by re-entrancy, 0 by the kernel\n$/);
});

test("the last line says how many of how many handlers were skipped", async ({ folder, object }) => {
  for (const [isEstimate, text] of [
    [false, "of 4000 handlers (0.075 %)"],
    [true, "of about 4000 handlers (0.075 %)"],
  ] as const) {
    const onRun = (agent: FakeAgent) => agent.finish({ skippedLock: 3, handlers: 4000, isEstimate });
    const { status, err } = await run(folder, ["run", object, "--host", "box"], { onRun });
    assert.is(status, EXIT.done);
    assert.ok(
      err.endsWith(`WARNING: skipped: 3 by lock contention, 0 by re-entrancy, 0 by the kernel, ${text}\n`),
      err,
    );
  }
});

test("a run that the load has ended has failed, and says why", async ({ folder, object }) => {
  const reasons: [StopReason, RegExp][] = [
    [StopReason.Overload, /^ERROR: probe overhead exceeded threshold\n/],
    [StopReason.Crowded, /^ERROR: more than 5 % of the probe handlers were skipped/],
    [StopReason.Skipped, /^ERROR: too many probe handlers were skipped/],
  ];
  for (const [reason, message] of reasons) {
    const onRun = (agent: FakeAgent) => agent.finish({ reason });
    const { status, err } = await run(folder, ["run", object, "--host", "box"], { onRun });
    assert.is(status, EXIT.failed);
    assert.match(err, message);
    assert.match(err, /Pass 5: run failed\.\n$/);
  }
});

test("-o takes the script's output, the command's own stays on standard output", async ({ folder, object }) => {
  const file = join(folder, "out.txt");
  const onRun = (agent: FakeAgent) => {
    agent.send(AgentFrame.Output, hi(1));
    agent.send(AgentFrame.CommandOutput, new TextEncoder().encode("\x01from ls\n"));
    agent.send(AgentFrame.CommandOutput, new TextEncoder().encode("\x02complaint\n"));
    agent.finish({ reason: StopReason.TargetEnded, commandStatus: 0 });
  };
  const result = await run(folder, ["run", object, "--host", "box", "-o", file, "-c", "ls"], { onRun });
  assert.is(readFileSync(file, "utf8"), "hi 0\n");
  assert.equal([result.status, result.out, result.err], [EXIT.done, "from ls\n", "complaint\n"]);
});

test("a failing -c command fails the run and says how", async ({ folder, object }) => {
  const ends: [number, string][] = [
    [3 << 8, "WARNING: Child process exited with status 3\n"],
    [9, "WARNING: Child process exited with signal 9 (SIGKILL)\n"],
  ];
  for (const [commandStatus, line] of ends) {
    const onRun = (agent: FakeAgent) => agent.finish({ reason: StopReason.TargetEnded, commandStatus });
    const { status, err } = await run(folder, ["run", object, "--host", "box", "-c", "x"], { onRun });
    assert.equal([status, err], [EXIT.failed, `${line}Pass 5: run failed.\n`]);
  }
});

test("-T, -x and -c reach the agent", async ({ folder, object }) => {
  let request: unknown[] = [];
  const onRun = (agent: FakeAgent, payload: Uint8Array) => {
    const reader = new ByteReader(payload);
    request = [reader.u32(), reader.u32()];
    agent.finish({ reason: StopReason.Timeout });
  };
  const { status } = await run(folder, ["run", object, "--host", "box", "-T", "2", "-x", "77"], { onRun });
  assert.equal([status, request], [EXIT.done, [77, 2000]]);
});

test("Ctrl-C asks the agent to stop, drains, and exits with 130", async ({ folder, object }) => {
  const interrupts = new Interrupts();
  const behaviour: Behaviour = {
    onRun: (agent) => {
      agent.send(AgentFrame.Started, new Uint8Array(8));
      setTimeout(() => interrupts.arrived("SIGINT"), 20);
    },
    onStop: (agent) => {
      agent.send(AgentFrame.Output, hi(1));
      agent.finish({ reason: StopReason.Stopped });
    },
  };
  const { status, out } = await run(folder, ["run", object, "--host", "box"], behaviour, { interrupts });
  assert.equal([status, out], [EXIT.interrupted, "hi 0\n"]);
});

test("a second Ctrl-C while probes are detached asks for a third", async ({ folder, object }) => {
  const interrupts = new Interrupts();
  const behaviour: Behaviour = {
    onRun: (agent) => {
      agent.send(AgentFrame.Started, new Uint8Array(8));
      setTimeout(() => interrupts.arrived("SIGINT"), 20);
    },
    onStop: (agent) => {
      interrupts.arrived("SIGINT");
      agent.send(AgentFrame.Output, hi(1));
      agent.finish({ reason: StopReason.Stopped });
    },
  };
  const { status, out, err } = await run(folder, ["run", object, "--host", "box"], behaviour, { interrupts });
  assert.equal([status, out], [EXIT.interrupted, "hi 0\n"]);
  assert.match(err, /Press Ctrl-C once more to end without it/);
});

test("a signal while the last output is written loses none of it", async ({ folder, object }) => {
  const interrupts = new Interrupts();
  const onRun = (agent: FakeAgent) => {
    agent.send(AgentFrame.Output, hi(1));
    agent.finish();
  };
  const output = new Output(openSync(join(folder, "stdout"), "a"), "stdout", true);
  const close = output.close.bind(output);
  output.close = async () => {
    interrupts.arrived("SIGINT");
    await close();
  };
  const change = { interrupts, openOutput: () => output };
  const { out } = await run(folder, ["run", object, "--host", "box"], { onRun }, change);
  assert.is(out, "hi 0\n");
});

test("a terminal shows how far attaching is, and when tracing begins; a file does not", async ({ folder, object }) => {
  const onRun = (agent: FakeAgent) => {
    agent.send(AgentFrame.Progress, new ByteWriter().u32(ProgressStep.Attaching).u32(3).u32(70).done());
    agent.send(AgentFrame.Started, new ByteWriter().u32(70).u32(0).done());
    agent.send(AgentFrame.Progress, new ByteWriter().u32(ProgressStep.Detaching).u32(5).u32(70).done());
    agent.finish();
  };
  const command = ["run", object, "--host", "box"];
  const { err } = await run(folder, command, { onRun }, terminal(folder));
  const clear = "\r\x1b[K";
  const attaching = `${clear}Attaching probes: 3 of 70${clear}Tracing: 70 probes are attached.\n`;
  assert.is(err, `${attaching}${clear}Detaching probes: 5 of 70${clear}`);
  assert.is((await run(folder, command, { onRun })).err, "");
});

test("-v prints the connection and pass 5 in stap's form", async ({ folder, object }) => {
  const { err } = await run(folder, ["run", object, "--host", "box", "-vv"], {});
  assert.match(err, /^Connected to box \(fake, agent sent\): Linux 6\.1\.0-49-amd64, x86_64, 2 CPUs, in .*ms\.$/m);
  assert.match(err, /^Pass 5: starting run\.$/m);
  assert.match(err, /^Loaded 'probe_1': 42 instructions verified in 1\.5 ms\.$/m);
  assert.match(err, /^Pass 5: run completed in \d+usr\/\d+sys\/\d+real ms\.$/m);
});

test("a refused program is shown with the script's line and the log's end", async ({ folder, object }) => {
  const log =
    "3: (bf) r6 = r1\n".repeat(30) +
    "; a = b / c @ x.stp:2\n5: (79) r1 = *(u64 *)(r1 +0)\nR1 invalid mem access 'scalar'\n" +
    "processed 6 insns (limit 1000000)\n";
  const rejected = new ByteWriter().string("probe_1").u32(13).string(log).done();
  const onObject = (agent: FakeAgent) => agent.send(AgentFrame.Rejected, rejected);
  const file = join(folder, "log.txt");
  const { status, err } = await run(folder, ["run", object, "--host", "box", `--verifier-log=${file}`], { onObject });
  assert.is(status, EXIT.refused);
  assert.match(
    err,
    /^ERROR: the kernel's verifier refused probe kernel.function\("vfs_read"\): R1 invalid mem access 'scalar'\n/,
  );
  assert.match(err, /at: x\.stp:2:7\n {9}source: {3}a = b \/ c\n {17}[ ]{6}\^\n/);
  assert.match(err, /the last 5 of 34 lines/);
  assert.match(err, /Pass 5: run failed\.\n$/);
  assert.is(readFileSync(file, "utf8"), log);
  const full = await run(folder, ["run", object, "--host", "box", "--verifier-log=full"], { onObject });
  assert.is(full.err.match(/r6 = r1/g)?.length, 30);
});

test("not being root is answered with --sudo", async ({ folder, object }) => {
  const onObject = (agent: FakeAgent) =>
    agent.send(AgentFrame.Failed, failurePayload(FailureCode.Permission, 1, "loading BPF programs is not permitted"));
  const behaviour = { onObject, hello: helloPayload({ uid: 1000 }) };
  const { status, err } = await run(folder, ["run", object, "--host", "box"], behaviour);
  assert.is(status, EXIT.refused);
  assert.is(err, "stap-remote: loading BPF programs is not permitted; log in as root, or become root with --sudo\n");
});

test("a cut connection is one line and status 3", async ({ folder, object }) => {
  const { status, err } = await run(folder, ["run", object, "--host", "box"], {
    onRun: (agent) => agent.die({ code: null }),
  });
  assert.equal([status, err], [EXIT.connection, "stap-remote: the connection to box was cut\n"]);
});

test("a remote that cannot be reached keeps its status and hint", async ({ folder, object }) => {
  const openRemote = async () => {
    throw new ExitError(EXIT.connection, "box: connection refused", "is sshd running?");
  };
  const { status, err } = await run(folder, ["run", object, "--host", "box"], {}, { openRemote });
  assert.equal([status, err], [EXIT.connection, "stap-remote: box: connection refused; is sshd running?\n"]);
});

test("a file that is no object is refused before anybody connects", async ({ folder }) => {
  const file = join(folder, "junk");
  for (const bytes of [new Uint8Array(0), new TextEncoder().encode("probe begin {}"), objectWith(new Uint8Array(60))]) {
    writeFileSync(file, bytes);
    const { status, err, agent } = await run(folder, ["run", file, "--host", "box"], {});
    assert.is(status, EXIT.failed);
    assert.match(err, /^stap-remote: '.*junk': (not an object file|damaged)/);
    assert.is(err.split("\n").length, 2);
    assert.equal(agent.received, []);
  }
});

test("a missing file is one line", async ({ folder }) => {
  const { status, err } = await run(folder, ["run", join(folder, "no.bo"), "--host", "box"], {});
  assert.is(status, EXIT.failed);
  assert.match(err, /^stap-remote: cannot read object '.*no\.bo': no such file or directory\n$/);
});

test("an output file that cannot be written is one line", async ({ folder, object }) => {
  const { status, err } = await run(folder, ["run", object, "--host", "box", "-o", join(folder, "no", "x")], {});
  assert.is(status, EXIT.failed);
  assert.match(err, /^stap-remote: cannot write '.*': no such file or directory\n$/);
});

test("a reader of the output that goes away stops the run without complaint", async ({ folder, object }) => {
  let timer: NodeJS.Timeout | undefined;
  const behaviour: Behaviour = {
    onRun: (agent) => {
      timer = setInterval(() => agent.send(AgentFrame.Output, hi(10)), 20);
    },
    onStop: (agent) => {
      clearInterval(timer);
      agent.finish({ reason: StopReason.Stopped });
    },
  };
  const fifo = join(folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  const reader = spawn("head", ["-c", "3", fifo], { stdio: "ignore" });
  const openOutput = () => Output.open(fifo);
  const { status, err, agent } = await run(folder, ["run", object, "--host", "box"], behaviour, { openOutput });
  assert.equal([status, err], [EXIT.done, ""]);
  assert.ok(agent.received.includes(HostFrame.Stop));
  reader.kill();
});

test("the version and the help go to standard output", async ({ folder }) => {
  const version = await run(folder, ["--version"], {});
  assert.equal([version.status, version.err], [EXIT.done, ""]);
  assert.match(version.out, /^stap-remote \d+\.\d+\.\d+\n$/);
  const help = await run(folder, ["--help"], {});
  assert.match(help.out, /Usage: stap-remote/);
});

test.run();
