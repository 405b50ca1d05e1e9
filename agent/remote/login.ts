// Who logged in to start the agent, and with which resource limits: the -c command is run for that user, whatever the
// agent itself became. Two words of the agent's arguments say so where something else made it root (bootstrap.ts in
// agent/host writes them):
//
//   login=UID:GID:NAME     limits=SOFT:HARD,SOFT:HARD,...     in the kernel's order, "-" for unlimited
//
// Without them they are those of SUDO_UID and the agent's own, taken before the agent raises any limit.

import { ResourceLimit } from "../../common/format/linux";
import { getEnvironment, parseNumber } from "./args";
import { geteuid, getLimits, getuid, LIMIT_COUNT } from "./syscall";

/** The user of the command. */
export class Login {
  /** -1: the user that the agent runs as */
  uid: i32 = -1;
  gid: i32 = -1;
  /** for the groups; may be empty */
  user: string = "";
  /** LIMIT_COUNT times ResourceLimit */
  limits: StaticArray<u8> = new StaticArray<u8>(LIMIT_COUNT * ResourceLimit.Size);

  constructor() {
    getLimits(changetype<usize>(this.limits));
    if (geteuid() == 0) this.takeSudo();
  }

  /** The user, who may be the one that the agent runs as. */
  get known(): i32 {
    return this.uid < 0 ? getuid() : this.uid;
  }

  private takeSudo(): void {
    this.uid = parseNumber(getEnvironment("SUDO_UID") || "");
    this.gid = parseNumber(getEnvironment("SUDO_GID") || "");
    this.user = getEnvironment("SUDO_USER") || "";
  }

  /** Takes one argument; false if it is not one of ours. */
  take(word: string): bool {
    if (word.startsWith("login=")) return this.takeUser(word.substring(6).split(":"));
    return word.startsWith("limits=") && this.takeLimits(word.substring(7));
  }

  private takeUser(fields: string[]): bool {
    if (fields.length != 3) return false;
    this.uid = parseNumber(fields[0]);
    this.gid = parseNumber(fields[1]);
    this.user = fields[2];
    return this.uid >= 0 && this.gid >= 0;
  }

  /** A kernel that knows more limits than we do names them last. */
  private takeLimits(text: string): bool {
    const pairs = text.split(",");
    for (let i = 0; i < min(pairs.length, LIMIT_COUNT) && pairs[i].length != 0; ++i) {
      const pair = pairs[i].split(":");
      if (pair.length != 2 || !isLimit(pair[0]) || !isLimit(pair[1])) return false;
      const at = changetype<usize>(this.limits) + <usize>i * ResourceLimit.Size;
      store<u64>(at, limitOf(pair[0]), ResourceLimit.Soft);
      store<u64>(at, limitOf(pair[1]), ResourceLimit.Hard);
    }
    return true;
  }
}

function isLimit(text: string): bool {
  if (text == "-") return true;
  if (text.length == 0 || text.length > 19) return false;
  for (let i = 0; i < text.length; ++i) if (text.charCodeAt(i) < 48 || text.charCodeAt(i) > 57) return false;
  return true;
}

function limitOf(text: string): u64 {
  return text == "-" ? u64.MAX_VALUE : U64.parseInt(text);
}
