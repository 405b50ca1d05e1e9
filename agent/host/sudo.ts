// Answers sudo's request for a password. sudo runs as `sudo -S -p MARKER`, so its prompt is the marker on standard
// error. The password goes to its standard input, but only after the prompt, because sudo may not need one. The
// password appears in no argument, file or log, and is dropped once it is written.

import type { Tap } from "./tap.ts";
import { type AskPassword, type RemoteProcess, TransportError } from "./transport.ts";

/** The exchange with one sudo. */
export class Sudo {
  /** What sudo and others said on standard error, without prompts. */
  text = "";
  private tries = 0;
  private readonly marker: string;
  private readonly where: string;
  private readonly ask: AskPassword;

  constructor(options: { marker: string; where: string; ask: AskPassword }) {
    this.marker = options.marker;
    this.where = options.where;
    this.ask = options.ask;
  }

  /** Takes what came on standard error; answers a prompt if there is one. */
  async answer(stderr: Tap, process: RemoteProcess): Promise<void> {
    this.text += stderr.takeAll().toString("utf8");
    const prompt = this.text.indexOf(this.marker);
    if (prompt < 0) return;
    this.text = this.text.slice(0, prompt) + this.text.slice(prompt + this.marker.length);
    const again = this.tries++ > 0 ? "Sorry, try again.\n" : "";
    const password = await this.ask(`${again}[sudo] password for ${this.where}: `);
    if (password === null) {
      const hint = "run on a terminal to be asked for it, allow sudo without a password there, or log in as root";
      throw new TransportError("sudo", `sudo on ${this.where} wants a password, and none was given`, hint);
    }
    process.stdin.write(`${password}\n`);
  }

  /** Why sudo ended without starting anything. */
  failure(): TransportError {
    const said = this.text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !/try again/i.test(line))
      .at(-1);
    const hint = "check the password, or that this user may run sudo";
    return new TransportError("sudo", `sudo on ${this.where} refused${said ? `: ${said}` : ""}`, hint);
  }
}
