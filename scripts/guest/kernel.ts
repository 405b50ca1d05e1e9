// Extracts a guest's kernel from Debian's package: a kernel image for QEMU and an archive of the modules that it needs.
//
// A kernel stays as it was downloaded until `scripts/vm update` asks for a newer one, so that runs can be compared.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { cachePath, exec, execBytes, makeOnce } from "./cache.ts";
import { CpioWriter } from "./cpio.ts";
import { DebianSuite, fieldOf } from "./debian.ts";
import { DEBIAN_ARCH, type GuestSpec } from "./matrix.ts";

/** To be raised when what is made of the package changes: other modules, another layout. */
const LAYOUT = 1;
/** What a guest needs to be reached, and its random numbers; built in to some kernels. */
const MODULES = ["virtio_pci", "virtio_net", "virtio_rng"];

/** A kernel ready to boot. */
export interface Kernel {
  /** As `uname -r` prints it. */
  release: string;
  /** Path of the image that QEMU boots. */
  image: string;
  /** Path of the initramfs part with the modules and the list of what to insert. */
  modules: string;
}

/** Returns a guest's kernel, downloading it the first time. */
export async function fetchKernel(spec: GuestSpec): Promise<Kernel> {
  const folder = cachePath("kernels", `${spec.name}-v${LAYOUT}`);
  await makeOnce(folder, (temporary) => makeKernel(spec, temporary));
  return {
    release: readFileSync(join(folder, "release"), "utf8").trim(),
    image: join(folder, "image"),
    modules: join(folder, "modules.cpio"),
  };
}

/** Forgets a guest's kernel: the next `fetchKernel` takes the newest that Debian has. */
export function forgetKernel(spec: GuestSpec): void {
  rmSync(cachePath("kernels", `${spec.name}-v${LAYOUT}`), { recursive: true, force: true });
  rmSync(cachePath("apt", `${spec.suite}-${DEBIAN_ARCH[spec.arch]}`, "updated"), { force: true });
}

async function makeKernel(spec: GuestSpec, folder: string): Promise<void> {
  const suite = new DebianSuite(spec.suite, DEBIAN_ARCH[spec.arch]);
  const packages = await suite.fetch(() => findKernelPackages(suite));
  const unpacked = mkdtempSync(join(folder, "unpacked-"));
  for (const file of packages) await exec("dpkg-deb", ["-x", file, unpacked]);

  const image = await findImage(unpacked);
  if (!image) throw new Error(`no kernel image in ${packages.join(", ")}`);
  const release = image.endsWith("/vmlinuz") ? basename(dirname(image)) : basename(image).slice("vmlinuz-".length);
  writeFileSync(join(folder, "image"), plainImage(readFileSync(image)));
  writeFileSync(join(folder, "modules.cpio"), await packModules(unpacked, release));
  writeFileSync(join(folder, "release"), `${release}\n`);
  rmSync(unpacked, { recursive: true });
}

/** The packages that hold image and modules: one of them up to 6.12, four in newer suites. */
async function findKernelPackages(suite: DebianSuite): Promise<string[]> {
  const meta = `linux-image-cloud-${suite.arch}`;
  const depends = fieldOf((await suite.findPackages([meta])).get(meta) ?? "", "Depends");
  const image = depends.match(/\blinux-image-(\d\S*)/);
  if (!image) throw new Error(`package ${meta} of Debian ${suite.suite} names no kernel (it depends on: '${depends}')`);
  const found = await suite.findPackages(
    ["image", "base", "binary", "modules"].map((part) => `linux-${part}-${image[1]}`),
  );
  return [...found.keys()];
}

/** `boot/vmlinuz-RELEASE` up to 6.12, `usr/lib/modules/RELEASE/vmlinuz` in newer suites. */
async function findImage(unpacked: string): Promise<string | null> {
  const found = await exec("find", [unpacked, "-type", "f", "-name", "vmlinuz*"]);
  return found.split("\n")[0] || null;
}

/** The image as QEMU takes it: arm64 kernels may be wrapped into a self-extracting EFI program, which it does not. */
function plainImage(image: Buffer): Buffer {
  if (image.toString("latin1", 4, 8) !== "zimg") return image;
  const offset = image.readUInt32LE(8);
  const compression = image.toString("latin1", 24, 56).replace(/\0.*$/s, "");
  if (compression !== "gzip") throw new Error(`the kernel image is compressed with '${compression}', not gzip`);
  return gunzipSync(image.subarray(offset, offset + image.readUInt32LE(12)));
}

/** Packs the modules we need and those they need, uncompressed, and writes down the order of insertion. */
async function packModules(unpacked: string, release: string): Promise<Buffer> {
  const root = [join(unpacked, "usr/lib/modules", release), join(unpacked, "lib/modules", release)].find(existsSync);
  if (!root) throw new Error(`the kernel packages hold no modules for ${release}`);
  const paths = new Map<string, string>();
  for (const path of await listModules(root)) paths.set(moduleName(path), path);
  const builtIn = new Set(readFileSync(join(root, "modules.builtin"), "utf8").split("\n").map(moduleName));

  const archive = new CpioWriter();
  const order: string[] = [];
  const insert = async (name: string): Promise<void> => {
    const path = paths.get(name);
    const target = `/lib/modules/${release}/${name}.ko`;
    if (builtIn.has(name) || order.includes(target)) return;
    if (!path) throw new Error(`kernel ${release} has no module '${name}'`);
    const module = await readModule(path);
    for (const needed of dependencies(module)) await insert(needed);
    archive.file(`/usr${target}`, module);
    order.push(target);
  };
  for (const name of MODULES) await insert(name);
  archive.file("/etc/guest/modules", order.map((path) => `${path}\n`).join(""));
  return archive.bytes();
}

async function listModules(root: string): Promise<string[]> {
  return (await exec("find", [root, "-name", "*.ko*"])).split("\n").filter(Boolean);
}

/** `drivers/char/hw_random/virtio-rng.ko.xz` is the module virtio_rng. */
function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko.*$/, "")
    .replace(/-/g, "_");
}

async function readModule(path: string): Promise<Buffer> {
  if (path.endsWith(".xz")) return execBytes("xz", ["-dc", path]);
  if (path.endsWith(".zst")) return execBytes("zstd", ["-dcq", path]);
  return readFileSync(path);
}

/** The modules that a module names in its `depends=` note. */
function dependencies(module: Buffer): string[] {
  const text = module.toString("latin1");
  const note = text.match(/\0depends=([^\0]*)\0/)?.[1] ?? "";
  return note
    .split(",")
    .filter(Boolean)
    .map((name) => name.replace(/-/g, "_"));
}
