// Files by the name of -o, from command line to file, against an agent in TypeScript.

import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Profile } from "pprof-format";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { main } from "../../cli/command.ts";
import { Interrupts } from "../../cli/interrupts.ts";
import { parseOptions } from "../../cli/options.ts";
import { Output } from "../../cli/output.ts";
import { AgentFrame } from "../../common/format/frame.ts";
import { Show } from "../../common/format/manifest.ts";
import { captureMessages } from "../captured.ts";
import { item, ManifestBuilder, objectWith, records } from "../format/manifest-builder.ts";
import { FakeAgent } from "./fake-agent.ts";

const test = suite<{ folder: string }>("pictures");
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "stap-pictures-"));
});
test.after.each((context) => rmSync(context.folder, { recursive: true }));

/** An object that prints a number and, if wanted, a stack; a terminal if wanted. */
interface Case {
  stacks?: boolean;
  times?: boolean;
  terminal?: boolean;
}

async function run(folder: string, argv: string[], { stacks = true, times = true, terminal = false }: Case = {}) {
  const builder = new ManifestBuilder();
  builder.site({ format: "hi %d\n", arguments: times ? ["long", { long: Show.Time }, { long: Show.Cpu }] : ["long"] });
  if (stacks) builder.site({ format: "%s\n", arguments: ["string"], show: Show.Folded });
  const object = join(folder, "x.bo");
  writeFileSync(object, objectWith(builder.done()));
  const onRun = (agent: FakeAgent) => {
    const hi = times ? item(0, [7n, 1796066916193710079n, 1n]) : item(0, [7n]);
    agent.send(AgentFrame.Output, records(stacks ? [hi, item(1, ["0x10 0x20"]), item(1, ["0x10 0x20"])] : [hi]));
    agent.send(AgentFrame.CommandOutput, Uint8Array.from([1, 0x1b, 0x5b, 0x4a, 10]));
    agent.finish();
  };
  const agent = new FakeAgent({ onRun });
  const shown = join(folder, "stdout");
  writeFileSync(shown, "");
  const messages = captureMessages();
  const status = await main(["run", object, "--host", "box", ...argv], {
    openRemote: async () => {
      return { process: agent.process, where: "box", kind: "fake", uploaded: true, close: async () => {} };
    },
    interrupts: new Interrupts(),
    ...messages.to,
    openOutput: (file) => {
      const output = file === undefined ? new Output(openSync(shown, "a"), "stdout", true) : Output.open(file);
      if (terminal && file === undefined) Object.defineProperty(output, "isTerminal", { value: true });
      return output;
    },
  });
  return { status, out: readFileSync(shown, "utf8"), err: messages.said() };
}

test("the name of -o says the kind; what has no place in the file is printed", async ({ folder }) => {
  const file = join(folder, "x.folded");
  const { status, out, err } = await run(folder, ["-o", file]);
  assert.equal([status, err], [0, ""]);
  assert.is(out, "hi 7\n\x1b[J\n");
  assert.is(readFileSync(file, "utf8"), "0x20;0x10 2\n");
  const shown = await run(folder, ["-o", file], { terminal: true });
  assert.is(shown.out, "hi 7\n\\x1b[J\n");
});

test("pprof is packed by gzip, csv has a column for each value, json is JSON Lines", async ({ folder }) => {
  const [pprof, csv, json] = ["x.pb.gz", "x.csv", "x.jsonl"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  assert.is((await run(folder, ["-o", pprof])).status, 0);
  const profile = Profile.decode(gunzipSync(readFileSync(pprof)));
  assert.equal(
    profile.sample.map(({ value }) => Number(value[0])),
    [2],
  );
  assert.is((await run(folder, ["-o", csv], { stacks: false })).status, 0);
  assert.is(
    readFileSync(csv, "utf8"),
    "host,type,time,cpu,probe,text,value1\r\nbox,print,1796066916193710079,1,,hi 7,7\r\n",
  );
  assert.is((await run(folder, ["-o", json])).status, 0);
  assert.is(JSON.parse(readFileSync(json, "utf8").split("\n")[1] as string).text, "hi 7\n");
  const text = join(folder, "y.csv");
  assert.is((await run(folder, ["--output", "text", "-o", text])).status, 0);
  assert.match(readFileSync(text, "utf8"), /^hi 7\n/);
});

test("a script that has not what the file is made of is refused, with what to write", async ({ folder }) => {
  const refusal = async (name: string, how: Case) => {
    const { status, err } = await run(folder, ["-o", join(folder, name)], how);
    assert.is(status, 2);
    return err;
  };
  assert.match(
    await refusal("x.folded", { stacks: false }),
    /made of stacks, .* count them: global n probe timer\.profile/,
  );
  assert.match(
    await refusal("x.speedscope.json", { stacks: false }),
    /neither; .* or print spans: printf\("B\|%d\|read/,
  );
  assert.match(await refusal("x.pftrace", { times: false }), /compiled without; compile it with --output perfetto/);
  const { status, err } = await run(folder, ["--output", "pprof"], { terminal: true });
  assert.is(status, 2);
  assert.match(err, /the output 'pprof' is no text; give a file: -o x\.pb\.gz/);
});

test("view writes the page of a saved run, or of a file that was made of one", async ({ folder }) => {
  const view = async (...argv: string[]) => {
    const messages = captureMessages();
    const status = await main(["view", ...argv], {
      openRemote: () => Promise.reject(new Error("no remote is needed")),
      interrupts: new Interrupts(),
      ...messages.to,
      openOutput: (file) => Output.open(file),
    });
    return { status, err: messages.said() };
  };
  const [json, pprof, html] = ["x.json", "x.pb.gz", "x.html"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await run(folder, ["-o", json]);
  await run(folder, ["-o", pprof]);
  await run(folder, ["-o", html]);
  const held = (file: string) => /id="lines">\n([^<]*)</.exec(readFileSync(file, "utf8"))?.[1];
  const page = join(folder, "view.html");
  assert.equal(await view(json, "-o", page), { status: 0, err: "" });
  assert.is(held(page), readFileSync(json, "utf8"));
  assert.equal(await view(html, "-o", page), { status: 0, err: "" });
  assert.is(held(page)?.replace(/"start":"[^"]*"/, ""), held(html)?.replace(/"start":"[^"]*"/, ""));
  assert.equal(await view(pprof, "-o", page), { status: 0, err: "" });
  assert.match(held(page) as string, /"text":"0x20;0x10 2\\n"/);
  assert.match((await view(join(folder, "none.json"), "-o", page)).err, /cannot read file/);
  writeFileSync(json, "hello\n");
  assert.match((await view(json, "-o", page)).err, /x\.json': no lines of --output json/);
});

test("--live says the address of its page, and prints the text all the same", async ({ folder }) => {
  const { status, out, err } = await run(folder, ["--live"]);
  assert.is(status, 0);
  assert.match(err, /^Live: http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/\n$/);
  assert.is(out, "hi 7\n0x20;0x10\n0x20;0x10\n\x1b[J\n");
  assert.throws(() => parseOptions(["x.stp", "-p4", "--live"]), /nothing runs/);
  assert.throws(() => parseOptions(["x.stp", "--local", "--live", "--timestamps"]), /leave out '--timestamps'/);
});

test("kinds are of what a script prints, and stay in one file", () => {
  const settings = (...argv: string[]) => parseOptions(argv);
  assert.equal(settings("x.stp", "--local", "-o", "x.pftrace").kind, "perfetto");
  const folded = settings("x.stp", "-p4", "--output", "pprof", "-o", "x.bo");
  assert.equal([folded.kind, folded.folded, folded.json], ["pprof", true, true]);
  assert.is(settings("x.stp", "-p4", "-o", "x.json").kind, "text");
  assert.is(settings("facts", "--local", "-o", "x.json").kind, "text");
  assert.is(settings("x.stp", "--local", "--output", "json", "-o", "x.folded").kind, "json");
  assert.throws(() => settings("x.stp", "--local", "-o", "x.csv", "-S", "5"), /a file of kind 'csv' stays whole/);
  assert.throws(
    () => settings("x.stp", "--local", "-o", "x.csv", "--timestamps"),
    /times stand in the output 'csv' anyway/,
  );
  assert.throws(() => settings("doctor", "--local", "--output", "csv"), /is of what a script prints,/);
});

test.run();
