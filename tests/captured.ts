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
