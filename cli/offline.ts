// Compiling with a file of facts (--facts), as if the machine had been asked.

import { type Asked, featuresOf } from "../facts/answer.ts";
import { decodeFacts, FactsError } from "../facts/file.ts";
import { type KernelFacts, OfflineKernel } from "../facts/kernel.ts";
import { readFile } from "./compile.ts";
import { EXIT, ExitError } from "./exit.ts";

/** Reads a file of facts that the user named. */
export async function readFacts(file: string): Promise<KernelFacts> {
  try {
    return await decodeFacts(readFile(file, "facts"));
  } catch (error) {
    if (!(error instanceof FactsError)) throw error;
    throw new ExitError(EXIT.failed, `cannot read facts '${file}': ${error.message}`);
  }
}

/** A kernel that is known from a file: for compiling, as if it had been asked. */
export async function offline(file: string, warn: (text: string) => void): Promise<Asked & { session: OfflineKernel }> {
  const session = new OfflineKernel(await readFacts(file));
  return { session, blobs: session, features: await featuresOf(session), warn };
}
