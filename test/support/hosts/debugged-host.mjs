/**
 * A host with a vat, and in the same process what a debugger does: it finds the script of the vat
 * by its URL, reads its source map, sets a breakpoint at a line of the author's file and resumes
 * where it pauses. Prints JSON. With `--inspect=0` there is something to attach to.
 *
 *     node [--inspect=0] debugged-host.mjs DIRECTORY BUNDLE FILE LINE
 *
 * BUNDLE is a JSON file of a bundle of test/vats/typescript/traced.ts, or that entry, or `none` for
 * a store that has the vat; FILE is what the URL of the author's file ends with, LINE one of it,
 * from 1.
 */
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { SourceMap } from 'node:module';
import { bundleVat, openKernel } from '@heirloom/kernel';

const [directory, bundleFile, file, lineText] = process.argv.slice(2);
const wanted = Number(lineText) - 1;

const session = new Session();
session.connect();
/** Sends a message to the inspector of this thread. */
const ask = (method, params) =>
  new Promise((resolve, reject) => {
    session.post(method, params, (error, result) => (error ? reject(error) : resolve(result)));
  });

let nextId = 1;
const answers = new Map();
/** Sends a message to the inspector of a vat's thread. */
const askWorker = (sessionId, method, params = {}) => {
  const id = nextId;
  nextId += 1;
  const answer = new Promise(resolve => answers.set(id, resolve));
  const message = JSON.stringify({ id, method, params });
  return ask('NodeWorker.sendMessageToWorker', { sessionId, message }).then(() => answer);
};

const scripts = [];
const pauses = [];

const mapOf = ({ sourceMapURL }) => {
  const [, data] = /^data:application\/json;base64,(.*)$/.exec(sourceMapURL) ?? [];
  return data && new SourceMap(JSON.parse(Buffer.from(data, 'base64').toString()));
};
/** What the map says of a place of the script. */
const originOf = (script, { lineNumber, columnNumber }) => {
  const entry = mapOf(script)?.findEntry(lineNumber, columnNumber);
  return entry && `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
};

const onPause = async (sessionId, { callFrames, hitBreakpoints }) => {
  const script = scripts.find(each => each.sessionId === sessionId);
  const frames = callFrames.filter(({ location }) => location.scriptId === script.scriptId);
  pauses.push({
    hits: hitBreakpoints.length,
    frames: frames.map(({ functionName, location }) => [functionName, originOf(script, location)]),
  });
  await askWorker(sessionId, 'Debugger.resume');
};

session.on('NodeWorker.attachedToWorker', ({ params: { sessionId } }) => {
  void askWorker(sessionId, 'Debugger.enable');
});
session.on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId, message } }) => {
  const { id, method, params, result } = JSON.parse(message);
  if (id !== undefined) answers.get(id)?.(result);
  else if (method === 'Debugger.paused') void onPause(sessionId, params);
  else if (method === 'Debugger.scriptParsed' && params.url.startsWith('heirloom:b1-')) {
    scripts.push({ ...params, sessionId });
  }
});
await ask('NodeWorker.enable', { waitForDebuggerOnStart: false });

/** The first place of the script whose origin is the line. */
const placeIn = async script => {
  const map = mapOf(script);
  if (map === undefined) return undefined;
  const { sessionId, scriptId } = script;
  const { scriptSource } = await askWorker(sessionId, 'Debugger.getScriptSource', { scriptId });
  const lines = scriptSource.split('\n');
  for (const [lineNumber, text] of lines.entries()) {
    for (let columnNumber = 0; columnNumber < text.length; columnNumber += 1) {
      const { originalSource, originalLine } = map.findEntry(lineNumber, columnNumber);
      const isThere = originalSource?.endsWith(file) && originalLine === wanted;
      if (isThere && text.trim() !== '') return { lineNumber, columnNumber };
    }
  }
  return undefined;
};

const kernel = await openKernel({ directory, log: () => undefined, spareThreads: 0 });
const readBundle = async () =>
  bundleFile.endsWith('.json')
    ? JSON.parse(readFileSync(bundleFile, 'utf8'))
    : await bundleVat(bundleFile);
const makeVat = async () => {
  const bundleId = await kernel.installBundle(await readBundle());
  await kernel.createVat({ name: 'traced', bundleId });
};
if (bundleFile !== 'none') await makeVat();
const { root, bundleId } = kernel.vat('traced');
// A vat of an earlier process gets its thread for this.
await kernel.call(root, 'showText');
const [script] = scripts;
const place = script && (await placeIn(script));
if (place !== undefined) {
  const { url, sessionId } = script;
  await askWorker(sessionId, 'Debugger.setBreakpointByUrl', { url, ...place });
}
await kernel.call(root, 'toil');
const shown = await kernel.call(root, 'showText');
await kernel.call(root, 'fail', [3]).catch(() => undefined);
const sources = script && mapOf(script)?.payload;
console.log(
  JSON.stringify({
    url: script?.url === `heirloom:${bundleId}`,
    root: sources?.sourceRoot,
    pauses,
    shown,
    blockHash: kernel.blockHash,
  }),
);
await kernel.close();
process.exit();
