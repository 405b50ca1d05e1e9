// `stap-remote manifest`: the YAML, read by a parser, for scripts that need different rights.

import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseAllDocuments } from "yaml";
import { main } from "../../cli/command.ts";
import { Interrupts } from "../../cli/interrupts.ts";
import { parseOptions } from "../../cli/options.ts";
import { Output } from "../../cli/output.ts";
import { captureMessages } from "../captured.ts";

const test = suite<{ folder: string }>("kubernetes");
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "stap-kubernetes-"));
});
test.after.each((context) => rmSync(context.folder, { recursive: true }));

// biome-ignore lint/suspicious/noExplicitAny: documents of any shape
type Yaml = any;

async function manifest(folder: string, ...argv: string[]) {
  const shown = join(folder, "stdout");
  const messages = captureMessages();
  const status = await main(["manifest", ...argv], {
    openRemote: () => Promise.reject(new Error("no remote is needed")),
    interrupts: new Interrupts(),
    ...messages.to,
    openOutput: (file) => (file === undefined ? new Output(openSync(shown, "w"), "stdout", true) : Output.open(file)),
  });
  const text = status === 0 ? readFileSync(shown, "utf8") : "";
  const documents = parseAllDocuments(text).map((document) => {
    assert.equal(document.errors, []);
    return document.toJS() as Yaml;
  });
  return { status, err: messages.said(), text, documents };
}

/** The rights that the workload of a script asks for. */
async function rightsFor(folder: string, ...argv: string[]) {
  const { documents, err } = await manifest(folder, ...argv);
  assert.is(err, "");
  const pod = documents[2].spec.template.spec;
  const { securityContext, volumeMounts } = pod.containers[0];
  assert.equal(
    { ...securityContext, capabilities: securityContext.capabilities.drop, seccompProfile: 0 },
    {
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsUser: 0,
      capabilities: ["ALL"],
      seccompProfile: 0,
    },
  );
  return {
    capabilities: securityContext.capabilities.add.filter((name: string) => !/^(BPF|PERFMON|SYS_RESOURCE)$/.test(name)),
    seccomp: securityContext.seccompProfile.type,
    folders: pod.volumes.slice(1).map((volume: Yaml) => volume.hostPath.path),
    readOnly: volumeMounts.slice(1).map((mount: Yaml) => mount.readOnly),
    hostPID: pod.hostPID === true,
  };
}

test("the rights are those that the script needs", async ({ folder }) => {
  const rights = (script: string, ...more: string[]) => rightsFor(folder, "-e", script, ...more);
  const none = { capabilities: [], seccomp: "RuntimeDefault", folders: [], readOnly: [], hostPID: false };
  assert.equal(await rights("probe begin { exit() }"), none);
  assert.equal(await rights('probe kernel.trace("sched_switch") { println(1) }'), none);
  assert.equal(await rights('probe kernel.function("vfs_read") { println(1) }'), { ...none, seccomp: "Unconfined" });
  assert.equal(
    await rights("global n probe timer.profile { n[backtrace()]++ } probe end { foreach (s in n) print_stack(s) }"),
    {
      ...none,
      seccomp: "Unconfined",
      capabilities: ["SYSLOG"],
    },
  );
  assert.equal(await rights('probe kernel.function("vfs_read").return { println(1) }'), {
    ...none,
    seccomp: "Unconfined",
    folders: ["/sys/kernel/tracing"],
    readOnly: [false],
    hostPID: true,
  });
  const writes = 'probe kernel.function("vfs_read") { set_user_int(1, 2) }';
  const { capabilities } = await rights(writes, "-g");
  assert.equal(capabilities, ["SYS_ADMIN"]);
});

test("the object is in the ConfigMap, the workload names it, and nothing has rights in the cluster", async ({
  folder,
}) => {
  const script = join(folder, "My Script_1.stp");
  writeFileSync(script, 'probe begin { println("hi") }');
  const { documents, text } = await manifest(folder, script, "-T", "90", "--image", "registry.test/agent:1");
  const [account, map, job, role] = documents;
  assert.equal(
    documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    ["ServiceAccount", "ConfigMap", "Job", "Role"].map((kind) => `${kind} trace-my-script-1`),
  );
  assert.is(account.automountServiceAccountToken, false);
  const object = Buffer.from(map.binaryData["object.bo"], "base64");
  assert.is(object.subarray(1, 4).toString(), "ELF");
  const pod = job.spec.template.spec;
  assert.equal(pod.containers[0].command, ["/stap-agent", "run", "/object/object.bo", "-T", "90"]);
  assert.equal([pod.containers[0].image, pod.restartPolicy], ["registry.test/agent:1", "Never"]);
  assert.equal(pod.nodeSelector, { "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" });
  assert.equal(role.rules[1], { apiGroups: [""], resources: ["pods/exec"], verbs: ["create"] });
  assert.match(text, /- PERFMON # attaches them, and lets them read the kernel's memory/);
  const file = join(folder, "x.bo");
  writeFileSync(file, object);
  const again = await manifest(folder, file, "--kind", "daemonset");
  const daemon = again.documents[2];
  assert.equal([daemon.apiVersion, daemon.kind, daemon.metadata.name], ["apps/v1", "DaemonSet", "trace-x"]);
  assert.equal(daemon.spec.selector.matchLabels, daemon.spec.template.metadata.labels);
  assert.equal(daemon.spec.template.spec.tolerations, [{ operator: "Exists" }]);
  assert.is(again.documents[1].binaryData["object.bo"], map.binaryData["object.bo"]);
});

test("what is no script or object, and what a manifest cannot be of, is one sentence", async ({ folder }) => {
  const file = join(folder, "x.bo");
  writeFileSync(file, "hello");
  assert.match((await manifest(folder, file)).err, /x\.bo': not an object file of stap-remote/);
  assert.match((await manifest(folder, "-e", "probe nosuch {}")).err, /Pass 2: analysis failed/);
  assert.match((await manifest(folder)).err, /'manifest' takes a script or an object file/);
  assert.throws(() => parseOptions(["manifest", "x.stp", "--local"]), /compiles without a machine/);
  assert.throws(() => parseOptions(["manifest", "x.stp", "-c", "ls"]), /'-c' has no meaning for 'manifest'/);
});

test.run();
