// Constants by name: the first, the last, one of two CPUs, none.

import { Arch } from "../kernel/facts";
import { Source } from "../source/source";
import { findConstant } from "./constants";

const FILE: string =
  "# GENERATED\nAF_INET 2\nAF_INET6 10\nAT_FDCWD -100\nO_DIRECT 16384 65536\nO_DIRECTORY 65536 16384\nZ 7\n";

function valueOf(name: string, arch: Arch = Arch.X86_64): string {
  const found = findConstant(Source.fromText("constants.tab", FILE), name, arch);
  return found !== null ? found.value.toString() : "none";
}

export function test_finds_constants_by_their_names(): void {
  assert(valueOf("AF_INET") == "2" && valueOf("AF_INET6") == "10", "names that begin alike");
  assert(valueOf("AT_FDCWD") == "-100" && valueOf("Z") == "7", "a negative one, the last");
  assert(valueOf("O_DIRECT") == "16384" && valueOf("O_DIRECT", Arch.Arm64) == "65536", "of each CPU");
}

export function test_finds_no_others(): void {
  assert(valueOf("AF") == "none" && valueOf("AF_INET7") == "none", "near names");
  assert(valueOf("A") == "none" && valueOf("ZZ") == "none" && valueOf("") == "none", "before and behind all");
}
