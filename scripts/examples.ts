// Which of SystemTap's example scripts run: docs/examples.md.
//
//   npx tsx scripts/examples.ts [--guest=6.12] [--only=TEXT] [--write]
//
// The scripts are those of Debian's package systemtap-doc, which must be installed; nothing of them is kept here. Each
// is compiled for a kernel in a guest, loaded, and run for some seconds. --write makes the table in docs/examples.md.
// A script that needs words of the command line has them in examples.tsv; a `-c` is left out.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Remote } from "../tests/run/remote.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const PAGE = join(dirname(HERE), "docs/examples.md");
const FOLDER = "/usr/share/systemtap/examples";
/** How long each runs. */
const SECONDS = 2;

interface Example {
  script: string;
  args: string[];
}

interface Outcome {
  example: Example;
  runs: boolean;
  /** Why it does not run; or what is to be known. */
  text: string;
}

function readExamples(): Example[] {
  const lines = readFileSync(join(HERE, "examples.tsv"), "utf8").split("\n");
  return lines
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => {
      const [script = "", words = ""] = line.split("\t");
      const args = (words.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, "$2"));
      // Some are given with their own name first.
      return { script, args: args[0] === basename(script) ? args.slice(1) : args };
    });
}

async function tryOne(remote: Remote, example: Example): Promise<Outcome> {
  const path = join(FOLDER, example.script);
  if (!existsSync(path)) return { example, runs: false, text: "not in this package" };
  const options: string[] = [];
  let args = example.args;
  // Options of stap among the arguments: -x PID and -c COMMAND.
  while (args[0] === "-x" || args[0] === "-c") {
    if (args[0] === "-x") options.push("-x", args[1] ?? "1");
    args = args.slice(2);
  }
  try {
    const argv = ["-g", "-w", "-T", String(SECONDS), ...options, path, ...args];
    const { status, err } = await remote.run(argv);
    if (status === 0) return { example, runs: true, text: "" };
    return { example, runs: false, text: reasonIn(err) || `exit status ${status}` };
  } catch (error) {
    return { example, runs: false, text: (error as Error).message.split("\n")[0] ?? "" };
  }
}

/** The first error of what was said, without places. */
function reasonIn(said: string): string {
  const line = said.split("\n").find((text) => /error|ERROR|stap-remote:/.test(text)) ?? "";
  return line
    .replace(/^(parse|semantic) error: /, "")
    .replace(/while resolving probe point: /, "")
    .replace(/: (identifier|operator|string|number|keyword) .* at .*$/, "")
    .replace(/ \(similar:.*\)/, "")
    .replaceAll(`${FOLDER}/`, "")
    .slice(0, 160);
}

function table(outcomes: Outcome[], kernel: string): string {
  const running = outcomes.filter(({ runs }) => runs).length;
  const rows = outcomes.map(({ example, runs, text }) => {
    const what = [basename(example.script), ...example.args].join(" ").replaceAll("|", "\\|");
    return `| ${dirname(example.script)} | \`${what}\` | ${runs ? "runs" : text.replaceAll("|", "\\|")} |`;
  });
  return [
    "# SystemTap's example scripts",
    "",
    "The scripts of Debian's package systemtap-doc that have no embedded C, and what comes of each: it is compiled",
    `for a kernel (${kernel}), loaded, and run for ${SECONDS} seconds (\`npx tsx scripts/examples.ts --write\`).`,
    `**${running} of ${outcomes.length} run.**`,
    "",
    "| folder | script | |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { guest: { type: "string" }, only: { type: "string" }, write: { type: "boolean" } },
  });
  if (!existsSync(FOLDER)) throw new Error(`there is no ${FOLDER}: install systemtap-doc`);
  process.env.STAP_REMOTE_GUEST = values.guest ?? "6.12";
  const remote = await Remote.open();
  const outcomes: Outcome[] = [];
  try {
    for (const example of readExamples()) {
      if (values.only && !example.script.includes(values.only)) continue;
      const outcome = await tryOne(remote, example);
      outcomes.push(outcome);
      console.log(`${outcome.runs ? "ok  " : "    "} ${example.script}: ${outcome.text}`);
    }
  } finally {
    await remote.close();
  }
  console.log(`${outcomes.filter(({ runs }) => runs).length} of ${outcomes.length}`);
  if (values.write && !values.only) writeFileSync(PAGE, table(outcomes, `Linux ${values.guest ?? "6.12"}`));
}

await main();
