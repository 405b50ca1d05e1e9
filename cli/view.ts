// `stap-remote view FILE`: a saved run, or a file that was written of one, in the page: served here until Ctrl-C, or
// written with -o.

import { gunzipSync } from "node:zlib";
import { quoteLine, splitPage } from "../pictures/html.ts";
import { kindOfFile } from "../pictures/kinds.ts";
import { FileError, linesOf } from "../pictures/readers.ts";
import { readAsset } from "./assets.ts";
import { readFile } from "./compile.ts";
import { EXIT, ExitError, type ExitStatus } from "./exit.ts";
import type { Settings } from "./options.ts";
import { writeText } from "./output.ts";
import { PageServer } from "./page-server.ts";
import type { Surroundings } from "./surroundings.ts";

/** A packed file that is larger is not one of ours. */
const MOST_BYTES = 1 << 30;

/** Shows a file until Ctrl-C, or writes its page. */
export async function viewJob(settings: Settings, around: Surroundings): Promise<ExitStatus> {
  const page = pageOf(readLines(settings.file as string));
  if (settings.output !== undefined) {
    const output = around.openOutput(settings.output);
    await output.write(new TextEncoder().encode(page));
    await output.close();
    return EXIT.done;
  }
  const server = new PageServer(() => page);
  const address = await server.listen();
  await writeText(around.openOutput(undefined), `${address}\n`);
  around.message("Open this address in a browser; Ctrl-C ends.\n");
  await new Promise<void>((resolve) => around.interrupts.during(resolve));
  server.close();
  return EXIT.done;
}

function readLines(file: string): string[] {
  const bytes = readFile(file, "file");
  const kind = kindOfFile(file)?.name ?? "json";
  try {
    const unpacked =
      bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: MOST_BYTES }) : bytes;
    return linesOf(kind, unpacked);
  } catch (error) {
    if (error instanceof FileError) throw new ExitError(EXIT.failed, `'${file}': ${error.message}`);
    throw new ExitError(EXIT.failed, `'${file}': ${(error as Error).message}`);
  }
}

/** The page with lines in it. */
function pageOf(lines: string[]): string {
  const [before, after] = splitPage(new TextDecoder().decode(readAsset("page.html")));
  return `${before}\n${lines.map(quoteLine).join("\n")}\n${after}`;
}
