// `--local`: the remote is this machine. Commands run through sh in a session of their own. So Ctrl-C on the terminal
// reaches only the host program, which then stops the agent itself.

import { spawn } from "node:child_process";
import { plainEnd, Running, toRemoteProcess } from "./child.ts";
import { type RemoteProcess, type Transport, TransportError } from "./transport.ts";

/** A transport to this machine. */
export async function connectLocal(): Promise<Transport> {
  if (process.platform !== "linux") {
    const hint = "name a Linux machine with --host";
    throw new TransportError(
      "unsupported",
      `--local traces this machine, which runs ${process.platform}, not Linux`,
      hint,
    );
  }
  const running = new Running();
  return {
    kind: "local",
    where: "this machine",
    exec: async (command) => running.keep(await run(command)),
    close: () => running.endAll(),
  };
}

function run(command: string): Promise<RemoteProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", command], { detached: true, stdio: ["pipe", "pipe", "pipe"] });
    child.once("error", (error) => reject(new TransportError("exec", `cannot run /bin/sh here: ${error.message}`)));
    child.once("spawn", () => resolve(toRemoteProcess(child, child.stderr, plainEnd)));
  });
}
