// Streams that collect the client's output for a test.

import { Output } from "../cli/output.ts";

/** Standard output, kept in memory. */
export class Captured extends Output {
  text = "";
  private readonly decoder = new TextDecoder();

  constructor() {
    super(-1, "memory", false);
  }

  override async write(bytes: Uint8Array): Promise<void> {
    this.text += this.decoder.decode(bytes, { stream: true });
  }
}

/** Standard error of a command line, kept: spread its functions into `Surroundings`. */
export function captureMessages() {
  let text = "";
  const decoder = new TextDecoder();
  return {
    said: () => text,
    to: {
      message: (part: string | Uint8Array) => {
        text += typeof part === "string" ? part : decoder.decode(part);
      },
      settle: async () => {},
      messagesOnTerminal: false,
    },
  };
}
