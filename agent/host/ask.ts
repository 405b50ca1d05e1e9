// Asks for a secret on the terminal without echo. It uses the controlling terminal and not standard input, because a
// script may come from standard input. It is used only if the caller supplies no function of its own.

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

/** Writes a prompt to standard error and reads one hidden line; null if there is no terminal or the user gave up. */
export async function askOnTerminal(prompt: string): Promise<string | null> {
  const terminal = openTerminal();
  if (!terminal) return null;
  writeSync(2, prompt);
  terminal.setRawMode(true);
  try {
    return await readHidden(terminal);
  } finally {
    terminal.setRawMode(false);
    terminal.destroy();
    writeSync(2, "\n");
  }
}

/** Reads up to the end of a line; in raw mode the keys that edit it and Ctrl-C are ours to understand. */
function readHidden(terminal: ReadStream): Promise<string | null> {
  let line = "";
  return new Promise((resolve) => {
    terminal.setEncoding("utf8");
    terminal.on("end", () => resolve(null));
    terminal.on("error", () => resolve(null));
    terminal.on("data", (text: string) => {
      for (const key of text) {
        if (key === "\r" || key === "\n") return resolve(line);
        if (key === "\u0003" || key === "\u0004") return resolve(null);
        if (key === "\u007f" || key === "\b") line = line.slice(0, -1);
        else if (key === "\u0015") line = "";
        else line += key;
      }
    });
  });
}
