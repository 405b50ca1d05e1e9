// Script libraries of -I: selects the files of a directory for a kernel.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { NamedBytes } from "../compiler/host/compile.ts";
import { EXIT, ExitError } from "./exit.ts";

/**
 * The files of a directory for one kernel: those of the directory itself, then those of folders named like it, the
 * runtime, the version and the release ("6.12", "6.12.107", "6.12.107-amd64"), each with a folder for the CPU in it.
 * Later files take precedence.
 */
export function readLibrary(directory: string, release: string, arch: string): NamedBytes[] {
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    throw new ExitError(EXIT.failed, `cannot read the library '${directory}': no such directory`);
  }
  const version = release.replace(/-.*/, "");
  const series = /^\d+\.\d+/.exec(version)?.[0] ?? "";
  const folders = [...new Set(["", "bpf", series, version, release])].filter((name, i) => i === 0 || name !== "");
  return folders.flatMap((folder) => [folder, join(folder, arch)]).flatMap((folder) => readFolder(directory, folder));
}

function readFolder(directory: string, folder: string): NamedBytes[] {
  const path = join(directory, folder);
  if (!existsSync(path)) return [];
  const names = readdirSync(path).filter((name) => /\.stpm?$/.test(name));
  return names.sort().map((name) => ({
    name: join(path, name).replaceAll("\\", "/"),
    bytes: readFileSync(join(path, name)),
  }));
}
