// Checks which registers a script asks for: they must be known when it is compiled.

import { Builtin } from "../builtins/builtin";
import { Reporter } from "../diagnostics/diagnostic";
import { Arch, archName } from "../kernel/facts";
import { NearMatches } from "../kernel/near";
import { CpuRegisters, registersOf } from "../kernel/registers";
import { CallExpression, Expression, NodeKind, RegisterExpression, StringLiteral } from "../syntax/ast";
import { operatorText } from "../syntax/token";
import { BuiltinSymbol, ScriptSymbol, SymbolKind } from "./symbols";
import { Visitor } from "./visit";

/** Walks code and refuses registers that the CPU does not have. */
export class RegisterCheck extends Visitor {
  private registers: CpuRegisters;

  constructor(
    private reporter: Reporter,
    private arch: Arch,
    /** Whether memory may be changed. */
    private guru: bool,
  ) {
    super();
    this.registers = registersOf(arch);
  }

  override expression(e: Expression): void {
    if (e.kind == NodeKind.Register) this.numbered(<RegisterExpression>e);
    else if (e.kind == NodeKind.Call) this.call(<CallExpression>e);
    this.children(e);
  }

  private numbered(e: RegisterExpression): void {
    const most = this.registers.byNumber.length - 1;
    if (e.number >= 0 && e.number <= most) return;
    this.reporter.error(e.range, `'${operatorText(e.op)}' takes a number from 0 to ${most} on ${archName(this.arch)}`);
  }

  private call(e: CallExpression): void {
    const symbol = <ScriptSymbol | null>e.symbol;
    if (!symbol || symbol.kind != SymbolKind.Builtin) return;
    const id = (<BuiltinSymbol>symbol).id;
    if ((id == Builtin.WriteUser || id == Builtin.WriteUserString) && !this.guru) {
      this.reporter.error(e.range, "changing memory of a process needs guru mode; use -g");
    }
    if (id != Builtin.Register && id != Builtin.UnsignedRegister) return;
    const name = e.args[0];
    if (name.kind != NodeKind.StringLiteral) {
      this.reporter.error(name.range, 'the name of a register must be a literal, such as "sp"');
      return;
    }
    const text = (<StringLiteral>name).value;
    if (this.registers.find(text)) return;
    const near = new NearMatches(text);
    const names = this.registers.names;
    for (let i = 0, n = names.length; i < n; ++i) near.add(names[i].name);
    const known = near.text.length > 0 ? near.text : `; there are ${this.registers.allNames.join(" ")}`;
    this.reporter.error(name.range, `${archName(this.arch)} has no register '${text}'${known}`);
  }
}
