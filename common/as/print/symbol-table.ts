// What the agent has said of addresses (AgentFrame.Symbols), for the formatter on the host. The agent says it before
// the records in which the addresses are. Its words are bounded, and shown as printable characters only.

import { SymbolInfo, SymbolSource } from "./addresses";

/** Most addresses of one run; an agent that knows of more is none of ours. */
const MOST_SYMBOLS: i32 = 1 << 20;
/** Longest name, bytes: twice what kernels take (KSYM_NAME_LEN). */
const MOST_NAME: u32 = 1024;

/** A table that grows with each frame. */
export class SymbolTable extends SymbolSource {
  private known: Map<u64, SymbolInfo> = new Map<u64, SymbolInfo>();

  find(address: u64): SymbolInfo | null {
    return this.known.has(address) ? this.known.get(address) : null;
  }

  /** Takes the payload of a frame; false if it is damaged, or if there are too many. */
  add(at: usize, length: i32): bool {
    const end = at + <usize>length;
    while (at < end) {
      if (end - at < 24 || this.known.size >= MOST_SYMBOLS) return false;
      const info = new SymbolInfo();
      const address = load<u64>(at);
      info.offset = load<u64>(at, 8);
      info.size = load<u64>(at, 16);
      at = this.takeText(at + 24, end);
      if (at == 0) return false;
      info.name = this.text;
      info.nameLength = this.textLength;
      at = this.takeText(at, end);
      if (at == 0) return false;
      info.module = this.text;
      info.moduleLength = this.textLength;
      this.known.set(address, info);
    }
    return true;
  }

  private text: usize = 0;
  private textLength: i32 = 0;

  /** Copies a string; returns what follows it, or 0. */
  private takeText(at: usize, end: usize): usize {
    if (end - at < 4) return 0;
    const length = load<u32>(at);
    if (length > MOST_NAME || <usize>length > end - at - 4) return 0;
    this.text = heap.alloc(<usize>length + 1);
    this.textLength = <i32>length;
    for (let i: usize = 0; i < <usize>length; ++i) {
      const c = load<u8>(at + 4 + i);
      store<u8>(this.text + i, c > 32 && c < 127 ? c : 63);
    }
    return at + 4 + <usize>length;
  }
}
