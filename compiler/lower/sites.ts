// Source positions, and sites: the places that print, fail, warn or end the session.

import { NONE } from "../../common/format/manifest";
import { ArgumentType, SiteKind } from "../../common/format/record";
import { forgetFrom, Unit, UnitArgument, UnitMark, UnitPosition, UnitSite } from "../ir/unit";
import { Range } from "../source/source";

/** Numbers the positions and sites of one object. */
export class Sites {
  private positions: Map<string, i32> = new Map<string, i32>();
  /** The numbers of sites without arguments, by text and position. */
  private sites: Map<string, i32> = new Map<string, i32>();

  /** The handler that is being lowered, or NONE: a function, which several may call. */
  handler: i32 = NONE;

  constructor(private unit: Unit) {}

  /** The number of a source position. */
  position(range: Range): i32 {
    const place = range.place;
    if (this.positions.has(place)) return this.positions.get(place);
    const source = range.source;
    const index = this.unit.positions.length;
    const line = source.lineAround(range.start).text;
    this.unit.positions.push(new UnitPosition(source.name, range.line, range.column, line));
    this.positions.set(place, index);
    return index;
  }

  /** The number of a site without arguments. Equal sites at the same position share a number. */
  plain(kind: SiteKind, format: string, range: Range | null, near: string): i32 {
    const position = range ? this.position(range) : NONE;
    return this.shared(new UnitSite(kind, format, position, near));
  }

  /** The number of a soft error's site whose only argument is a number. */
  withNumber(format: string, range: Range, near: string): i32 {
    const site = new UnitSite(SiteKind.Error, format, this.position(range), near);
    site.args = [new UnitArgument(ArgumentType.Long, 8)];
    return this.shared(site);
  }

  private shared(site: UnitSite): i32 {
    const key = `${<i32>site.kind}:${site.position}:${site.near}:${site.format}`;
    if (this.sites.has(key)) {
      const known = this.sites.get(key);
      if (this.unit.sites[known].handler != this.handler) this.unit.sites[known].handler = NONE;
      return known;
    }
    const index = this.add(site);
    this.sites.set(key, index);
    return index;
  }

  /** Adds a site; returns its number. */
  add(site: UnitSite): i32 {
    site.handler = this.handler;
    this.unit.sites.push(site);
    return this.unit.sites.length - 1;
  }

  /** Forgets the positions and sites that were added to the unit since a mark. */
  rollback(mark: UnitMark): void {
    forgetFrom(this.positions, mark.positions);
    forgetFrom(this.sites, mark.sites);
  }
}
