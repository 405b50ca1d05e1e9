// A formatter can have a tap: what each item prints goes to the tap together with its values, and the tap writes what
// is shown instead. The agent's formatter has none, so none of it is in the agent.

import { OutBuffer } from "./buffer";
import { ManifestView } from "./manifest";
import { Plan } from "./plan";

/** Told of one item after the other; this one shows nothing. */
export class Tap {
  /** Whether it is told of warnings and errors, too, which are messages all the same. */
  takesMessages: bool = false;

  /** An item begins. */
  begin(): void {}
  /** A number that it prints. */
  long(_value: i64, _isSigned: bool): void {}
  /** A string that it prints. */
  bytes(_start: usize, _length: i32): void {}
  /** The string that comes next is a stack. */
  stack(): void {}
  /** A histogram that it draws. */
  histogram(_start: usize, _bytes: i32): void {}
  /** When it was made, nanoseconds since 1970, and on which CPU. */
  time(_value: i64): void {}
  cpu(_value: i64): void {}
  /** The item ends: writes it, given the text that it prints. */
  end(_manifest: ManifestView, _plan: Plan, _text: OutBuffer, _out: OutBuffer): void {}
}
