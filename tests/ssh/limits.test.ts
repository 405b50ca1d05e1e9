// A server that stops answering: every step of connecting has a limit, and the message says what did not come.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "../../agent/host/connect.ts";
import { startAgent } from "../../agent/host/push.ts";
import { TransportError } from "../../agent/host/transport.ts";
import { type Silence, startLyingServer } from "./lying-server.ts";

const test = suite("a limit for each step");

/** Long enough for a handshake on a busy machine. */
const LIMIT_MS = 2000;

interface Step {
  silent: Silence;
  ssh: "ssh2" | "openssh";
  host: "target" | "far";
  says: RegExp;
}

const STEPS: Step[] = [
  { silent: "log-in", ssh: "ssh2", host: "target", says: /did not answer within 2 s/ },
  { silent: "channel", ssh: "ssh2", host: "target", says: /let us log in, but did not start a command within 2 s/ },
  { silent: "command", ssh: "ssh2", host: "target", says: /let us log in, but did not start a command within 2 s/ },
  { silent: "forward", ssh: "ssh2", host: "far", says: /did not open a connection to 10\.0\.0\.1:22 within 2 s/ },
  { silent: "log-in", ssh: "openssh", host: "target", says: /did not log in to .* within|did not answer/ },
  { silent: "channel", ssh: "openssh", host: "target", says: /did not start our command within 2 s/ },
  { silent: "command", ssh: "openssh", host: "target", says: /did not start our command within 2 s/ },
  { silent: "forward", ssh: "openssh", host: "far", says: /did not log in to .* within|did not answer/ },
];

let folder = "";
/** All steps wait at the same time. */
const outcomes = new Map<Step, Promise<{ error: TransportError; ms: number }>>();

test.before(() => {
  folder = mkdtempSync(join(tmpdir(), "ssh-limits-"));
  for (const step of STEPS) outcomes.set(step, failure(step));
});
test.after(() => rmSync(folder, { recursive: true }));

/** How connecting and starting the agent fails, and after how many milliseconds. */
async function failure(step: Step): Promise<{ error: TransportError; ms: number }> {
  const name = `${step.silent}-${step.ssh}`;
  const server = await startLyingServer(join(folder, name));
  server.silent = step.silent;
  const configFile = join(folder, `${name}-config`);
  const place = ["HostName 127.0.0.1", `Port ${server.port}`, `UserKnownHostsFile ${server.knownHosts}`];
  const jump = ["Host far", "ProxyJump gate", "HostName 10.0.0.1", "Host gate", ...place];
  writeFileSync(configFile, ["Host target", ...place, ...jump, "Host *", "BatchMode yes", ""].join("\n"));
  const began = performance.now();
  try {
    const transport = await connect({ host: step.host, ssh: step.ssh, configFile, timeoutMs: LIMIT_MS });
    try {
      await startAgent(transport, { agents: new Map(), timeoutMs: LIMIT_MS });
    } finally {
      await transport.close();
    }
  } catch (error) {
    return { error: error as TransportError, ms: performance.now() - began };
  } finally {
    server.stop();
  }
  throw new Error("connected");
}

for (const step of STEPS) {
  test(`a limit for each step: ${step.silent} over ${step.ssh}`, async () => {
    const { error, ms } = await outcomes.get(step)!;
    assert.instance(error, TransportError);
    assert.is(error.code, "timeout", error.message);
    assert.match(error.message, step.says);
    assert.ok(ms < 20_000, `${ms} ms`);
  });
}

test.run();
