// A .bo in the agent's memory. openObject reads and checks it (hostile input, no kernel involved). Then load.ts makes
// its maps and loads its programs, attach/table.ts attaches its probes, interpret.ts runs the handlers of the agent's
// own, and ring.ts drains what they print.

import { ElfFile, readElf, Section } from "../../common/as/elf-reader";
import { ManifestReader, readManifest } from "../../common/as/manifest-reader";
import {
  SECTION_AGENT,
  SECTION_BSS,
  SECTION_BTF,
  SECTION_BTF_EXT,
  SECTION_LICENSE,
  SECTION_MANIFEST,
  SECTION_RODATA,
  SECTION_TEXT,
} from "../../common/format/attach";
import { FailureCode } from "../../common/format/frame";
import { GlobalRow, Manifest, TableKind } from "../../common/format/manifest";
import { arenaBytes, BssHeader, FRAME_ALIGN, PlaceEntry, RodataHeader } from "../../common/format/runtime";
import { Failure, Result } from "./errors";
import { Probe, Program, readProbes, readPrograms } from "./manifest";
import { MapEntry, readMaps } from "./map-definitions";
import { Ring } from "./ring";

/** A larger frame is refused. */
const MAX_FRAME: i32 = 1 << 20;

/** An object, from bytes to attached probes. Fields below the line are filled by the steps after openObject. */
export class LoadedObject {
  maps: MapEntry[] = [];
  programs: Program[] = [];
  probes: Probe[] = [];
  text: Section | null = null;
  agentCode: Section | null = null;
  btf: Section | null = null;
  btfExt: Section | null = null;
  license: string = "GPL";

  // Filled by loadObject.

  /** It was compiled with the types of this very kernel: nothing is relocated. */
  isAtHome: bool = true;
  /** What this kernel does not have, by the numbers of the calls that stand for it (relocate.ts). */
  missing: string[] = [];

  /** The user who logged in to start the agent. */
  loginUid: i32 = 0;
  /** The control group whose tasks are traced, as --cgroup names it; empty: all tasks are. */
  cgroup: string = "";
  /** Our copy of .rodata, patched for this machine; the map is frozen with the same bytes. */
  rodataBytes: StaticArray<u8>;
  rodataFd: i32 = -1;
  bssFd: i32 = -1;
  btfFd: i32 = -1;
  /** Address of .bss in linear memory, shared with the kernel; 0 until loaded. */
  bssAddress: usize = 0;
  /** Bytes of .bss with the arena of all CPUs. */
  bssBytes: i32 = 0;
  /** Bytes that the arena's frames lie in, a power of two. */
  frameSpan: i32 = 0;
  outputRing: Ring | null = null;
  controlRing: Ring | null = null;
  /** Name of the program that the verifier refused; empty if none was. */
  rejectedProgram: string = "";
  /** Positive errno of the refusal. */
  rejectedErrno: i32 = 0;
  /** The verifier's log of the refusal. */
  verifierLog: StaticArray<u8> = new StaticArray<u8>(0);
  /** What went wrong without ending anything: optional probes, missing BTF. The session shows and clears them. */
  warnings: string[] = [];
  /** Which alternatives were chosen, and why: for users who ask for details. The session shows and clears them. */
  notes: string[] = [];

  constructor(
    public elf: ElfFile,
    public manifest: ManifestReader,
    public rodata: Section,
    public bss: Section,
  ) {
    this.rodataBytes = rodata.data.copy();
  }

  /** How many frames the arena has. */
  get frameCount(): i32 {
    const frame = this.manifest.header(Manifest.FrameSize);
    return frame == 0 ? 0 : this.frameSpan / frame;
  }

  /** Bytes of .bss with an arena whose frames lie in `span` bytes, a power of two. */
  bssBytesFor(span: i32): i64 {
    const frame = this.manifest.header(Manifest.FrameSize);
    if (frame == 0) return this.bss.bytes;
    return <i64>this.manifest.header(Manifest.FrameOffset) + <i64>arenaBytes(span, frame);
  }
}

/** Reads and checks an object. */
export function openObject(bytes: StaticArray<u8>): Result<LoadedObject> {
  const elf = readElf(bytes);
  if (elf.problem.length != 0) return refuse(elf.problem);
  const section = elf.findSection(SECTION_MANIFEST);
  if (!section) return refuse("the object has no manifest: it was not made by stap-remote");
  const manifest = readManifest(section.data);
  if (manifest.problem.length != 0) return refuse(manifest.problem);
  const rodata = elf.findSection(SECTION_RODATA);
  if (!rodata || rodata.data.length < RodataHeader.Size) return refuse("the object's .rodata is missing or too short");
  const bss = elf.findSection(SECTION_BSS);
  if (!bss || bss.bytes < BssHeader.Size) return refuse("the object's .bss is missing or too short");

  const o = new LoadedObject(elf, manifest, rodata, bss);
  o.text = elf.findSection(SECTION_TEXT);
  o.agentCode = elf.findSection(SECTION_AGENT);
  o.btf = elf.findSection(SECTION_BTF);
  o.btfExt = elf.findSection(SECTION_BTF_EXT);
  const license = elf.findSection(SECTION_LICENSE);
  if (license && license.data.length > 1) o.license = license.data.text(0, license.data.length - 1);
  let problem = checkFrames(o);
  if (problem.length == 0) problem = checkGlobals(o);
  if (problem.length == 0) problem = readMaps(elf, manifest, o.maps);
  if (problem.length == 0) problem = readPrograms(manifest, elf, o.programs);
  if (problem.length == 0) problem = checkPlaces(o);
  if (problem.length == 0) problem = readProbes(manifest, o.programs, o.probes);
  return problem.length == 0 ? new Result<LoadedObject>(o, null) : refuse(problem);
}

/** Globals have to be in .bss: they are read from there at the end. Empty, or what is wrong. */
function checkGlobals(o: LoadedObject): string {
  for (let row = 0, n = o.manifest.count(TableKind.Global); row < n; ++row) {
    const offset = <u64>(<u32>o.manifest.field(TableKind.Global, row, GlobalRow.Offset));
    const bytes = <u64>(<u32>o.manifest.field(TableKind.Global, row, GlobalRow.Bytes));
    if (offset + bytes > <u64>o.bss.bytes) return `global variable ${row} is not in .bss`;
  }
  return "";
}

/** The tables of places have to be in .bss: they are filled there. Empty, or what is wrong. */
function checkPlaces(o: LoadedObject): string {
  for (let i = 0, n = o.programs.length; i < n; ++i) {
    const program = o.programs[i];
    const end = <u64>(<u32>program.placeTable) + <u64>(<u32>program.placeCount) * PlaceEntry.Size;
    if (end > <u64>o.bss.bytes) return `the table of places of program '${program.name}' is not in .bss`;
  }
  return "";
}

/** The arena has to lie in .bss, in frames of valid size. Empty, or what is wrong. */
function checkFrames(o: LoadedObject): string {
  const size = o.manifest.header(Manifest.FrameSize);
  if (size == 0) return "";
  const offset = o.manifest.header(Manifest.FrameOffset);
  const levels = o.manifest.header(Manifest.FrameLevels);
  if (size < 0 || size % FRAME_ALIGN != 0 || size > MAX_FRAME) return `invalid frame size ${size}`;
  if (levels < 1 || levels > 16) return `invalid number of frames for a CPU: ${levels}`;
  if (offset < BssHeader.Size || offset > o.bss.bytes || offset % 8 != 0) return "the frame arena is not in .bss";
  return "";
}

function refuse(problem: string): Result<LoadedObject> {
  const hint = "Compile the script again with this version of stap-remote.";
  return new Result<LoadedObject>(null, new Failure(FailureCode.Object, 0, problem, hint));
}
