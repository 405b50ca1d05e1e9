// The main job: connects and starts the agent while the compiler loads; compiles for the kernel that answered; loads,
// runs, prints; reports how the run ended.
//
// Invariant: however the run ends, the agent's standard input is closed, which makes it detach and exit.

import { writeFileSync } from "node:fs";
import { BlobCache } from "../agent/host/blob-cache.ts";
import { ObjectError } from "../agent/host/elf.ts";
import type { Failure, Finished, LoadedProgram, RunEvent } from "../agent/host/events.ts";
import { FactsCache } from "../agent/host/facts-cache.ts";
import { createFormatter, type Formatter } from "../agent/host/formatter.ts";
import { ManifestReader } from "../agent/host/manifest.ts";
import { RemoteBlobs } from "../agent/host/remote-blobs.ts";
import { Session, SessionError } from "../agent/host/session.ts";
import { FailureCode, ProgressStep, StopReason } from "../common/format/frame.ts";
import { TableKind } from "../common/format/manifest.ts";
import type { CompileResult } from "../compiler/host/compile.ts";
import { ARCH_OF_MACHINE, featuresOf } from "../facts/answer.ts";
import { readAsset } from "./assets.ts";
import { compileFor, compileInput, loadCompiler, objectName, readFile, readScriptsOf, writeObject } from "./compile.ts";
import { EXIT, ExitError, type ExitStatus } from "./exit.ts";
import { JsonLines } from "./json-lines.ts";
import { offline } from "./offline.ts";
import { onlyCompiles } from "./option-checks.ts";
import type { Settings } from "./options.ts";
import { reasonOf, type Sink, writeText } from "./output.ts";
import type { Remote } from "./remote.ts";
import { Repeats } from "./repeats.ts";
import {
  blobLine,
  commandLine,
  elapsed,
  fetchLine,
  passFailed,
  passLines,
  RUN_FAILED,
  startWatch,
  summaryLines,
  usageLine,
} from "./report.ts";
import type { Run, Surroundings } from "./surroundings.ts";

/** Compiles without a remote: -p1 to -p4, --dump. */
export async function compileOnly(settings: Settings, around: Surroundings): Promise<ExitStatus> {
  const scripts = readScriptsOf(settings);
  const watch = startWatch();
  const warn = (text: string) => around.message(`WARNING: ${text}\n`);
  const asked = settings.facts === undefined ? undefined : await offline(settings.facts, warn);
  const result = await compileFor(loadCompiler(), compileInput(settings, scripts, asked?.session.hello), asked);
  return finishCompile(settings, around, { result, watch });
}

interface Compiled {
  result: CompileResult;
  watch: ReturnType<typeof startWatch>;
}

/** Prints what a compile-only job asked for. */
async function finishCompile(
  settings: Settings,
  around: Surroundings,
  { result, watch }: Compiled,
): Promise<ExitStatus> {
  sayResult(settings, around, { result, watch });
  if (isRefused(settings, result)) {
    around.message(passFailed(result));
    return EXIT.failed;
  }
  const wantsObject = settings.pass === 4 && settings.dump === undefined;
  if (wantsObject && result.object) {
    const file = writeObject(settings, result.object, settings.output);
    await writeText(around.openOutput(undefined), `${file}\n`);
  } else {
    await writeText(around.openOutput(settings.output), result.text ?? "");
  }
  if (settings.list && !result.text) {
    around.message(`no probe point matches '${settings.list.pattern}'\n`);
    return EXIT.failed;
  }
  return EXIT.done;
}

/** What the compiler said; with -v under the lines of the passes before the one that said it. */
function sayResult(settings: Settings, around: Surroundings, { result, watch }: Compiled): void {
  const lines = settings.verbose > 0 ? passLines(result, objectName(settings), watch) : [];
  // The pass that failed is the last. What is only warned about was seen in pass 2, but for a -p1.
  const before = result.status === "refused" ? lines.length - 1 : Math.min(1, lines.length - 1);
  around.message(lines.slice(0, Math.max(before, 0)).join(""));
  around.message(result.messages);
  around.message(lines.slice(Math.max(before, 0)).join(""));
}

/** Whether the script does not compile; with -W a warning is enough. */
function isRefused(settings: Settings, result: CompileResult): boolean {
  if (result.status === "refused") return true;
  return settings.warningsAsErrors && result.diagnostics.some(({ severity }) => severity === "warning");
}

/** Compiles (or reads an object) and runs it on the remote. */
export async function runJob(settings: Settings, around: Surroundings): Promise<ExitStatus> {
  const wantsRun = settings.job === "run" || !onlyCompiles(settings);
  const scripts = settings.job === "script" ? readScriptsOf(settings) : undefined;
  const given = settings.job === "run" ? readFile(settings.file as string, "object") : undefined;
  if (given) checkObject(given, settings.file as string);
  const watch = startWatch();
  const opening = around.openRemote(settings);
  const compiler = scripts ? prepare(around.compiler ?? loadCompiler, opening) : undefined;
  const remote = await opening;
  const warn = (text: string) => around.message(`WARNING: ${text}\n`);
  for (const note of remote.notes ?? []) warn(note);
  let session: Session | undefined;
  let cache: FactsCache | undefined;
  try {
    session = await Session.open(remote.process, {
      where: remote.where,
      onWarning: (text) => {
        warn(text);
        return around.settle();
      },
    });
    if (settings.verbose > 0) around.message(connectedLine(remote, session, elapsed(watch)));
    const start = settings.detach === undefined ? runObject : leaveRunning;
    const run = { settings, around, session, remote };
    if (!scripts || !compiler) return await start(given as Uint8Array, run);
    const compiling = startWatch();
    cache = new FactsCache(session.hello.buildId, around.factsFolder);
    const blobs = blobsOf(session, { settings, around, where: remote.where });
    const asked = { session, cache, blobs, features: await featuresOf(session), warn };
    const chosen = remote.container === undefined ? settings : { ...settings, cgroup: remote.container };
    const compile = around.compile ?? compileFor;
    const result = await compile(compiler, compileInput(chosen, scripts, session.hello), asked);
    if (!wantsRun) return await finishCompile(settings, around, { result, watch: compiling });
    sayResult(settings, around, { result, watch: compiling });
    if (isRefused(settings, result) || !result.object) {
      around.message(passFailed(result));
      return EXIT.failed;
    }
    if (settings.keep || settings.module !== undefined) writeObject(settings, result.object);
    return await start(result.object, run);
  } catch (error) {
    // A function that cannot be attached any more may have been unloaded with its module.
    if (error instanceof SessionError && error.detail.failure?.code === FailureCode.Attach) cache?.forget();
    throw error instanceof SessionError ? toExitError(error, settings, session) : error;
  } finally {
    await session?.close();
    await remote.close().catch(() => {});
  }
}

/** --detach: the session was for compiling; another agent takes the object. */
async function leaveRunning(object: Uint8Array, run: Run & { remote: Remote }): Promise<ExitStatus> {
  const { startKept } = await import("./kept.ts");
  await run.session.close();
  return startKept(object, run);
}

/** Does local work while the connection is under way; a failure of either is the job's. */
function prepare<T>(work: () => T, opening: Promise<Remote>): T {
  try {
    return work();
  } catch (error) {
    opening.then((remote) => remote.process.kill()).catch(() => {});
    throw error;
  }
}

function checkObject(object: Uint8Array, file: string): ManifestReader {
  return orObjectError(file, () => new ManifestReader(object));
}

/** Does what reads an object; what is wrong with the object is a failure that names its file. */
function orObjectError<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ObjectError || error instanceof RangeError) {
      throw new ExitError(EXIT.failed, `'${file}': ${error.message}`);
    }
    throw error;
  }
}

function connectedLine(remote: Remote, session: Session, took: string): string {
  const { machine, release, cpus } = session.hello;
  const arch = ARCH_OF_MACHINE[machine] ?? `machine ${machine}`;
  const sent = remote.uploaded ? ", agent sent" : "";
  return `Connected to ${remote.where} (${remote.kind}${sent}): Linux ${release}, ${arch}, ${cpus} CPUs, in ${took}.\n`;
}

/** The remote's large inputs; says on a terminal how far they are, and with -v what came from where. */
function blobsOf(
  session: Session,
  { settings, around, where }: { settings: Settings; around: Surroundings; where: string },
) {
  let isShown = false;
  let next = performance.now() + PROGRESS_AFTER_MS;
  return new RemoteBlobs(session, new BlobCache(around.factsFolder), {
    onPart: (blob, { done, size }) => {
      if (!around.messagesOnTerminal || performance.now() < next) return;
      around.message(`${CLEAR_LINE}${fetchLine(blob, done, size)}`);
      isShown = true;
      next = performance.now() + PROGRESS_EVERY_MS;
    },
    onEnd: () => {
      if (isShown) around.message(CLEAR_LINE);
      isShown = false;
    },
    onBlob: (blob, bytes, transferred) => {
      if (settings.verbose > 0) around.message(blobLine(blob, bytes, { transferred, where }));
    },
  });
}

/** Loads and runs an object; prints until it has ended. */
async function runObject(object: Uint8Array, run: Run): Promise<ExitStatus> {
  const { settings, around, session } = run;
  const manifest = checkObject(object, settings.file ?? "the object");
  if (settings.verify) return await verified(object, manifest, run);
  around.onObject?.(manifest);
  const file = settings.file ?? "the object";
  const formatter = orObjectError(file, () => createFormatter(readAsset("formatter.wasm"), manifest.bytes));
  const output = around.openOutput(settings.output, settings.rotate);
  const json = settings.json ? new JsonLines(around.hostName ?? settings.host ?? "localhost") : undefined;
  prepareFormatter(formatter, manifest, { run, output, json });
  const watch = startWatch();
  if (settings.verbose > 0) around.message("Pass 5: starting run.\n");
  try {
    sayLoaded(await session.load(object), run);
    around.onStarted?.();
    around.interrupts.during(
      () => session.stop(),
      () => around.message(ASK_AGAIN),
    );
    output.onReaderGone = () => session.stop();
    const terminal = settings.output === undefined ? output : around.openOutput(undefined);
    const repeats = new Repeats(settings.noWarnings ? "none" : settings.verbose > 0 ? "all" : "new");
    const state: RunState = { output, terminal, formatter, repeats, json, errors: false, progressShown: false };
    const arch = ARCH_OF_MACHINE[session.hello.machine] ?? "";
    if (json) await output.write(json.run(manifest.script, arch, session.hello));
    for await (const event of session.run(requestOf(settings))) {
      await handle(event, state, run);
      await around.settle();
    }
    const status = await concludeAll(state, run);
    if (settings.verbose > 0)
      around.message(status !== EXIT.failed ? `Pass 5: run completed in ${elapsed(watch)}.\n` : "");
    return status;
  } catch (error) {
    if (error instanceof SessionError && error.code === "rejected") return await reportRejection(error, manifest, run);
    throw error;
  } finally {
    await output.close();
  }
}

/** Loads an object without attaching anything, and prints what the verifier did with it. */
async function verified(object: Uint8Array, manifest: ManifestReader, run: Run): Promise<ExitStatus> {
  try {
    const { verifyObject } = await import("./verify.ts");
    return await verifyObject(object, manifest, run);
  } catch (error) {
    if (error instanceof SessionError && error.code === "rejected") return await reportRejection(error, manifest, run);
    throw error;
  }
}

function requestOf(settings: Settings) {
  const { pid, timeoutMs, command = "", verbose } = settings;
  return { targetPid: pid, timeoutMs, command, wantsUsage: verbose > 0 };
}

/** The state of a run. */
interface RunState {
  output: Sink;
  /** Where the -c command's own output goes: never to the file of -o. */
  terminal: Sink;
  formatter: Formatter;
  repeats: Repeats;
  json: JsonLines | undefined;
  /** An ERROR line was printed. */
  errors: boolean;
  /** The last line on the terminal says how far attaching or detaching is. */
  progressShown: boolean;
  failure?: Failure;
  summary?: Finished;
}

async function handle(event: RunEvent, state: RunState, run: Run): Promise<void> {
  const { around, settings } = run;
  const { output } = state;
  if (state.progressShown) {
    around.message(CLEAR_LINE);
    state.progressShown = false;
  }
  switch (event.type) {
    case "output":
    case "control":
      for (const { text, messages } of state.formatter.format(event.records)) {
        await output.write(text);
        if (messages.length > 0) await writeMessages(messages, state, around);
      }
      break;
    case "symbols":
      if (!state.formatter.addSymbols(event.payload))
        throw new SessionError("protocol", "the agent sent damaged symbols");
      break;
    case "command":
      if (state.json) await output.write(state.json.command(event.stream, new TextDecoder().decode(event.bytes)));
      else if (event.stream === 1) await state.terminal.write(event.bytes.slice());
      else around.message(event.bytes);
      break;
    case "started":
      sayStarted(event.attached, run);
      if (state.json) await output.write(state.json.started(event.attached));
      break;
    case "usage":
      around.message(usageLine(event.usage));
      break;
    case "warning":
      around.message(`WARNING: ${event.text}\n`);
      break;
    case "progress":
      state.progressShown = around.messagesOnTerminal;
      if (around.messagesOnTerminal) around.message(progressLine(event.step, event.done, event.total));
      break;
    case "note":
      if (settings.verbose > 1) around.message(`${event.text}\n`);
      break;
    case "failed":
      state.failure ??= event.failure;
      break;
    case "finished":
      state.summary = event.summary;
  }
}

/** Says when handlers begin to count: with many probes that is seconds after the script's first output. */
function sayStarted(attached: number, { around, settings }: Run): void {
  const probes = attached === 1 ? "1 probe is" : `${attached} probes are`;
  if (settings.verbose > 1) around.message(`Attached ${attached} probes.\n`);
  else if (around.messagesOnTerminal && attached > 0) around.message(`Tracing: ${probes} attached.\n`);
}

async function writeMessages(messages: Uint8Array, state: RunState, around: Surroundings): Promise<void> {
  const text = state.repeats.filter(new TextDecoder().decode(messages));
  if (/^ERROR: /m.test(text)) state.errors = true;
  await state.output.flush(); // so that on a terminal the error stands after what was printed before it
  around.message(text);
}

const CLEAR_LINE = "\r\x1b[K";
/** A step that is done by then needs no line on the terminal. */
const PROGRESS_AFTER_MS = 1000;
const PROGRESS_EVERY_MS = 200;
const ASK_AGAIN = "The report follows when all probes are detached. Press Ctrl-C once more to end without it.\n";

function progressLine(step: ProgressStep, done: number, total: number): string {
  const what = step === ProgressStep.Detaching ? "Detaching" : "Attaching";
  return `${CLEAR_LINE}${what} probes: ${done} of ${total}`;
}

/** Concludes, and says it in JSON as well. */
async function concludeAll(state: RunState, run: Run): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.failed;
  try {
    status = await conclude(state, run);
    return status;
  } catch (error) {
    if (error instanceof ExitError) status = error.status;
    throw error;
  } finally {
    if (state.json && state.summary) await state.output.write(state.json.end(state.summary, status));
  }
}

/** With -vv, what the verifier did. */
function sayLoaded(loaded: LoadedProgram[], { settings, around }: Run): void {
  if (settings.verbose < 2) return;
  for (const { name, verified, loadMicroseconds } of loaded) {
    const took = (loadMicroseconds / 1000).toFixed(1);
    around.message(`Loaded '${name}': ${verified} instructions verified in ${took} ms.\n`);
  }
}

/** Says in which form the formatter writes. */
function prepareFormatter(
  formatter: Formatter,
  manifest: ManifestReader,
  { run, output, json }: { run: Run; output: Sink; json: JsonLines | undefined },
): void {
  const { settings, around } = run;
  formatter.onTerminal({
    text: !settings.raw && output.isTerminal,
    messages: !settings.raw && around.messagesOnTerminal,
  });
  if (json) formatter.jsonLines(json.members);
  if (settings.stamps !== undefined) stampLines(settings.stamps, formatter, manifest);
}

/** Times before lines, if the object has them. */
function stampLines(how: "date" | "seconds", formatter: Formatter, manifest: ManifestReader): void {
  if (!manifest.hasTimes && manifest.count(TableKind.Site) > 0) {
    const hint = "compile it with --timestamps, too";
    throw new ExitError(EXIT.usage, "the object was compiled without times", hint);
  }
  formatter.stampLines(how);
}

/** The end of a run: counts, and what it means for the exit status. */
async function conclude(state: RunState, run: Run): Promise<ExitStatus> {
  const { around, settings } = run;
  const summary = state.summary as Finished;
  await state.output.flush();
  await state.terminal.flush();
  const ended = TOO_MUCH[summary.reason];
  if (ended) around.message(`ERROR: ${ended}\n`);
  const commandFailed = commandLine(summary.commandStatus);
  around.message(commandFailed + summaryLines(summary));
  if (state.failure) throw failureError(state.failure, run.session, settings);
  if (summary.reason === StopReason.Signal) around.message("ERROR: the agent was ended by a signal\n");
  if (summary.reason === StopReason.HostGone) around.message("ERROR: the agent timed out waiting for the client\n");
  if (state.errors || commandFailed !== "" || BAD_ENDS.has(summary.reason)) {
    around.message(RUN_FAILED);
    return EXIT.failed;
  }
  return around.interrupts.status ?? EXIT.done;
}

/** What the agent ended a run for, where handlers did too much. */
const TOO_MUCH: Partial<Record<StopReason, string>> = {
  [StopReason.Skipped]: "too many probe handlers were skipped; a larger limit is -D MAXSKIPPED=N",
  [StopReason.Crowded]:
    "more than 5 % of the probe handlers were skipped because of a lock; -D MAXSKIPPED=N allows N of them",
  [StopReason.Overload]: "probe overhead exceeded threshold",
};

const BAD_ENDS = new Set<StopReason>([
  StopReason.Errors,
  StopReason.Skipped,
  StopReason.Crowded,
  StopReason.Overload,
  StopReason.HostGone,
  StopReason.Failure,
  StopReason.Signal,
]);

/** Shows a refused program; all of its log if the options say so. What explains it is loaded only then. */
async function reportRejection(
  error: SessionError,
  manifest: ManifestReader,
  { settings, around }: Run,
): Promise<ExitStatus> {
  const rejection = error.detail.rejection;
  if (!rejection) throw error;
  const { explainRejection } = await import("../agent/host/verifier-log.ts");
  const where = settings.verifierLog;
  around.message(explainRejection(rejection, manifest, where === "full"));
  if (where !== undefined && where !== "full") {
    try {
      writeFileSync(where, rejection.log);
      around.message(`    the whole log: ${where}\n`);
    } catch (cause) {
      around.message(`WARNING: cannot write '${where}': ${reasonOf(cause)}\n`);
    }
  }
  around.message(RUN_FAILED);
  return EXIT.refused;
}

/** The agent's failure as an error of ours. */
function failureError(failure: Failure, session: Session | undefined, settings: Settings): ExitError {
  const notRoot = failure.code === FailureCode.Permission && session?.hello.uid !== 0 && !settings.become;
  const become = notRoot ? "log in as root, or become root with --sudo" : undefined;
  const hint = failure.hint || become;
  return new ExitError(FAILURE_STATUS[failure.code] ?? EXIT.refused, failure.text, hint);
}

/** Failures that are not the remote's refusal. */
const FAILURE_STATUS: Partial<Record<FailureCode, ExitStatus>> = {
  [FailureCode.Protocol]: EXIT.connection,
  [FailureCode.Command]: EXIT.failed,
};

export function toExitError(error: SessionError, settings: Settings, session: Session | undefined): ExitError {
  const { failure, hint } = error.detail;
  return failure ? failureError(failure, session, settings) : new ExitError(EXIT.connection, error.message, hint);
}
