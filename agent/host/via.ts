// `--via CMD`: a program that runs what is put behind its words, such as `podman exec -i web` or `kubectl exec -i pod
// --`. The program has a process group of its own: Ctrl-C on the terminal ends the run in order, and not the program
// under it.

import { spawn } from "node:child_process";
import { Running, toRemoteProcess } from "./child.ts";
import { type ProcessEnd, type RemoteProcess, type Transport, TransportError } from "./transport.ts";

/** What stands for the host in the words. */
const HOST = "{host}";
/** Programs that give what stands behind their own words to a shell, as one line. */
const COMMAND_LINES = new Set(["ssh", "autossh", "rsh"]);
/** What env(1), shells and engines answer where they cannot start the program. */
const NOT_STARTED = new Set([125, 126, 127]);

/** The words of CMD as a shell would part them, without expanding anything; null: a quote is not closed. */
export function wordsOf(command: string): string[] | null {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < command.length; i++) {
    const c = command[i] as string;
    if (quote !== "" && c === quote) quote = "";
    else if (quote === "" && (c === "'" || c === '"')) [quote, word] = [c, word ?? ""];
    else if (c === "\\" && quote !== "'" && i + 1 < command.length) word = (word ?? "") + command[++i];
    else if (quote === "" && /\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + c;
  }
  if (word !== undefined) words.push(word);
  return quote === "" ? words : null;
}

/** A transport through the program that CMD names; `{host}` in its words is the host. */
export async function connectVia(command: string, host = ""): Promise<Transport> {
  const words = wordsOf(command)?.map((word) => word.replaceAll(HOST, host));
  if (!words?.[0]) throw new TransportError("usage", `'--via ${command}' is no command`);
  const where = host === "" ? `'${words.join(" ")}'` : host;
  const hasShell = COMMAND_LINES.has(words[0].replace(/^.*\//, ""));
  const running = new Running();
  return {
    kind: "via",
    where,
    exec: async (line) => running.keep(await start(words, hasShell ? [line] : ["sh", "-c", line], where)),
    start: async (own) => running.keep(await start(words, own, where)),
    close: () => running.endAll(),
  };
}

/** Runs `own` behind the words of CMD. */
function start(words: string[], own: string[], where: string): Promise<RemoteProcess> {
  const [program = "", ...before] = words;
  const args = [...before, ...own];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { detached: process.platform !== "win32", stdio: ["pipe", "pipe", "pipe"] });
    child.once("error", (error) => {
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      const why = missing ? "there is no such program here" : error.message;
      reject(new TransportError("exec", `cannot run '${program}' of --via: ${why}`));
    });
    const toEnd = (code: number | null, signal: string | null): ProcessEnd => {
      if (signal !== null) return { code, signal };
      if (code === null || !NOT_STARTED.has(code)) return { code };
      const message = `'${program}' of --via could not run ${own[0]} on ${where} (status ${code})`;
      return { code, error: new TransportError("exec", message) };
    };
    child.once("spawn", () => resolve(toRemoteProcess(child, child.stderr, toEnd)));
  });
}
