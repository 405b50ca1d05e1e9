// Runs programs and keeps time.

import { spawn } from "node:child_process";

/** What came of a program. */
export interface Ran {
  status: number;
  stdout: Buffer;
  stderr: string;
  /** From the start to its end, and to the first byte on standard output (Infinity: there was none). */
  totalMs: number;
  firstMs: number;
}

/** How a program is run. */
export interface RunOptions {
  cwd?: string;
  input?: Buffer;
  timeoutMs?: number;
  /** Added to the environment. */
  env?: Record<string, string>;
}

/** Runs a program to its end; one that cannot be started has status 127. */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<Ran> {
  const began = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env } });
    const chunks: Buffer[] = [];
    let stderr = "";
    let firstMs = Number.POSITIVE_INFINITY;
    const end = (status: number) => {
      clearTimeout(timer);
      resolve({ status, stdout: Buffer.concat(chunks), stderr, totalMs: performance.now() - began, firstMs });
    };
    const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? 120_000);
    child.stdout.on("data", (chunk: Buffer) => {
      if (chunks.length === 0) firstMs = performance.now() - began;
      chunks.push(chunk);
    });
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    child.once("error", () => end(127));
    child.once("close", (code) => end(code ?? 128));
  });
}

/** The last line of what a program said, for a message. */
export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
