// The Wasm module's surface: one call, bytes in and bytes out (common/format/request.ts).
//
// Imports: `abort`, and `enterPass(n)`, by which the host keeps the time. A fresh instance serves one call.

import { joinTexts } from "../common/as/text-builder";
import { RequestTag, ResponseStatus, ResponseTag } from "../common/format/request";
import { Compilation } from "./compilation";
import { Reporter } from "./diagnostics/diagnostic";
import { writeDiagnosticsJson } from "./diagnostics/json";
import { renderDiagnostics } from "./diagnostics/render";
import { checkDump, runPasses } from "./driver";
import { readOptions } from "./options";
import { Request, Response } from "./request";

export const UINT8ARRAY_ID = idof<Uint8Array>();

/** Compiles. */
export function compile(bytes: Uint8Array): Uint8Array {
  const request = Request.read(bytes);
  if (request === null) return refuse("the compile request is malformed");
  if (request.find(RequestTag.Script) === null) return refuse("there is no script to compile");
  const reporter = new Reporter();
  const c = new Compilation(request, readOptions(request, reporter));
  c.reporter = reporter;
  checkDump(c.options, reporter);
  if (!reporter.hasErrors) runPasses(c);
  return respond(c);
}

function refuse(message: string): Uint8Array {
  const reporter = new Reporter();
  reporter.error(null, message);
  const response = new Response();
  response.status = ResponseStatus.Refused;
  addDiagnostics(response, reporter);
  return response.write();
}

function addDiagnostics(response: Response, reporter: Reporter): void {
  response.addDisplay(ResponseTag.Messages, "", renderDiagnostics(reporter));
  response.addDisplay(ResponseTag.Diagnostics, "", writeDiagnosticsJson(reporter));
}

function respond(c: Compilation): Uint8Array {
  const response = new Response();
  addDiagnostics(response, c.reporter);
  if (c.reporter.hasErrors) {
    response.status = ResponseStatus.Refused;
    return response.write();
  }
  if (c.needs.length > 0) {
    response.status = ResponseStatus.Needs;
    for (let i = 0, n = c.needs.length; i < n; ++i) {
      response.addText(ResponseTag.Need, c.needs[i].kind, joinTexts(c.needs[i].names, "\n"));
    }
    return response.write();
  }
  const object = c.object;
  if (object !== null) response.add(ResponseTag.Object, c.options.objectName, object);
  if (c.text.length > 0) response.addText(ResponseTag.Text, c.options.dump, c.text);
  response.addText(ResponseTag.Counts, "", counts(c));
  return response.write();
}

function counts(c: Compilation): string {
  const script = c.script;
  const library = c.request.all(RequestTag.Tapset).length;
  let text = `scripts ${c.files.length + library}\n`;
  if (script === null) return text;
  text += `functions ${script.usedFunctions.length}\nglobals ${script.globals.length}\n`;
  return text + `probes ${script.probes.length}\nhandlers ${script.handlers.length}\n`;
}
