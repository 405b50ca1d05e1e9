// Signals as a descriptor: they are blocked for good and read in the event loop, so nothing interrupts anything.

import {
  blockSignals,
  O_CLOEXEC,
  O_NONBLOCK,
  SIGCHLD,
  SIGHUP,
  SIGINT,
  SIGPIPE,
  SIGQUIT,
  SIGTERM,
  signalfd4,
} from "./syscall";

function bit(signal: i32): u64 {
  return (<u64>1) << (<u64>signal - 1);
}

/**
 * Blocks the signals that mean something and SIGPIPE (writes say EPIPE instead); a descriptor that reads the former.
 */
export function openSignals(): i32 {
  const wanted = bit(SIGTERM) | bit(SIGINT) | bit(SIGHUP) | bit(SIGQUIT) | bit(SIGCHLD);
  blockSignals(wanted | bit(SIGPIPE));
  return signalfd4(wanted, O_NONBLOCK | O_CLOEXEC);
}
