// Attaching or detaching hundreds of probes, loading large programs and searching for thousands of names may take
// minutes. Meanwhile the host must hear from the agent, or it would time out; and the agent must notice that the host
// has gone, or it would work for nobody.

import { FailureCode, ProgressStep } from "../../common/format/frame";
import { Failure } from "./errors";
import { CLOCK_MONOTONIC, clock_gettime } from "./syscall";

/** The one whom the agent works for, while a step takes long. */
export abstract class Contact {
  /** Called between two steps: answers heartbeats. False: nobody waits for the result any more. */
  abstract keep(): bool;

  /** How far a long step is, for somebody who watches. */
  progress(_step: ProgressStep, _done: i32, _total: i32): void {}
}

/** Tells a contact now and then how far a step is that takes long. */
export class ProgressMeter {
  private next: i64 = clock_gettime(CLOCK_MONOTONIC) + SHORT_NS;

  constructor(
    private contact: Contact,
    private step: ProgressStep,
    private total: i32,
  ) {}

  /** One more part is done; false: nobody waits for the result any more. */
  advance(done: i32): bool {
    const now = clock_gettime(CLOCK_MONOTONIC);
    if (now >= this.next) {
      this.next = now + EVERY_NS;
      this.contact.progress(this.step, done, this.total);
    }
    return this.contact.keep();
  }
}

/** Why a long step ends when nobody waits for its result. */
export function goneFailure(): Failure {
  return new Failure(FailureCode.Protocol, 0, "the host has gone");
}

/** What is shorter than this is finished, even for a host that has gone. */
const SHORT_NS: i64 = 1000000000;
const EVERY_NS: i64 = 200000000;
/** The clock is read once for so many steps. */
const STEPS: i32 = 64;

/** A step of many small ones, such as going through the kernel's symbols. */
export class LongWork {
  private steps: i32 = 0;
  private next: i64 = clock_gettime(CLOCK_MONOTONIC) + SHORT_NS;

  constructor(private contact: Contact) {}

  /** Whether somebody still waits for the result; asks now and then. */
  goesOn(): bool {
    if (++this.steps % STEPS != 0) return true;
    const now = clock_gettime(CLOCK_MONOTONIC);
    if (now < this.next) return true;
    this.next = now + EVERY_NS;
    return this.contact.keep();
  }
}
