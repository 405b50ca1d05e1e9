// `stap-remote facts`: asks a remote for all that compiling for it needs, and writes that to a file; `facts show` and
// `facts diff` say what is in such files. offline.ts compiles with them.

import { readFileSync } from "node:fs";
import { Session, SessionError } from "../agent/host/session.ts";
import { collectFacts } from "../facts/collect.ts";
import { compareFacts, describeFacts } from "../facts/describe.ts";
import { encodeFacts } from "../facts/write.ts";
import { writeObject } from "./compile.ts";
import { EXIT, type ExitStatus } from "./exit.ts";
import { readFacts } from "./offline.ts";
import type { Settings } from "./options.ts";
import { writeText } from "./output.ts";
import { toExitError } from "./run.ts";
import type { Surroundings } from "./surroundings.ts";

/** `facts`, `facts show FILE`, `facts diff FILE FILE`. */
export async function factsJob(settings: Settings, around: Surroundings): Promise<ExitStatus> {
  if (settings.job === "facts show") {
    const file = settings.file as string;
    return print(around, describeFacts(await readFacts(file), readFileSync(file).length));
  }
  if (settings.job === "facts diff") {
    const [first, second] = [settings.file as string, settings.args[0] as string];
    const text = compareFacts(await readFacts(first), await readFacts(second), settings.verbose > 0);
    return print(around, text || "a script meets the same on both\n");
  }
  return await capture(settings, around);
}

async function print(around: Surroundings, text: string): Promise<ExitStatus> {
  await writeText(around.openOutput(undefined), text);
  return EXIT.done;
}

async function capture(settings: Settings, around: Surroundings): Promise<ExitStatus> {
  const remote = await around.openRemote(settings);
  let session: Session | undefined;
  try {
    session = await Session.open(remote.process, { where: remote.where });
    const say = (what: string) => {
      if (settings.verbose > 0) around.message(`Asking ${remote.where} for ${what}.\n`);
    };
    const facts = encodeFacts(await collectFacts(session, say));
    const file = settings.output ?? `${session.hello.release}.facts`;
    writeObject(settings, facts, file);
    return await print(around, `${file}\n`);
  } catch (error) {
    throw error instanceof SessionError ? toExitError(error, settings, session) : error;
  } finally {
    await session?.close();
    await remote.close().catch(() => {});
  }
}
