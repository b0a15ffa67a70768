/**
 * Random object graphs as data, so that the same graph can be built twice and hardened by two
 * hardeners. Proxies write every trap into a log.
 */
import fc from 'fast-check';

const KINDS = [
  'record',
  'bare',
  'array',
  'arrow',
  'function',
  'class',
  'bytes',
  'floats',
  'emptyBytes',
  'buffer',
  'view',
  'error',
  'typeError',
  'map',
  'set',
  'date',
  'regexp',
  'promise',
  'generator',
  'string',
  'child',
  'instance',
  'proxy',
  'liar',
  'thrower',
  'frozen',
] as const;
type Kind = (typeof KINDS)[number];

interface NodeSpec {
  readonly kind: Kind;
  /** Another node: prototype of `child`, target of the proxies. */
  readonly base: number;
  readonly trap: string;
}
interface EdgeSpec {
  readonly from: number;
  readonly to: number;
  readonly key: 'k0' | 'k1' | 'symbol' | '0' | '7' | '-0' | 'stack' | 'push';
  readonly how: 'assign' | 'hidden' | 'fixed' | 'getter' | 'setter' | 'stuckGetter';
}
export interface GraphSpec {
  readonly nodes: readonly NodeSpec[];
  readonly edges: readonly EdgeSpec[];
  readonly frozenEarly: readonly number[];
}

const TRAPS = [
  'ownKeys',
  'getPrototypeOf',
  'getOwnPropertyDescriptor',
  'preventExtensions',
  'defineProperty',
  'isExtensible',
];
const NODES_MAX = 45;
const index = fc.nat(NODES_MAX - 1);

export const graphs: fc.Arbitrary<GraphSpec> = fc.record({
  nodes: fc.array(
    fc.record({
      // Throwing proxies are rare, or hardly any graph would be hardened.
      kind: fc.oneof(
        { weight: 30, arbitrary: fc.constantFrom(...KINDS.slice(0, -4), 'frozen' as const) },
        { weight: 4, arbitrary: fc.constant('proxy' as const) },
        { weight: 1, arbitrary: fc.constantFrom('liar' as const, 'thrower' as const) },
      ),
      base: index,
      trap: fc.constantFrom(...TRAPS),
    }),
    { minLength: 1, maxLength: NODES_MAX, size: 'max' },
  ),
  edges: fc.array(
    fc.record({
      from: index,
      to: index,
      key: fc.constantFrom('k0', 'k1', 'symbol', '0', '7', '-0', 'stack', 'push'),
      how: fc.constantFrom('assign', 'hidden', 'fixed', 'getter', 'setter', 'stuckGetter'),
    }),
    { maxLength: NODES_MAX * 2, size: 'max' },
  ),
  frozenEarly: fc.array(index, { maxLength: 4 }),
});

const makeProxy = (spec: NodeSpec, target: object, log: string[]): object => {
  const handler = new Proxy(
    {},
    {
      get(_handler, trap: string) {
        return (...args: unknown[]): unknown => {
          log.push(`${trap} ${String(args[1])}`);
          if (trap === spec.trap && spec.kind === 'thrower') throw new Error(`trap ${trap}`);
          if (trap === 'preventExtensions' && spec.kind === 'liar') return false;
          const real = (Reflect as unknown as Record<string, (...args: unknown[]) => unknown>)[
            trap
          ];
          return real!(...args);
        };
      },
    },
  );
  return new Proxy(target, handler);
};

const makeNode = (spec: NodeSpec, made: readonly object[], log: string[]): object => {
  const base = made[spec.base % (made.length || 1)] ?? {};
  switch (spec.kind) {
    case 'record':
      return {};
    case 'bare':
      return Object.create(null) as object;
    case 'array':
      return [];
    case 'arrow':
      return () => undefined;
    case 'function':
      return function named() {};
    case 'class':
      return class Klass {
        method() {}
        static factory() {}
      };
    case 'bytes':
      return new Uint8Array(3);
    case 'floats':
      return new Float64Array(1);
    case 'emptyBytes':
      return new Uint8Array(0);
    case 'buffer':
      return new ArrayBuffer(4);
    case 'view':
      return new DataView(new ArrayBuffer(4));
    case 'error':
      return new Error('e');
    case 'typeError':
      return new TypeError('t', { cause: base });
    case 'map':
      return new Map([[base, base]]);
    case 'set':
      return new Set([base]);
    case 'date':
      return new Date(0);
    case 'regexp':
      return /x/g;
    case 'promise':
      return Promise.resolve(1);
    case 'generator':
      return function* generate() {};
    case 'string':
      return new String('ab');
    case 'child':
      return Object.create(base) as object;
    case 'instance':
      return new (class Made {
        readonly #hidden = 1;
        see() {
          return this.#hidden;
        }
      })();
    case 'frozen':
      return Object.freeze({ base });
    case 'proxy':
    case 'liar':
    case 'thrower':
      return makeProxy(spec, base, log);
    default:
      throw spec.kind satisfies never;
  }
};

const descriptorOf = (edge: EdgeSpec, value: object): PropertyDescriptor => {
  // Without a function, an accessor that has neither half.
  const isFunction = typeof value === 'function';
  const get = isFunction ? { get: value as () => unknown } : { get: undefined as never };
  const set = isFunction ? { set: value as () => unknown } : { set: undefined as never };
  switch (edge.how) {
    case 'assign':
      return { value, writable: true, enumerable: true, configurable: true };
    case 'hidden':
      return { value, writable: true, enumerable: false, configurable: true };
    case 'fixed':
      return { value, writable: true, enumerable: true, configurable: false };
    case 'getter':
      return { ...get, enumerable: true, configurable: true };
    case 'setter':
      return { ...set, enumerable: false, configurable: true };
    case 'stuckGetter':
      return { ...get, enumerable: true, configurable: false };
    default:
      throw edge.how satisfies never;
  }
};

/** The nodes of the graph, in order; node 0 is the root. */
export const buildGraph = (spec: GraphSpec, log: string[]): object[] => {
  const nodes: object[] = [];
  for (const node of spec.nodes) nodes.push(makeNode(node, nodes, log));
  for (const edge of spec.edges) {
    const from = nodes[edge.from % nodes.length]!;
    const to = nodes[edge.to % nodes.length]!;
    const key = edge.key === 'symbol' ? Symbol.for('edge') : edge.key;
    try {
      Reflect.defineProperty(from, key, descriptorOf(edge, to));
    } catch {
      // a proxy that throws: that edge is not there
    }
  }
  for (const n of spec.frozenEarly) {
    const node = nodes[n % nodes.length]!;
    try {
      Object.freeze(node);
    } catch {
      // a typed array or a proxy
    }
  }
  log.length = 0;
  return nodes;
};
