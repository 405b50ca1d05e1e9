// The OCI image: read here as its specification says, tar, digests and all.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { AgentArch } from "../../agent/host/bootstrap.ts";
import { makeImage } from "../../cli/image.ts";

const test = suite<{ folder: string }>("image");
const AGENTS = new Map<AgentArch, Uint8Array>([
  ["x86_64", Buffer.from("#!/bin/sh\necho x86_64\n")],
  ["arm64", Buffer.from("the other one".repeat(100))],
]);

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "stap-image-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/** Unpacks a tar file with the system's tar. */
function unpack(folder: string, bytes: Uint8Array): void {
  writeFileSync(join(folder, "x.tar"), bytes);
  execFileSync("tar", ["-xpf", "x.tar"], { cwd: folder });
}

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { architecture: string };
}

/** A blob, whose digest and size are checked. */
function blob(folder: string, { digest, size }: Descriptor): Uint8Array {
  const bytes = readFileSync(join(folder, "blobs", digest.replace(":", "/")));
  assert.is(`sha256:${createHash("sha256").update(bytes).digest("hex")}`, digest);
  assert.is(bytes.length, size);
  return bytes;
}

const parse = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString("utf8"));

test("each CPU has an image with the agent in it, and equal agents give equal bytes", ({ folder }) => {
  const image = makeImage(AGENTS, undefined, "1.2.3");
  assert.equal(makeImage(new Map([...AGENTS].reverse()), undefined, "1.2.3"), image);
  unpack(folder, image);
  assert.equal(parse(readFileSync(join(folder, "oci-layout"))), { imageLayoutVersion: "1.0.0" });
  const [entry] = parse(readFileSync(join(folder, "index.json"))).manifests;
  const { manifests } = parse(blob(folder, entry));
  assert.equal(
    manifests.map(({ platform }: Descriptor) => platform?.architecture),
    ["arm64", "amd64"],
  );
  for (const [i, arch] of (["arm64", "x86_64"] as const).entries()) {
    const { config, layers } = parse(blob(folder, manifests[i]));
    const { rootfs, config: run, architecture } = parse(blob(folder, config));
    assert.equal([run.Cmd, architecture], [["/stap-agent", "serve"], manifests[i].platform.architecture]);
    const packed = blob(folder, layers[0]);
    assert.is(packed[9], 255, "the byte for the operating system");
    const layer = gunzipSync(packed);
    assert.equal(rootfs.diff_ids, [`sha256:${createHash("sha256").update(layer).digest("hex")}`]);
    const inside = mkdtempSync(join(folder, "layer-"));
    unpack(inside, layer);
    assert.equal(readFileSync(join(inside, "stap-agent")), Buffer.from(AGENTS.get(arch)!));
    if (arch === "x86_64") assert.is(execFileSync(join(inside, "stap-agent"), { encoding: "utf8" }), "x86_64\n");
  }
});

test("with an object it runs it", ({ folder }) => {
  unpack(folder, makeImage(new Map([["arm64", AGENTS.get("arm64")!]]), Buffer.from("object"), "1.2.3"));
  const [entry] = parse(readFileSync(join(folder, "index.json"))).manifests;
  const { config, layers } = parse(blob(folder, entry));
  assert.equal(parse(blob(folder, config)).config.Cmd, ["/stap-agent", "run", "/object.bo"]);
  const inside = mkdtempSync(join(folder, "layer-"));
  unpack(inside, gunzipSync(blob(folder, layers[0])));
  assert.is(readFileSync(join(inside, "object.bo"), "utf8"), "object");
});

test.run();
