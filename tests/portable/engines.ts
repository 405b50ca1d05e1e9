// Runs JavaScript in Deno and in Chromium, with the files of a folder.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import * as assert from "uvu/assert";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const TYPES: Record<string, string> = { js: "text/javascript", wasm: "application/wasm", json: "application/json" };

/** What a module prints in Deno, as JSON; it may read files of the folder. */
export function inDeno(folder: string, module: string): unknown {
  writeFileSync(join(folder, "main.js"), module);
  const deno = join(ROOT, "node_modules/.bin/deno");
  const result = spawnSync(deno, ["run", "--allow-read", "main.js"], { cwd: folder, encoding: "utf8" });
  assert.is(result.status, 0, result.stderr);
  return JSON.parse(result.stdout);
}

/** Starts Chromium. */
export async function launchChromium(): Promise<Browser> {
  assert.ok(CHROMIUM, "Chromium is not installed: scripts/setup.sh test installs it");
  const quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  const args = ["--no-sandbox", ...quiet, "--disable-component-update", "--disable-sync"];
  return await chromium.launch({ executablePath: CHROMIUM as string, args });
}

/** What an expression gives in a page of Chromium; the folder's files are at /. */
export async function inChromium(folder: string, expression: string): Promise<unknown> {
  const server = createServer((request, response) => {
    const name = request.url === "/" ? "" : (request.url ?? "").slice(1);
    response.setHeader("content-type", TYPES[name.split(".").pop() ?? ""] ?? "text/html");
    const path = join(folder, name);
    response.end(name !== "" && existsSync(path) ? readFileSync(path) : "<!doctype html>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(origin);
    return await page.evaluate(expression);
  } finally {
    await browser.close();
    server.close();
  }
}
