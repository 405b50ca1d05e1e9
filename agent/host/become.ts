// The ways in which a login user becomes root on the remote: one row each. What a row says is used twice: bootstrap.ts
// makes shell lines of it, and push.ts explains with it why a way was refused.

/** The names of the ways, as options spell them. */
export type WayName = "sudo" | "doas" | "run0";

/** One way to become root. */
export interface Way {
  name: WayName;
  /** The command that runs another one as root, and fails where it would have to ask. */
  quiet: string;
  /** The same, asking on standard error with the prompt MARKER and reading one line of standard input. */
  asking?: string;
  /** A command that says without asking that this user may not, and a shell pattern of those words. */
  refusal?: { command: string; pattern: string };
  /** Whether users who did not name a way are told that this one would work; run0 starts a service to find out. */
  isTried: boolean;
  /** What to do when it refuses. */
  hint: string;
}

/** All ways. */
export const WAYS: readonly Way[] = [
  {
    name: "sudo",
    quiet: "sudo -n",
    asking: 'sudo -S -p "$M"',
    refusal: { command: "sudo -n -v", pattern: '*"may not run sudo"*|*"not in the sudoers file"*' },
    isTried: true,
    hint: "check the password, or that this user may run sudo",
  },
  {
    name: "doas",
    quiet: "doas -n",
    isTried: true,
    hint: "doas is used without a password only: 'permit nopass USER' in /etc/doas.conf",
  },
  {
    name: "run0",
    quiet: "run0 --no-ask-password",
    isTried: false,
    hint: "run0 is used without a password only: a polkit rule must allow it for this user",
  },
];

/** The row of that name. */
export function findWay(name: WayName): Way {
  return WAYS.find((way) => way.name === name)!;
}
