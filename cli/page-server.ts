// Serves the page of a run on 127.0.0.1, below a token that only the address tells: nothing else exists there. While a
// run goes on, its lines follow as server-sent events.

import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Lines that a page gets which is opened later. */
const MOST_KEPT = 50_000;
/** Bytes that wait for a slow page; a page that is slower misses lines until it has caught up. */
const MOST_WAITING = 4 << 20;
const BATCH_MS = 200;

/** One page, at an address of its own. */
export class PageServer {
  private readonly token = randomBytes(16).toString("hex");
  private readonly server: Server;
  private readonly listeners = new Set<ServerResponse>();
  private kept: string[] = [];
  private waiting: string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;

  /** `page` gives the document. */
  constructor(private readonly page: () => string) {
    this.server = createServer((request, response) => this.answer(request, response));
  }

  /** Begins to listen; the page's address. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(0, "127.0.0.1", resolve);
    });
    return `http://127.0.0.1:${this.port}/${this.token}/`;
  }

  private get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** A line of the run, for the pages that are open and those to come. */
  add(line: string): void {
    this.kept.push(line);
    // The first lines say what runs.
    if (this.kept.length > MOST_KEPT) this.kept = [...this.kept.slice(0, 2), ...this.kept.slice(-MOST_KEPT / 2)];
    this.waiting.push(line);
    this.timer ??= setTimeout(() => this.send(), BATCH_MS);
  }

  /** The run is over: no lines follow. */
  end(): void {
    this.send();
    this.isOver = true;
    for (const response of this.listeners) this.finish(response);
  }

  /** Waits until the pages have taken what they were sent, but not for long. */
  async drained(milliseconds: number): Promise<void> {
    const until = performance.now() + milliseconds;
    while (this.listeners.size > 0 && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 20));
  }

  close(): void {
    clearTimeout(this.timer);
    this.server.close();
    this.server.closeAllConnections();
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    // A page of another site, which has had its name point here, asks for another host.
    const isOurs = request.headers.host === `127.0.0.1:${this.port}`;
    const found = isOurs && request.method === "GET" ? request.url : undefined;
    response.setHeader("cache-control", "no-store");
    response.setHeader("x-content-type-options", "nosniff");
    if (found === `/${this.token}/`) {
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.setHeader("referrer-policy", "no-referrer");
      response.end(this.page());
    } else if (found === `/${this.token}/events`) this.follow(response);
    else response.writeHead(404).end();
  }

  private follow(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream" });
    // What waits is among what is kept, and is sent to those before this one.
    this.send();
    for (let i = 0; i < this.kept.length; i += 1000) response.write(eventOf(this.kept.slice(i, i + 1000)));
    if (this.isOver) {
      this.finish(response);
      return;
    }
    this.listeners.add(response);
    response.on("close", () => this.listeners.delete(response));
  }

  private send(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting.length === 0) return;
    const event = eventOf(this.waiting);
    for (const response of this.listeners) if (response.writableLength <= MOST_WAITING) response.write(event);
    this.waiting = [];
  }

  private finish(response: ServerResponse): void {
    response.end("event: over\ndata: \n\n");
  }
}

/** Lines as one server-sent event. */
function eventOf(lines: string[]): string {
  return `${lines.map((line) => `data: ${line}`).join("\n")}\n\n`;
}
