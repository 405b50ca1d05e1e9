// The peers: bpftrace, copied from this machine into a guest and run only there, since it loads BPF programs even to
// find out what a kernel can do; and stap's BPF back end, which only compiles and so runs here, with the headers of the
// guest's kernel and the symbols that the guest shows.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachePath, exec, makeOnce } from "../guest/cache.ts";
import { DebianSuite, fieldOf } from "../guest/debian.ts";
import { DEBIAN_ARCH, type GuestSpec } from "../guest/matrix.ts";
import type { BenchGuest } from "./guest.ts";
import { lastLine, run } from "./run.ts";

/** What a compile by a peer gave. */
export interface Compiled {
  object: Uint8Array;
  totalMs: number;
}

// ----------------------------------------------------------------------------------------------------------- bpftrace

const BPFTRACE = "/usr/bin/bpftrace";
const IN_GUEST = "/tmp/bench-bpftrace";
const LOADER = "lib64/ld-linux-x86-64.so.2";

/** bpftrace in a guest. */
export class GuestBpftrace {
  /** What to write in a guest's shell to run it. */
  readonly command: string;

  private constructor(
    private readonly guest: BenchGuest,
    readonly version: string,
  ) {
    const libraries = `${IN_GUEST}/lib/x86_64-linux-gnu:${IN_GUEST}/usr/lib/x86_64-linux-gnu`;
    this.command = `${IN_GUEST}/${LOADER} --library-path ${libraries} ${IN_GUEST}${BPFTRACE}`;
  }

  /** Copies this machine's bpftrace and its libraries (200 MB) into the guest's memory; a text says why not. */
  static async install(guest: BenchGuest): Promise<GuestBpftrace | string> {
    if (process.arch !== "x64" || !existsSync(BPFTRACE)) return "bpftrace is not installed here (apt install bpftrace)";
    const there = await guest.shell(`test -x ${IN_GUEST}${BPFTRACE}`);
    if (there.status !== 0) {
      const archive = await packBpftrace();
      const sent = await guest.shell(`mkdir -p ${IN_GUEST} && cd ${IN_GUEST} && gunzip | tar xf -`, {
        input: archive,
        timeoutMs: 600_000,
      });
      if (sent.status !== 0) return `it could not be copied into the guest: ${lastLine(sent.stderr)}`;
    }
    const bpftrace = new GuestBpftrace(guest, (await run(BPFTRACE, ["--version"])).stdout.toString().trim());
    const works = await guest.shell(`${bpftrace.command} --version`);
    return works.status === 0 ? bpftrace : `it does not run in the guest: ${lastLine(works.stderr)}`;
  }

  /** A program as an object, not loaded; a text says why there is none. */
  async compile(text: string): Promise<Uint8Array | string> {
    const script = `${IN_GUEST}/script.bt`;
    const object = `${IN_GUEST}/x.o`;
    const command = `cat > ${script} && ${this.command} --emit-elf ${object} ${script} >&2 && cat ${object}`;
    const ran = await this.guest.shell(command, { input: Buffer.from(text) });
    return ran.status === 0 ? ran.stdout : `bpftrace: ${lastLine(ran.stderr) || `status ${ran.status}`}`;
  }

  /** Frees the guest's memory. */
  async remove(): Promise<void> {
    await this.guest.shell(`rm -rf ${IN_GUEST}`);
  }
}

/** bpftrace with all libraries it names, and the loader, as a compressed archive. */
async function packBpftrace(): Promise<Buffer> {
  const listed = (await run("ldd", [BPFTRACE])).stdout.toString();
  const libraries = [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => (path as string).slice(1));
  const files = [...new Set([...libraries, LOADER, BPFTRACE.slice(1)])];
  const file = cachePath("bench", "bpftrace.tgz");
  mkdirSync(join(file, ".."), { recursive: true });
  await exec("tar", ["-C", "/", "-chf", file, "-I", "gzip -1", ...files]);
  return readFileSync(file);
}

// --------------------------------------------------------------------------------------------------------------- stap

/** SystemTap's compiler for one kernel. */
export class Stap {
  private constructor(
    private readonly headers: string,
    readonly version: string,
  ) {}

  /** stap with the headers of a guest's kernel; `guest` is asked for the kernel's symbols the first time. */
  static async prepare(spec: GuestSpec, release: string, guest?: BenchGuest): Promise<Stap | string> {
    const said = await run("stap", ["--version"]);
    if (said.status === 127) return "stap is not installed here (apt install systemtap)";
    const folder = cachePath("bench", `headers-${release}`);
    try {
      await makeOnce(folder, (temporary) => unpackHeaders(spec, release, temporary));
    } catch (error) {
      return `no headers for ${release}: ${error instanceof Error ? error.message.split("\n")[0] : error}`;
    }
    const headers = join(folder, "usr/src", `linux-headers-${release}`);
    const symbols = join(headers, "System.map");
    if (!existsSync(symbols)) {
      if (!guest) return "the kernel's symbols come from a guest; run without --quick once";
      const shown = await guest.shell("grep -v '\\[' /proc/kallsyms");
      if (shown.status !== 0) return `the guest shows no symbols: ${lastLine(shown.stderr)}`;
      writeFileSync(symbols, shown.stdout);
    }
    return new Stap(headers, (said.stderr + said.stdout).match(/version (\S+)\//)?.[1] ?? "?");
  }

  /** A script's object, without stap's cache; a text says why there is none. */
  async compile(text: string, folder: string): Promise<Compiled | string> {
    const file = join(folder, "stap-script.stp");
    writeFileSync(file, text);
    const args = ["--runtime=bpf", "--disable-cache", "-w", "-p4", "-m", "bench", "-r", this.headers, file];
    const { status, stderr, totalMs } = await run("stap", args, { cwd: folder });
    const object = join(folder, "bench.bo");
    if (status !== 0 || !existsSync(object)) return `stap: ${firstError(stderr)}`;
    return { object: readFileSync(object), totalMs };
  }
}

function firstError(text: string): string {
  return text.split("\n").find((line) => /error/i.test(line)) ?? lastLine(text);
}

/** The packages of a kernel's headers, unpacked. */
async function unpackHeaders(spec: GuestSpec, release: string, folder: string): Promise<void> {
  const suite = new DebianSuite(spec.suite, DEBIAN_ARCH[spec.arch]);
  const name = `linux-headers-${release}`;
  const files = await suite.fetch(async () => {
    const depends = fieldOf((await suite.findPackages([name])).get(name) ?? "", "Depends");
    const needed = depends.split(",").map((one) => one.trim().split(" ")[0] as string);
    return [name, ...needed.filter((one) => /^linux-(headers|kbuild)-/.test(one))];
  });
  for (const file of files) await exec("dpkg-deb", ["-x", file, folder]);
}
