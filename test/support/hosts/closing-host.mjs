/**
 * A host of its own whose vat does not end: what becomes of closing, of the store and of the
 * process. Writes a line of JSON for each thing that it has seen.
 *
 *     node closing-host.mjs DIRECTORY BUNDLES SCENARIO DEED ISOLATION
 */
import { readFile } from 'node:fs/promises';
import { endProcess, openKernel, threadsLeft } from '@heirloom/kernel';

const STATUS = 7;
const TIMEOUT_MS = 300;
const [directory, bundles, scenario, deed, isolation] = process.argv.slice(2);
const say = (what, value = null) => process.stdout.write(`${JSON.stringify({ what, value })}\n`);
const { bank, hazard } = JSON.parse(await readFile(bundles, 'utf8'));

const waiters = [];
/** Resolves at the next log entry whose text begins so. */
const logged = begin => new Promise(resolve => waiters.push({ begin, resolve }));
const log = ({ level, text, name, crank }) => {
  if (text.startsWith('THREAD_LEFT')) say('log', { level, name, crank });
  for (const { begin, resolve } of waiters) if (text.startsWith(begin)) resolve();
};
const usual = { directory, isolation, deliveryTimeoutMs: Infinity, spareThreads: 0, log };
const open = (options = {}) => openKernel({ ...usual, ...options });
const outcomeOf = promise =>
  promise.then(
    value => value ?? 'done',
    error => error.code ?? String(error),
  );
const placesOf = errors => errors.map(({ code, vat, method }) => ({ code, vat, method }));

const prepare = async options => {
  const kernel = await open(options);
  const ids = [await kernel.installBundle(bank), await kernel.installBundle(hazard)];
  const made = await kernel.createVat({ name: 'hazard', bundleId: ids[1] });
  await kernel.createVat({ name: 'bank', bundleId: ids[0] });
  return { kernel, bundleId: ids[1], ...made };
};

/** Resolves when the vat is at work, which does not end; `outcome` of the call, which may. */
const begin = async ({ kernel, root }) => {
  const looping = logged('looping');
  const outcome = outcomeOf(kernel.call(root, 'do', [deed]));
  await looping;
  return { outcome };
};

const close = async (kernel, options) => {
  const began = performance.now();
  await kernel.close(options);
  const { cutShort, leftBehind } = kernel;
  say('closed in ms', Math.round(performance.now() - began));
  say('cut short', cutShort.map(({ vat, name, method }) => ({ vat, name, method })));
  say('left behind', placesOf(leftBehind));
};

const SCENARIOS = {
  /** Closes, twice at a time. */
  async close() {
    const made = await prepare();
    const { outcome } = await begin(made);
    await Promise.all([close(made.kernel), made.kernel.close()]);
    say('call', await outcome);
    say('in process', placesOf(threadsLeft()));
  },

  /** The same, and opens the store again itself. */
  async again() {
    await SCENARIOS.close();
    const kernel = await open();
    say('suspects', kernel.suspects().map(({ name, deaths }) => ({ name, deaths })));
    say('called', await kernel.call(kernel.vat('bank').root, 'countCalls'));
    await kernel.terminateVat(kernel.vat('hazard').vatId);
    say('vats', kernel.vats().map(({ name }) => name));
    await kernel.close();
  },

  /** A crank that is too long stops the kernel. */
  async timeout() {
    const made = await prepare({ deliveryTimeoutMs: TIMEOUT_MS });
    const { outcome } = await begin(made);
    say('call', await outcome);
    await close(made.kernel);
  },

  /** New code that does not end is tried, while the kernel goes on. */
  async dryRun() {
    const { kernel, vatId, bundleId } = await prepare({ deliveryTimeoutMs: TIMEOUT_MS });
    const told = logged('THREAD_LEFT');
    const report = await kernel.checkUpgrade(vatId, { bundleId, vatParameters: { does: deed } });
    say('tried', report.ok);
    await told;
    say('while it runs', [placesOf(kernel.leftBehind), kernel.stats().threadsLeft]);
    const metrics = await kernel.metrics();
    say('metric', /^heirloom_threads_left (\d+)$/m.exec(metrics)?.[1]);
    say('upgraded', await kernel.upgradeVat(vatId, { bundleId }));
    const failing = kernel.upgradeVat(vatId, { bundleId, vatParameters: { does: deed } });
    say('failed', await outcomeOf(failing));
    await close(kernel);
  },

  /** The host gives up while a vat of the configuration starts. */
  async opening() {
    const giving = new AbortController();
    const config = { vats: { hazard: { bundle: hazard, parameters: { does: deed } } } };
    const opening = outcomeOf(open({ config, signal: giving.signal }));
    await logged('looping');
    giving.abort();
    say('opened', await opening);
    say('in process', placesOf(threadsLeft()));
  },
};

process.on('exit', status => say('exit', status));
await SCENARIOS[scenario]();
await endProcess(STATUS);
