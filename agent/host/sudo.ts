// Answers the request for a password of a program that makes root (sudo runs as `sudo -S -p MARKER`, so its prompt is
// the marker on standard error). The password goes to its standard input, but only after the prompt, because sudo may
// not need one. It appears in no argument, file, log or environment, and is dropped once it is written.
//
// Invariant: nothing is asked of the user unless the user asked for sudo and the script has said that sudo is next; a
// marker on standard error at any other time is text like any other.

import { printable } from "./printable.ts";
import type { Tap } from "./tap.ts";
import { type AskPassword, type RemoteProcess, TransportError } from "./transport.ts";

/** A remote that asks more often is not sudo. */
const MOST_TRIES = 10;
/** So much of standard error is kept: its end explains a failure. */
const KEPT = 16 << 10;

/** The exchange with one sudo. */
export class Sudo {
  /** Bytes that came on standard error. */
  bytes = 0;
  /** Whether a prompt is to be expected. */
  private isAsking = false;
  /** What sudo and others said on standard error, without prompts. */
  private said = "";
  private tries = 0;
  private readonly marker: string;
  private readonly where: string;
  private readonly ask: AskPassword;

  constructor(options: { marker: string; where: string; ask: AskPassword }) {
    this.marker = options.marker;
    this.where = options.where;
    this.ask = options.ask;
  }

  /** From now on, the marker on standard error is sudo's prompt. What was said before is not sudo's. */
  expect(): void {
    this.isAsking = true;
    this.said = "";
  }

  /** From now on it is not: sudo has started its command. */
  finish(): void {
    this.isAsking = false;
  }

  /** Takes what came on standard error; answers a prompt if there is one, and says whether there was. */
  async answer(stderr: Tap, process: RemoteProcess): Promise<boolean> {
    const came = stderr.takeAll();
    this.bytes += came.length;
    this.said = (this.said + came.toString("utf8")).slice(-KEPT);
    const prompt = this.isAsking ? this.said.indexOf(this.marker) : -1;
    if (prompt < 0) return false;
    this.said = this.said.slice(0, prompt) + this.said.slice(prompt + this.marker.length);
    if (this.tries === MOST_TRIES) throw new TransportError("sudo", `sudo on ${this.where} asks for ever`);
    const again = this.tries++ > 0 ? "Sorry, try again.\n" : "";
    const password = await this.ask(`${again}[sudo] password for ${this.where}: `);
    if (password === null) {
      const hint = "run on a terminal to be asked for it, allow sudo without a password there, or log in as root";
      throw new TransportError("sudo", `sudo on ${this.where} wants a password, and none was given`, hint);
    }
    process.stdin.write(`${password}\n`);
    return true;
  }

  /** The last line on standard error that is not about a wrong password; "" if there is none. */
  get lastLine(): string {
    const lines = this.said.split("\n").map((line) => line.trim());
    const last = lines.filter((line) => line !== "" && !/try again/i.test(line)).at(-1) ?? "";
    return printable(last, 200);
  }
}
