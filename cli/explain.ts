// `stap-remote explain LOG [OBJECT]`: explains a verifier log of any tool, without a machine. `stap-remote help
// verifier MESSAGE` looks a message up. Neither shares options with the other jobs, so they read their own.

import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { ObjectError } from "../agent/host/elf.ts";
import { ManifestReader } from "../agent/host/manifest.ts";
import { printableLines } from "../agent/host/printable.ts";
import { placesOf } from "../agent/host/verifier-log.ts";
import { findRows } from "../verifier/catalogue/catalogue.ts";
import { type Explanation, explain, LOG_ONLY, type Places } from "../verifier/explain.ts";
import { listText, rowText } from "../verifier/list.ts";
import { screenOf } from "../verifier/screen.ts";
import { LogReader, type LogReport } from "../verifier/trace.ts";
import { Walk } from "../verifier/walk.ts";
import { EXIT, ExitError, type ExitStatus, UsageError } from "./exit.ts";
import { reasonOf } from "./output.ts";
import { keysText, stepThrough } from "./step.ts";
import type { Surroundings } from "./surroundings.ts";

const USAGE = `\
Usage: stap-remote explain LOG [OBJECT.bo]    explains a log of the kernel's verifier ('-': standard input)
       stap-remote explain --list            lists the messages that are known
       stap-remote help verifier MESSAGE     explains a message (or words of it, a name, an error number)

  --output FORMAT   text (the default) or json (docs/verifier.md has its fields)
  --full            the whole log, too
  --step            walk along the path in the terminal:
${keysText()}  --help            this text

LOG is what the kernel, libbpf, bpftool, cilium/ebpf, bpftrace, aya or stap-remote --verifier-log=FILE wrote, whole or
cut off.
OBJECT.bo is an object of stap-remote; with it, lines and variables of the script are shown.
Exit status: 0 a program was refused; 1 the log has no failure, or is none of the verifier's; 2 usage.
`;

interface ExplainOptions {
  output: "text" | "json";
  list: boolean;
  full: boolean;
  step: boolean;
  help: boolean;
  files: string[];
}

const FLAGS = ["--list", "--full", "--step", "--help"];

function parseExplain(argv: string[]): ExplainOptions {
  const options: ExplainOptions = { output: "text", list: false, full: false, step: false, help: false, files: [] };
  const hint = "try 'stap-remote explain --help'";
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    const [name, attached] = word.startsWith("--") ? splitOption(word) : [word, undefined];
    if (FLAGS.includes(name)) options[name.slice(2) as "list"] = true;
    else if (name === "--output") {
      const value = attached ?? argv[++i];
      if (value !== "json" && value !== "text")
        throw new UsageError(`--output takes text or json, not '${value}'`, hint);
      options.output = value;
    } else if (word.startsWith("-") && word !== "-") throw new UsageError(`unknown option '${word}' of explain`, hint);
    else options.files.push(word);
  }
  const wanted = options.list || options.help ? 0 : 1;
  if (options.files.length < wanted || options.files.length > wanted * 2) {
    throw new UsageError("explain takes a log, and an object if there is one", hint);
  }
  return options;
}

function splitOption(word: string): [string, string | undefined] {
  const at = word.indexOf("=");
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

export async function explainJob(argv: string[], around: Surroundings): Promise<ExitStatus> {
  const options = parseExplain(argv);
  if (options.help) return await print(around, USAGE);
  if (options.list) return await print(around, listText());
  const [file, object] = options.files as [string, string?];
  const report = readLogFile(file);
  const places = object === undefined ? LOG_ONLY : placesIn(object, report, around);
  if (options.step) {
    await stepThrough(new Walk(report, places), process.stdin, process.stdout);
    return EXIT.done;
  }
  const explanation = explain(report, places);
  const text = options.output === "json" ? jsonOf(explanation) : textOf(explanation, { file, options });
  await print(around, text);
  return explanation.verdict === "refused" ? EXIT.done : EXIT.failed;
}

const CHUNK = 1 << 20;

/** Reads a log piece by piece: it may be larger than memory. */
function readLogFile(file: string): LogReport {
  const reader = new LogReader();
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(CHUNK);
  let fd = 0;
  try {
    if (file !== "-") fd = openSync(file, "r");
    for (let n = readSync(fd, chunk); n > 0; n = readSync(fd, chunk)) {
      reader.push(decoder.decode(chunk.subarray(0, n), { stream: true }));
    }
  } catch (error) {
    throw new ExitError(EXIT.usage, `cannot read the log '${file}': ${reasonOf(error)}`);
  }
  if (fd > 0) closeSync(fd);
  reader.push(decoder.decode());
  return reader.end();
}

/** The places of an object of ours. One of another compiler has only what the log says itself. */
function placesIn(object: string, report: LogReport, around: Surroundings): Places {
  try {
    const manifest = new ManifestReader(readFileSync(object));
    const program = report.program !== "" ? manifest.findProgram(report.program) : manifest.onlyProgram();
    return placesOf(manifest, program);
  } catch (error) {
    if (!(error instanceof ObjectError || error instanceof RangeError)) {
      throw new ExitError(EXIT.usage, `cannot read the object '${object}': ${reasonOf(error)}`);
    }
    around.message(`WARNING: '${object}': ${error.message}; the explanation has only what the log says\n`);
    return LOG_ONLY;
  }
}

function jsonOf(explanation: Explanation): string {
  return `${JSON.stringify({ version: 1, ...explanation }, null, 2)}\n`;
}

function textOf(e: Explanation, { file, options }: { file: string; options: ExplainOptions }): string {
  if (e.verdict === "none") return `'${file}' is no log of the kernel's verifier that is known here\n`;
  if (e.verdict === "accepted") {
    return `the program was accepted: no failure in this log\n${e.processed ? `${e.processed}\n` : ""}`;
  }
  const silent = e.message === "" ? `: ${e.cause || "the log has no message"}` : "";
  const name = e.program ? ` program '${e.program}'` : " the program";
  const screen = screenOf(e, {
    title: `the kernel refused${name}${silent}`,
    notes: e.processed ? [["checked", e.processed]] : [],
  });
  const whole = options.full && file !== "-" ? `\n${readFileSync(file, "utf8")}` : "";
  const safe = printableLines(screen + whole, screen.length + whole.length);
  return safe.endsWith("\n") ? safe : `${safe}\n`;
}

async function print(around: Surroundings, text: string): Promise<ExitStatus> {
  const output = around.openOutput(undefined);
  await output.write(new TextEncoder().encode(text));
  await output.close();
  return EXIT.done;
}

/** `help verifier MESSAGE`. */
export async function helpJob(argv: string[], around: Surroundings): Promise<ExitStatus> {
  const words = argv.slice(1);
  if (words.length === 0) return await print(around, listText());
  const rows = findRows(words.join(" "));
  if (rows.length === 0) {
    throw new ExitError(EXIT.failed, `no message of the verifier is known that fits '${words.join(" ")}'`, HELP_HINT);
  }
  return await print(around, rows.slice(0, MOST_ROWS).map(rowText).join("\n"));
}

const HELP_HINT = "'stap-remote explain --list' shows all";
const MOST_ROWS = 5;
