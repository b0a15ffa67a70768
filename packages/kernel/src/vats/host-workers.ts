/** Workers as a host has them: threads and child processes, which read the store by its path. */
import type { OpenWorkers, StoreAddress } from './channel.js';
import { processChannels } from './process-channel.js';
import { threadChannels } from './thread-channel.js';

export const hostWorkers =
  (address: StoreAddress): OpenWorkers =>
  (kind, host, onProcessGone) =>
    kind === 'thread'
      ? threadChannels({ ...host, ...address })
      : processChannels(
          { ...host, ...address },
          { isCareful: kind === 'careful', onGone: onProcessGone },
        );
