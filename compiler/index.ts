// The Wasm module's surface: one call, bytes in and bytes out (common/format/request.ts).
//
// Imports: `abort`, and `enterPass(n)`, by which the host keeps the time. An instance keeps the inputs that it was
// given, so that the next call can bring only what is new. Everything else of a call is given back when it ends
// (memory.ts).

import { joinTexts } from "../common/as/text-builder";
import { RequestKind, RequestTag, ResponseStatus, ResponseTag } from "../common/format/request";
import { Compilation } from "./compilation";
import { Reporter } from "./diagnostics/diagnostic";
import { writeDiagnosticsJson } from "./diagnostics/json";
import { renderDiagnostics } from "./diagnostics/render";
import { checkDump, runPasses } from "./driver";
import { Inputs } from "./inputs";
import { keep, markMemory, setPoison } from "./memory";
import { readOptions } from "./options";
import { Request, Response } from "./request";

export const UINT8ARRAY_ID = idof<Uint8Array>();

/** All that this instance was given; null before the first call. */
let inputs: Inputs | null = null;

/** Compiles. */
export function compile(bytes: Uint8Array): Uint8Array {
  const problem = takeInputs(bytes);
  const mark = markMemory();
  const response = problem.length > 0 ? refuse(problem) : compileInputs(inputs!);
  return Uint8Array.wrap(keep<ArrayBuffer>(mark, response.buffer));
}

/** Adds a request to the inputs; says what is wrong with it. */
function takeInputs(bytes: Uint8Array): string {
  const request = Request.read(bytes);
  if (request === null) return "the compile request is malformed";
  if (request.kind == RequestKind.Whole) inputs = new Inputs();
  const all = inputs;
  if (all === null) return "the compile request adds to inputs that there are not";
  if (!all.add(request)) return "the compile request is malformed";
  return all.request.find(RequestTag.Script) === null ? "there is no script to compile" : "";
}

function compileInputs(all: Inputs): Uint8Array {
  const reporter = new Reporter();
  const c = new Compilation(all.request, readOptions(all, reporter));
  setPoison(c.options.check);
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
  if (c.isLacking) {
    response.status = ResponseStatus.Needs;
    for (let i = 0, n = c.needs.length; i < n; ++i) {
      response.addText(ResponseTag.Need, c.needs[i].kind, joinTexts(c.needs[i].names, "\n"));
    }
    const blobs = c.blobs.needs;
    for (let i = 0, n = blobs.length; i < n; ++i) response.addText(ResponseTag.NeedBytes, blobs[i].name, blobs[i].text);
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
