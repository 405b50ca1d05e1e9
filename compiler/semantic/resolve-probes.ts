// Probe points → sites: expands aliases, asks the families, and puts handlers together.
//
//   probe a, kernel.function("x") { B }          probe a = timer.s(1) { A }
//
//   unit 1: parts A' B', from `a`                 ──► handler (timer)   ◄── site timer.s(1)
//   unit 2: parts B, for all points without alias ──► handler (kprobe)  ◄── site kernel.function("x")
//
// A unit that goes through an alias has copies of the trees, because the same names may mean other things in it.

import { attachRow } from "../../common/format/attach";
import { ProbeFlags } from "../../common/format/manifest";
import { NearMatches } from "../kernel/near";
import { CallGroup } from "../probes/call-code";
import { CallRow } from "../probes/call-table";
import { ArgumentKind, Attachment, matchNames, PointQuery } from "../probes/family";
import { impossibleFamily, impossibleFamilyHint } from "../probes/impossible";
import { laterFamily, probePatterns } from "../probes/table";
import { Range } from "../source/source";
import { BlockStatement, ProbeComponent, ProbeDeclaration, ProbePoint } from "../syntax/ast";
import { hasWildcard } from "../syntax/wildcard";
import { AliasEntry, Analysis, CodeUnit, Condition, FileScope, Part } from "./analysis";
import {
  addCallCode,
  CallPoint,
  callAttachments,
  callMeans,
  eachCall,
  groupCalls,
  isCallPoint,
  listedCall,
  loadCalls,
  namesIn,
  pointText,
  unknownCall,
} from "./calls";
import { cloneBlock, cloneExpression } from "./clone";
import { isPendingAlias, loadAlias } from "./load";
import { Listing } from "./options";
import { Handler, ProbeSite } from "./script";
import { addGuard, listVariables, shapeOfVariables } from "./site-code";

/** Probe points that the aliases of one script may expand to. */
const MAX_EXPANSIONS: i32 = 20000;
/** Bytes of script that aliases may copy. */
const MAX_COPIED_BYTES: i64 = 4 << 20;
/** Aliases within aliases. */
const MAX_ALIAS_DEPTH: i32 = 64;

/** A probe point with its context. */
class Expansion {
  conditions: Condition[] = [];
  optional: bool = false;
  /** Its units, by what the target variables in them mean. */
  units: Map<string, CodeUnit> = new Map<string, CodeUnit>();
  /** Name of the outermost alias with what stands behind it; empty without one. */
  listed: string = "";
  /** Other points of system calls that share its handlers. */
  calls: CallPoint[] = [];
  constructor(
    public components: ProbeComponent[],
    public range: Range,
    /** The aliases on the way to it, outermost first. */
    public aliases: AliasEntry[],
  ) {}
}

/** Resolves all probes of a file. */
export function resolveProbes(a: Analysis, file: FileScope): void {
  const probes = file.file.probes;
  for (let i = 0, n = probes.length; i < n && !a.reporter.isFull; ++i) new ProbeResolver(a, file, probes[i]).resolve();
}

/** Works on one probe declaration. */
class ProbeResolver {
  /** The units of points without aliases and conditions, by what the target variables in them mean. */
  private plain: Map<string, CodeUnit> = new Map<string, CodeUnit>();
  /** Sites found so far, `never` included. */
  private found: i32 = 0;
  /** Some unit has the trees of the probe's body; the next ones get copies. */
  private isTaken: bool = false;
  /** An alias may be in a file of the tapset that is not here yet. */
  private pending: bool = false;

  constructor(
    private a: Analysis,
    private file: FileScope,
    private declaration: ProbeDeclaration,
  ) {}

  resolve(): void {
    const points = this.declaration.points;
    const merged = this.mergeCalls();
    for (let i = 0, n = points.length; i < n; ++i) {
      const point = points[i];
      if (merged.includes(point)) continue;
      const expansion = new Expansion(point.components, point.range, []);
      const condition = point.condition;
      if (condition) expansion.conditions.push(new Condition(condition, this.file));
      expansion.optional = point.optional;
      const before = this.found;
      this.expand(expansion);
      if (point.sufficient && this.found > before) return;
    }
  }

  /** Resolves plain points of system calls, those of one kind together; returns them. */
  private mergeCalls(): ProbePoint[] {
    const merged: ProbePoint[] = [];
    const known: Expansion[] = [];
    const points = this.declaration.points;
    for (let i = 0, n = points.length; i < n; ++i) {
      const point = points[i];
      if (point.condition || point.optional || point.sufficient || !isCallPoint(point.components)) continue;
      merged.push(point);
      const call = new CallPoint(point.components);
      let first = 0;
      while (first < known.length && known[first].calls[0].isReturn != call.isReturn) ++first;
      if (first == known.length) known.push(new Expansion(point.components, point.range, []));
      known[first].calls.push(call);
    }
    for (let i = 0, n = known.length; i < n; ++i) this.expandCalls(known[i]);
    return merged;
  }

  /** Adds the sites of system calls: one for each group of calls for which the names in the code mean the same. */
  private expandCalls(e: Expansion): void {
    const a = this.a;
    const data = loadCalls(a);
    if (data === null) return;
    const rows: CallRow[] = [];
    for (let i = 0, n = e.calls.length; i < n; ++i) {
      const found = e.calls[i].rows(data.table);
      for (let j = 0, m = found.length; j < m; ++j) if (!rows.includes(found[j])) rows.push(found[j]);
      if (found.length == 0 && !e.optional) this.refuse(e, e.range, unknownCall(e.calls[i], data.table), "");
    }
    const names = namesIn(this.blocksOf(e), e.conditions);
    const like = new CallGroup(data, e.calls[0].isReturn, callMeans(a));
    const isListed = a.options.listing != Listing.None;
    const groups = isListed ? eachCall(rows, like) : groupCalls(rows, like, names);
    for (let i = 0, n = groups.length; i < n; ++i) this.addCallGroup(e, groups[i], names, isListed);
  }

  private addCallGroup(e: Expansion, group: CallGroup, names: string[], isListed: bool): void {
    const point = isListed ? listedCall(e.calls[0], group) : pointText(e.calls, group);
    const unit = this.unitOf(e, `call ${e.units.size}`);
    addCallCode(this.a, unit, group, names);
    const attachments = callAttachments(this.a, group, point);
    for (let i = 0, n = attachments.length; i < n; ++i) {
      const site = this.newSite(e, unit, attachments[i]);
      if (isListed) site.variables = group.variables();
      if (e.listed.length == 0) site.listed = point;
      ++this.found;
    }
  }

  /** The code that an expansion runs. */
  private blocksOf(e: Expansion): BlockStatement[] {
    const blocks = [this.declaration.body];
    for (let i = 0, n = e.aliases.length; i < n; ++i) {
      const alias = e.aliases[i].declaration;
      blocks.push(alias.body);
      const second = alias.epilogueBody;
      if (second) blocks.push(second);
    }
    return blocks;
  }

  /** Adds all sites of a point. If there are none it says why, unless the point is optional. */
  private expand(e: Expansion): void {
    const a = this.a;
    if (++a.expansions > MAX_EXPANSIONS) {
      a.reporter.error(this.declaration.range, `aliases expand to more than ${MAX_EXPANSIONS} probe points`);
      return;
    }
    if (isCallPoint(e.components)) {
      e.calls.push(new CallPoint(e.components));
      this.expandCalls(e);
      return;
    }
    const errors = a.reporter.errorCount;
    const before = this.found;
    const byFamily = this.matchFamilies(e);
    const byAlias = this.matchAliases(e);
    if (byFamily || byAlias) {
      const silent = errors == a.reporter.errorCount && before == this.found && !a.isLacking;
      if (silent && !e.optional) this.refuse(e, e.range, "nothing matches this probe point", "");
    } else if (!e.optional && !this.pending) {
      this.refuseMismatch(e);
    }
  }

  private matchFamilies(e: Expansion): bool {
    const a = this.a;
    const patterns = probePatterns();
    const isPattern = hasWildcards(e.components);
    const before = this.found;
    let matched = false;
    let failed: PointQuery | null = null;
    for (let i = 0, n = patterns.length; i < n; ++i) {
      if (!isPattern && !patterns[i].matches(e.components)) continue;
      const components = isPattern ? patterns[i].match(e.components) : e.components;
      if (!components) continue;
      matched = true;
      const query = new PointQuery(components, e.range, a.options.facts, a.needs);
      query.optional = e.optional;
      query.guru = a.options.preprocess.guru;
      query.programs = a.programs;
      query.process = a.options.process;
      patterns[i].resolve(query);
      if (query.problem.length > 0 && isPattern) failed = query;
      else this.take(e, query);
    }
    // Of all that a wildcard stands for, one that can be resolved is enough.
    if (failed && this.found == before && !a.isLacking) this.take(e, failed);
    return matched;
  }

  private take(e: Expansion, query: PointQuery): void {
    if (query.problem.length > 0) {
      if (!e.optional) this.refuse(e, query.problemRange, query.problem, query.problemHint);
      return;
    }
    if (query.warning.length > 0 && !this.a.isLacking) this.a.reporter.warning(e.range, query.warning);
    if (query.isNever) {
      this.unitOf(e, "");
      ++this.found;
    }
    for (let i = 0, n = query.attachments.length; i < n; ++i) {
      this.addSite(e, query.attachments[i]);
      ++this.found;
    }
  }

  private addSite(e: Expansion, attachment: Attachment): void {
    const a = this.a;
    const names = this.targetNames(e);
    const guard = attachment.guard;
    let shape = a.signatures.shapeOf(names, attachment.attach, attachment.target);
    shape += shapeOfVariables(attachment.variables, names);
    const before = a.units.length;
    const unit = this.unitOf(e, guard.length == 0 ? shape : `${shape} unless ${guard}`);
    if (guard.length > 0 && a.units.length > before) addGuard(a, unit, guard);
    const site = this.newSite(e, unit, attachment);
    site.code = attachment.variables;
    site.variables = listVariables(site.code);
  }

  private newSite(e: Expansion, unit: CodeUnit, attachment: Attachment): ProbeSite {
    const handler = this.handlerOf(unit, attachment);
    const site = new ProbeSite(handler, attachment.point, e.range);
    site.target = attachment.target;
    site.period = attachment.period;
    site.jitter = attachment.jitter;
    site.order = attachment.order;
    site.active = attachment.active;
    site.flags = attachment.flags;
    if (e.optional) site.flags |= ProbeFlags.Optional;
    for (let i = e.aliases.length - 1; i >= 0; --i) site.aliases.push(e.aliases[i].name);
    site.listed = e.listed.length > 0 ? e.listed : attachment.point;
    if (unit.site === null) unit.site = site;
    this.a.sites.push(site);
    return site;
  }

  /** The handler of a unit for one way of attaching. */
  private handlerOf(unit: CodeUnit, attachment: Attachment): Handler {
    const handlers = unit.handlers;
    for (let i = 0, n = handlers.length; i < n; ++i) {
      const known = handlers[i];
      if (known.attach == attachment.attach && known.exits == attachment.exits) return known;
    }
    const engine = attachRow(attachment.attach).engine;
    const handler = new Handler(unit.declaration, engine, attachment.attach, unit.range);
    handler.name = attachment.point;
    handler.exits = attachment.exits;
    handler.locals = unit.locals;
    handler.byContext = attachment.byContext;
    handler.contextAttach = attachment.contextAttach;
    handlers.push(handler);
    return handler;
  }

  /** The target variables that the code of an expansion names. */
  private targetNames(e: Expansion): string[] {
    const names: string[] = [];
    const cache = this.a.targetNames;
    cache.addTo(names, this.declaration.body);
    for (let i = 0, n = e.aliases.length; i < n; ++i) {
      const alias = e.aliases[i].declaration;
      cache.addTo(names, alias.body);
      const second = alias.epilogueBody;
      if (second) cache.addTo(names, second);
    }
    return names;
  }

  /** The unit that sites of an expansion belong to; those of one shape share it. */
  private unitOf(e: Expansion, shape: string): CodeUnit {
    const shared = e.aliases.length == 0 && e.conditions.length == 0 && e.calls.length == 0;
    const known = shared ? this.plain : e.units;
    if (known.has(shape)) return known.get(shape);
    const unit = new CodeUnit(this.declaration, e.range);
    // What names mean, and what is known of the probe point, stands in the trees.
    const isTaken = this.isTaken;
    this.isTaken = true;
    const body = new Part(this.declaration.body, this.file);
    const copies = isTaken || e.aliases.length > 0;
    unit.parts.push(copies ? this.copyPart(body) : body);
    for (let i = 0, n = e.aliases.length; i < n; ++i) this.addAlias(unit, e.aliases[i]);
    for (let i = 0, n = e.conditions.length; i < n; ++i) {
      const condition = e.conditions[i];
      const expression = copies ? cloneExpression(condition.expression) : condition.expression;
      unit.conditions.push(new Condition(expression, condition.file));
    }
    known.set(shape, unit);
    this.a.units.push(unit);
    return unit;
  }

  /** Puts the body of an alias before or behind those that are there. */
  private addAlias(unit: CodeUnit, entry: AliasEntry): void {
    const part = this.copyPart(new Part(entry.declaration.body, entry.file));
    if (entry.declaration.epilogue) unit.parts.push(part);
    else unit.parts.unshift(part);
    const second = entry.declaration.epilogueBody;
    if (second) unit.parts.push(this.copyPart(new Part(second, entry.file)));
  }

  private copyPart(part: Part): Part {
    const a = this.a;
    a.copiedBytes += <i64>(part.block.range.end - part.block.range.start);
    if (a.copiedBytes <= MAX_COPIED_BYTES) return new Part(cloneBlock(part.block), part.file);
    a.reporter.error(this.declaration.range, "aliases copy too much code");
    return new Part(new BlockStatement(part.block.range, []), part.file);
  }

  private matchAliases(e: Expansion): bool {
    const components = e.components;
    const plain: string[] = [];
    let pattern = false;
    for (let i = 0, n = components.length; i < n && !components[i].argument; ++i) {
      plain.push(components[i].name);
      if (hasWildcard(components[i].name)) pattern = true;
    }
    let matched = false;
    for (let length = plain.length; length > 0; --length) {
      const entries = this.findAliases(plain.slice(0, length), pattern);
      for (let i = 0, n = entries.length; i < n; ++i) this.expandAlias(e, entries[i], length);
      if (entries.length > 0) matched = true;
      // The longest name wins: a.b is not `a` with the suffix `.b` when there is an alias a.b.
      if (matched) break;
    }
    return matched;
  }

  private findAliases(names: string[], pattern: bool): AliasEntry[] {
    const a = this.a;
    const name = names.join(".");
    if (pattern) this.loadMatching(names);
    else this.load(name);
    if (!pattern) return a.aliasesByName.has(name) ? a.aliasesByName.get(name) : [];
    const found: AliasEntry[] = [];
    for (let i = 0, n = a.aliases.length; i < n; ++i) {
      const entry = a.aliases[i];
      if (matchNames(names, entry.names)) found.push(entry);
    }
    return found;
  }

  private load(name: string): void {
    loadAlias(this.a, name);
    if (isPendingAlias(this.a, name)) this.pending = true;
  }

  /** Loads the files of all aliases that match a pattern. */
  private loadMatching(names: string[]): void {
    const known = this.a.options.tapset.aliases.keys();
    for (let i = 0, n = known.length; i < n; ++i) {
      if (matchNames(names, known[i].split("."))) this.load(known[i]);
    }
  }

  private expandAlias(e: Expansion, entry: AliasEntry, length: i32): void {
    let loops = e.aliases.length >= MAX_ALIAS_DEPTH;
    for (let i = 0, n = e.aliases.length; i < n; ++i) {
      if (e.aliases[i].declaration === entry.declaration) loops = true;
    }
    if (loops) {
      this.refuse(e, e.range, `the alias '${entry.name}' leads back to itself`, "");
      return;
    }
    const aliases = e.aliases.concat([entry]);
    const points = entry.declaration.points;
    for (let i = 0, n = points.length; i < n; ++i) {
      const point = points[i];
      const suffix = e.components.slice(length);
      const inner = new Expansion(point.components.concat(suffix), e.range, aliases);
      inner.conditions = e.conditions.slice(0);
      const condition = point.condition;
      if (condition) inner.conditions.push(new Condition(condition, entry.file));
      inner.listed = e.listed.length > 0 ? e.listed : listedName(entry.name, suffix);
      // A listing shows those points of an alias that exist.
      inner.optional = e.optional || point.optional || this.a.options.listing != Listing.None;
      const before = this.found;
      this.expand(inner);
      if (point.sufficient && this.found > before) return;
    }
  }

  /** Says why a point cannot be resolved; for a point of an alias it adds a note with the probe that uses the alias. */
  private refuse(e: Expansion, range: Range, problem: string, hint: string): void {
    const message = `while resolving probe point: ${problem}`;
    const diagnostic = this.a.reporter.error(range, message, hint);
    const n = e.aliases.length;
    if (n > 0) diagnostic.note(`which the alias '${e.aliases[n - 1].name}' stands for`, e.range);
  }

  private refuseMismatch(e: Expansion): void {
    const names: string[] = [];
    for (let i = 0, n = e.components.length; i < n; ++i) names.push(e.components[i].name);
    const name = names.join(".");
    const later = laterFamily(name);
    const best = deepestMatch(e.components);
    if (later.length > 0) {
      this.refuse(e, e.range, `not supported yet: ${later}`, "");
      return;
    }
    const impossible = impossibleFamily(names[0]);
    if (impossible.length > 0) {
      this.refuse(e, e.range, impossible, impossibleFamilyHint(names[0]));
      return;
    }
    const component = e.components[min(best, e.components.length - 1)];
    const near = new NearMatches(best == 0 ? name : component.name);
    const patterns = probePatterns();
    for (let i = 0, n = patterns.length; i < n; ++i) {
      const pattern = patterns[i];
      if (pattern.matchLength(e.components) != best) continue;
      if (best < pattern.names.length) near.add(pattern.names[best]);
    }
    const argument = best < e.components.length ? describeArgument(e.components, best) : "";
    if (near.found.length == 0 && argument.length == 0) addShortened(near, e.components, best);
    for (let i = 0, n = this.a.aliases.length; i < n && best == 0; ++i) near.add(this.a.aliases[i].name);
    this.refuse(e, component.range, `probe point mismatch at '${component.name}'${near.text}`, argument);
  }
}

/** Considers the names that `timer.seconds` and `kernel.tracepoint` begin with, and those that `kernel.func` begins. */
function addShortened(near: NearMatches, components: ProbeComponent[], at: i32): void {
  const patterns = probePatterns();
  for (let i = 0, n = patterns.length; i < n; ++i) {
    if (patterns[i].matchLength(components) != at || at >= patterns[i].names.length) continue;
    near.addShortened(patterns[i].names[at]);
  }
}

function hasWildcards(components: ProbeComponent[]): bool {
  for (let i = 0, n = components.length; i < n; ++i) {
    if (hasWildcard(components[i].name)) return true;
  }
  return false;
}

/** An alias with the components behind its name. */
function listedName(name: string, suffix: ProbeComponent[]): string {
  let text = name;
  for (let i = 0, n = suffix.length; i < n; ++i) text += `.${suffix[i].range.text}`;
  return text;
}

/** How many leading components some family knows. */
function deepestMatch(components: ProbeComponent[]): i32 {
  const patterns = probePatterns();
  let best = 0;
  for (let i = 0, n = patterns.length; i < n; ++i) best = max(best, patterns[i].matchLength(components));
  return best;
}

/** If a component has the right name and wrong parentheses: what it takes. */
function describeArgument(components: ProbeComponent[], at: i32): string {
  const patterns = probePatterns();
  for (let i = 0, n = patterns.length; i < n; ++i) {
    const pattern = patterns[i];
    if (pattern.matchLength(components) != at || at >= pattern.names.length) continue;
    if (pattern.names[at] != components[at].name) continue;
    if (pattern.kinds[at] == ArgumentKind.Number) return `'${components[at].name}' takes a number in parentheses`;
    if (pattern.kinds[at] == ArgumentKind.String) return `'${components[at].name}' takes a string in parentheses`;
    return `'${components[at].name}' takes nothing in parentheses`;
  }
  return "";
}
