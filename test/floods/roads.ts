/** The roads by which data of vats and of the host comes into the kernel's memory. */

export const ROADS = [
  'sends',
  'promises',
  'promisesAtOnce',
  'results',
  'rejections',
  'hostSends',
  'hostResults',
  'hostObjects',
  'rows',
  'logs',
] as const;

export type Road = (typeof ROADS)[number];

/** Which messages of 10 MB each road has. */
export const ROAD_TEXTS: Readonly<Record<Road, string>> = {
  sends: 'arguments of messages to a vat that is slower than they come',
  promises: 'messages that wait on unresolved promises, each settled when the last has',
  promisesAtOnce: 'the same, all settled in one wave: what is too much for it is refused',
  results: 'results of calls between vats',
  rejections: 'errors that calls between vats are rejected with',
  hostSends: 'messages of a host that waits for none, until it is told to',
  hostResults: 'results that a host is told, all asked for at once',
  hostObjects: 'calls of a slow host object, and its answers',
  rows: 'durable states, entries of collections, baggage',
  logs: 'console lines',
};

export const isRoad = (name: string): name is Road => (ROADS as readonly string[]).includes(name);

/** What the host of one flood is told, as JSON. */
export interface FloodOrder {
  readonly directory: string;
  readonly road: Road;
  readonly messages: number;
  readonly isolation: 'process' | 'thread';
}

/** What it says. */
export type FloodWord =
  | { readonly says: 'begun' }
  | {
      readonly says: 'flooded';
      /** Messages that were answered with what they asked for. */
      readonly fulfilled: number;
      /** Calls of the host, and through it of another vat, that were answered meanwhile. */
      readonly answered: number;
      /** Messages of the host that were refused at first, for there were too many. */
      readonly refused: number;
    }
  | { readonly says: 'idle' };
