// Why the agent could not be started, in words: what the script of bootstrap.ts refused, and what it did not say in
// time. All that the remote said passes `printable`.

import { findWay, type WayName } from "./become.ts";
import { INSTALL_FOLDER, NOT_THE_SCRIPT } from "./bootstrap.ts";
import { printable } from "./printable.ts";
import { type ProcessEnd, TransportError } from "./transport.ts";

/** How far the conversation has come: what is to come next. */
export type Step = "shell" | "script" | "user" | "become" | "place" | "upload";

/** What is known when the conversation fails. */
export interface Circumstances {
  where: string;
  step: Step;
  /** `uname -srm`, once it is known. */
  uname: string;
  uid: number;
  way?: WayName;
  /** CPUs that there are agents for. */
  archs: string[];
  /** Folders that could not be used, and why. */
  skipped: string[];
  /** The last line of the login shell's own output, or of standard error. */
  said: string;
}

/** What did not happen, by step. */
const MISSING: Record<Exclude<Step, "shell" | "script" | "become">, string> = {
  user: "did not say who logged in",
  place: "did not find a folder for the agent",
  upload: "did not take the agent",
};

const EATEN = "the start-up files of the login shell read what was sent to our command";
const EATEN_HINT = "let them read nothing from standard input unless the shell is interactive";

/** Why the next line did not come in time. */
export function tooLate(at: Circumstances, limitMs: number): TransportError {
  const time = `within ${Math.round(limitMs / 100) / 10} s`;
  const { where, step } = at;
  if (step === "shell") {
    const hint = "the account needs sh and a login shell that runs commands; its start-up files may not read or wait";
    const what = `the login shell of ${where} did not start our command ${time}${quote(at.said)}`;
    return new TransportError("timeout", what, hint);
  }
  if (step === "script") return new TransportError("timeout", `${EATEN} on ${where}${quote(at.said)}`, EATEN_HINT);
  if (step === "become")
    return new TransportError("sudo", `${at.way} on ${where} did not make this user root ${time}${quote(at.said)}`);
  return new TransportError(
    "timeout",
    `${where} ${MISSING[step]} ${time}`,
    "check the connection and the remote's load",
  );
}

/** Why the streams ended before the agent ran. */
export function endedEarly(at: Circumstances, end: ProcessEnd): TransportError {
  const { where, step } = at;
  if (step === "become") {
    const hint = findWay(at.way!).hint;
    return new TransportError("sudo", `${at.way} on ${where} refused${quote(at.said, ": ")}`, hint);
  }
  if (end.code === null && end.signal === undefined) {
    return new TransportError("cut", `the connection to ${where} was cut while the agent was being started`);
  }
  const isEaten = step === "script" && (end.code === NOT_THE_SCRIPT || end.signal !== undefined);
  if (isEaten) return new TransportError("exec", `${EATEN} on ${where}${quote(at.said)}`, EATEN_HINT);
  if (step === "shell" && end.code === 127) {
    const hint = "its PATH is empty or wrong: look at what the start-up files of the login shell set";
    return new TransportError("exec", `the login shell of ${where} finds no program 'sh'${quote(at.said)}`, hint);
  }
  const how = end.signal ? `was killed by signal ${printable(end.signal, 30)}` : `ended with status ${end.code}`;
  if (step === "shell") return noShell(at, `it ${how}`);
  return new TransportError("exec", `the shell that starts the agent on ${where} ${how}${quote(at.said)}`);
}

/** The login shell does not run commands. */
export function noShell(at: Circumstances, why: string): TransportError {
  const hint = "the account needs sh and a login shell that runs commands";
  const what = `the login shell of ${at.where} does not run our command: ${why}${quote(at.said)}`;
  return new TransportError("exec", what, hint);
}

function quote(said: string, before = "; it says: "): string {
  return said ? `${before}${printable(said, 200)}` : "";
}

/** One refusal of the script: the words after it, and what to say. */
type Refusal = (at: Circumstances, words: string[]) => TransportError;

const REFUSALS: Record<string, Refusal> = {
  "not-linux": ({ where, uname }) =>
    new TransportError("not-linux", `${where} runs ${uname.split(" ")[0]}, and only Linux can be traced`),
  arch: ({ where, uname, archs }) =>
    new TransportError("arch", `there is no agent for the CPU of ${where} (${uname}), only for ${archs.join(", ")}`),
  "no-tool": ({ where }, [tool]) =>
    new TransportError(
      "exec",
      `${where} has no program '${printable(tool ?? "")}' in its PATH or in the usual places`,
      "it needs the small programs that every Linux system has; busybox's are enough",
    ),
  "not-root": notRoot,
  "no-way": ({ where, way }) =>
    new TransportError("sudo", `there is no ${way} on ${where}`, `log in as root instead of using ${way}`),
  useless: ({ where, way }) =>
    new TransportError("sudo", `${way} on ${where} does not make this user root`, `check its rules for this user`),
  refused: ({ where, way }, words) =>
    new TransportError("sudo", `${way} on ${where} refused${quote(words.join(" "), ": ")}`, wayHint(way)),
  "no-place": noPlace,
  group: ({ where }, words) =>
    new TransportError(
      "exec",
      `the agent on ${where} cannot be given to the group${quote(words.join(" "), ": ")}`,
      "name a group that exists there",
    ),
  install: ({ where }, words) =>
    new TransportError("exec", `the agent cannot be installed on ${where}${quote(words.join(" "), ": ")}`),
  clean: ({ where }, words) =>
    new TransportError("exec", `the cache on ${where} was not emptied${quote(words.join(" "), ": ")}`),
  uninstall: ({ where }, words) =>
    new TransportError("exec", `nothing was uninstalled on ${where}${quote(words.join(" "), ": ")}`),
};

/** What a `refuse` line means. */
export function refusalOf(at: Circumstances, text: string): TransportError {
  const [why, ...words] = text.split(" ");
  const refusal = Object.hasOwn(REFUSALS, why!) ? REFUSALS[why!] : undefined;
  if (refusal) return refusal(at, words);
  return new TransportError("exec", `${at.where} cannot start the agent: ${printable(text, 200)}`);
}

function wayHint(way: WayName | undefined): string | undefined {
  return way && findWay(way).hint;
}

/** What the installed agent lacks for this user. */
const INSTALLED_BUT: Record<string, string> = {
  "other-group": `, and it is not in the group that may run the agent in ${INSTALL_FOLDER}`,
  "other-release": `, and the agent in ${INSTALL_FOLDER} is of another release`,
  broken: `, and the agent in ${INSTALL_FOLDER} does not run`,
};

function notRoot({ where, uid }: Circumstances, [installed, works]: string[]): TransportError {
  const option = works === "doas" ? "--become doas" : "--sudo";
  const become = works ? `add ${option} (it works there without a password)` : "add --sudo, or log in as root";
  const hint =
    installed === "other-release" || installed === "broken"
      ? "install it again with 'stap-remote install', or become root with --sudo"
      : become;
  const but = INSTALLED_BUT[installed ?? ""] ?? "";
  const what = `tracing needs root, and the login user of ${where} has uid ${uid}${but}`;
  return new TransportError("not-root", what, hint);
}

function noPlace({ where, uname, skipped }: Circumstances): TransportError {
  const tried = skipped.join("; ");
  if (/the agent exits there/.test(tried)) {
    return new TransportError("agent-broken", `the agent does not run on ${where} (${uname}): ${tried}`);
  }
  const hint = "make room in one of these places, or mount one of them without noexec";
  return new TransportError("no-agent-place", `no folder on ${where} can keep and run the agent: ${tried}`, hint);
}
