// Which modules the kernel has loaded, and of which build they are. Lines of /proc/modules look like
//
//      virtio_net 73728 0 - Live 0xffffffffc02f1000

import { parseNumber } from "./args";
import { buildIdIn } from "./kernel";
import { firstWord, LineReader } from "./lines";
import { NameFilter } from "./name-filter";

/** Longest name of a module: MODULE_NAME_LEN of the kernel. */
const MODULE_NAME_BYTES: i32 = 56;

/** Whether a text may be the name of a module, as the kernel has it; so it names no other file of /sys. */
export function isModuleName(text: string): bool {
  if (text.length == 0 || text.length > MODULE_NAME_BYTES) return false;
  for (let i = 0, n = text.length; i < n; ++i) {
    const c = text.charCodeAt(i);
    const isWord = (c >= 0x30 && c <= 0x39) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a) || c == 0x5f || c == 0x2d;
    if (!isWord) return false;
  }
  return true;
}

/** Modules of these names, or that match these patterns. */
export function findModules(texts: string[]): string[] {
  const filter = new NameFilter(texts);
  const found: string[] = [];
  const lines = new LineReader("/proc/modules");
  while (lines.next()) {
    const length = firstWord(lines);
    if (filter.hasName(lines.at, length) || filter.hasMatch(lines.at, length))
      found.push(String.UTF8.decodeUnsafe(lines.at, length));
  }
  lines.close();
  return found;
}

/** How many hold each module that is loaded. */
export function readUses(): Map<string, i32> {
  const uses = new Map<string, i32>();
  const lines = new LineReader("/proc/modules");
  while (lines.next()) {
    const words = String.UTF8.decodeUnsafe(lines.at, lines.length).split(" ");
    if (words.length > 2) uses.set(words[0], parseNumber(words[2]));
  }
  lines.close();
  return uses;
}

/** "NAME=BUILDID" of each module that has a build id. */
export function findModuleBuilds(names: string[]): string[] {
  const found: string[] = [];
  for (let i = 0, n = names.length; i < n; ++i) {
    if (!isModuleName(names[i])) continue;
    const id = buildIdIn(`/sys/module/${names[i]}/notes/.note.gnu.build-id`);
    if (id.length > 0) found.push(`${names[i]}=${id}`);
  }
  return found;
}
