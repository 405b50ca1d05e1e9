// What the compile lacks. Pass 2 collects it and goes on as far as it can, so that one round asks for all of it.

/**
 * Something the compile lacks; common/format/request.ts has the kinds (`functions`, `tracepoints`, `tapset`, `btf`).
 */
export class Need {
  constructor(
    public kind: string,
    /** Names or glob patterns, sorted and unique. */
    public names: string[],
  ) {}
}

/** Names by kind; answers are sorted, so that the same script asks the same. */
export class NeedSet {
  private kinds: string[] = [];
  private names: Set<string>[] = [];

  /** Asks for a name (or pattern) of a kind. */
  add(kind: string, name: string): void {
    let at = this.kinds.indexOf(kind);
    if (at < 0) {
      at = this.kinds.length;
      this.kinds.push(kind);
      this.names.push(new Set<string>());
    }
    this.names[at].add(name);
  }

  get isEmpty(): bool {
    return this.kinds.length == 0;
  }

  /** All needs, one per kind. */
  list(): Need[] {
    const needs: Need[] = [];
    for (let i = 0, n = this.kinds.length; i < n; ++i) {
      needs.push(new Need(this.kinds[i], this.names[i].values().sort()));
    }
    return needs;
  }
}
