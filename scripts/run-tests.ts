// Runs the tests: `npm test` runs all of them, `npm test -- PATTERN…` those whose path contains a pattern.
//
// Each test file runs in a process of its own. Files under tests/run run once for each guest kernel. This process boots
// and stops the guests, and passes the guest's name in STAP_REMOTE_GUEST. Unlike uvu, it fails on a file without tests,
// and it prints one line for all files: "N passed, N failed". --guests=5.10,6.12 selects guests.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { bootGuest, GUEST_NAMES, shutdownGuests } from "../tests/guest.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PER_GUEST = "tests/run/";
/** Files that boot guests themselves: nothing else may use guests meanwhile. */
const BOOTING = /^tests\/(guest|package)\/|^tests\/ssh\/guest/;
const MINUTE = 60_000;
/** A test file that takes longer than this hangs; the slowest takes 90 s. */
const FILE_TIMEOUT_MS = 6 * MINUTE;

/** What one run of one file came to. */
interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
}

function findFiles(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"));
  return files.map((entry) => relative(ROOT, join(entry.parentPath, entry.name))).sort();
}

/** Runs one file; prints its output only if it failed or skipped something. */
async function runFile(file: string, guest: string): Promise<Outcome> {
  const began = Date.now();
  const { output, code } = await runProcess(file, guest);
  const count = (word: string) => Number(new RegExp(`^\\s*${word}:\\s+(\\d+)`, "m").exec(output)?.[1] ?? 0);
  const total = count("Total");
  const passed = count("Passed");
  const skipped = count("Skipped");
  // A file that crashed, hung or holds no test has failed, whatever it counted.
  const failed = Math.max(total - passed - skipped, code !== 0 || total === 0 ? 1 : 0);
  const name = guest ? `${file} on ${guest}` : file;
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  const skips = skipped > 0 ? `, ${skipped} skipped` : "";
  console.log(`${failed > 0 ? "FAIL" : "ok  "} ${name}: ${passed} passed${skips}, ${failed} failed (${seconds} s)`);
  if (failed > 0) console.log(output);
  for (const line of output.split("\n")) if (line.startsWith("SKIP ")) console.log(`     ${line}`);
  return { passed, failed, skipped };
}

function runProcess(file: string, guest: string): Promise<{ output: string; code: number | null }> {
  return new Promise((resolve) => {
    const env = { ...process.env, FORCE_COLOR: "0", NO_COLOR: "1", STAP_REMOTE_GUEST: guest };
    const child = spawn(process.execPath, ["--import", "tsx", file], { cwd: ROOT, env, detached: true });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (output += text));
    const timer = setTimeout(() => {
      output += `\nstill running after ${FILE_TIMEOUT_MS / MINUTE} minutes: killed\n`;
      if (child.pid) process.kill(-child.pid, "SIGKILL");
    }, FILE_TIMEOUT_MS);
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ output, code });
    });
  });
}

async function runFiles(files: string[], guest: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const file of files) outcomes.push(await runFile(file, guest));
  return outcomes;
}

async function runOnGuest(guest: string, files: string[]): Promise<Outcome[]> {
  const began = Date.now();
  try {
    const booted = await bootGuest(guest);
    console.log(`     guest ${guest} (${booted.release}) is up after ${((Date.now() - began) / 1000).toFixed(1)} s`);
  } catch (error) {
    console.log(`FAIL guest ${guest} does not boot: ${error instanceof Error ? error.message : error}`);
    return [{ passed: 0, failed: 1, skipped: 0 }];
  }
  const outcomes = await runFiles(files, guest);
  await shutdownGuests([guest]);
  return outcomes;
}

/** Runs jobs in turn, as many at a time as there are CPUs: a guest keeps one busy, the tests beside it hardly any. */
async function runJobs(jobs: (() => Promise<Outcome[]>)[]): Promise<Outcome[]> {
  const waiting = [...jobs];
  const outcomes: Outcome[] = [];
  const lane = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) outcomes.push(...(await job()));
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, lane));
  return outcomes;
}

async function main(args: string[]): Promise<number> {
  const chosen = args.find((arg) => arg.startsWith("--guests="))?.slice("--guests=".length);
  const guests = chosen ? chosen.split(",") : GUEST_NAMES;
  const patterns = args.filter((arg) => !arg.startsWith("--"));
  const files = findFiles(join(ROOT, "tests")).filter(
    (file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)),
  );
  const perGuest = files.filter((file) => file.startsWith(PER_GUEST));
  const booting = files.filter((file) => BOOTING.test(file));
  const others = files.filter((file) => !perGuest.includes(file) && !booting.includes(file));
  // The longest job comes first: the last guest is the slowest, and the files without one take the least time.
  const onGuests = perGuest.length > 0 ? [...guests].reverse() : [];
  const outcomes = await runFiles(booting, "");
  const jobs = onGuests.map((guest) => () => runOnGuest(guest, perGuest));
  outcomes.push(...(await runJobs([...jobs, () => runFiles(others, "")])));
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const passed = sum((outcome) => outcome.passed);
  const failed = sum((outcome) => outcome.failed);
  const skipped = sum((outcome) => outcome.skipped);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void shutdownGuests().finally(() => process.exit(130)));
}
process.exit(await main(process.argv.slice(2)));
