// What a test reads of the client instead of its standard output.

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
