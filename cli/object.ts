// `stap-remote object show FILE.bo`: what an object holds, without a machine.

import { describeObject, objectText } from "../agent/host/describe-object.ts";
import { ObjectError } from "../agent/host/elf.ts";
import { ARCH_OF_MACHINE } from "../facts/answer.ts";
import { readFile } from "./compile.ts";
import { EXIT, ExitError, type ExitStatus } from "./exit.ts";
import type { Settings } from "./options.ts";
import { writeText } from "./output.ts";
import type { Surroundings } from "./surroundings.ts";

/** Shows an object as text, or as JSON. */
export async function objectJob(settings: Settings, around: Surroundings): Promise<ExitStatus> {
  const file = settings.file as string;
  const bytes = readFile(file, "object");
  let text: string;
  try {
    const object = describeObject(bytes);
    const cpu = ARCH_OF_MACHINE[object.machine] ?? `CPU ${object.machine}`;
    text = settings.json ? `${JSON.stringify({ cpu, ...object }, null, 2)}\n` : objectText(object, cpu);
  } catch (error) {
    if (!(error instanceof ObjectError || error instanceof RangeError)) throw error;
    throw new ExitError(EXIT.failed, `'${file}': ${error.message}`);
  }
  await writeText(around.openOutput(settings.output), text);
  return EXIT.done;
}
