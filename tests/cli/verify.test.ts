// `verify` against an agent in TypeScript: what is printed of the verifier's figures. Real ones are in tests/run.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ByteWriter } from "../../agent/host/bytes.ts";
import { main } from "../../cli/command.ts";
import { Interrupts } from "../../cli/interrupts.ts";
import { AgentFrame, HostFrame } from "../../common/format/frame.ts";
import { Captured, captureMessages } from "../captured.ts";
import { ManifestBuilder, objectWith } from "../format/manifest-builder.ts";
import { type Behaviour, FakeAgent } from "./fake-agent.ts";

const test = suite("verify");
let folder = "";
let object = "";

test.before(() => {
  folder = mkdtempSync(join(tmpdir(), "stap-verify-"));
  object = join(folder, "x.bo");
  const builder = new ManifestBuilder();
  builder.program("probe_1", 'kernel.function("vfs_read")');
  writeFileSync(object, objectWith(builder.done()));
});
test.after(() => rmSync(folder, { recursive: true }));

/** A Measured frame of one program, whose second line was walked most. */
function measured(walked: number, stack: string): Uint8Array {
  const processed = `processed ${walked} insns (limit 1000000) total_states 77`;
  const stats = `verification time 9 usec\nstack depth ${stack}\n${processed}\n`;
  const writer = new ByteWriter().u32(1).string("probe_1").u32(2500).u32(300).u32(2048).u32(0).string(stats).u32(2);
  return writer
    .u32(0)
    .u32(0)
    .u32((3 << 10) | 1)
    .u32(10)
    .u32(0)
    .u32(0)
    .u32((4 << 10) | 1)
    .u32(30)
    .done();
}

async function verify(behaviour: Behaviour) {
  const agent = new FakeAgent(behaviour);
  const output = new Captured();
  const { said, to } = captureMessages();
  const openRemote = async () => ({
    process: agent.process,
    where: "box",
    kind: "ssh2",
    uploaded: false,
    close: async () => {},
  });
  const around = { openRemote, ...to, openOutput: () => output, interrupts: new Interrupts(), factsFolder: folder };
  const status = await main(["verify", object, "--host", "box"], around as unknown as Parameters<typeof main>[1]);
  return { status, out: output.text, err: said(), agent };
}

test("figures of each program are printed, with the line that took most; nothing is run", async () => {
  const onMeasure = (agent: FakeAgent) => agent.send(AgentFrame.Measured, measured(123456, "16+48+0"));
  const { status, out, err, agent } = await verify({ onMeasure });
  assert.equal([status, err], [0, ""]);
  assert.match(out, /: 1 program accepted; at most 123,456 of 1,000,000 instructions walked \(12\.3 %\)\n/);
  assert.match(out, /^ +123,456 +12\.3 % +77 +48 +2\.5 ms +300 +2\.0K {2}kernel\.function\("vfs_read"\)$/m);
  assert.match(out, /^ +30 \(75 %\) at .*:4: \n +10 \(25 %\) at .*:3: $/m);
  assert.equal(agent.received, [HostFrame.Hello, HostFrame.Object, HostFrame.Measure]);
});

test("more than half of a limit is a warning", async () => {
  const onMeasure = (agent: FakeAgent) => agent.send(AgentFrame.Measured, measured(500_001, "300"));
  const { status, err } = await verify({ onMeasure });
  assert.is(status, 0);
  assert.match(
    err,
    /^WARNING: kernel\.function\("vfs_read"\): 500,001 instructions walked by the verifier are more than/m,
  );
  assert.match(err, /^WARNING: .*300 bytes of stack/m);
});

test("exactly half of a limit is none", async () => {
  const onMeasure = (agent: FakeAgent) => agent.send(AgentFrame.Measured, measured(500_000, "256"));
  assert.is((await verify({ onMeasure })).err, "");
});

test("a refused program is explained, with status 4", async () => {
  const onObject = (agent: FakeAgent) =>
    agent.send(
      AgentFrame.Rejected,
      new ByteWriter().string("probe_1").u32(13).string("0: (bf) r0 = r6\nR6 !read_ok\n").done(),
    );
  const { status, err } = await verify({ onObject });
  assert.is(status, 4);
  assert.match(err, /^ERROR: the kernel's verifier refused probe kernel\.function\("vfs_read"\): R6 !read_ok\n/);
});

test("a lying agent's figures are one sentence", async () => {
  const onMeasure = (agent: FakeAgent) => agent.send(AgentFrame.Measured, new ByteWriter().u32(9).string("x").done());
  const { status, err } = await verify({ onMeasure });
  assert.is(status, 3);
  assert.match(err, /^stap-remote: /);
});

test.run();
