import { E } from '@endo/eventual-send';
import { Far } from '@endo/far';

/** A bootstrap vat: says what it was given, or fails as its parameters say. */
export const buildRootObject = (_vatPowers, parameters) =>
  Far('starter', {
    bootstrap: async (vats, devices) => {
      if (parameters.fail !== undefined) throw Error(parameters.fail);
      const { call, ...rest } = parameters;
      const answer = call === undefined ? undefined : await E(devices[call]).hello('starter');
      return harden({ vats, devices: Object.keys(devices), parameters: rest, answer });
    },
  });
