// Runs that go on without this program (--detach), and the jobs that look after them: `attach`, `stop`, `list`. The
// agent does the work, as a process of its own on the remote (agent/remote/keep.ts); here are only its words.

import { StringDecoder } from "node:string_decoder";
import { printable, printableLines } from "../agent/host/printable.ts";
import type { RemoteProcess, Transport } from "../agent/host/transport.ts";
import { EXIT, ExitError, type ExitStatus } from "./exit.ts";
import type { Settings } from "./options.ts";
import type { Sink } from "./output.ts";
import { openTransport, orExitError, type Remote, startOver } from "./remote.ts";
import type { Surroundings } from "./surroundings.ts";

/** What the agent says of a run: name, state, when it began and how long it may last in seconds, bytes of output. */
const RUN_LINE = /^([\w.-]{1,64}) (running|ended) (\d{1,12}) (\d{1,12}) (\d{1,15})$/;
/** An agent that says more than this about runs is not ours. */
const MOST_TEXT = 1 << 20;
/** The status of a run that was asked to end: for `stop` and who watches, it has ended as it should. */
const INTERRUPTED = 130;
/** systemd ends what a user has left behind, where it is told to. */
const ASK_LOGIND =
  "grep -Eqs '^ *KillUserProcesses *= *(yes|true|1|on)' /etc/systemd/logind.conf /etc/systemd/logind.conf.d/*.conf";

/** A run that is to be kept. */
interface Kept {
  settings: Settings;
  around: Surroundings;
  remote: Remote;
}

/** Starts an object as a run of its own, over a remote that was connected to compile it. */
export async function startKept(object: Uint8Array, { settings, around, remote }: Kept): Promise<ExitStatus> {
  const { detach: name, timeoutMs, rotate, pid } = settings;
  const words = ["keep", name as string];
  if (timeoutMs > 0) words.push("-T", (timeoutMs / 1000).toFixed(3));
  if (rotate) words.push(`-s${rotate.bytes >> 20}`);
  if (pid > 0) words.push("-x", String(pid));
  const child = await remote.again?.(words);
  if (!child) throw new ExitError(EXIT.refused, `${remote.where} cannot keep a run`);
  child.stdin.on("error", () => {});
  child.stdin.end(object);
  const out = around.openOutput(settings.output);
  const status = await relay(child, out, { settings, around });
  await out.close();
  if (status !== EXIT.done) return status;
  around.message((await logindNote(remote)) ?? "");
  const host = settings.local ? "--local" : `--host ${settings.host ?? "BOX"}`;
  around.message(`'${name}' runs on ${remote.where}. Its report: stap-remote stop ${name} ${host}\n`);
  return EXIT.done;
}

/** `attach NAME`, `stop NAME` and `list`. */
export async function keptJob(settings: Settings, around: Surroundings): Promise<ExitStatus> {
  return orExitError(async () => {
    const transport = await openTransport(settings);
    try {
      const words = settings.job === "list" ? ["runs"] : [settings.job, settings.file as string];
      const { process } = await startOver(transport, settings, words);
      process.stdin.on("error", () => {});
      const output = around.openOutput(settings.output, settings.rotate);
      try {
        if (settings.job === "list") return await printRuns(process, output, transport);
        around.interrupts.during(() => {
          if (settings.job === "attach") around.message(`'${settings.file}' goes on.\n`);
          process.kill();
        });
        return await relay(process, output, { settings, around });
      } finally {
        await output.close();
      }
    } finally {
      await transport.close().catch(() => {});
    }
  });
}

/** What to say where the machine ends the run when its user logs out. */
async function logindNote({ exec, where }: Remote): Promise<string | undefined> {
  const child = await exec?.(ASK_LOGIND);
  if (!child) return undefined;
  child.stdin.on("error", () => {});
  child.stdin.end();
  for (const stream of [child.stdout, child.stderr]) stream.on("error", () => {}).resume();
  if ((await child.done).code !== 0) return undefined;
  return `WARNING: ${where} has KillUserProcesses=yes in logind.conf: the run ends when its user has logged out\n`;
}

/** Passes on what the agent prints; its exit status. */
async function relay(
  child: RemoteProcess,
  output: Sink,
  { settings, around }: { settings: Settings; around: Surroundings },
): Promise<ExitStatus> {
  output.onReaderGone = () => child.kill();
  const decoder = new StringDecoder("utf8");
  const errors = new StringDecoder("utf8");
  const copyErrors = async () => {
    for await (const chunk of child.stderr) around.message(printableLines(errors.write(chunk as Buffer)));
  };
  const copied = copyErrors().catch(() => {});
  for await (const chunk of child.stdout) {
    const bytes = chunk as Buffer;
    const isShown = output.isTerminal && !settings.raw;
    await output.write(isShown ? Buffer.from(printableLines(decoder.write(bytes), MOST_TEXT)) : bytes);
  }
  await copied;
  const { code, signal, error } = await child.done;
  if (around.interrupts.signal !== undefined) return (around.interrupts.status ?? EXIT.failed) as ExitStatus;
  if (error) throw error;
  if (code === null) throw new ExitError(EXIT.connection, `the agent has ended by ${signal ?? "a lost connection"}`);
  return code === INTERRUPTED ? EXIT.done : (code as ExitStatus);
}

async function printRuns(child: RemoteProcess, output: Sink, { where }: Transport): Promise<ExitStatus> {
  child.stderr.on("error", () => {}).resume();
  let text = "";
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.length > MOST_TEXT) throw new ExitError(EXIT.refused, `${where} tells of more runs than there can be`);
  }
  const lines = text.split("\n").filter((line) => line !== "");
  for (const line of lines) await output.write(new TextEncoder().encode(`${describe(line)}\n`));
  if (lines.length === 0) await output.write(new TextEncoder().encode(`No run is kept on ${where}.\n`));
  await output.flush();
  return EXIT.done;
}

/** "NAME  running since 2026-01-31 12:00:00, until …, 4 KB" */
function describe(line: string): string {
  const [, name, state, began, limit, bytes] = RUN_LINE.exec(line) ?? [];
  if (name === undefined) return printable(line, 200);
  const start = Number(began);
  const until = state === "running" ? `, until ${dateOf(start + Number(limit))} at the latest` : "";
  return `${name}  ${state}, since ${dateOf(start)}${until}, ${Math.ceil(Number(bytes) / 1024)} KB of output`;
}

/** Of seconds since 1970; in UTC, as the remote's clock counts. */
function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace("T", " ").replace(/\..*/, " UTC");
}
