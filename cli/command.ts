// Runs a command line: parses the settings, does one of the jobs, returns the exit status. The user sees no stack
// trace. An unexpected error is a bug of ours, and is reported in one line (STAP_REMOTE_DEBUG=1 shows where it
// happened).

import { version } from "./assets.ts";
import { EXIT, ExitError, type ExitStatus, UsageError } from "./exit.ts";
import type { Job } from "./hosts/fleet.ts";
import { namesRemote, onlyCompiles } from "./option-checks.ts";
import { helpText, parseOptions, type Settings } from "./options.ts";
import { writeText } from "./output.ts";
import { errorLine } from "./report.ts";
import { compileOnly, runJob } from "./run.ts";
import type { Surroundings } from "./surroundings.ts";

/** What to say of stap's environment variables that change nothing. */
function environmentNotes(): string[] {
  if (!process.env.SYSTEMTAP_TAPSET) return [];
  return ["SYSTEMTAP_TAPSET means nothing here: the library is part of this program; add directories with -I"];
}

/** Does what the settings ask for: here, on one machine, or on several. */
async function doJob(settings: Settings, around: Surroundings): Promise<ExitStatus> {
  const job = await jobOf(settings);
  if (settings.local || !namesRemote(settings)) return await job(settings, around);
  const [{ hostsOf }, { runFleet, settingsFor }] = await Promise.all([
    import("./hosts/list.ts"),
    import("./hosts/fleet.ts"),
  ]);
  const hosts = await hostsOf(settings);
  const [only] = hosts;
  if (!only) return await job(settings, around);
  if (hosts.length === 1) return await job(settingsFor(only, settings), around);
  const what = oneHostOnly(settings);
  if (what !== undefined) throw new UsageError(`${what} is for one host, and ${hosts.length} are named`);
  return await runFleet(settings, around, hosts, job);
}

/** The module of a job is loaded when the job is asked for: most command lines run a script. */
async function jobOf(settings: Settings): Promise<Job> {
  const { job, local } = settings;
  if (["install", "uninstall", "clean"].includes(job)) return (await import("./install.ts")).changeInstalled;
  if (job === "image") return (await import("./image.ts")).imageJob;
  if (job === "object show") return (await import("./object.ts")).objectJob;
  if (job === "doctor") return (await import("./doctor.ts")).doctorJob;
  if (["attach", "stop", "list"].includes(job)) return (await import("./kept.ts")).keptJob;
  if (job.startsWith("facts")) return (await import("./facts.ts")).factsJob;
  if (job === "view") return (await import("./view.ts")).viewJob;
  if (job === "manifest") return (await import("./kubernetes.ts")).manifestJob;
  return job === "script" && onlyCompiles(settings) && !local && !namesRemote(settings) ? compileOnly : runJob;
}

/** What makes no sense on several hosts: each would write the same file. */
function oneHostOnly({ job, pass, keep, module, verifierLog }: Settings): string | undefined {
  if (job.startsWith("facts")) return "'facts'";
  if (pass === 4) return "'-p4'";
  if (keep || module !== undefined) return "keeping the object ('-k', '-m')";
  return verifierLog === undefined || verifierLog === "full" ? undefined : "a file of '--verifier-log'";
}

/** The first word's own way of reading the words behind it, where it has one. */
async function verbOf([first, second]: string[]) {
  if (first === "hosts") return (await import("./shell.ts")).hostsJob;
  if (first === "completion") return (await import("./shell.ts")).completionJob;
  if (first === "explain") return (await import("./explain.ts")).explainJob;
  if (first !== "help" || second === undefined || second.startsWith("-")) return undefined;
  return second === "verifier" ? (await import("./explain.ts")).helpJob : (await import("./help.ts")).libraryHelp;
}

/** Output of a kind that others read is made by a room of its own, which is loaded only then. */
async function withKind(settings: Settings, around: Surroundings): Promise<Surroundings> {
  if (settings.kind === "text" || settings.kind === "json") return around;
  const { withPictures } = await import("./pictures.ts");
  return await withPictures(settings, around);
}

/** Runs a command line. */
export async function main(argv: string[], around: Surroundings): Promise<ExitStatus> {
  try {
    const verb = await verbOf(argv);
    if (verb) return await verb(argv.slice(1), around);
    const settings = parseOptions(argv[0] === "help" ? ["--help"] : argv, around.config?.());
    if (settings.help || settings.version) {
      const text = settings.help ? await helpText() : `stap-remote ${version()}\n`;
      await writeText(around.openOutput(undefined), text);
      return EXIT.done;
    }
    for (const note of [...settings.notes, ...environmentNotes()]) {
      if (!settings.noWarnings) around.message(`WARNING: ${note}\n`);
    }
    const wanted = await withKind(settings, around);
    if (!settings.live) return await doJob(settings, wanted);
    const { withLive } = await import("./live.ts");
    return await withLive(settings, wanted, (live) => doJob(settings, live));
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
