// The kernel's configuration, from the files that distributions install beside the kernel: lines NAME=value.
// /proc/config.gz is compressed, and few kernels have it without one of these files: it is not read.

import { UtsField } from "../../common/format/linux";
import { LineReader } from "./lines";
import { uname } from "./syscall";

/** What stands for "no configuration is to be found" in an answer. */
const NO_CONFIG: string = "?";

/** "NAME=value" of each option asked for that is set ("*": of all); or NO_CONFIG. */
export function findConfig(names: string[]): string[] {
  const release = uname(UtsField.Release);
  const places: StaticArray<string> = [
    `/boot/config-${release}`,
    `/lib/modules/${release}/config`,
    `/usr/lib/modules/${release}/config`,
    `/lib/modules/${release}/build/.config`,
  ];
  for (let i = 0; i < places.length; ++i) {
    const reader = new LineReader(places[i]);
    if (!reader.isOpen) continue;
    const found = readConfig(reader, names);
    reader.close();
    return found;
  }
  return [NO_CONFIG];
}

function readConfig(reader: LineReader, names: string[]): string[] {
  const wanted = new Set<string>();
  for (let i = 0, n = names.length; i < n; ++i) wanted.add(names[i]);
  const isAll = wanted.has("*");
  const found: string[] = [];
  while (reader.next()) {
    let at = reader.at;
    const end = at + reader.length;
    while (at < end && load<u8>(at) != 0x3d) ++at;
    if (at == end || load<u8>(reader.at) == 0x23) continue;
    if (isAll || wanted.has(String.UTF8.decodeUnsafe(reader.at, at - reader.at))) {
      found.push(String.UTF8.decodeUnsafe(reader.at, reader.length));
    }
  }
  return found;
}
