// Messages to the user, apart from the script's own output: one-line errors, stap's pass lines of -v, the counts at the
// end. All of them go to standard error.

import type { Finished, Usage } from "../agent/host/events.ts";
import { KERNEL_BTF, MODULE_BTF } from "../common/format/request.ts";
import type { CompileResult } from "../compiler/host/compile.ts";
import type { ExitError } from "./exit.ts";

/** Writes to standard error; tests give another. Bytes pass as they are. */
export type WriteMessage = (text: string | Uint8Array) => void;

/** Microseconds of user and system time, milliseconds of real time. */
export interface Stopwatch {
  cpu: NodeJS.CpuUsage;
  real: number;
}

/** Starts measuring. */
export function startWatch(): Stopwatch {
  return { cpu: process.cpuUsage(), real: performance.now() };
}

/** "3usr/0sys/4real ms" since then. */
export function elapsed(since: Stopwatch): string {
  const cpu = process.cpuUsage(since.cpu);
  return times(cpu.user / 1000, cpu.system / 1000, performance.now() - since.real);
}

function times(user: number, system: number, real: number): string {
  return `${Math.round(user)}usr/${Math.round(system)}sys/${Math.round(real)}real ms`;
}

/** One line for an error of ours or of the environment. */
export function errorLine(error: Pick<ExitError, "message" | "hint">): string {
  const joint = error.message.endsWith("?") ? " " : "; ";
  return `stap-remote: ${error.message}${error.hint ? joint + error.hint : ""}\n`;
}

/** What stap says when a pass fails. */
const PASS_FAILED: Record<string, string> = {
  parse: "Pass 1: parse failed.\n",
  elaborate: "Pass 2: analysis failed.\n",
  translate: "Pass 3: translation failed.\n",
  object: "Pass 4: compilation failed.\n",
};
export const RUN_FAILED = "Pass 5: run failed.\n";

/** The line after a script's diagnostics, which says which pass refused the script. */
export function passFailed(result: CompileResult): string {
  const last = result.passes.at(-1)?.name ?? "parse";
  return PASS_FAILED[last] ?? PASS_FAILED.parse!;
}

/** stap's lines of -v for passes 1 to 4, one each, with the compiler's time divided among the passes. */
export function passLines(result: CompileResult, objectName: string, since: Stopwatch): string[] {
  const cpu = process.cpuUsage(since.cpu);
  const total = result.passes.reduce((sum, pass) => sum + pass.realMs, 0) || 1;
  const count = (name: string) => {
    const number = result.counts[name] ?? 0;
    return `${number} ${number === 1 ? name.slice(0, -1) : name}`;
  };
  const libraries = Math.max(0, (result.counts.scripts ?? 1) - 1);
  const text: Record<string, string> = {
    parse: `Pass 1: parsed user script and ${libraries} library ${libraries === 1 ? "script" : "scripts"}`,
    elaborate: `Pass 2: analyzed script: ${count("probes")}, ${count("functions")}, ${count("globals")}`,
    translate: `Pass 3: translated to BPF: ${count("handlers")}`,
    object: `Pass 4: compiled BPF into "${objectName}" (${result.object?.length ?? 0} bytes)`,
  };
  const lines: string[] = [];
  for (const pass of result.passes) {
    const share = pass.realMs / total;
    const said = text[pass.name];
    // The process' CPU time includes threads that compile Wasm; a pass cannot have used more than its real time.
    const part = (microseconds: number) => Math.min((microseconds / 1000) * share, pass.realMs);
    if (said) lines.push(`${said} in ${times(part(cpu.user), part(cpu.system), pass.realMs)}.\n`);
  }
  return lines;
}

/** How far a large input of the compiler is that comes from the remote. */
export function fetchLine(blob: string, done: number, size: number): string {
  const of = size > 0 ? ` of ${mebibytes(BigInt(size))}` : "";
  return `Fetching ${blobName(blob)}: ${mebibytes(BigInt(done))}${of}`;
}

/** Where a large input of the compiler came from. */
export function blobLine(blob: string, bytes: number, from: { transferred?: number; where: string }): string {
  const { transferred, where } = from;
  const source = transferred === undefined ? "from the cache" : `${transferred} bytes transferred from ${where}`;
  return `Pass 2: ${blobName(blob)}: ${bytes} bytes, ${source}.\n`;
}

function blobName(blob: string): string {
  if (blob.startsWith(MODULE_BTF)) return `types of module '${blob.slice(MODULE_BTF.length)}'`;
  return blob === KERNEL_BTF ? "types of the kernel" : `'${blob}'`;
}

/** What a run takes of the remote. */
export function usageLine({ kernel, agent, locked, descriptors, mostDescriptors }: Usage): string {
  const own = `${mebibytes(agent)} for the agent (${mebibytes(locked)} locked)`;
  const memory = `${mebibytes(kernel)} for maps and programs, ${own}`;
  return `Pass 5: memory: ${memory}; ${descriptors} of ${mostDescriptors} file descriptors.\n`;
}

/** "1.5 MiB" */
function mebibytes(bytes: bigint): string {
  return `${(Number(bytes) / 2 ** 20).toFixed(1)} MiB`;
}

/** What stap says at the end about errors, skipped handlers and lost output; "" if there is nothing to say. */
export function summaryLines(summary: Finished): string {
  const { errors, skippedLock, skippedFrame, skippedKernel, lostOutput, lostControl } = summary;
  const skipped = skippedLock + skippedFrame + skippedKernel;
  let lines = "";
  if (errors > 0n || skipped > 0n) lines += `WARNING: Number of errors: ${errors}, skipped probes: ${skipped}\n`;
  if (lostOutput > 0n) {
    const unit = "a unit is the output of one handler";
    lines += `WARNING: There were ${lostOutput} lost units of output: ${unit} (the buffer was full)\n`;
  }
  if (lostControl > 0n) lines += `WARNING: There were ${lostControl} lost errors and warnings (the buffer was full)\n`;
  if (skipped > 0n) {
    const causes = [
      `${skippedLock} by lock contention`,
      `${skippedFrame} by re-entrancy`,
      `${skippedKernel} by the kernel`,
    ];
    lines += `WARNING: skipped: ${causes.join(", ")}${ofHandlers(skipped, summary)}\n`;
  }
  return lines;
}

/** ", of about 123456 handlers (0.1 %)"; "" if their number is not known. */
function ofHandlers(skipped: bigint, { handlers, isEstimate, skippedKernel }: Finished): string {
  if (handlers === 0n) return "";
  // The kernel does not count what it passed over as a run.
  const all = handlers + skippedKernel;
  const percent = Number(((Number(skipped) * 100) / Number(all)).toPrecision(2));
  return `, of ${isEstimate ? "about " : ""}${all} handlers (${percent} %)`;
}

/** Linux' signals by number, for "exited with signal 9 (SIGKILL)". */
const SIGNALS = [
  "",
  "HUP",
  "INT",
  "QUIT",
  "ILL",
  "TRAP",
  "ABRT",
  "BUS",
  "FPE",
  "KILL",
  "USR1",
  "SEGV",
  "USR2",
  "PIPE",
  "ALRM",
  "TERM",
];

/** The message about the -c command's wait status; "" if it succeeded or there was none. */
export function commandLine(status: number): string {
  if (status <= 0) return "";
  const signal = status & 127;
  if (signal === 0) return `WARNING: Child process exited with status ${(status >> 8) & 255}\n`;
  const name = SIGNALS[signal];
  return `WARNING: Child process exited with signal ${signal}${name ? ` (SIG${name})` : ""}\n`;
}
