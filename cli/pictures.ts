// Output that is neither text nor JSON Lines: the run makes JSON Lines, and these become a file of the kind that is
// wanted. What the file has no place for is printed: text on standard output, as the script printed it.

import { gzipSync } from "node:zlib";
import type { ManifestReader } from "../agent/host/manifest.ts";
import { printable } from "../agent/host/printable.ts";
import { ArgumentRow, Show, SiteRow, TableKind } from "../common/format/manifest.ts";
import { ArgumentType } from "../common/format/record.ts";
import { type Kind, kindNamed } from "../pictures/kinds.ts";
import { type Item, LineReader, parseItem } from "../pictures/record.ts";
import type { Shape, Writer } from "../pictures/writer.ts";
import { readAsset } from "./assets.ts";
import { EXIT, ExitError } from "./exit.ts";
import type { Settings } from "./options.ts";
import type { Sink } from "./output.ts";
import type { Surroundings } from "./surroundings.ts";

/** Surroundings whose output becomes a file of the settings' kind. */
export async function withPictures(settings: Settings, around: Surroundings): Promise<Surroundings> {
  const kind = kindNamed(settings.kind);
  const load = kind.writer;
  if (!load) return around;
  const create = await load(() => new TextDecoder().decode(readAsset("page.html")));
  const shape: Shape = { values: 0 };
  return {
    ...around,
    onObject: (manifest) => {
      checkScript(kind, manifest, settings);
      shape.values = Math.max(shape.values, mostValues(manifest));
    },
    openOutput: (file, rotate) => {
      const inner = around.openOutput(file, rotate);
      if (file !== settings.output) return inner;
      if (kind.isBinary && inner.isTerminal)
        throw new ExitError(EXIT.usage, `the output '${kind.name}' is no text`, `give a file: -o x${kind.endings[0]}`);
      const text = file === undefined ? undefined : around.openOutput(undefined);
      return new PictureSink({
        kind,
        writer: create(),
        shape,
        inner,
        text,
        raw: settings.raw,
        message: around.message,
      });
    },
  };
}

interface Parts {
  kind: Kind;
  writer: Writer;
  shape: Shape;
  inner: Sink;
  /** Where text goes that has no place in the file; nowhere, if the file is standard output itself. */
  text: Sink | undefined;
  raw: boolean;
  message: Surroundings["message"];
}

/** Takes JSON Lines, writes a file of a kind. */
class PictureSink implements Sink {
  private readonly lines = new LineReader();
  private isBegun = false;
  private readonly packed: Uint8Array[] = [];

  constructor(private readonly parts: Parts) {}

  /** JSON Lines have no control characters. */
  get isTerminal(): boolean {
    return false;
  }

  set onReaderGone(told: () => void) {
    this.parts.inner.onReaderGone = told;
    if (this.parts.text) this.parts.text.onReaderGone = told;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (const line of this.lines.add(bytes)) {
      const item = parseItem(line);
      if (item) await this.add(item, line);
    }
    await this.put(this.parts.writer.take());
  }

  async flush(): Promise<void> {
    await this.parts.inner.flush();
    await this.parts.text?.flush();
  }

  async close(): Promise<void> {
    this.begin();
    await this.put(this.parts.writer.end());
    if (this.parts.kind.isPacked) await this.parts.inner.write(gzipSync(Buffer.concat(this.packed)));
    await this.parts.inner.close();
    await this.parts.text?.close();
  }

  private begin(): void {
    if (!this.isBegun) this.parts.writer.begin?.(this.parts.shape);
    this.isBegun = true;
  }

  private async add(item: Item, line: string): Promise<void> {
    this.begin();
    const { writer, text, message } = this.parts;
    if (item.type === "command") {
      if (text && item.stream === "stdout") await text.write(new TextEncoder().encode(this.shown(item.text, text)));
      else message(item.text);
    } else if (!writer.add(item, line) && item.type === "print") {
      await text?.write(new TextEncoder().encode(this.shown(item.text, text)));
    }
  }

  /** On a terminal no control characters of the traced machine pass. */
  private shown(text: string, { isTerminal }: Sink): string {
    if (!isTerminal || this.parts.raw) return text;
    return text.replace(/[^\n\t]+/g, (part) => printable(part, part.length));
  }

  private async put(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    if (this.parts.kind.isPacked) this.packed.push(bytes);
    else await this.parts.inner.write(bytes);
  }
}

const STACKS = new Set<number>([Show.Hex, Show.Lines, Show.Brief, Show.Folded]);
const SPAN = /^[BXS]\|/m;

/** Refuses a script that prints nothing of what a kind is made of, with what to write. */
function checkScript(kind: Kind, manifest: ManifestReader, { output, job }: Settings): void {
  const what = output === undefined ? `the output '${kind.name}'` : `'${output}'`;
  if (kind.needs === "times" && !manifest.hasTimes && manifest.count(TableKind.Site) > 0) {
    throw new ExitError(
      EXIT.usage,
      `${what} is made of times, and the object was compiled without`,
      `compile it with --output ${kind.name}`,
    );
  }
  const hasStacks = hasArgument(manifest, (show, type) => STACKS.has(show) && type !== ArgumentType.Long);
  const hint = "count them: global n probe timer.profile { n[backtrace()]++ }";
  const compiled = job === "run" ? `, and compile with --output ${kind.name}` : "";
  if (kind.needs === "stacks" && !hasStacks)
    throw new ExitError(EXIT.usage, `${what} is made of stacks, and the script prints none`, hint + compiled);
  if (kind.needs === "stacks or spans" && !hasStacks && !hasSpans(manifest)) {
    const spans = `or print spans: printf("B|%d|read\\n", tid()) and printf("E|%d\\n", tid())`;
    const none = `${what} is made of stacks or of spans of time, and the script prints neither`;
    throw new ExitError(EXIT.usage, none, `${hint}${compiled}; ${spans}`);
  }
}

function hasArgument(manifest: ManifestReader, test: (show: number, type: number) => boolean): boolean {
  for (let i = 0, n = manifest.count(TableKind.Argument); i < n; i++) {
    const field = (offset: number) => manifest.field(TableKind.Argument, i, offset);
    if (test(field(ArgumentRow.Show), field(ArgumentRow.Type))) return true;
  }
  return false;
}

function hasSpans(manifest: ManifestReader): boolean {
  for (let i = 0, n = manifest.count(TableKind.Site); i < n; i++) {
    if (SPAN.test(manifest.text(TableKind.Site, i, SiteRow.Format))) return true;
  }
  return false;
}

/** Most values that a print has, without its time and CPU. */
function mostValues(manifest: ManifestReader): number {
  let most = 0;
  for (let i = 0, n = manifest.count(TableKind.Site); i < n; i++) {
    const first = manifest.field(TableKind.Site, i, SiteRow.FirstArgument);
    const count = manifest.field(TableKind.Site, i, SiteRow.ArgumentCount);
    let values = 0;
    for (let k = first; k < Math.min(first + count, manifest.count(TableKind.Argument)); k++) {
      const show = manifest.field(TableKind.Argument, k, ArgumentRow.Show);
      if (show !== Show.Time && show !== Show.Cpu) values++;
    }
    most = Math.max(most, values);
  }
  return most;
}
