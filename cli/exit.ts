// The exit statuses, one row each, and the error class that carries one.

/** Exit statuses of stap-remote. */
export const EXIT = {
  /** the script ran and ended normally, or a compile-only job was done */
  done: 0,
  /** the script does not compile, or ended with a run-time error, or its -c command failed */
  failed: 1,
  /** the command line is not valid */
  usage: 2,
  /** the remote cannot be reached, or the connection was cut */
  connection: 3,
  /** the remote was reached but refused: no root, no BPF, verifier, attach */
  refused: 4,
  /** Ctrl-C */
  interrupted: 130,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT] | number;

/** A failure that ends the program: what to print and how to exit. */
export class ExitError extends Error {
  override name = "ExitError";

  constructor(
    readonly status: ExitStatus,
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** A command line that is not valid. */
export class UsageError extends ExitError {
  override name = "UsageError";

  constructor(message: string, hint = "try 'stap-remote --help'") {
    super(EXIT.usage, message, hint);
  }
}
