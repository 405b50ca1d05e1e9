// `explain --step`: a log's path on the terminal, walked with keys. The walk itself is verifier/walk.ts.

import { emitKeypressEvents } from "node:readline";
import type { ReadStream, WriteStream } from "node:tty";
import { printable } from "../agent/host/printable.ts";
import { WALK_KEYS, Walk } from "../verifier/walk.ts";
import { UsageError } from "./exit.ts";

const ALTERNATE_SCREEN = "\x1b[?1049h\x1b[?25l";
const NORMAL_SCREEN = "\x1b[?25h\x1b[?1049l";
const HOME_AND_CLEAR = "\x1b[H\x1b[2J";

/** Shows a walk until the user leaves it. */
export async function stepThrough(walk: Walk, input: ReadStream, output: WriteStream): Promise<void> {
  if (!input.isTTY || !output.isTTY)
    throw new UsageError("--step needs a terminal", "without --step a screen is printed");
  const draw = () => {
    const lines = walk.draw(Math.max(8, output.rows - 1));
    const width = Math.max(20, output.columns);
    output.write(`${HOME_AND_CLEAR}${lines.map((line) => printable(line).slice(0, width)).join("\r\n")}`);
  };
  emitKeypressEvents(input);
  input.setRawMode(true);
  output.write(ALTERNATE_SCREEN);
  output.on("resize", draw);
  try {
    draw();
    await new Promise<void>((resolve) => {
      const take = (text: string | undefined, key: { name?: string; ctrl?: boolean }) => {
        const isLetter = text !== undefined && text.length === 1 && text > " " && text !== "\x7f";
        walk.key(isLetter ? text : (key.name ?? ""));
        if (walk.isDone || (key.ctrl && (key.name === "c" || key.name === "d"))) {
          input.off("keypress", take);
          resolve();
        } else draw();
      };
      input.on("keypress", take);
    });
  } finally {
    output.off("resize", draw);
    input.setRawMode(false);
    input.pause();
    output.write(NORMAL_SCREEN);
  }
}

/** The keys, for --help. */
export function keysText(): string {
  return WALK_KEYS.map(([keys, what]) => `    ${keys.padEnd(16)} ${what}\n`).join("");
}
