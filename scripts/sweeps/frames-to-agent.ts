// A host that lies: streams of frames through the real agent. tests/interpret/fake-kernel.ts answers its system calls:
// nothing reaches this machine's kernel. A stream is a good session (hello, questions, an object, run, stop) of which
// frames are dropped, doubled, moved, cut and changed. A case is a finding if the agent traps, ends with another status
// than 0 or 1, says something that is not whole frames, does not greet, or fails without saying why.

import { fileURLToPath } from "node:url";
import { encodeFrame, type Frame, FrameDecoder } from "../../agent/host/frames.ts";
import { readAsset } from "../../cli/assets.ts";
import { AgentFrame, HostFrame, QueryKind, WIRE_MAGIC, WIRE_VERSION } from "../../common/format/frame.ts";
import { compileModule } from "../../compiler/host/load.ts";
import { payload } from "../../tests/agent/agent-process.ts";
import { runAgent } from "../../tests/interpret/fake-kernel.ts";
import { builtCompiler } from "../fuzz.ts";
import { frameChanges, type Said } from "./mutate-frames.ts";
import { mutateObject } from "./mutate-object.ts";
import { OBJECT_SCRIPTS } from "./object-scripts.ts";
import { type CaseEnd, main, Random, type Sweep } from "./sweep.ts";

/** The objects of the scripts that run without a kernel. */
function makeObjects(): Uint8Array[] {
  const compiler = builtCompiler();
  return OBJECT_SCRIPTS.map((script) => {
    const scripts = [{ name: "x.stp", bytes: Buffer.from(script) }];
    const result = compiler.compile({ scripts, options: [["arch", "x86_64"]], args: [] });
    if (!result.object) throw new Error(result.messages);
    return result.object;
  });
}

function goodSession(random: Random, objects: Uint8Array[]): Said[] {
  const said: Said[] = [{ kind: HostFrame.Hello, payload: payload(WIRE_MAGIC, WIRE_VERSION) }];
  const add = (kind: number, bytes: Uint8Array = new Uint8Array(0)) => said.push({ kind, payload: bytes });
  for (let i = random.below(4); i > 0; i--) {
    const names = Array.from({ length: random.below(5) }, () =>
      random.pick(["vfs_read", "vfs_*", "[", "", "a".repeat(600)]),
    );
    add(HostFrame.Query, payload(Uint8Array.of(random.below(QueryKind.ModuleBuilds + 2)), ...names));
  }
  if (random.oneIn(3))
    add(HostFrame.Fetch, payload(random.pick(["kernel-btf", "module-btf ext4", "module-btf ../x", ""])));
  if (random.oneIn(3)) add(HostFrame.Heartbeat);
  const object = random.pick(objects);
  add(HostFrame.Object, random.oneIn(3) ? mutateObject(object, random) : object);
  const command = random.oneIn(4) ? "true" : "";
  add(
    HostFrame.Run,
    payload(random.pick([0, 1, 4242]), random.pick([0, 1, 100]), 0xffffffff, 0xffffffff, 0, command, ""),
  );
  if (random.oneIn(2)) add(HostFrame.Heartbeat);
  if (random.oneIn(2)) add(HostFrame.Stop);
  return said;
}

/** Changes the order and the bytes of some frames. */
function mutate(said: Said[], random: Random): Uint8Array {
  for (let i = random.below(4); i > 0; i--) {
    const at = random.below(said.length);
    const frame = said[at];
    if (!frame) continue;
    const longer = () => Buffer.concat([frame.payload, Buffer.alloc(random.below(300), random.below(256))]);
    const changes = [
      ...frameChanges(said, at, random),
      () => said.splice(random.below(said.length + 1), 0, frame),
      () => (said[at] = { ...frame, payload: longer() }),
    ];
    random.pick(changes)();
  }
  const stream = Buffer.concat(said.map((frame) => encodeFrame(frame.kind, frame.payload)));
  if (random.oneIn(8)) stream[random.below(stream.length)] = random.below(256);
  return random.oneIn(8) ? stream.subarray(0, random.below(stream.length + 1)) : stream;
}

/** The frames that an agent's last one may be. */
const LAST_FRAMES: Record<number, string> = {
  [AgentFrame.Hello]: "Hello",
  [AgentFrame.Names]: "Names",
  [AgentFrame.Loaded]: "Loaded",
  [AgentFrame.Measured]: "Measured",
  [AgentFrame.Failed]: "Failed",
  [AgentFrame.Finished]: "Finished",
  [AgentFrame.Alive]: "Alive",
};

/** Whether what the agent said makes sense for the status that it ended with. */
function judge(status: number, stdout: Uint8Array): CaseEnd {
  const decoder = new FrameDecoder();
  decoder.push(stdout);
  const frames: Frame[] = [];
  for (let frame = decoder.next(); frame; frame = decoder.next()) frames.push(frame);
  const kinds = frames.map((frame) => frame.kind);
  const end = LAST_FRAMES[kinds.at(-1) ?? 0] ?? "other";
  let problem = "";
  if (decoder.rest > 0) problem = `${decoder.rest} bytes of no whole frame`;
  else if (kinds[0] !== AgentFrame.Hello) problem = "no greeting";
  else if (status !== 0 && status !== 1) problem = `status ${status}`;
  else if (status === 1 && !kinds.includes(AgentFrame.Failed)) problem = "status 1 without Failed";
  return { end, ...(problem ? { problem } : {}) };
}

/** Streams of a host through the agent. */
export function framesToAgentSweep(): Sweep {
  const agent = compileModule(readAsset("agent.wasm"));
  const objects = makeObjects();
  const run = (index: number, seed: number): CaseEnd => {
    const random = new Random(seed, index);
    const input = mutate(goodSession(random, objects), random);
    try {
      const { status, stdout } = runAgent(agent, input, 20_000_000n);
      return { ...judge(status, stdout), input };
    } catch (error) {
      return { end: "trap", problem: error instanceof Error ? error.message : String(error), input };
    }
  };
  return {
    name: "frames-to-agent",
    batch: 50,
    run: (first, count, seed) => Array.from({ length: count }, (_, i) => run(first + i, seed)),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(framesToAgentSweep());
