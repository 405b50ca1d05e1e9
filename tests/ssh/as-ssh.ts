// Runs one row of the tests that compare us with ssh: a configuration, a server, and what `ssh` itself does there. Ours
// may be stricter than ssh, where a row says so, and never laxer.

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { connect } from "../../agent/host/connect.ts";
import { type ConnectOptions, TransportError } from "../../agent/host/transport.ts";
import type { Sshd } from "./sshd.ts";

/** What a row may write into its configuration. */
export interface Place {
  /** The row's own folder. */
  folder: string;
  /** The files that the base configuration names. */
  userFile: string;
  globalFile: string;
  /** Writes a file of the row's folder and returns its path. */
  write(name: string, text: string, mode?: number): string;
}

/** One comparison. */
export interface Row {
  title: string;
  server: () => Sshd;
  /** Lines of "Host target", before those of the base. */
  lines?: (at: Place) => string[];
  /** Keys instead of the one that logs in. */
  identity?: (at: Place) => string[];
  /** Other blocks of the file. */
  blocks?: (at: Place) => string[];
  /** Lines of the user's and of the system's known_hosts; by default the server's keys are known to the user. */
  known?: () => string[];
  global?: () => string[];
  /** What the command line of ssh adds. */
  sshArguments?: (at: Place) => string[];
  /** What the command line adds to ours. */
  flags?: (at: Place) => Partial<ConnectOptions>;
  ssh: "connects" | "refuses";
  /** Where we are stricter. */
  ours?: "refuses";
  /** The transport that `auto` takes; "openssh" also means that --ssh ssh2 is refused by name. */
  kind?: "ssh2" | "openssh";
  /** What a refusal of ours says. */
  says?: RegExp;
  /** What we tell the user. */
  notice?: RegExp;
  /** Looks at the row's folder afterwards. */
  after?: (at: Place, who: string) => void;
}

interface Outcome {
  connected: boolean;
  message: string;
  kind: string;
  notices: string;
}

/** The lines of a server's own keys for known_hosts. */
export function keysOf(server: Sshd, name = `[127.0.0.1]:${server.port}`): string[] {
  return server.types.map((type) => `${name} ${server.hostKey(type)}`);
}

function prepare(row: Row): { at: Place; config: string } {
  const folder = mkdtempSync(join(tmpdir(), "as-ssh-"));
  const write = (name: string, text: string, mode = 0o600) => {
    const file = join(folder, name);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text, { mode });
    return file;
  };
  const lines = (list: string[]) => list.map((line) => `${line}\n`).join("");
  const server = row.server();
  const userFile = write("user", lines(row.known?.() ?? keysOf(server)));
  const globalFile = write("global", lines(row.global?.() ?? []));
  const at = { folder, userFile, globalFile, write };
  const config = write(
    "config",
    lines([
      "Host target",
      ...(row.lines?.(at) ?? []),
      "HostName 127.0.0.1",
      `Port ${server.port}`,
      ...(row.blocks?.(at) ?? []),
      "Host *",
      "BatchMode yes",
      ...(row.identity?.(at) ?? [server.key]).map((file) => `IdentityFile ${file}`),
      `UserKnownHostsFile ${userFile}`,
      `GlobalKnownHostsFile ${globalFile}`,
      "IdentityAgent none",
      "ConnectTimeout 10",
    ]),
  );
  return { at, config };
}

/** ssh itself, without a terminal to ask on. */
function runSsh(config: string, more: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      "setsid",
      ["-w", "ssh", "-F", config, ...more, "target", "echo through"],
      (error, stdout, stderr) => {
        resolve({ connected: error === null && stdout === "through\n", message: stderr, kind: "ssh", notices: "" });
      },
    );
    child.stdin?.end();
  });
}

async function runOurs(config: string, ssh: ConnectOptions["ssh"], flags: Partial<ConnectOptions>): Promise<Outcome> {
  const notices: string[] = [];
  const notify = (line: string) => void notices.push(line);
  const askPassword = async () => null;
  try {
    const transport = await connect({ host: "target", ssh, configFile: config, notify, askPassword, ...flags });
    try {
      const process = await transport.exec("echo through");
      let stdout = "";
      process.stdout.on("data", (chunk) => {
        stdout += chunk;
      });
      process.stderr.resume();
      process.stdin.end();
      const end = await process.done;
      if (end.error) throw end.error;
      return { connected: stdout === "through\n", message: "", kind: transport.kind, notices: notices.join("\n") };
    } finally {
      await transport.close();
    }
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    assert.not.match(error.message, /\n/, "one line");
    return { connected: false, message: error.message, kind: error.code, notices: notices.join("\n") };
  }
}

/** Compares all rows, a few at a time: most of a row is waiting for a login shell. */
export function compareAll(rows: Row[], atOnce: number): Map<Row, Promise<void>> {
  const lanes: Promise<unknown>[] = Array.from({ length: atOnce }, () => Promise.resolve());
  const outcomes = new Map<Row, Promise<void>>();
  rows.forEach((row, index) => {
    const outcome = lanes[index % atOnce]!.then(() => compare(row));
    lanes[index % atOnce] = outcome.catch(() => {});
    outcomes.set(row, outcome);
  });
  return outcomes;
}

/** Runs ssh and both of our transports over a row at once, and compares. */
async function compare(row: Row): Promise<void> {
  const actors = ["ssh", "auto", "openssh", ...(row.kind === "openssh" ? ["ssh2"] : [])] as const;
  await Promise.all(
    actors.map(async (who) => {
      const { at, config } = prepare(row);
      const ssh = who as ConnectOptions["ssh"];
      const outcome =
        who === "ssh"
          ? await runSsh(config, row.sshArguments?.(at) ?? [])
          : await runOurs(config, ssh, row.flags?.(at) ?? {});
      try {
        judge(row, who, outcome, at);
      } finally {
        rmSync(at.folder, { recursive: true });
      }
    }),
  );
}

function judge(row: Row, who: string, outcome: Outcome, at: Place) {
  const what = `${who}: ${outcome.message} ${outcome.notices}`;
  if (who === "ssh2") {
    assert.is(outcome.connected, false, what);
    return assert.match(outcome.message, /which the built-in SSH client does not honour/, what);
  }
  const wanted = who === "ssh" ? row.ssh : (row.ours ?? row.ssh);
  assert.is(outcome.connected ? "connects" : "refuses", wanted, what);
  row.after?.(at, who);
  if (who === "ssh") return;
  if (who === "auto" && row.kind && outcome.connected) assert.is(outcome.kind, row.kind, what);
  if (row.says) assert.match(outcome.message, row.says, what);
  if (row.notice) assert.match(outcome.notices, row.notice, what);
}

/** A file's text; empty if there is no such file. */
export function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
