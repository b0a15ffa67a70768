/**
 * The input by which a store adopts the engine of this process, and its dry run.
 *
 * What the engine shows, the image of the installed release and every bundle's script for it are
 * made when the kernel is opened; so the input stands where the host calls, however fast it is, and
 * what it does is a function of the state and of what the engine shows.
 */
import type { BundleId, VatId } from '@heirloom/worker';
import { checkFields } from '../base/arguments.js';
import { KernelError } from '../base/kernel-errors.js';
import type { BlockDriver } from '../core/block-driver.js';
import { NO_REFERENCES, type Input } from '../core/inbox.js';
import type { KernelCore } from '../core/kernel-core.js';
import type { DryRunReport } from '../lifecycle/dry-run.js';
import { adoptionAnswer, strandAll, type StrandedVat } from '../lifecycle/engine-adoption.js';
import { answer } from '../objects/replies.js';
import { utf8 } from '@heirloom/store';
import type { VatScript } from '../code/vat-script.js';
import { runningVats } from '../state/running-vats.js';
import { KERNEL_DECIDES } from '../state/parties.js';
import type { StoreEngine } from '../state/store-meta.js';
import { ENGINE_MESSAGE } from '../state/upgrade-options.js';
import { adoptReady, readyImage, type ReadyImage } from './adoption.js';
import { engineAdoption } from './answers.js';

/** What `kernel.adoptEngine` takes. */
export interface AdoptEngineOptions {
  /** Tries the start of every vat; nothing of it stays. */
  readonly dryRun?: boolean;
}

/** What a store has done to fit this engine. */
export interface EngineAdoption {
  /** Vats that were started anew, with the code that they have; 0: the engine did fit. */
  readonly restarted: number;
  /** How many vats get nothing until code of them starts. */
  readonly strandedCount: number;
  /** The first of them, at most 1,000. */
  readonly stranded: readonly StrandedVat[];
}

/** What a vat would make of it. */
export interface EngineFinding extends DryRunReport {
  readonly vatId: VatId;
  readonly name: string;
}

export interface PreparedEngine {
  readonly engine: StoreEngine;
  readonly ready: ReadyImage;
}

/** Errors: HostError WORKER_DIED; KernelError BAD_BUNDLE. */
export const prepareEngine = async (core: KernelCore): Promise<PreparedEngine> => ({
  engine: await core.engine.observed(),
  ready: await readyImage(core, {}),
});

/** Errors: KernelError BAD_OPTION. */
export const readAdoptEngine = (options: AdoptEngineOptions): boolean => {
  checkFields('adoptEngine', options, ['dryRun']);
  const { dryRun = false } = options;
  if (typeof dryRun === 'boolean') return dryRun;
  throw new KernelError('BAD_OPTION', 'adoptEngine: dryRun must be true or false');
};

export const engineInput = (
  core: KernelCore,
  { engine, ready }: PreparedEngine,
): Input<EngineAdoption> => ({
  references: NO_REFERENCES,
  adoptsEngine: true,
  apply(input) {
    const { state, results } = core;
    const result = results.create(input, KERNEL_DECIDES);
    const restarts = !core.engine.fits;
    adoptReady(core, ready);
    core.engine.adopt(engine);
    const items = restarts ? strandAll(state, result) : [];
    if (items.length > 0) core.takeFirst(items);
    else answer(state, result, adoptionAnswer(state, 0));
    return result;
  },
  decode: engineAdoption,
});

const nothing = (): undefined => undefined;

/** Tries the start of every vat as `engineInput` would have it, each by itself, in order. */
export const checkEngine = async (
  core: KernelCore,
  blocks: BlockDriver,
  { ready: { image, bundles } }: PreparedEngine,
): Promise<EngineFinding[]> => {
  core.images.lend(image);
  const scripts = new Map<BundleId, VatScript>();
  for (const { bundleId, script } of bundles) {
    scripts.set(bundleId, { bundleId, imageId: image.id, script: utf8(script) });
  }
  const findings: EngineFinding[] = [];
  for (const vat of runningVats(core.state)) {
    const { bundleId, parameters, slots, previous, name } = core.state.vats.need(vat);
    const successor = { bundleId, parameters, slots, previous, message: ENGINE_MESSAGE };
    const on = { imageId: image.id, scripts };
    const report = await blocks.aside(nothing, () => core.dryRun(vat, successor, on));
    findings.push({ name, ...report });
  }
  return findings;
};
