// The lines of --output json that are not prints (docs/json.md): the run's beginning and end, and what its command
// prints. The formatter makes the lines of prints, warnings and errors.

import type { Finished, Hello } from "../agent/host/events.ts";
import { StopReason } from "../common/format/frame.ts";
import type { ExitStatus } from "./exit.ts";

/** Raised when a line loses a member, or a member changes its meaning; new members and types change nothing. */
const JSON_SCHEMA = 1;

/** Why a run ended, in the words of the schema. */
const REASONS: Record<StopReason, string> = {
  [StopReason.Exit]: "exit",
  [StopReason.Stopped]: "interrupt",
  [StopReason.Timeout]: "timeout",
  [StopReason.TargetEnded]: "command",
  [StopReason.Errors]: "errors",
  [StopReason.Skipped]: "skipped",
  [StopReason.HostGone]: "client",
  [StopReason.Failure]: "failure",
  [StopReason.Signal]: "signal",
  [StopReason.Overload]: "overload",
  [StopReason.Crowded]: "skipped",
};

/** Makes the lines of one run. */
export class JsonLines {
  constructor(private readonly host: string) {}

  /** What the formatter begins its lines with. */
  get members(): string {
    return `"host":${JSON.stringify(this.host)},`;
  }

  /** A run begins. */
  run(script: string, arch: string, { release, cpus }: Hello): Uint8Array {
    const time = new Date().toISOString();
    return this.line("run", { schema: JSON_SCHEMA, script, kernel: release, arch, cpus, start: time });
  }

  /** All probes are attached. */
  started(probes: number): Uint8Array {
    return this.line("started", { probes });
  }

  /** What the command of -c has written. */
  command(stream: 1 | 2, text: string): Uint8Array {
    return this.line("command", { stream: stream === 1 ? "stdout" : "stderr", text });
  }

  /** The run has ended. */
  end(summary: Finished, status: ExitStatus): Uint8Array {
    const { errors, skippedLock, skippedFrame, skippedKernel, lostOutput, lostControl, handlers } = summary;
    return this.line("end", {
      reason: REASONS[summary.reason] ?? "failure",
      status,
      errors: Number(errors),
      skipped: { lock: Number(skippedLock), reentrancy: Number(skippedFrame), kernel: Number(skippedKernel) },
      lost: { output: Number(lostOutput), messages: Number(lostControl) },
      handlers: handlers === 0n ? null : Number(handlers),
    });
  }

  /** The run has not come about, or was cut. */
  failure(status: ExitStatus, text: string): Uint8Array {
    return this.line("failure", { status, text });
  }

  private line(type: string, members: Record<string, unknown>): Uint8Array {
    return new TextEncoder().encode(`${JSON.stringify({ host: this.host, type, ...members })}\n`);
  }
}
