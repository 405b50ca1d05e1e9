// Runs a command line: parses the settings, does one of the jobs, returns the exit status. The user sees no stack
// trace. An unexpected error is a bug of ours, and is reported in one line (STAP_REMOTE_DEBUG=1 shows where it
// happened).

import { version } from "./assets.ts";
import { EXIT, ExitError, type ExitStatus } from "./exit.ts";
import { factsJob } from "./facts.ts";
import { changeInstalled } from "./install.ts";
import { helpText, onlyCompiles, parseOptions } from "./options.ts";
import { errorLine } from "./report.ts";
import { compileOnly, runJob, type Surroundings } from "./run.ts";

/** What to say of stap's environment variables that change nothing. */
function environmentNotes(): string[] {
  if (!process.env.SYSTEMTAP_TAPSET) return [];
  return ["SYSTEMTAP_TAPSET means nothing here: the library is part of this program; add directories with -I"];
}

/** Runs a command line. */
export async function main(argv: string[], around: Surroundings): Promise<ExitStatus> {
  try {
    const settings = parseOptions(argv);
    if (settings.help || settings.version) {
      const output = around.openOutput(undefined);
      const text = settings.help ? await helpText() : `stap-remote ${version()}\n`;
      await output.write(new TextEncoder().encode(text));
      await output.close();
      return EXIT.done;
    }
    for (const note of [...settings.notes, ...environmentNotes()]) {
      if (!settings.noWarnings) around.message(`WARNING: ${note}\n`);
    }
    if (settings.job === "install" || settings.job === "uninstall") return await changeInstalled(settings, around);
    if (settings.job.startsWith("facts")) return await factsJob(settings, around);
    const compiles = settings.job === "script" && onlyCompiles(settings);
    if (compiles && settings.host === undefined && !settings.local) return await compileOnly(settings, around);
    return await runJob(settings, around);
  } catch (error) {
    if (process.env.STAP_REMOTE_DEBUG) around.message(`${(error as Error).stack}\n`);
    if (error instanceof ExitError) {
      around.message(errorLine(error));
      return error.status;
    }
    const message = error instanceof Error ? error.message : String(error);
    around.message(
      errorLine({ message: message.startsWith("internal error") ? message : `internal error: ${message}` }),
    );
    return EXIT.failed;
  }
}
