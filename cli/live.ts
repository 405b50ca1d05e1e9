// --live: a page on this machine that follows the run. The run's JSON Lines go to the page's server as they come, and
// on to where the output goes; without another kind of output that is the text, as the script has printed it.

import { printable } from "../agent/host/printable.ts";
import { LineReader, parseItem } from "../pictures/record.ts";
import { readAsset } from "./assets.ts";
import type { Settings } from "./options.ts";
import type { Sink } from "./output.ts";
import { PageServer } from "./page-server.ts";
import type { Surroundings } from "./surroundings.ts";

/** How long pages have to take the last lines. */
const LAST_LINES_MS = 1000;

/** Does a job with a page that follows it. */
export async function withLive<T>(
  settings: Settings,
  around: Surroundings,
  work: (around: Surroundings) => Promise<T>,
): Promise<T> {
  const page = new TextDecoder().decode(readAsset("page.html")).replace('<html lang="en"', '$& data-events="events"');
  const server = new PageServer(() => page);
  around.message(`Live: ${await server.listen()}\n`);
  try {
    return await work({
      ...around,
      openOutput: (file, rotate) => {
        const inner = around.openOutput(file, rotate);
        if (file !== settings.output) return inner;
        return new LiveSink(inner, server, settings);
      },
    });
  } finally {
    server.end();
    await server.drained(LAST_LINES_MS);
    server.close();
  }
}

/** Whether lines come from several hosts. */
function isFleet({ hosts, hostsFrom, inventory, groups }: Settings): boolean {
  if (hosts.length > 1 || hostsFrom.length > 0 || inventory !== undefined) return true;
  const [host = ""] = hosts;
  return groups.has(host) || /[[*,]/.test(host);
}

/** Shows JSON Lines to a server and passes them on. */
class LiveSink implements Sink {
  private readonly lines = new LineReader();

  constructor(
    private readonly inner: Sink,
    private readonly server: PageServer,
    private readonly settings: Settings,
  ) {}

  get isTerminal(): boolean {
    return this.inner.isTerminal;
  }

  set onReaderGone(told: () => void) {
    this.inner.onReaderGone = told;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const isText = this.settings.kind === "text";
    let text = "";
    for (const line of this.lines.add(bytes)) {
      this.server.add(line);
      if (isText) text += this.textOf(line);
    }
    if (!isText) await this.inner.write(bytes);
    else if (text !== "") await this.inner.write(new TextEncoder().encode(text));
  }

  async flush(): Promise<void> {
    await this.inner.flush();
  }

  async close(): Promise<void> {
    await this.inner.close();
  }

  /** What a line has printed; on a terminal no control characters of the traced machine pass. */
  private textOf(line: string): string {
    const item = parseItem(line);
    if (item?.type !== "print" && item?.type !== "command") return "";
    const { text, host } = item;
    const shown =
      this.inner.isTerminal && !this.settings.raw
        ? text.replace(/[^\n\t]+/g, (part) => printable(part, part.length))
        : text;
    if (this.settings.noPrefix || !isFleet(this.settings)) return shown;
    return shown.replace(/^(?!$)/gm, `${host}: `);
  }
}
