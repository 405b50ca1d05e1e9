// Asks the user on the terminal, without echo for secrets. It uses the controlling terminal and not standard input,
// because a script may come from standard input. It is used only if the caller supplies no function of its own.

import { openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";

/** Whether there is a terminal that a user could answer on. */
export function hasTerminal(): boolean {
  const terminal = openTerminal();
  terminal?.destroy();
  return terminal !== null;
}

function openTerminal(): ReadStream | null {
  try {
    const path = process.platform === "win32" ? "CONIN$" : "/dev/tty";
    return new ReadStream(openSync(path, process.platform === "win32" ? "r+" : "r"));
  } catch {
    return null;
  }
}

let asking: Promise<unknown> = Promise.resolve();

/**
 * Writes a prompt to standard error and reads a line; null if there is no terminal or the user gave up. Of several
 * questions at the same time each waits for the one before.
 */
export function askOnTerminal(prompt: string, echo = false): Promise<string | null> {
  const answer = asking.then(() => askNow(prompt, echo));
  asking = answer.catch(() => {});
  return answer;
}

async function askNow(prompt: string, echo: boolean): Promise<string | null> {
  const terminal = openTerminal();
  if (!terminal) return null;
  // Echo is off before the prompt is there: a fast hand, or a program, may answer at once.
  terminal.setRawMode(true);
  try {
    writeSync(2, prompt);
    return await readKeys(terminal, echo ? (text) => void writeSync(2, text) : () => {});
  } finally {
    terminal.setRawMode(false);
    terminal.destroy();
    writeSync(2, "\n");
  }
}

/** Reads up to the end of a line; in raw mode the keys that edit it, Ctrl-C and the echo are ours. */
function readKeys(terminal: ReadStream, show: (text: string) => void): Promise<string | null> {
  let line = "";
  const erase = (count: number) => {
    line = line.slice(0, line.length - count);
    show("\b \b".repeat(count));
  };
  return new Promise((resolve) => {
    terminal.setEncoding("utf8");
    terminal.on("end", () => resolve(null));
    terminal.on("error", () => resolve(null));
    terminal.on("data", (text: string) => {
      for (const key of text) {
        if (key === "\r" || key === "\n") return resolve(line);
        if (key === "\u0003" || key === "\u0004") return resolve(null);
        if (key === "\u007f" || key === "\b") erase(Math.min(1, line.length));
        else if (key === "\u0015") erase(line.length);
        else {
          line += key;
          if (key >= " ") show(key);
        }
      }
    });
  });
}
