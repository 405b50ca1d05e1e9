// The kernels that the tests run on: one row per guest. All are Debian's own "cloud" kernel packages, unmodified.
//
// To add a kernel, add a row; downloading, booting and tests iterate over this table.

/** CPU architectures of guests, in the words that `stap-remote -a` uses. */
export type GuestArch = "x86_64" | "arm64";

/** One guest: which Debian suite its kernel comes from, and on which CPU architecture it runs. */
export interface GuestSpec {
  /** What contributors and tests call it: `scripts/vm up 6.12`. */
  name: string;
  /** Debian suite that has the kernel package. */
  suite: string;
  arch: GuestArch;
}

/** All guests, oldest kernel first. */
export const GUESTS: readonly GuestSpec[] = [
  { name: "5.10", suite: "bullseye", arch: "x86_64" },
  { name: "6.1", suite: "bookworm", arch: "x86_64" },
  { name: "6.12", suite: "trixie", arch: "x86_64" },
  { name: "sid", suite: "sid", arch: "x86_64" },
  { name: "arm64", suite: "trixie", arch: "arm64" },
];

/** The suite whose SSH server, shell and bpftool every guest gets, whatever its kernel. */
export const USERLAND_SUITE = "trixie";

/** Debian's name for a CPU architecture. */
export const DEBIAN_ARCH: Record<GuestArch, string> = { x86_64: "amd64", arm64: "arm64" };

/** The row of a guest, or an error that lists the names there are. */
export function getGuestSpec(name: string): GuestSpec {
  const spec = GUESTS.find((guest) => guest.name === name);
  if (spec) return spec;
  throw new Error(`no guest is called '${name}'; there are ${GUESTS.map((guest) => guest.name).join(", ")}`);
}
