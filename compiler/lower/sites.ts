// Positions in the script, and sites: what prints, fails, warns or ends the session at a position.

import { NONE } from "../../common/format/manifest";
import { SiteKind } from "../../common/format/record";
import { Unit, UnitPosition, UnitSite } from "../ir/unit";
import { Range } from "../source/source";

/** Numbers the positions and sites of one object. */
export class Sites {
  private positions: Map<string, i32> = new Map<string, i32>();
  private sites: Map<string, i32> = new Map<string, i32>();
  /** The key of each site in `sites`, or empty. */
  private siteKeys: string[] = [];

  constructor(private unit: Unit) {}

  /** The number of a source position. */
  position(range: Range): i32 {
    const place = range.place;
    if (this.positions.has(place)) return this.positions.get(place);
    const line = range.line;
    const source = range.source;
    const index = this.unit.positions.length;
    this.unit.positions.push(new UnitPosition(source.name, line, range.column, source.lineText(line)));
    this.positions.set(place, index);
    return index;
  }

  /** The number of a site without arguments; those that say the same at the same position are one. */
  plain(kind: SiteKind, format: string, range: Range | null, near: string): i32 {
    const position = range ? this.position(range) : NONE;
    const key = `${<i32>kind}:${position}:${near}:${format}`;
    if (this.sites.has(key)) return this.sites.get(key);
    const index = this.append(new UnitSite(kind, format, position, near), key);
    this.sites.set(key, index);
    return index;
  }

  /** Adds a site with arguments; returns its number. */
  add(site: UnitSite): i32 {
    return this.append(site, "");
  }

  private append(site: UnitSite, key: string): i32 {
    this.unit.sites.push(site);
    this.siteKeys.push(key);
    return this.unit.sites.length - 1;
  }

  /** How many sites there are; `rollback` forgets those made since. */
  mark(): i32 {
    return this.unit.sites.length;
  }

  rollback(mark: i32): void {
    for (let i = mark, n = this.siteKeys.length; i < n; ++i) this.sites.delete(this.siteKeys[i]);
    this.siteKeys.length = mark;
    this.unit.sites.length = mark;
  }
}
