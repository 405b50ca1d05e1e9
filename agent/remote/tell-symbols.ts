// Tells the host what is at the addresses in its records, before it gets them (AgentFrame.Symbols). Which addresses a
// record holds, the formatter finds out: it makes the record's text here, too, and asks for each address on the way.

import { SymbolInfo, SymbolSource } from "../../common/as/print/addresses";
import { OutBuffer } from "../../common/as/print/buffer";
import { Formatter } from "../../common/as/print/formatter";
import { ManifestFault } from "../../common/as/print/manifest";
import { AgentFrame } from "../../common/format/frame";
import { kernelSymbols } from "./addresses";
import { FrameWriter } from "./frames";
import { LoadedObject } from "./object";

/** Addresses that are remembered as told; a power of two. One that was forgotten is told again. */
const REMEMBERED: i32 = 16384;
const TEXT_BYTES: i32 = 65536;

/** Looks addresses up, and tells what it finds once. */
class Teller extends SymbolSource {
  private symbols: SymbolSource = kernelSymbols();
  private told: StaticArray<u64> = new StaticArray<u64>(REMEMBERED);
  isOpen: bool = false;

  constructor(private writer: FrameWriter) {
    super();
  }

  find(address: u64): SymbolInfo | null {
    const slot = <i32>((address * 0x9e3779b97f4a7c15) >> 50);
    if (this.told[slot] == address) return null;
    this.told[slot] = address;
    const found = this.symbols.find(address);
    const writer = this.writer;
    if (!this.isOpen) writer.begin(AgentFrame.Symbols);
    this.isOpen = true;
    writer.u64(address);
    writer.u64(found ? found.offset : 0);
    writer.u64(found ? found.size : 0);
    this.putText(found ? found.name : 0, found ? found.nameLength : 0);
    this.putText(found ? found.module : 0, found ? found.moduleLength : 0);
    return null;
  }

  private putText(at: usize, length: i32): void {
    this.writer.u32(length);
    if (length > 0) this.writer.bytes(at, length);
  }
}

/** Looks at records for one host. */
export class SymbolTeller {
  private teller: Teller;
  private formatter: Formatter = new Formatter();
  private text: OutBuffer = new OutBuffer(TEXT_BYTES, i32.MAX_VALUE);

  constructor(
    o: LoadedObject,
    private writer: FrameWriter,
  ) {
    this.teller = new Teller(writer);
    const manifest = o.manifest.data;
    if (this.formatter.open(manifest.address, manifest.length) == ManifestFault.None)
      this.formatter.addresses.source = this.teller;
  }

  /** Tells what the host does not know of the addresses in a record. */
  tell(record: usize, bytes: i32): void {
    this.formatter.format(record, bytes, this.text, this.text);
    this.text.clear();
    if (!this.teller.isOpen) return;
    this.teller.isOpen = false;
    this.writer.finish();
  }
}
