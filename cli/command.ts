// Runs a command line: parses the settings, does one of the jobs, returns the exit status. The user sees no stack
// trace. An unexpected error is a bug of ours, and is reported in one line (STAP_REMOTE_DEBUG=1 shows where it
// happened).

import { version } from "./assets.ts";
import { doctorJob } from "./doctor.ts";
import { EXIT, ExitError, type ExitStatus, UsageError } from "./exit.ts";
import { explainJob, helpJob } from "./explain.ts";
import { factsJob } from "./facts.ts";
import { type Job, runFleet, settingsFor } from "./hosts/fleet.ts";
import { hostsOf } from "./hosts/list.ts";
import { imageJob } from "./image.ts";
import { changeInstalled } from "./install.ts";
import { objectJob } from "./object.ts";
import { namesRemote, onlyCompiles } from "./option-checks.ts";
import { helpText, parseOptions, type Settings } from "./options.ts";
import { writeText } from "./output.ts";
import { errorLine } from "./report.ts";
import { compileOnly, runJob, type Surroundings } from "./run.ts";
import { completionJob, hostsJob } from "./shell.ts";

/** What to say of stap's environment variables that change nothing. */
function environmentNotes(): string[] {
  if (!process.env.SYSTEMTAP_TAPSET) return [];
  return ["SYSTEMTAP_TAPSET means nothing here: the library is part of this program; add directories with -I"];
}

/** Does what the settings ask for: here, on one machine, or on several. */
async function doJob(settings: Settings, around: Surroundings): Promise<ExitStatus> {
  const job = jobOf(settings);
  if (settings.local || !namesRemote(settings)) return await job(settings, around);
  const hosts = await hostsOf(settings);
  const [only] = hosts;
  if (!only) return await job(settings, around);
  if (hosts.length === 1) return await job(settingsFor(only, settings), around);
  const what = oneHostOnly(settings);
  if (what !== undefined) throw new UsageError(`${what} is for one host, and ${hosts.length} are named`);
  return await runFleet(settings, around, hosts, job);
}

function jobOf(settings: Settings): Job {
  const { job, local } = settings;
  if (job === "install" || job === "uninstall" || job === "clean") return changeInstalled;
  if (job === "image") return imageJob;
  if (job === "object show") return objectJob;
  if (job === "doctor") return doctorJob;
  if (job.startsWith("facts")) return factsJob;
  return job === "script" && onlyCompiles(settings) && !local && !namesRemote(settings) ? compileOnly : runJob;
}

/** What makes no sense on several hosts: each would write the same file. */
function oneHostOnly({ job, pass, keep, module, verifierLog }: Settings): string | undefined {
  if (job.startsWith("facts")) return "'facts'";
  if (pass === 4) return "'-p4'";
  if (keep || module !== undefined) return "keeping the object ('-k', '-m')";
  return verifierLog === undefined || verifierLog === "full" ? undefined : "a file of '--verifier-log'";
}

/** Runs a command line. */
export async function main(argv: string[], around: Surroundings): Promise<ExitStatus> {
  try {
    if (argv[0] === "hosts") return await hostsJob(argv.slice(1), around);
    if (argv[0] === "completion") return await completionJob(argv.slice(1), around);
    if (argv[0] === "explain") return await explainJob(argv.slice(1), around);
    if (argv[0] === "help" && argv.length > 1) return await helpJob(argv.slice(1), around);
    const settings = parseOptions(argv[0] === "help" ? ["--help"] : argv, around.config?.());
    if (settings.help || settings.version) {
      const text = settings.help ? await helpText() : `stap-remote ${version()}\n`;
      await writeText(around.openOutput(undefined), text);
      return EXIT.done;
    }
    for (const note of [...settings.notes, ...environmentNotes()]) {
      if (!settings.noWarnings) around.message(`WARNING: ${note}\n`);
    }
    return await doJob(settings, around);
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
