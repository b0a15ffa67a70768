/** A supervisor in the test's own process, over the plain environment. */
import { plainEnvironment } from './plain-environment.js';
import { Supervisor } from '../supervisor/supervisor.js';
import { VatHarness } from './vat-harness.js';
import type { ImageHost, ImageInstance } from '../contracts/vat-environment.js';

const connectPlain = (host: ImageHost): ImageInstance => {
  const supervisor = new Supervisor({ host, environment: plainEnvironment });
  return {
    onMessage: frame => supervisor.onMessage(frame),
    onUnhandledRejection: () => true,
  };
};

export const makePlainHarness = (): VatHarness => new VatHarness({ connect: connectPlain });
