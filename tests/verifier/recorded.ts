// The logs that scripts/verifier/record.ts wrote: what real kernels say of the cases in scripts/verifier/cases.ts.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("logs", import.meta.url));

/** One case on one kernel. */
export interface Recorded {
  kernel: string;
  name: string;
  /** "accepted", "errno", or "setup": its map or types were refused. */
  status: string;
  errno: number;
  log: string;
}

export const KERNELS = readdirSync(FOLDER).map((file) => file.replace(/\.txt$/, ""));

export function readRecorded(): Recorded[] {
  return KERNELS.flatMap((kernel) => {
    const parts = readFileSync(join(FOLDER, `${kernel}.txt`), "utf8").split(/^== /m);
    return parts.slice(1).map((part) => {
      const end = part.indexOf("\n");
      const [name = "", status = "", errno = "0"] = part.slice(0, end).split(" ");
      return { kernel, name, status, errno: Number(errno), log: part.slice(end + 1) };
    });
  });
}

/** The release that a kernel's file was recorded on. */
export function releaseOf(kernel: string): string {
  return /Linux (\S+),/.exec(readFileSync(join(FOLDER, `${kernel}.txt`), "utf8"))?.[1] ?? "";
}
