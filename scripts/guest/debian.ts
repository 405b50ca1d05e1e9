// Fetches packages of any Debian suite and architecture from the mirror that this machine is configured to use.
//
// apt does the work, with lists, state and cache of its own in our cache folder. It neither reads nor changes the
// machine's own package database, and it needs no privileges.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachePath, exec, withLock } from "./cache.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** Suites leave the mirrors some years after their end; this is where Debian keeps them. */
const ARCHIVE = "http://archive.debian.org/debian";
const SUITES = /^(stable|oldstable|testing|unstable|sid|(bullseye|bookworm|trixie|forky|duke)(-updates)?)$/;
const LISTS_MAX_AGE_MS = 24 * 3600 * 1000;

/** The address of this machine's Debian mirror. */
export function findMirror(): string {
  const given = process.env.STAP_REMOTE_DEBIAN_MIRROR;
  if (given) return given.replace(/\/+$/, "");
  for (const file of sourceFiles()) {
    const found = findMirrorIn(file, readFileSync(file, "utf8"));
    if (found) return found;
  }
  throw new Error(
    "no Debian mirror is configured on this machine (looked in /etc/apt/sources.list and sources.list.d); " +
      "name one with STAP_REMOTE_DEBIAN_MIRROR, as in STAP_REMOTE_DEBIAN_MIRROR=http://deb.debian.org/debian",
  );
}

function sourceFiles(): string[] {
  const folder = "/etc/apt/sources.list.d";
  const dropIns = existsSync(folder) ? readdirSync(folder).sort() : [];
  return ["/etc/apt/sources.list", ...dropIns.map((name) => join(folder, name))].filter(
    (file) => /\.(list|sources)$/.test(file) && existsSync(file),
  );
}

/** The address of a Debian mirror in one of apt's source files, whose name tells its format. */
export function findMirrorIn(file: string, text: string): string | null {
  const found = file.endsWith(".sources") ? mirrorInStanzas(text) : mirrorInLines(text);
  return found ? found.replace(/\/+$/, "") : null;
}

/** The first mirror in one-line format: `deb [options] URI SUITE COMPONENT…`. */
function mirrorInLines(text: string): string | null {
  for (const line of text.split("\n")) {
    const [, uri, suite] = line.match(/^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+.*\bmain\b/) ?? [];
    if (uri && SUITES.test(suite)) return uri;
  }
  return null;
}

/** The first mirror in deb822 format: stanzas of `Field: values`. */
function mirrorInStanzas(text: string): string | null {
  for (const stanza of text.replace(/^#.*\n/gm, "").split(/\n\s*\n/)) {
    const field = (name: string): string[] =>
      (stanza.match(new RegExp(`^${name}:((?:.*)(?:\\n[ \\t].*)*)`, "im"))?.[1] ?? "").split(/\s+/).filter(Boolean);
    if (field("Enabled")[0] === "no" || !field("Types").includes("deb")) continue;
    if (field("Components").includes("main") && field("Suites").some((suite) => SUITES.test(suite))) {
      return field("URIs")[0] ?? null;
    }
  }
  return null;
}

/** One suite's packages for one architecture (Debian's name for it). */
export class DebianSuite {
  private readonly folder: string;

  constructor(
    readonly suite: string,
    readonly arch: string,
  ) {
    this.folder = cachePath("apt", `${suite}-${arch}`);
  }

  /** Downloads the packages that `findNames` finds in this suite, and returns their files' paths. */
  async fetch(findNames: () => Promise<string[]>): Promise<string[]> {
    await this.update(LISTS_MAX_AGE_MS);
    try {
      return await this.download(await findNames());
    } catch {
      // Mirrors drop a version when a newer one arrives: our list may name files that are gone.
      await this.update(0);
      return await this.download(await findNames());
    }
  }

  /** Fetches the suite's package list where it is missing or older than that. */
  private async update(maxAgeMs: number): Promise<void> {
    await withLock(this.folder, async () => {
      const stamp = join(this.folder, "updated");
      if (existsSync(stamp) && Date.now() - statSync(stamp).mtimeMs < maxAgeMs) return;
      for (const sub of ["etc/preferences.d", "state/lists/partial", "cache/archives/partial"]) {
        mkdirSync(join(this.folder, sub), { recursive: true });
      }
      writeFileSync(join(this.folder, "state/status"), "");
      await this.updateFromAny([findMirror(), ARCHIVE]);
      writeFileSync(stamp, "");
    });
  }

  private async updateFromAny(mirrors: string[]): Promise<void> {
    if (!existsSync(KEYRING)) throw new Error(`${KEYRING} is missing; install the package debian-archive-keyring`);
    const failures: string[] = [];
    for (const mirror of mirrors) {
      // Lists of an archived suite are signed, but their "valid until" has passed.
      const options = `signed-by=${KEYRING}${mirror === ARCHIVE ? " check-valid-until=no" : ""}`;
      writeFileSync(join(this.folder, "etc/sources.list"), `deb [${options}] ${mirror} ${this.suite} main\n`);
      try {
        await this.apt("apt-get", ["-o", "APT::Update::Error-Mode=any", "-qq", "update"]);
        return;
      } catch (error) {
        failures.push(`${mirror}: ${(error as Error).message}`);
      }
    }
    throw new Error(
      `cannot fetch the package list of Debian ${this.suite} (${this.arch}); ` +
        `STAP_REMOTE_DEBIAN_MIRROR names another mirror\n  ${failures.join("\n  ")}`,
    );
  }

  /** Those of the named packages that exist: name → the description of its newest version, in `Field: value` lines. */
  async findPackages(names: string[]): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    let text = "";
    try {
      text = await this.apt("apt-cache", ["show", "--no-all-versions", ...names]);
    } catch {
      return found; // its way of saying that there is none of them
    }
    for (const description of text.split("\n\n")) {
      const name = fieldOf(description, "Package");
      if (name) found.set(name, description);
    }
    return found;
  }

  private async download(names: string[]): Promise<string[]> {
    const folder = cachePath("debs", `${this.suite}-${this.arch}`);
    return withLock(folder, async () => {
      mkdirSync(folder, { recursive: true });
      const known = await this.findPackages(names);
      const files = names.map((name) => {
        const version = fieldOf(known.get(name) ?? "", "Version");
        if (!version) throw new Error(`Debian ${this.suite} has no package '${name}' for ${this.arch}`);
        return join(folder, `${name}_${version.replace(/:/g, "%3a")}.deb`);
      });
      const missing = names.filter((_, index) => !existsSync(files[index]));
      if (missing.length > 0) await this.downloadInto(folder, missing);
      for (const file of files) if (!existsSync(file)) throw new Error(`apt did not leave ${file}`);
      return files;
    });
  }

  private async downloadInto(folder: string, names: string[]): Promise<void> {
    const temporary = join(folder, "partial");
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary);
    await this.apt("apt-get", ["-qq", "-o", "APT::Sandbox::User=root", "download", ...names], temporary);
    for (const file of readdirSync(temporary)) {
      renameSync(join(temporary, file), join(folder, file.replace(/_[^_]+\.deb$/, ".deb")));
    }
  }

  private apt(program: string, args: string[], cwd?: string): Promise<string> {
    const settings = [
      `Dir::Etc=${this.folder}/etc`,
      `Dir::Etc::SourceList=${this.folder}/etc/sources.list`,
      "Dir::Etc::SourceParts=/dev/null",
      `Dir::State=${this.folder}/state`,
      `Dir::State::status=${this.folder}/state/status`,
      `Dir::Cache=${this.folder}/cache`,
      // Container images switch these two off, and every call of apt-cache then takes a second.
      "Dir::Cache::pkgcache=pkgcache.bin",
      "Dir::Cache::srcpkgcache=srcpkgcache.bin",
      `APT::Architecture=${this.arch}`,
      `APT::Architectures=${this.arch}`,
      "Acquire::Languages=none",
      "Acquire::Retries=3",
      "APT::Sandbox::User=root",
    ];
    return exec(program, [...settings.flatMap((setting) => ["-o", setting]), ...args], cwd);
  }
}

/** A one-line field of a package's description, or "" where it has none. */
export function fieldOf(description: string, field: string): string {
  return description.match(new RegExp(`^${field}: (.*)$`, "m"))?.[1] ?? "";
}
