// The manifest's tables as they are written and read back: targets that probes share, alternatives and what they need.

import { AttachTarget } from "../../common/as/attach-target";
import { ByteWriter } from "../../common/as/byte-writer";
import { ByteReader } from "../../common/as/bytes";
import { ManifestReader, readManifest } from "../../common/as/manifest-reader";
import { TargetKind } from "../../common/format/attach";
import { ProgramType } from "../../common/format/bpf";
import { AttachKind, Engine, FeatureRow, NONE, ProbeRow, TableKind, TargetRow } from "../../common/format/manifest";
import { Unit, UnitProbe, UnitProgram } from "../ir/unit";
import { ManifestWriter } from "./manifest";
import { writeTables } from "./tables";

function written(unit: Unit): ManifestReader {
  const writer = new ManifestWriter();
  writeTables(writer, unit, 62, 65536);
  const bytes = new ByteWriter(1024);
  writer.finish(bytes);
  const copy = new StaticArray<u8>(bytes.length);
  const from = bytes.toArray();
  for (let i = 0; i < copy.length; ++i) copy[i] = from[i];
  const manifest = readManifest(ByteReader.over(copy));
  assert(manifest.problem == "", manifest.problem);
  return manifest;
}

function kprobe(target: AttachTarget): UnitProbe {
  const probe = new UnitProbe(0, AttachKind.Kprobe);
  probe.target = target;
  return probe;
}

function unitOf(probes: UnitProbe[]): Unit {
  const unit = new Unit();
  unit.programs.push(new UnitProgram(0, "p0", "kprobe/f", Engine.Kernel, ProgramType.Kprobe, NONE));
  unit.probes = probes;
  return unit;
}

export function test_probes_with_equal_targets_share_a_row(): void {
  const begin = new UnitProbe(0, AttachKind.Begin);
  const probes = [kprobe(AttachTarget.ofFunction("f")), kprobe(AttachTarget.ofFunction("g")), begin];
  probes.push(kprobe(AttachTarget.ofFunction("f")));
  const manifest = written(unitOf(probes));
  assert(manifest.count(TableKind.Target) == 2, "f and g");
  const row = manifest.field(TableKind.Probe, 3, ProbeRow.Target);
  assert(manifest.field(TableKind.Probe, 0, ProbeRow.Target) == row, "f twice");
  assert(manifest.field(TableKind.Probe, 1, ProbeRow.Target) != row, "g is another");
  assert(manifest.field(TableKind.Probe, 2, ProbeRow.Target) == NONE, "begin has none");
}

export function test_all_that_a_target_says_is_written(): void {
  const target = AttachTarget.ofTracepoint("sched", "sched_switch");
  target.module = "ext4";
  target.path = "/bin/true";
  target.offset = 0x1_2345_6789;
  target.buildId = "00ff";
  target.pid = 77;
  const manifest = written(unitOf([kprobe(target)]));
  assert(manifest.field(TableKind.Target, 0, TargetRow.Kind) == TargetKind.Tracepoint, "kind");
  assert(manifest.text(TableKind.Target, 0, TargetRow.Name) == "sched_switch", "name");
  assert(manifest.text(TableKind.Target, 0, TargetRow.System) == "sched", "system");
  assert(manifest.text(TableKind.Target, 0, TargetRow.Module) == "ext4", "module");
  assert(manifest.text(TableKind.Target, 0, TargetRow.Path) == "/bin/true", "path");
  assert(manifest.long(TableKind.Target, 0, TargetRow.Offset) == 0x1_2345_6789, "offset");
  assert(manifest.text(TableKind.Target, 0, TargetRow.BuildId) == "00ff", "build id");
  assert(manifest.field(TableKind.Target, 0, TargetRow.Pid) == 77, "process");
  const other = AttachTarget.ofTracepoint("sched", "sched_switch");
  assert(target.key != other.key, "and makes it another target");
}

export function test_alternatives_keep_their_order_and_their_features(): void {
  const first = kprobe(AttachTarget.ofFunction("f"));
  const second = kprobe(AttachTarget.ofFunction("f"));
  first.group = 3;
  first.features.push("fentry");
  second.group = 3;
  const unit = unitOf([first, second]);
  unit.features.push("ringbuf");
  const manifest = written(unit);
  assert(manifest.field(TableKind.Probe, 0, ProbeRow.Group) == 3, "group");
  assert(manifest.field(TableKind.Probe, 1, ProbeRow.Group) == 3, "the same");
  assert(manifest.count(TableKind.Feature) == 2, "features");
  assert(manifest.text(TableKind.Feature, 0, FeatureRow.Name) == "fentry", "of the first alternative");
  assert(manifest.field(TableKind.Feature, 0, FeatureRow.Probe) == 0, "which it names");
  assert(manifest.field(TableKind.Feature, 1, FeatureRow.Probe) == NONE, "of the object");
}
