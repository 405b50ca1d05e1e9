// Ctrl-C and similar signals. The first one during a run asks the agent to stop in order: end probes run, and output is
// drained. Detaching many probes takes a while, so a second Ctrl-C asks for a third one before the report is lost.
// Then, and at any other time, the program exits at once, and the agent stops when its input ends.

import { Output } from "./output.ts";

const SIGNALS: Record<string, number> = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };

/** A run that signals end in order. */
interface Running {
  stop: () => void;
  ask: (() => void) | undefined;
}

/** What signals do at the moment. */
export class Interrupts {
  private readonly running: Running[] = [];
  private hasAsked = false;
  /** The signal that stopped the run in order, if one did. */
  signal: string | undefined;

  /** Takes the signals over. */
  install(): void {
    for (const signal of Object.keys(SIGNALS)) process.on(signal as NodeJS.Signals, () => this.arrived(signal));
  }

  /**
   * A run has begun: the first signal calls `stop`, a second Ctrl-C `ask`, and only the third one ends the program.
   * With several hosts a run may begin after the signal: it stops at once. One that has ended stays here, since its
   * output may still be on its way, and to stop it means nothing.
   */
  during(stop: () => void, ask?: () => void): void {
    this.running.push({ stop, ask });
    if (this.signal !== undefined) stop();
  }

  /** The exit status of a run that a signal ended: 130 for Ctrl-C. */
  get status(): number | undefined {
    return this.signal === undefined ? undefined : 128 + (SIGNALS[this.signal] ?? 0);
  }

  /** Ends all runs in order, and those that begin later: what a program does that uses the runs. */
  end(): void {
    if (this.signal !== undefined) return;
    this.signal = "SIGINT";
    for (const { stop } of this.running) stop();
  }

  /** A signal came. */
  arrived(signal: string): void {
    if (this.running.length > 0 && this.signal === undefined) {
      this.signal = signal;
      for (const { stop } of this.running) stop();
      return;
    }
    const asking = this.running.find(({ ask }) => ask !== undefined);
    if (signal === "SIGINT" && asking && !this.hasAsked) {
      this.hasAsked = true;
      asking.ask?.();
      return;
    }
    // A write that hangs in a full pipe would keep process.exit waiting for ever; a signal does not wait.
    if (Output.hanging > 0) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else {
      process.exit(128 + (SIGNALS[signal] ?? 0));
    }
  }
}
