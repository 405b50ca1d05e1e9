// The page in Chromium: what it shows against the lines of the run, in both themes and a narrow window; that it asks no
// other host; that it can be used without a mouse; that it follows a run.

import { readFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PageServer } from "../../cli/page-server.ts";
import { htmlWriter } from "../../pictures/html.ts";
import { kindNamed } from "../../pictures/kinds.ts";
import { type Item, parseItem } from "../../pictures/record.ts";
import { launchChromium } from "../portable/engines.ts";
import { bucketsAt, longRun } from "./run.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGE = readFileSync(join(ROOT, "build/page.html"), "utf8");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const test = suite("page");
let browser: Browser;
test.before(async () => {
  browser = await launchChromium();
});
test.after(async () => await browser.close());

/** The page with lines in it. */
function pageWith(lines: string[]): string {
  const writer = htmlWriter(PAGE);
  for (const line of lines) writer.add(parseItem(line) as Item, line.trimEnd());
  return Buffer.from(writer.end()).toString();
}

interface Look {
  scheme: "light" | "dark";
  width: number;
}

/** Opens a document at an address; what it asks for, and what goes wrong in it. */
async function open(html: string, { scheme, width }: Look) {
  // axe brings a script of its own, which the page's policy would refuse.
  const context = await browser.newContext({
    colorScheme: scheme,
    viewport: { width, height: 800 },
    bypassCSP: true,
  });
  const page = await context.newPage();
  const asked: string[] = [];
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.route("**/*", (route) => {
    asked.push(route.request().url());
    return route.request().url() === "http://run.test/"
      ? route.fulfill({ body: html, contentType: "text/html" })
      : route.abort();
  });
  await page.goto("http://run.test/");
  return { page, asked, problems, close: () => context.close() };
}

/** The rows of the table in a section that is named by its heading. */
async function rowsOf(page: Page, heading: string): Promise<string[][]> {
  const section = page.locator("section", { has: page.locator("h2", { hasText: heading }) }).first();
  return await section
    .locator("tbody tr")
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));
}

for (const look of [
  { scheme: "light", width: 1100 },
  { scheme: "dark", width: 1100 },
  { scheme: "dark", width: 390 },
] as Look[]) {
  test(`what the run printed is shown: ${look.scheme}, ${look.width} pixels`, async () => {
    const lines = longRun();
    const { page, asked, problems, close } = await open(pageWith(lines), look);
    assert.equal(await rowsOf(page, "hits"), [
      ["sh", "2", "9"],
      ["dd", "1", "5"],
    ]);
    assert.equal(await rowsOf(page, "total"), [["12"]]);
    assert.equal(await rowsOf(page, "lat"), [["2", "1", "3", "4", "2"]]);
    assert.equal(
      await rowsOf(page, "Histogram"),
      bucketsAt(11).map(({ from, to, count }) => [from, to, count].map(String)),
    );
    const prints = lines.filter((line) => line.includes('"type":"print"')).length;
    assert.is((await rowsOf(page, "Records")).length, prints);
    const labels = await page.locator("[role=img]").evaluateAll((all) => all.map((one) => one.ariaLabel));
    assert.ok(labels.includes("Heat map of timer.ms(200): 12 times, 8 buckets, at most 7 in one"), labels.join("\n"));
    assert.ok(labels.includes("timer.ms(200): # did #: dd 121, sh 29"), labels.join("\n"));
    const frames = await page.locator("g.frame").evaluateAll((all) => all.map((one) => one.ariaLabel));
    assert.ok(frames.includes("dd: 6 of 9 (66.7 %)"), frames.join("\n"));
    const state = await page.locator("#state").innerText();
    assert.match(state, new RegExp(`${prints} records\\s+3 units of output lost\\s+ended: exit`));
    // Hostile text is text.
    assert.is(await page.locator("#x").count(), 0);
    assert.equal(asked, ["http://run.test/"]);
    assert.equal(problems, []);
    assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways");
    await page.evaluate(AXE);
    const found = (await page.evaluate("axe.run()")) as { violations: { id: string; nodes: { html: string }[] }[] };
    assert.equal(
      found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
      [],
    );
    await close();
  });
}

test("filters, the flame graph and the theme work by keyboard", async () => {
  const { page, close } = await open(pageWith(longRun()), { scheme: "light", width: 1100 });
  await page.locator("#host").selectOption("other");
  assert.is((await rowsOf(page, "Records")).length, 1);
  await page.locator("#host").selectOption("");
  await page.locator("#text").pressSequentially("dd did");
  assert.is((await rowsOf(page, "Records")).length, 12);
  await page.locator("#text").fill("");
  const frame = page.locator('g.frame[name="ksys_read"]');
  const width = async () => Number(await frame.getAttribute("width"));
  const before = await width();
  await frame.focus();
  await page.keyboard.press("Enter");
  await page.waitForTimeout(50);
  assert.ok((await width()) > before, "Enter enlarges a function");
  await page.keyboard.press("Escape");
  await page.waitForTimeout(50);
  assert.is(await width(), before);
  const back = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
  const light = await back();
  await page.locator("#theme").focus();
  await page.keyboard.press("Enter");
  assert.is.not(await back(), light);
  await close();
});

test("a page without its lines has at most 150 KB, and runs only its own script", async () => {
  assert.ok(PAGE.length <= 150 * 1024, `${PAGE.length} bytes`);
  const context = await browser.newContext();
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("console", (message) => problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  await page.setContent(pageWith(longRun()));
  assert.is((await rowsOf(page, "total")).length, 1);
  assert.equal(problems, [], "the policy allows what the page does");
  const run = "const s = document.createElement('script'); s.textContent = 'window.mark = 1'; document.body.append(s)";
  await page.evaluate(run);
  assert.is(await page.evaluate("window.mark"), undefined);
  await context.close();
});

test("a page follows a run, can pause, and nobody without the token sees it", async () => {
  const server = new PageServer(() => PAGE.replace('<html lang="en"', '$& data-events="events"'));
  const address = await server.listen();
  const lines = longRun().map((line) => line.trimEnd());
  for (const line of lines.slice(0, 9)) server.add(line);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(address);
  const shown = () => page.locator("#state").innerText();
  await page.locator("#state", { hasText: "7 records" }).waitFor();
  const began = performance.now();
  server.add(lines[9] as string);
  await page.locator("#state", { hasText: "8 records" }).waitFor();
  assert.ok(performance.now() - began < 1000, "a record is seen within a second");
  await page.locator("#pause").click();
  for (const line of lines.slice(10)) server.add(line);
  server.end();
  await server.drained(5000);
  await page.waitForTimeout(700);
  assert.match(await shown(), /8 records/);
  await page.locator("#pause").click();
  await page.locator("#state", { hasText: "ended: exit" }).waitFor();
  assert.equal((await rowsOf(page, "total"))[0], ["12"]);
  await context.close();
  const { origin, pathname } = new URL(address);
  const status = async (path: string, host?: string) =>
    await new Promise((resolve) => {
      const headers = host === undefined ? {} : { host };
      httpRequest(`${origin}${path}`, { headers }, (answer) => resolve(answer.resume().statusCode)).end();
    });
  assert.is(await status(pathname), 200);
  assert.is(await status("/"), 404);
  assert.is(await status(`/${"0".repeat(32)}/events`), 404);
  assert.is(await status(pathname, "evil.test"), 404);
  server.close();
});

test("speedscope opens its file", async () => {
  const writer = (await kindNamed("speedscope").writer!(() => ""))();
  for (const line of longRun()) writer.add(parseItem(line) as Item, line);
  const file = Buffer.from(writer.end());
  const release = join(ROOT, "node_modules/speedscope/dist/release");
  const types: Record<string, string> = { js: "text/javascript", css: "text/css", html: "text/html" };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://x").pathname;
    const type = types[path.split(".").pop() as string];
    if (type) response.setHeader("content-type", type);
    response.end(path === "/run.json" ? file : readFileSync(join(release, path)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const context = await browser.newContext();
  const page = await context.newPage();
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await page.goto(`${origin}/index.html#profileURL=${encodeURIComponent(`${origin}/run.json`)}&title=run`);
  // Its bar shows the number of profiles, and the "sandwich" the functions of the first one.
  await page.waitForFunction("document.body.innerText.includes('(1/4)')", undefined, { timeout: 10_000 });
  await page.getByText("Sandwich").click();
  await page.getByText("vfs_write").first().waitFor();
  await context.close();
  server.close();
});

test.run();
