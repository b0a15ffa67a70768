/** Compares our harden with SES's, in a locked-down process. Prints what it found as JSON. */
import fc from 'fast-check';
import { bornHardened, harden as ownHarden, isHardened } from '../harden.js';
import 'ses';
import { buildGraph, graphs, type GraphSpec } from './graphs.js';

const GRAPHS = Number(process.argv[2]);
const seed = Number(process.argv[3]);

lockdown({ errorTaming: 'safe', overrideTaming: 'severe', reporting: 'none' });
ownHarden([Object.prototype, Map.prototype, Promise.prototype, Reflect, Uint8Array.prototype]);

const stats = { graphs: 0, thrown: 0, nodesMax: 0 };
const isProxySpec = (kind: string): boolean => ['proxy', 'liar', 'thrower'].includes(kind);

const attempt = (harden: (value: object) => unknown, root: object): string => {
  try {
    if (harden(root) !== root) return 'returned something else';
    return 'hardened';
  } catch (error) {
    return `threw ${String(error)}`;
  }
};

/**
 * All that freezing can change, of every node but proxies (whose traps would be logged or
 * throw).
 */
const stateOf = (spec: GraphSpec, nodes: readonly object[]): unknown[] =>
  nodes.map((node, n) => {
    if (isProxySpec(spec.nodes[n]!.kind)) return 'proxy';
    const flags = Reflect.ownKeys(node).map(key => {
      const { writable, configurable, get } = Object.getOwnPropertyDescriptor(node, key)!;
      return [String(key), writable, configurable, get === undefined];
    });
    return [Object.isExtensible(node), flags];
  });

const reachable = (spec: GraphSpec, nodes: readonly object[]): Set<object> => {
  const seen = new Set<object>();
  const proxies = new Set(nodes.filter((_, n) => isProxySpec(spec.nodes[n]!.kind)));
  const visit = (value: unknown): void => {
    if (Object(value) !== value || seen.has(value as object)) return;
    seen.add(value as object);
    if (proxies.has(value as object)) return;
    visit(Reflect.getPrototypeOf(value as object));
    for (const key of Reflect.ownKeys(value as object)) {
      const descriptor = Object.getOwnPropertyDescriptor(value as object, key)!;
      visit(descriptor.value);
      visit(descriptor.get);
      visit(descriptor.set);
    }
  };
  visit(nodes[0]);
  return seen;
};

const check = (spec: GraphSpec): void => {
  const sesLog: string[] = [];
  const ownLog: string[] = [];
  const sesNodes = buildGraph(spec, sesLog);
  const ownNodes = buildGraph(spec, ownLog);
  const sesResult = attempt(harden, sesNodes[0]!);
  const ownResult = attempt(ownHarden, ownNodes[0]!);
  const same = (what: string, ses: unknown, own: unknown): void => {
    const [a, b] = [JSON.stringify(ses), JSON.stringify(own)];
    if (a !== b) throw new Error(`${what}\nses ${a}\nown ${b}`);
  };
  same('result', sesResult, ownResult);
  same('traps', sesLog, ownLog);
  same('state', stateOf(spec, sesNodes), stateOf(spec, ownNodes));
  const isDone = ownResult === 'hardened';
  const reached = reachable(spec, ownNodes);
  if (isDone) {
    for (const node of reached) if (!isHardened(node)) throw new Error('reached but not marked');
  }
  ownNodes.forEach(node => {
    if (isHardened(node) && !(isDone && (reached.has(node) || hasProxy(spec)))) {
      throw new Error('marked without reason');
    }
  });
  stats.graphs += 1;
  if (!isDone) stats.thrown += 1;
  stats.nodesMax = Math.max(stats.nodesMax, ownNodes.length);
};
/** Behind a proxy the walk of this test does not look. */
const hasProxy = (spec: GraphSpec): boolean => spec.nodes.some(node => isProxySpec(node.kind));

const reentrant = (): unknown => {
  const victim = { deep: { y: 1 } };
  let frozenInside = false;
  const proxy = new Proxy(
    {},
    {
      ownKeys() {
        ownHarden(victim);
        frozenInside = Object.isFrozen(victim.deep);
        return [];
      },
    },
  );
  ownHarden([victim, proxy]);
  return [frozenInside, isHardened(victim), isHardened(proxy)];
};

const marks = (): unknown => {
  const hardened = ownHarden({ a: {} });
  const child = Object.create(hardened) as object;
  const proxy = new Proxy(hardened, {});
  const born = bornHardened([hardened]);
  return {
    child: isHardened(child),
    proxy: isHardened(proxy),
    frozenOnly: isHardened(Object.freeze({})),
    born: isHardened(born) && Object.isFrozen(born),
    again: bornHardened(born) === born,
    primitive: isHardened(1) && isHardened(undefined),
  };
};

let failure: string | undefined;
try {
  fc.assert(fc.property(graphs, check), { numRuns: GRAPHS, seed });
} catch (error) {
  failure = (error as Error).message;
}
console.log(JSON.stringify({ failure, stats, reentrant: reentrant(), marks: marks() }));
