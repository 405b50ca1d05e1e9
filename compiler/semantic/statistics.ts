// Collects the extractors that a script applies to its statistics (statistic.ts). It refuses what one statistic cannot
// hold at the same time: two kinds of histograms, two scales of a variance.

import {
  Extractor,
  HistogramKind,
  LOG_BUCKETS,
  MOST_BUCKETS,
  Statistic,
  StatisticField,
} from "../../common/as/statistic";
import { Reporter } from "../diagnostics/diagnostic";
import { Range } from "../source/source";
import {
  Expression,
  ForeachStatement,
  HistogramExpression,
  Identifier,
  IndexExpression,
  NodeKind,
  SortOrder,
  Statement,
  StatisticExpression,
} from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Type } from "../syntax/type";
import { Analysis } from "./analysis";
import { FunctionSymbol, GlobalSymbol, ScriptSymbol, SymbolKind } from "./symbols";
import { Visitor } from "./visit";

/** The statistic that an extractor reads: a variable, or an element of an array. */
export function statisticOf(operand: Expression): GlobalSymbol | null {
  const e = operand.kind == NodeKind.Index ? (<IndexExpression>operand).base : operand;
  if (e.kind != NodeKind.Identifier) return null;
  const symbol = <ScriptSymbol | null>(<Identifier>e).symbol;
  if (symbol === null || symbol.kind != SymbolKind.Global) return null;
  const global = <GlobalSymbol>symbol;
  return global.type == Type.Stats ? global : null;
}

/** The values of a statistic that an operator reads. */
export function extractorOf(op: Operator): Extractor {
  switch (op) {
    case Operator.AtSum:
      return Extractor.Sum;
    case Operator.AtMin:
      return Extractor.Min;
    case Operator.AtMax:
      return Extractor.Max;
    case Operator.AtAvg:
      return Extractor.Avg;
    case Operator.AtVariance:
      return Extractor.Variance;
    default:
      return Extractor.Count;
  }
}

/** Notes which values of statistics are read by code that can run. */
export function collectStatistics(a: Analysis, functions: FunctionSymbol[]): void {
  for (let i = 0, n = a.units.length; i < n; ++i) collectUnit(a, i);
  const walk = new Extractors(a.reporter);
  for (let i = 0, n = functions.length; i < n; ++i) {
    const body = functions[i].declaration.body;
    if (body !== null) walk.block(body);
  }
}

/** The same of one unit. */
export function collectUnit(a: Analysis, at: i32): void {
  const walk = new Extractors(a.reporter);
  const unit = a.units[at];
  for (let i = 0, n = unit.conditions.length; i < n; ++i) walk.expression(unit.conditions[i].expression);
  for (let i = 0, n = unit.parts.length; i < n; ++i) walk.block(unit.parts[i].block);
}

class Extractors extends Visitor {
  constructor(private reporter: Reporter) {
    super();
  }

  override expression(e: Expression): void {
    if (e.kind == NodeKind.Statistic) this.note(<StatisticExpression>e);
    if (e.kind == NodeKind.Histogram) this.noteHistogram(<HistogramExpression>e);
    this.children(e);
  }

  override statement(s: Statement): void {
    if (s.kind == NodeKind.Foreach) this.noteSorting(<ForeachStatement>s);
    this.parts(s);
  }

  private requireStatistic(operand: Expression, range: Range): Statistic | null {
    const global = statisticOf(operand);
    if (global !== null) return global.statistic;
    this.reporter.error(range, "expected a statistic: a global variable or an element of an array that '<<<' adds to");
    return null;
  }

  private note(e: StatisticExpression): void {
    const statistic = this.requireStatistic(e.operand, e.range);
    if (statistic === null) return;
    statistic.wantExtractor(extractorOf(e.op));
    if (e.op != Operator.AtVariance) return;
    const shift = e.parameters.length > 0 ? e.parameters[0] : 0;
    if (shift < 0 || shift > 62) {
      this.reporter.error(e.range, `bit shift (${shift}) out of range <0..62>`);
    } else if (statistic.shift >= 0 && <i64>statistic.shift != shift) {
      this.reporter.error(e.range, `conflicting bit shifts declared (previously ${statistic.shift})`);
    } else {
      statistic.shift = <i32>shift;
    }
  }

  private noteHistogram(e: HistogramExpression): void {
    const statistic = this.requireStatistic(e.operand, e.range);
    if (statistic === null) return;
    const global = statisticOf(e.operand)!;
    statistic.want(StatisticField.Count);
    const linear = e.op == Operator.AtHistLinear;
    const low = linear ? e.parameters[0] : 0;
    const high = linear ? e.parameters[1] : 0;
    if (linear) this.mendWidth(e);
    const width = linear ? e.parameters[2] : 0;
    if (linear && !this.checkLinear(e, low, high, width)) return;
    const kind = linear ? HistogramKind.Linear : HistogramKind.Log;
    const before = statistic.histogram;
    const same = before == kind && statistic.low == low && statistic.high == high && statistic.width == width;
    if (before != HistogramKind.None && !same) {
      this.reporter.error(e.range, `multiple histogram types declared on '${global.displayName}'`);
      return;
    }
    statistic.histogram = kind;
    statistic.low = low;
    statistic.high = high;
    statistic.width = width;
    // Unsigned: the range may be wider than signed numbers are.
    statistic.buckets = linear ? <i32>(<u64>(high - low) / <u64>width) + 3 : LOG_BUCKETS;
  }

  /** An interval that is none draws a warning, and becomes the smallest that shows the whole range. */
  private mendWidth(e: HistogramExpression): void {
    const given = e.parameters[2];
    const low = e.parameters[0];
    const high = e.parameters[1];
    if (given > 0 || high < low) return;
    const most = <u64>(MOST_BUCKETS - 3);
    const width = max<u64>(1, (<u64>(high - low) + most - 1) / most);
    e.parameters[2] = <i64>width;
    const message = `the interval of a histogram must be positive, not ${given}`;
    this.reporter.warning(e.range, `${message}: it is taken as ${width}`);
  }

  private checkLinear(e: HistogramExpression, low: i64, high: i64, width: i64): bool {
    if (high < low) {
      this.reporter.error(e.range, `the end of a histogram (${high}) is below its start (${low})`);
      return false;
    }
    const buckets = <u64>(high - low) / <u64>width;
    if (buckets <= <u64>(MOST_BUCKETS - 3)) return true;
    this.reporter.error(e.range, `a histogram has at most ${MOST_BUCKETS - 2} intervals; select a larger interval`);
    return false;
  }

  /** Sorting statistics by value is sorting them by their counts, unless an extractor says otherwise. */
  private noteSorting(s: ForeachStatement): void {
    if (s.valueSort == SortOrder.None) return;
    const global = statisticOf(s.array);
    if (global === null) return;
    if (s.valueExtractor == Operator.None) s.valueExtractor = Operator.AtCount;
    global.statistic.wantExtractor(extractorOf(s.valueExtractor));
  }
}
