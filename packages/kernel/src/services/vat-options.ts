/** The options of `createVat` and `changeOptions`, as vats give them. Texts as SwingSet's. */
import { NAME_LENGTH_MAX, NAME_PATTERN } from '../base/arguments.js';
import { hold } from '../objects/counts.js';
import { kernelObjectOf } from '../objects/kernel-objects.js';
import type { VatOptions } from '../state/kept-options.js';
import type { KernelState } from '../state/kernel-state.js';
import type { KRef } from '../state/krefs.js';
import { KernelObject } from '../state/service-tables.js';
import { REFRESH_RULE, refreshOf } from '../state/upgrade-options.js';
import { isRecord, refuseCall } from './calls.js';

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

/** Null: as the store's parameters say; 0: never. */
export const checkReapInterval = (value: unknown, refusal: string): number | null => {
  if (value === undefined) return null;
  if (value === 'never') return 0;
  const given = typeof value === 'bigint' ? Number(value) : value;
  if (typeof given === 'number' && Number.isSafeInteger(given) && given > 0) return given;
  return refuseCall(refusal);
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
  if (managerType !== undefined && !MANAGER_TYPES.includes(managerType as string)) {
    refuseCall(`CreateVatOptions: bad managerType ${String(managerType)}`);
  }
  const name = checkName(options['name']);
  const reapInterval = checkReapInterval(options['reapInterval'], 'CreateVatOptions(reapInterval)');
  const critical = checkCritical(state, options['critical']);
  const meter = checkMeter(state, options['meter']);
  if (meter !== null) hold(state, meter);
  const refresh = refreshOf(options['refresh']) ?? refuseCall(`CreateVatOptions: ${REFRESH_RULE}`);
  const fixed = { dynamic: true, admin: null };
  return { name, vatParameters, options: { ...fixed, critical, meter, reapInterval, refresh } };
};
