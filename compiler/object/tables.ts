// The manifest's tables from a unit: one function for each kind of row.

import { AttachTarget } from "../../common/as/attach-target";
import { TargetKind } from "../../common/format/attach";
import {
  ArgumentRow,
  FeatureRow,
  GlobalRow,
  Manifest,
  ManifestFlags,
  NONE,
  PositionRow,
  ProbeRow,
  ProgramRow,
  SiteRow,
  SiteStyle,
  SymbolRow,
  TableKind,
  TargetRow,
} from "../../common/format/manifest";
import { FRAME_LEVELS } from "../../common/format/runtime";
import { Unit, UnitSite } from "../ir/unit";
import { ManifestWriter } from "./manifest";
import { CONTROL_RING_BYTES } from "./write";

/** Writes header and tables; lines are written with the code. */
export function writeTables(m: ManifestWriter, unit: Unit, machine: i32, outputRingBytes: i32): void {
  m.set(Manifest.Machine, machine);
  m.set(Manifest.FrameOffset, unit.frameOffset);
  m.set(Manifest.FrameSize, unit.frameBytes);
  m.set(Manifest.FrameLevels, FRAME_LEVELS);
  m.set(Manifest.OutputRingSize, outputRingBytes);
  m.set(Manifest.ControlRingSize, CONTROL_RING_BYTES);
  m.set(Manifest.MaxErrors, unit.maxErrors);
  m.set(Manifest.MaxSkipped, unit.maxSkipped);
  m.set(Manifest.OverloadThreshold, unit.overload.threshold);
  m.set(Manifest.OverloadInterval, unit.overload.interval);
  m.set(Manifest.Flags, unit.suppressErrors ? ManifestFlags.SuppressErrors : ManifestFlags.None);
  m.setString(Manifest.Script, unit.scriptName);
  m.setString(Manifest.Controls, unit.controls);
  m.setString(Manifest.AfterEscape, unit.afterEscape);
  writePrograms(m, unit);
  writeProbes(m, unit);
  for (let i = 0, n = unit.sites.length; i < n; ++i) writeSite(m, unit.sites[i]);
  writeGlobals(m, unit);
  writeSymbols(m, unit);
  writePositions(m, unit);
  for (let i = 0, n = unit.features.length; i < n; ++i) writeFeature(m, unit.features[i], NONE);
}

/** Writes that the object, or one of its probes, needs a feature. */
function writeFeature(m: ManifestWriter, name: string, probe: i32): void {
  const row = m.row(TableKind.Feature);
  m.putString(TableKind.Feature, row, FeatureRow.Name, name);
  m.put(TableKind.Feature, row, FeatureRow.Position, NONE);
  m.put(TableKind.Feature, row, FeatureRow.Probe, probe);
}

function writePrograms(m: ManifestWriter, unit: Unit): void {
  for (let i = 0, n = unit.programs.length; i < n; ++i) {
    const program = unit.programs[i];
    const row = m.row(TableKind.Program);
    m.putString(TableKind.Program, row, ProgramRow.Name, program.name);
    m.putString(TableKind.Program, row, ProgramRow.Section, program.section);
    m.put(TableKind.Program, row, ProgramRow.Engine, program.engine);
    m.put(TableKind.Program, row, ProgramRow.Type, program.type);
    m.put(TableKind.Program, row, ProgramRow.Position, program.position);
    m.put(TableKind.Program, row, ProgramRow.PlaceTable, program.placeTable);
    m.put(TableKind.Program, row, ProgramRow.PlaceCount, program.placeCount);
  }
}

function writeProbes(m: ManifestWriter, unit: Unit): void {
  const targets = new Map<string, i32>();
  for (let i = 0, n = unit.probes.length; i < n; ++i) {
    const probe = unit.probes[i];
    const row = m.row(TableKind.Probe);
    m.put(TableKind.Probe, row, ProbeRow.Program, probe.program);
    m.put(TableKind.Probe, row, ProbeRow.Attach, probe.attach);
    m.put(TableKind.Probe, row, ProbeRow.Target, targetRow(m, targets, probe.target));
    m.putLong(TableKind.Probe, row, ProbeRow.Period, probe.period);
    m.putLong(TableKind.Probe, row, ProbeRow.Jitter, probe.jitter);
    m.put(TableKind.Probe, row, ProbeRow.Order, probe.order);
    m.put(TableKind.Probe, row, ProbeRow.Flags, probe.flags);
    m.put(TableKind.Probe, row, ProbeRow.Position, probe.position);
    m.putString(TableKind.Probe, row, ProbeRow.Point, probe.point);
    m.put(TableKind.Probe, row, ProbeRow.Group, probe.group);
    m.put(TableKind.Probe, row, ProbeRow.Place, probe.place);
    m.put(TableKind.Probe, row, ProbeRow.Active, probe.active);
    for (let k = 0, count = probe.features.length; k < count; ++k) writeFeature(m, probe.features[k], row);
  }
}

/** The row of a target, which equal ones share; NONE if there is nothing to attach to. */
function targetRow(m: ManifestWriter, known: Map<string, i32>, target: AttachTarget): i32 {
  if (target.kind == TargetKind.Nothing) return NONE;
  const key = target.key;
  if (known.has(key)) return known.get(key);
  const row = m.row(TableKind.Target);
  known.set(key, row);
  m.put(TableKind.Target, row, TargetRow.Kind, target.kind);
  m.putString(TableKind.Target, row, TargetRow.Name, target.name);
  m.putString(TableKind.Target, row, TargetRow.System, target.system);
  m.putString(TableKind.Target, row, TargetRow.Module, target.module);
  m.putString(TableKind.Target, row, TargetRow.Path, target.path);
  m.putLong(TableKind.Target, row, TargetRow.Offset, <i64>target.offset);
  m.putString(TableKind.Target, row, TargetRow.BuildId, target.buildId);
  m.put(TableKind.Target, row, TargetRow.Pid, target.pid);
  m.putString(TableKind.Target, row, TargetRow.Bytes, target.bytes);
  m.putLong(TableKind.Target, row, TargetRow.Semaphore, <i64>target.semaphore);
  return row;
}

function writeSite(m: ManifestWriter, site: UnitSite): void {
  const row = m.row(TableKind.Site);
  m.put(TableKind.Site, row, SiteRow.Kind, site.kind);
  m.put(TableKind.Site, row, SiteRow.Style, SiteStyle.Printf);
  m.putString(TableKind.Site, row, SiteRow.Format, site.format);
  m.put(TableKind.Site, row, SiteRow.FirstArgument, m.count(TableKind.Argument));
  m.put(TableKind.Site, row, SiteRow.ArgumentCount, site.args.length);
  m.put(TableKind.Site, row, SiteRow.Position, site.position);
  m.putString(TableKind.Site, row, SiteRow.Near, site.near);
  m.put(TableKind.Site, row, SiteRow.Probe, site.probe);
  for (let k = 0, n = site.args.length; k < n; ++k) {
    const argument = m.row(TableKind.Argument);
    m.put(TableKind.Argument, argument, ArgumentRow.Type, site.args[k].type);
    m.put(TableKind.Argument, argument, ArgumentRow.Bytes, site.args[k].bytes);
    m.put(TableKind.Argument, argument, ArgumentRow.Origin, site.args[k].origin);
    m.put(TableKind.Argument, argument, ArgumentRow.Show, site.args[k].show);
  }
}

function writeSymbols(m: ManifestWriter, unit: Unit): void {
  for (let i = 0, n = unit.symbols.length; i < n; ++i) {
    const symbol = unit.symbols[i];
    const row = m.row(TableKind.Symbol);
    m.putString(TableKind.Symbol, row, SymbolRow.Name, symbol.name);
    m.put(TableKind.Symbol, row, SymbolRow.Offset, symbol.offset);
    m.put(TableKind.Symbol, row, SymbolRow.Position, symbol.position);
  }
}

function writeGlobals(m: ManifestWriter, unit: Unit): void {
  for (let i = 0, n = unit.globals.length; i < n; ++i) {
    const global = unit.globals[i];
    const row = m.row(TableKind.Global);
    m.putString(TableKind.Global, row, GlobalRow.Name, global.name);
    m.put(TableKind.Global, row, GlobalRow.Type, global.type);
    m.put(TableKind.Global, row, GlobalRow.Offset, global.offset);
    m.put(TableKind.Global, row, GlobalRow.Bytes, global.bytes);
    m.put(TableKind.Global, row, GlobalRow.Reserved, 0);
  }
}

function writePositions(m: ManifestWriter, unit: Unit): void {
  for (let i = 0, n = unit.positions.length; i < n; ++i) {
    const position = unit.positions[i];
    const row = m.row(TableKind.Position);
    m.putString(TableKind.Position, row, PositionRow.File, position.file);
    m.put(TableKind.Position, row, PositionRow.Line, position.line);
    m.put(TableKind.Position, row, PositionRow.Column, position.column);
    m.putString(TableKind.Position, row, PositionRow.Text, position.text);
  }
}
