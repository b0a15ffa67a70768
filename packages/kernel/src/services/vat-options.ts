/** The options of `createVat` and `changeOptions`, as vats give them. Texts as SwingSet's. */
import { NAME_LENGTH_MAX, NAME_PATTERN } from '../base/arguments.js';
import { hold } from '../objects/counts.js';
import { kernelObjectOf } from '../objects/kernel-objects.js';
import type { VatOptions } from '../state/kept-options.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { FORK_EXPORTS_MAX } from '../state/queue-items.js';
import { KernelObject } from '../state/service-tables.js';
import { isRecord, refuseCall } from './calls.js';
import { readReapInterval, readRefresh, type Dialect } from './option-reader.js';

const MANAGER_TYPES = ['local', 'node-subprocess', 'xsnap', 'xs-worker'];
const NAMES = [
  ...['name', 'vatParameters', 'meter', 'critical', 'reapInterval', 'refresh'],
  'managerType',
];
/** Options of SwingSet that are taken as long as they ask for what is the case anyway. */
const FIXED: Readonly<Record<string, boolean>> = {
  enableSetup: false,
  enablePipelining: false,
  useTranscript: true,
};

/** Texts for `method` of an adminNode. */
export const adminDialect = (method: string): Dialect => ({
  broken: rule => refuseCall(`${method}() ${rule}`),
  wrong: (name, given) => {
    switch (name) {
      case 'upgradeMessage':
        return refuseCall(`${method}() upgradeMessage not string`);
      case 'dryRun':
      case 'emergency':
        return refuseCall(`${method}() ${name} not boolean`);
      case 'mode':
        return refuseCall(`${method}() mode must be 'swap' or 'replay'`);
      case 'reapInterval':
        return refuseCall('invalid reapInterval value');
      case 'exports':
        return Array.isArray(given)
          ? refuseCall(`${method}() takes at most ${FORK_EXPORTS_MAX} exports`)
          : refuseCall(`${method}() exports must be an array`);
      default:
        throw TypeError(`unknown option ${String(name satisfies never)}`);
    }
  },
});

const CREATION: Dialect = {
  broken: rule => refuseCall(`CreateVatOptions: ${rule}`),
  wrong: name => refuseCall(`CreateVatOptions(${name})`),
};

export const CHANGE_OPTIONS: Dialect = {
  ...adminDialect('changeOptions'),
  broken: rule => refuseCall(`invalid option: ${rule}`),
};

interface CreationRequest {
  readonly name: string | undefined;
  readonly vatParameters: unknown;
  readonly options: VatOptions;
}

export const checkName = (name: unknown, options = 'CreateVatOptions'): string | undefined => {
  if (name === undefined) return undefined;
  if (typeof name !== 'string') return refuseCall(`${options}(name)`);
  const shown = JSON.stringify(name);
  if (name.length > NAME_LENGTH_MAX) refuseCall(`${options}: oversized vat name ${shown}`);
  if (!NAME_PATTERN.test(name)) refuseCall(`${options}: bad vat name ${shown}`);
  return name;
};

const checkMeter = (state: KernelState, meter: unknown): KRef | null => {
  if (meter === undefined) return null;
  const found = kernelObjectOf(state, meter, KernelObject.meter);
  return found?.kref ?? refuseCall('CreateVatOptions(meter)');
};

const checkCritical = (state: KernelState, key: unknown): boolean => {
  if (key === undefined || key === false) return false;
  if (kernelObjectOf(state, key, KernelObject.criticalKey) === undefined) {
    refuseCall('invalid criticalVatKey');
  }
  return true;
};

/** Errors: Refusal. The meter of an accepted request is held. */
export const checkCreation = (state: KernelState, given: unknown): CreationRequest => {
  if (given !== undefined && !isRecord(given)) return refuseCall('CreateVatOptions()');
  const options = given ?? {};
  const unknown = Object.keys(options).filter(name => !NAMES.includes(name) && !(name in FIXED));
  if (unknown.length > 0) {
    const names = JSON.stringify(unknown.sort().join(','));
    refuseCall(`CreateVatOptions: unknown options ${names}`);
  }
  for (const [name, value] of Object.entries(FIXED)) {
    if (options[name] !== undefined && options[name] !== value) {
      refuseCall(`CreateVatOptions: ${name} can only be ${value}`);
    }
  }
  const { managerType, vatParameters } = options;
  if (managerType !== undefined && !MANAGER_TYPES.some(type => type === managerType)) {
    refuseCall(`CreateVatOptions: bad managerType ${String(managerType)}`);
  }
  const name = checkName(options['name']);
  const reapInterval = readReapInterval(options['reapInterval'], CREATION);
  const critical = checkCritical(state, options['critical']);
  const meter = checkMeter(state, options['meter']);
  if (meter !== null) hold(state, meter);
  const refresh = readRefresh(options['refresh'], CREATION);
  const fixed = { dynamic: true, admin: null };
  return { name, vatParameters, options: { ...fixed, critical, meter, reapInterval, refresh } };
};
