// Which CPUs there are, as /sys says.

import { parseCpus } from "./cpu-list";
import { readFile } from "./syscall";

/** Number of possible CPUs: one more than the highest number a CPU may have. At least 1. */
export function possibleCpus(): i32 {
  const cpus = readCpus("/sys/devices/system/cpu/possible");
  return cpus.length == 0 ? 1 : cpus[cpus.length - 1] + 1;
}

/** Numbers of the CPUs that run now; at least CPU 0. */
export function onlineCpus(): i32[] {
  const cpus = readCpus("/sys/devices/system/cpu/online");
  if (cpus.length == 0) cpus.push(0);
  return cpus;
}

function readCpus(path: string): i32[] {
  const bytes = readFile(path, 65536);
  return bytes ? parseCpus(bytes) : [];
}
