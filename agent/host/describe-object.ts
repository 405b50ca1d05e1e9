// What an object holds, for people and for programs: probes, programs, maps, what it needs of a kernel, globals.

import { ATTACH_ROWS, attachRow, isAttachKind } from "../../common/format/attach.ts";
import { INSN_BYTES } from "../../common/format/bpf.ts";
import { SymbolType } from "../../common/format/elf.ts";
import {
  Engine,
  FeatureRow,
  GlobalRow,
  GlobalType,
  Manifest,
  NONE,
  ProbeFlags,
  ProbeRow,
  ProgramRow,
  SymbolRow,
  TableKind,
  TargetRow,
} from "../../common/format/manifest.ts";
import { type TypeUse, typeUses } from "./core-relocations.ts";
import { ElfView } from "./elf.ts";
import { ManifestReader } from "./manifest.ts";

/** What one object holds. */
export interface ObjectDescription {
  script: string;
  machine: number;
  bytes: number;
  probes: { point: string; program: string; attach: string; where: string; optional: boolean; at: string }[];
  programs: { name: string; section: string; engine: string; instructions: number; at: string }[];
  maps: { name: string; bytes: number }[];
  /** Features and symbols of the kernel, each with the place in the script that needs it. */
  needs: { what: string; at: string }[];
  globals: { name: string; type: string; bytes: number }[];
  /** How often each symbol or section is named by the code. */
  relocations: { section: string; symbol: string; count: number }[];
  /** What the code takes from the types of the kernel that runs it. */
  types: TypeUse[];
  limits: { errors: number; skipped: number | null; frameBytes: number; outputBytes: number };
}

const ENGINES: Record<Engine, string> = {
  [Engine.Kernel]: "kernel",
  [Engine.Agent]: "agent",
  [Engine.TestRun]: "kernel, on the agent's order",
};

/** Reads an object; throws an ObjectError if it is none. */
export function describeObject(object: Uint8Array): ObjectDescription {
  const elf = new ElfView(object);
  const manifest = new ManifestReader(object);
  const rows = <T>(kind: TableKind, make: (row: number) => T): T[] =>
    Array.from({ length: manifest.count(kind) }, (_, row) => make(row));
  const symbols = elf.symbols();
  const sizeOf = (name: string) => symbols.find((one) => one.type === SymbolType.Func && one.name === name)?.size ?? 0;
  const inData = (name: string) => elf.sections.findIndex((section) => section.name === name);
  const maps = symbols.filter((one) => one.type === SymbolType.Object && one.section === inData(".maps"));
  const places = new Places(manifest);
  return {
    script: manifest.script,
    machine: manifest.machine,
    bytes: object.length,
    probes: rows(TableKind.Probe, (row) => probeOf(manifest, places, row)),
    programs: rows(TableKind.Program, (row) => {
      const name = manifest.text(TableKind.Program, row, ProgramRow.Name);
      return {
        name,
        section: manifest.text(TableKind.Program, row, ProgramRow.Section),
        engine: ENGINES[manifest.field(TableKind.Program, row, ProgramRow.Engine) as Engine] ?? "unknown",
        instructions: sizeOf(name) / INSN_BYTES,
        at: places.at(manifest.field(TableKind.Program, row, ProgramRow.Position)),
      };
    }),
    maps: maps.map(({ name, size }) => ({ name, bytes: size })),
    needs: [
      ...rows(TableKind.Feature, (row) => ({
        what: manifest.text(TableKind.Feature, row, FeatureRow.Name),
        at: places.at(manifest.field(TableKind.Feature, row, FeatureRow.Position)),
      })),
      ...rows(TableKind.Symbol, (row) => ({
        what: `symbol=${manifest.text(TableKind.Symbol, row, SymbolRow.Name)}`,
        at: places.at(manifest.field(TableKind.Symbol, row, SymbolRow.Position)),
      })),
    ],
    globals: rows(TableKind.Global, (row) => globalOf(manifest, row)),
    relocations: countRelocations(elf),
    types: typeUses(elf),
    limits: {
      errors: manifest.header(Manifest.MaxErrors),
      skipped: absent(manifest.header(Manifest.MaxSkipped)) ? null : manifest.header(Manifest.MaxSkipped),
      frameBytes: manifest.header(Manifest.FrameSize),
      outputBytes: manifest.header(Manifest.OutputRingSize),
    },
  };
}

function absent(value: number): boolean {
  return value === NONE >>> 0;
}

/** Places in the script. */
class Places {
  constructor(private readonly manifest: ManifestReader) {}

  /** "x.stp:3:1", or "". */
  at(index: number): string {
    const position = absent(index) ? null : this.manifest.position(index);
    return position ? `${position.file}:${position.line}:${position.column}` : "";
  }
}

function probeOf(manifest: ManifestReader, places: Places, row: number): ObjectDescription["probes"][number] {
  const field = (offset: number) => manifest.field(TableKind.Probe, row, offset);
  const kind = field(ProbeRow.Attach);
  const target = field(ProbeRow.Target);
  const names = [TargetRow.Module, TargetRow.System, TargetRow.Name, TargetRow.Path].map((offset) =>
    absent(target) ? "" : manifest.text(TableKind.Target, target, offset),
  );
  const period = (BigInt(field(ProbeRow.Period + 4)) << 32n) | BigInt(field(ProbeRow.Period));
  const known = isAttachKind(kind) && kind < ATTACH_ROWS.length;
  return {
    point: manifest.text(TableKind.Probe, row, ProbeRow.Point),
    program: manifest.text(TableKind.Program, field(ProbeRow.Program), ProgramRow.Name),
    attach: known ? attachRow(kind).name : `kind ${kind}`,
    where: known ? attachRow(kind).describe(names.filter((name) => name !== "").join(":"), String(period)) : "",
    optional: (field(ProbeRow.Flags) & ProbeFlags.Optional) !== 0,
    at: places.at(field(ProbeRow.Position)),
  };
}

function globalOf(manifest: ManifestReader, row: number): ObjectDescription["globals"][number] {
  return {
    name: manifest.text(TableKind.Global, row, GlobalRow.Name),
    type: manifest.field(TableKind.Global, row, GlobalRow.Type) === GlobalType.String ? "string" : "long",
    bytes: manifest.field(TableKind.Global, row, GlobalRow.Bytes),
  };
}

function countRelocations(elf: ElfView): ObjectDescription["relocations"] {
  const counts = new Map<string, { section: string; symbol: string; count: number }>();
  for (const { section, symbol } of elf.relocations()) {
    const key = `${section}\0${symbol}`;
    const found = counts.get(key) ?? { section, symbol, count: 0 };
    found.count++;
    counts.set(key, found);
  }
  return [...counts.values()];
}

/** The description as a person reads it. */
export function objectText(object: ObjectDescription, cpu: string): string {
  const lines: string[] = [];
  const list = <T>(title: string, rows: T[], text: (row: T) => string) => {
    if (rows.length === 0) return;
    lines.push(`# ${title}`);
    for (const row of rows) lines.push(`  ${text(row)}`);
  };
  const behind = (at: string) => (at === "" ? "" : `  (${at})`);
  lines.push(`${object.script}, for ${cpu}, ${object.bytes} bytes`);
  list("probes", object.probes, ({ point, program, where, optional, at }) => {
    const how = [where, optional ? "optional" : "", program].filter((word) => word !== "").join(", ");
    return `${point}  /* ${how} */${behind(at)}`;
  });
  list("programs", object.programs, ({ name, section, engine, instructions, at }) => {
    return `${name}  ${section}, in the ${engine}, ${instructions} instructions${behind(at)}`;
  });
  list("maps", object.maps, ({ name }) => name);
  list("needs", object.needs, ({ what, at }) => `${what}${behind(at)}`);
  list("globals", object.globals, ({ name, type, bytes }) => `${name}:${type}, ${bytes} bytes`);
  const sections = [...new Set(object.relocations.map(({ section }) => section))];
  list("relocations", sections, (name) => {
    const of = object.relocations.filter(({ section }) => section === name);
    return `${name}: ${of.map(({ symbol, count }) => (count === 1 ? symbol : `${symbol} x ${count}`)).join(", ")}`;
  });
  list("of the kernel's types", object.types, ({ what, count }) => (count === 1 ? what : `${what} x ${count}`));
  const { errors, skipped, frameBytes, outputBytes } = object.limits;
  const most = skipped === null ? "a share" : String(skipped);
  lines.push(
    "# limits",
    `  errors ${errors}, skipped handlers ${most}; frames of ${frameBytes} bytes, output ${outputBytes}`,
  );
  return `${lines.join("\n")}\n`;
}
