// `stap-remote image`: an OCI image of the agent, and of an object if one is given, as one tar file that podman and
// skopeo load. It is made here, from nothing but the agent's file, and the same input gives the same
// bytes. The formats: OCI image-spec 1.1 (image-layout, config, manifest, index), POSIX ustar.

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { AgentArch } from "../agent/host/bootstrap.ts";
import { ManifestReader } from "../agent/host/manifest.ts";
import { ARCH_OF_MACHINE } from "../facts/answer.ts";
import { readAgents, version } from "./assets.ts";
import { readFile, writeObject } from "./compile.ts";
import { EXIT, ExitError, type ExitStatus } from "./exit.ts";
import type { Settings } from "./options.ts";
import { writeText } from "./output.ts";
import type { Surroundings } from "./surroundings.ts";

/** Go's names of CPUs, which OCI uses. */
const OCI_ARCH: Record<AgentArch, string> = { x86_64: "amd64", arm64: "arm64" };
const AGENT = "stap-agent";
const OBJECT = "object.bo";
const EPOCH = "1970-01-01T00:00:00Z";
const MEDIA = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};

/** A file of a tar. */
interface TarFile {
  name: string;
  bytes: Uint8Array;
  mode: number;
}

/** Writes the image to the file of -o, or to stap-agent.tar. */
export async function imageJob(settings: Settings, around: Surroundings): Promise<ExitStatus> {
  const object = settings.file === undefined ? undefined : readFile(settings.file, "object");
  const only = object && archOf(object, settings.file as string);
  const agents = [...readAgents()].filter(([arch]) => only === undefined || arch === only);
  if (agents.length === 0) throw new ExitError(EXIT.failed, `this installation has no agent for ${only}`);
  const image = makeImage(new Map(agents), object, version());
  const file = writeObject(settings, image, settings.output ?? `${AGENT}.tar`);
  await writeText(around.openOutput(undefined), `${file}\n`);
  return EXIT.done;
}

/** The CPU that an object is for. */
function archOf(object: Uint8Array, file: string): AgentArch {
  try {
    const arch = ARCH_OF_MACHINE[new ManifestReader(object).machine];
    if (arch) return arch;
  } catch (error) {
    throw new ExitError(EXIT.failed, `'${file}': ${(error as Error).message}`);
  }
  throw new ExitError(EXIT.failed, `'${file}' is for a CPU that there is no agent for`);
}

/** The image's tar file: an OCI layout with an image for each agent. */
export function makeImage(agents: Map<AgentArch, Uint8Array>, object: Uint8Array | undefined, release: string) {
  const blobs = new Map<string, Uint8Array>();
  const put = (mediaType: string, bytes: Uint8Array) => {
    const digest = `sha256:${sha256(bytes)}`;
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const manifests = [...agents].sort().map(([arch, agent]) => {
    const files: TarFile[] = [{ name: AGENT, bytes: agent, mode: 0o755 }];
    if (object) files.push({ name: OBJECT, bytes: object, mode: 0o644 });
    const layer = tar(files);
    const platform = { architecture: OCI_ARCH[arch], os: "linux" };
    const config = put(
      MEDIA.config,
      json({
        created: EPOCH,
        ...platform,
        config: { Cmd: object ? [`/${AGENT}`, "run", `/${OBJECT}`] : [`/${AGENT}`, "serve"], WorkingDir: "/" },
        rootfs: { type: "layers", diff_ids: [`sha256:${sha256(layer)}`] },
        history: [{ created: EPOCH, created_by: `stap-remote ${release}` }],
      }),
    );
    const layers = [put(MEDIA.layer, pack(layer))];
    const manifest = put(MEDIA.manifest, json({ schemaVersion: 2, mediaType: MEDIA.manifest, config, layers }));
    return { ...manifest, platform };
  });
  const named = { "org.opencontainers.image.ref.name": release };
  // One image stands in the index itself; for several there is an index of them, as for any image of several CPUs.
  const entry =
    manifests.length === 1
      ? { ...manifests[0]!, annotations: named }
      : { ...put(MEDIA.index, json({ schemaVersion: 2, mediaType: MEDIA.index, manifests })), annotations: named };
  const index = json({ schemaVersion: 2, mediaType: MEDIA.index, manifests: [entry] });
  return tar([
    { name: "oci-layout", bytes: json({ imageLayoutVersion: "1.0.0" }), mode: 0o644 },
    { name: "index.json", bytes: index, mode: 0o644 },
    ...[...blobs].map(([digest, bytes]) => ({ name: `blobs/${digest.replace(":", "/")}`, bytes, mode: 0o644 })),
  ]);
}

/** gzip, with neither name nor time; the header's byte for the operating system says "unknown" on all of them. */
function pack(bytes: Uint8Array): Uint8Array {
  const packed = gzipSync(bytes, { level: 9 });
  packed[9] = 255;
  return packed;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const BLOCK = 512;

/** A tar file; all files are root's, and as old as time. */
function tar(files: TarFile[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { name, bytes, mode } of files) {
    parts.push(tarHeader(name, bytes.length, mode), bytes);
    parts.push(new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK));
  }
  return Buffer.concat([...parts, new Uint8Array(2 * BLOCK)]);
}

/** Offsets and lengths as in POSIX.1-1988's ustar. */
function tarHeader(name: string, size: number, mode: number): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  header.write(name, 0, 100, "latin1");
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  header.write("        0", 148, "latin1"); // the sum counts its own field as blanks; '0': a file
  header.write("ustar\x0000", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}
