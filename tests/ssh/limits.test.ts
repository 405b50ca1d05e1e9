// A server that stops answering: every step of connecting has a limit, and the message says what did not come.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect } from "../../agent/host/connect.ts";
import { startAgent } from "../../agent/host/push.ts";
import type { ConnectOptions } from "../../agent/host/transport.ts";
import { TransportError } from "../../agent/host/transport.ts";
import { type LyingServer, type Silence, startLyingServer } from "./lying-server.ts";

const test = suite("a limit for each step");
const LIMIT_MS = 700;
let folder = "";
let server: LyingServer;
let config = "";

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), "ssh-limits-"));
  server = await startLyingServer(join(folder, "host"));
  config = join(folder, "config");
  const place = ["HostName 127.0.0.1", `Port ${server.port}`, `UserKnownHostsFile ${server.knownHosts}`];
  const jump = ["Host far", "ProxyJump gate", "HostName 10.0.0.1", "Host gate", ...place];
  writeFileSync(config, ["Host target", ...place, ...jump, "Host *", "BatchMode yes", ""].join("\n"));
});
test.after(() => {
  server.stop();
  rmSync(folder, { recursive: true });
});

/** How connecting and starting the agent fails, and after how many milliseconds. */
async function failure(options: Partial<ConnectOptions>): Promise<{ error: TransportError; ms: number }> {
  const began = performance.now();
  const run = async () => {
    const transport = await connect({ host: "target", configFile: config, timeoutMs: LIMIT_MS, ...options });
    try {
      await startAgent(transport, { agents: new Map(), timeoutMs: LIMIT_MS });
    } finally {
      await transport.close();
    }
  };
  const error = await run().then(
    () => assert.unreachable("connected") as never,
    (reason: unknown) => reason,
  );
  assert.instance(error, TransportError);
  return { error: error as TransportError, ms: performance.now() - began };
}

const steps: [Silence, ConnectOptions["ssh"], string, RegExp][] = [
  ["log-in", "ssh2", "target", /did not answer within 0\.7 s/],
  ["channel", "ssh2", "target", /let us log in, but did not start a command within 0\.7 s/],
  ["command", "ssh2", "target", /let us log in, but did not start a command within 0\.7 s/],
  ["forward", "ssh2", "far", /let us log in, but did not open a connection to 10\.0\.0\.1:22 within 0\.7 s/],
  ["log-in", "openssh", "target", /did not log in to .* within|did not answer/],
  ["channel", "openssh", "target", /it was silent for 0\.7 s/],
  ["command", "openssh", "target", /it was silent for 0\.7 s/],
  ["forward", "openssh", "far", /did not log in to .* within|did not answer/],
];
for (const [silent, ssh, host, says] of steps) {
  test(`a limit for each step: ${silent} over ${ssh}`, async () => {
    server.silent = silent;
    const { error, ms } = await failure({ host, ssh: ssh! });
    assert.is(error.code, "timeout", error.message);
    assert.match(error.message, says);
    assert.ok(ms < 10_000, `${ms} ms`);
  });
}

test.run();
