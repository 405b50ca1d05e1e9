// `stap-remote manifest x.stp|x.bo`: YAML for Kubernetes that runs an object on its nodes, with the rights that the
// object needs and no others. kubectl takes it from standard input.

import { basename } from "node:path";
import { Document, isMap, isScalar, isSeq } from "yaml";
import { ManifestReader } from "../agent/host/manifest.ts";
import { ARCH_OF_MACHINE } from "../facts/answer.ts";
import { version } from "./assets.ts";
import { compileFor, compileInput, loadCompiler, readFile, readScriptsOf } from "./compile.ts";
import { EXIT, ExitError, type ExitStatus } from "./exit.ts";
import { offline } from "./offline.ts";
import type { Settings } from "./options.ts";
import { writeText } from "./output.ts";
import { passFailed } from "./report.ts";
import { type Rights, rightsOf } from "./rights.ts";
import type { Surroundings } from "./surroundings.ts";

/** A ConfigMap holds a MiB, and base64 takes four bytes for three. */
const MOST_OBJECT = 700 << 10;
const ARCH: Record<string, string> = { x86_64: "amd64", arm64: "arm64" };
/** The agent with the run of a large script; what the script's own maps take comes on top. */
const AGENT_MIB = 48;

/** Prints the YAML, or writes it to the file of -o. */
export async function manifestJob(settings: Settings, around: Surroundings): Promise<ExitStatus> {
  const object = settings.file?.endsWith(".bo") ? readFile(settings.file, "object") : await compiled(settings, around);
  if (!object) return EXIT.failed;
  const file = settings.file ?? "the object";
  if (object.length > MOST_OBJECT)
    throw new ExitError(
      EXIT.failed,
      `'${file}' is too large for a ConfigMap, which holds 1 MiB`,
      "make an image of it",
    );
  try {
    await writeText(around.openOutput(settings.output), yamlOf(object, settings));
  } catch (error) {
    if (error instanceof ExitError) throw error;
    throw new ExitError(EXIT.failed, `'${file}': ${(error as Error).message}`);
  }
  return EXIT.done;
}

async function compiled(settings: Settings, around: Surroundings): Promise<Uint8Array | undefined> {
  const scripts = readScriptsOf(settings);
  const asked =
    settings.facts === undefined
      ? undefined
      : await offline(settings.facts, (text) => around.message(`WARNING: ${text}\n`));
  const input = compileInput({ ...settings, pass: 4 }, scripts, asked?.session.hello);
  const result = await compileFor(loadCompiler(), input, asked);
  around.message(result.messages);
  if (!result.object) around.message(passFailed(result));
  return result.object ?? undefined;
}

/** All documents, with a comment at each right. */
function yamlOf(object: Uint8Array, settings: Settings): string {
  const manifest = new ManifestReader(object);
  const arch = ARCH[ARCH_OF_MACHINE[manifest.machine] ?? ""];
  if (!arch) throw new Error("it is for a CPU that there is no agent for");
  const name = nameOf(settings.file ?? manifest.script);
  const rights = rightsOf(object);
  const labels = { "app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "stap-remote" };
  const metadata = { name, labels };
  const documents = [
    new Document({ apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false }),
    new Document({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata,
      binaryData: { "object.bo": Buffer.from(object).toString("base64") },
    }),
    workload(settings, { name, labels, arch, rights }),
    roleOf(metadata),
  ];
  documents[0]!.commentBefore = HEAD.map((line) => ` ${line}`).join("\n");
  return documents.map((document) => document.toString({ lineWidth: 0 })).join("---\n");
}

const HEAD = [
  "Made by stap-remote; kubectl apply -n NAMESPACE -f -",
  "The namespace has to allow what is below: Pod Security's level 'privileged', although no container is privileged.",
];

/** A name as DNS has it (RFC 1123). */
function nameOf(file: string): string {
  const stem = basename(file).replace(/\.(stp|bo)$/, "");
  const name = stem
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 50);
  return `trace-${name === "" || file === "<input>" ? "script" : name}`.replace(/-+$/, "");
}

interface Parts {
  name: string;
  labels: Record<string, string>;
  arch: string;
  rights: Rights;
}

function workload(settings: Settings, { name, labels, arch, rights }: Parts): Document {
  const isDaemon = settings.manifestKind === "daemonset";
  const pod = {
    serviceAccountName: name,
    automountServiceAccountToken: false,
    restartPolicy: isDaemon ? "Always" : "Never",
    terminationGracePeriodSeconds: 30,
    ...(rights.hostProcesses === undefined ? {} : { hostPID: true }),
    nodeSelector: { "kubernetes.io/os": "linux", "kubernetes.io/arch": arch },
    ...(isDaemon ? { tolerations: [{ operator: "Exists" }] } : {}),
    containers: [containerOf(settings, rights)],
    volumes: [
      { name: "object", configMap: { name } },
      ...rights.folders.map(({ path }, i) => ({ name: `host-${i}`, hostPath: { path, type: "Directory" } })),
    ],
  };
  const template = { metadata: { labels }, spec: pod };
  const spec = isDaemon ? { selector: { matchLabels: labels }, template } : { backoffLimit: 0, template };
  const kind = isDaemon ? { apiVersion: "apps/v1", kind: "DaemonSet" } : { apiVersion: "batch/v1", kind: "Job" };
  const document = new Document({ ...kind, metadata: { name, labels }, spec }, { aliasDuplicateObjects: false });
  explain(document, rights);
  return document;
}

function containerOf({ image, timeoutMs, pid }: Settings, { capabilities, perfEvents, folders }: Rights) {
  const more = [
    ...(timeoutMs > 0 ? ["-T", String(Math.ceil(timeoutMs / 1000))] : []),
    ...(pid > 0 ? ["-x", String(pid)] : []),
  ];
  return {
    name: "stap-agent",
    image: image ?? `stap-agent:${version()}`,
    command: ["/stap-agent", "run", "/object/object.bo", ...more],
    securityContext: {
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsUser: 0,
      capabilities: { drop: ["ALL"], add: capabilities.map(({ name }) => name) },
      seccompProfile: { type: perfEvents ? "Unconfined" : "RuntimeDefault" },
    },
    resources: { requests: { cpu: "10m", memory: `${AGENT_MIB / 2}Mi` }, limits: { memory: `${AGENT_MIB * 4}Mi` } },
    volumeMounts: [
      { name: "object", mountPath: "/object", readOnly: true },
      ...folders.map(({ path, isReadOnly }, i) => ({ name: `host-${i}`, mountPath: path, readOnly: isReadOnly })),
    ],
  };
}

const CONTAINER = ["spec", "template", "spec", "containers", 0];

/** Says at each right what it is for. */
function explain(document: Document, { capabilities, perfEvents, folders, hostProcesses }: Rights): void {
  const note = (path: (string | number)[], text: string) => {
    const node = document.getIn(path, true);
    if (isScalar(node)) node.comment = ` ${text}`;
    else if (isMap(node) || isSeq(node)) node.commentBefore = ` ${text}`;
  };
  const context = [...CONTAINER, "securityContext"];
  for (const [i, { why }] of capabilities.entries()) note([...context, "capabilities", "add", i], why);
  const perf =
    "perf events, which some engines' filters forbid; where kernel.perf_event_paranoid is above 2, add SYS_ADMIN, too";
  if (perfEvents) note([...context, "seccompProfile", "type"], perf);
  note([...context, "runAsUser"], "root without its capabilities, but for those below");
  for (const [i, { why }] of folders.entries())
    note(["spec", "template", "spec", "volumes", i + 1, "hostPath", "path"], why);
  if (hostProcesses !== undefined) note(["spec", "template", "spec", "hostPID"], hostProcesses);
}

/** For those who may read the log, or run scripts through pods; bound to nobody. */
function roleOf(metadata: { name: string; labels: Record<string, string> }): Document {
  const document = new Document({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata,
    rules: [
      { apiGroups: [""], resources: ["pods", "pods/log"], verbs: ["get", "list", "watch"] },
      { apiGroups: [""], resources: ["pods/exec"], verbs: ["create"] },
    ],
  });
  document.commentBefore =
    " For those who may trace; bind it to them. Who may exec here can read the memory of the node's kernel.";
  return document;
}
