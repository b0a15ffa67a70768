/**
 * Scripts over `E` and `HandledPromise` that log what vat code can see. They run over the stock
 * shim and over ours; the logs must be equal.
 */
export interface World {
  readonly E: Eventual;
  readonly HandledPromise: HandledPromiseLike;
  log(...parts: unknown[]): void;
  /** Logs how `promise` settles. */
  watch(name: string, promise: unknown): void;
  /** A handler that logs its calls and answers with `answer`. */
  handler(name: string, answer?: (...args: unknown[]) => unknown): Record<string, unknown>;
  far<T extends object>(value: T): T;
}
type Call = (...args: unknown[]) => Promise<unknown>;
type Proxied = Record<PropertyKey, Call> & Call;
export type Eventual = ((target: unknown) => Proxied) & {
  get(target: unknown): Record<PropertyKey, Promise<unknown>>;
  sendOnly(target: unknown): Proxied;
  resolve(value: unknown): Promise<unknown>;
  when(value: unknown, ...reactions: unknown[]): Promise<unknown>;
};
type Executor = (
  resolve: (value?: unknown) => void,
  reject: (reason?: unknown) => void,
  resolveWithPresence: (handler?: unknown, options?: unknown) => object,
) => void;
export type HandledPromiseLike = {
  new (executor: Executor, handler?: unknown): Promise<unknown>;
  (...args: unknown[]): unknown;
} & PromiseConstructor &
  Record<string, (...args: unknown[]) => Promise<unknown>>;
type Script = (world: World) => void | Promise<void>;

interface Kit {
  promise: Promise<unknown>;
  resolve: (value?: unknown) => void;
  reject: (reason?: unknown) => void;
  withPresence: (handler?: unknown, options?: unknown) => object;
}
const kit = ({ HandledPromise }: World, handler?: unknown): Kit => {
  const made = {} as Kit;
  made.promise = new HandledPromise((resolve, reject, withPresence) => {
    Object.assign(made, { resolve, reject, withPresence });
  }, handler);
  return made;
};
const presenceOf = (world: World, handler: unknown): object => kit(world).withPresence(handler);
const attempt = ({ log }: World, name: string, run: () => unknown): void => {
  try {
    log(name, run());
  } catch (error) {
    log(name, 'threw', String(error));
  }
};

const local: Record<string, Script> = {
  methods(world) {
    const { E, watch, far, log } = world;
    const target = far({
      add: (a: number, b: number) => a + b,
      fail() {
        throw new TypeError('own');
      },
      that(this: unknown) {
        return this === target;
      },
      record: () => ({ a: [1] }),
      notMethod: 3,
      [Symbol.for('sym')]: () => 'sym',
    });
    watch('add', E(target)['add']!(1, 2));
    watch('fail', E(target)['fail']!());
    watch('that', E(target)['that']!());
    watch('missing', E(target)['missing']!());
    watch('notMethod', E(target)['notMethod']!());
    watch('symbol', E(target)[Symbol.for('sym')]!());
    watch('missing symbol', E(target)[Symbol.for('none')]!());
    watch('as function', E(target)());
    watch('get', E.get(target)['notMethod']);
    void E(target)['record']!().then(value => log('frozen', Object.isFrozen(value)));
    log('sync end');
  },
  functions({ E, watch, far }) {
    const fn = far((...args: unknown[]) => args.length);
    watch('call', E(fn)(1, 2, 3));
    watch('method of function', E(fn)['nope']!());
    watch('name', E.get(fn)['length']);
  },
  data({ E, watch }) {
    for (const value of [undefined, null, 1, 'text', 5n, true]) {
      watch(`${String(value)} m`, E(value)['m']!(1));
      watch(`${String(value)} call`, E(value)());
      watch(`${String(value)} get`, E.get(value)['length']);
      watch(`${String(value)} toString`, E(value)['toString']!());
    }
    watch('array', E([1, 2])['join']!('-'));
  },
  order({ E, log, far }) {
    const target = far({
      m: (n: number) => {
        log('m', n);
        void Promise.resolve().then(() => log('in', n));
      },
    });
    log(1);
    void E(target)['m']!(1).then(() => log('done', 1));
    void Promise.resolve().then(() => log('between'));
    void E(target)['m']!(2).then(() => log('done', 2));
    void E.sendOnly(target)['m']!(3);
    log(2);
  },
  thenables({ E, watch, far, log }) {
    const thenable = far({
      then: (resolve: (v: unknown) => void) => {
        log('then called');
        resolve(far({ m: () => 7 }));
      },
    });
    watch('via thenable', E(thenable)['m']!());
    watch(
      'bad thenable',
      E(
        far({
          then() {
            throw new Error('bad then');
          },
        }),
      )['m']!(),
    );
    watch('returns promise', E(far({ m: () => Promise.resolve(8) }))['m']!());
    watch('returns rejection', E(far({ m: () => Promise.reject(new Error('later')) }))['m']!());
  },
  hardening({ E, far, log, watch }) {
    const arg = { deep: {} };
    void E(far({ m: (x: object) => log('inside', Object.isFrozen(x)) }))['m']!(arg);
    log('frozen at once', Object.isFrozen(arg), Object.isFrozen(arg.deep));
    const target = { m: () => 1 };
    watch('target', E(target)['m']!());
    log('target frozen', Object.isFrozen(target));
    const bad = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('no keys');
        },
      },
    );
    attempt({ log } as World, 'bad argument', () => E(target)['m']!(bad));
    watch('bad result', E(far({ m: () => bad }))['m']!());
    watch(
      'bad reason',
      E(
        far({
          m() {
            throw bad;
          },
        }),
      )['m']!(),
    );
  },
  statics(world) {
    const { HandledPromise: HP, watch, log, far } = world;
    const target = far({
      m: (...args: unknown[]) => args.length,
      undefined: () => 'u',
      7: () => 'seven',
    });
    watch('applyMethod', HP['applyMethod']!(target, 'm', [1, 2]));
    watch('set', HP['applyMethod']!(target, 'm', new Set([1, 2, 3])));
    watch('undefined name', HP['applyMethod']!(target, undefined, []));
    watch('number name', HP['applyMethod']!(target, 7, []));
    attempt(world, 'no args', () => HP['applyMethod']!(target, 'm'));
    attempt(world, 'bad args', () => HP['applyFunction']!(target, 5));
    attempt(world, 'bad name', () =>
      HP['get']!(target, {
        toString() {
          throw new Error('name');
        },
      }),
    );
    attempt(world, 'without new', () => HP(() => undefined));
    attempt(world, 'no executor', () => new HP(undefined as never));
    attempt(
      world,
      'throwing executor',
      () =>
        new HP(() => {
          throw new Error('executor');
        }),
    );
    attempt(world, 'bad handler', () => new HP(() => undefined, 5));
    log('send only', HP['applyMethodSendOnly']!(target, 'm', []), HP['getSendOnly']!(target, 'm'));
    log('keys', ...Reflect.ownKeys(HP).filter(key => key !== 'name' && key !== 'length'));
    log('proto', Object.getPrototypeOf(HP) === Promise, HP.prototype === Promise.prototype);
    watch('all', HP.all([1, HP.resolve(2)]));
    watch('race', HP.race([HP.reject(new Error('r'))]));
  },
};

const presences: Record<string, Script> = {
  standard(world) {
    const { E, watch, handler, log } = world;
    const presence = presenceOf(
      world,
      handler('h', () => 'answer'),
    );
    watch('method', E(presence)['m']!(1, 'two'));
    watch('call', E(presence)(3));
    watch('get', E.get(presence)['p']);
    void E.sendOnly(presence)['quiet']!(4);
    void E.sendOnly(presence)(5);
    log('sync end', Object.getPrototypeOf(presence), Object.isFrozen(presence));
  },
  sendOnlyMethods(world) {
    const { E, log } = world;
    const only = { applyMethodSendOnly: (...args: unknown[]) => log('only', args.length, args[1]) };
    void E.sendOnly(presenceOf(world, only))['quiet']!(4);
    void E.sendOnly(
      presenceOf(world, { applyMethod: (...a: unknown[]) => log('plain', a.length, typeof a[3]) }),
    )['q']!();
  },
  partialHandlers(world) {
    const { E, watch, log } = world;
    const show =
      (name: string) =>
      (...args: unknown[]) => {
        log(
          name,
          ...args
            .slice(1)
            .map(arg => (arg instanceof Promise ? 'P' : (JSON.stringify(arg) ?? 'u'))),
        );
        return name;
      };
    const onlyGet = presenceOf(world, {
      get:
        () =>
        (...args: unknown[]) =>
          args.length,
    });
    watch('get then apply', E(onlyGet)['m']!(1, 2));
    const onlyMethod = presenceOf(world, { applyMethod: show('applyMethod') });
    watch('method for function', E(onlyMethod)('x', 'y'));
    watch('no get', E.get(onlyMethod)['p']);
    const empty = presenceOf(world, {});
    watch('empty method', E(empty)['m']!(1));
    watch('empty function', E(empty)(1));
    watch('empty get', E.get(empty)['p']);
    const named = presenceOf(world, {
      b: () => 1,
      a: () => 2,
      [Symbol.for('s')]: () => 3,
      notFn: 4,
    });
    watch('named', E(named)(1));
    void E.sendOnly(empty)['m']!(1);
  },
  arguments(world) {
    const { E, log } = world;
    const handler = {
      applyMethod(this: unknown, ...args: unknown[]) {
        log(
          this === handler,
          args.length,
          args[0] === presence,
          args[1],
          args[3] instanceof Promise,
        );
        log(Object.isFrozen(args[2]), args[3] === result);
      },
    };
    const presence = presenceOf(world, handler);
    const result = E(presence)['m']!({});
  },
  throwing(world) {
    const { E, watch } = world;
    watch(
      'throws',
      E(
        presenceOf(world, {
          applyMethod() {
            throw new Error('handler');
          },
        }),
      )['m']!(),
    );
    watch(
      'rejects',
      E(presenceOf(world, { applyMethod: () => Promise.reject(new Error('r')) }))['m']!(),
    );
  },
  resolution(world) {
    const { E, HandledPromise, watch, handler, log } = world;
    const { promise, withPresence, resolve } = kit(world);
    const presence = withPresence(handler('h', () => 1));
    log(
      'same promise',
      HandledPromise.resolve(presence) === promise,
      E.resolve(presence) === promise,
    );
    log('again', withPresence(handler('other')) === presence);
    resolve(5);
    void promise.then(value => log('is presence', value === presence));
    watch('to promise', E(promise)['m']!());
    watch('to plain promise', E(Promise.resolve(presence))['m']!());
    const other = kit(world);
    other.resolve(presence);
    watch('to other promise', E(other.promise)['m']!());
    log('other is not the same', HandledPromise.resolve(other.promise) === promise);
    const rejected = kit(world);
    rejected.reject(new Error('gone'));
    void rejected.promise.catch(() => undefined);
    log('presence after reject', rejected.withPresence(handler('late')));
    attempt(world, 'primitive handler', () => {
      const bad = kit(world, {});
      void bad.promise.catch(() => undefined);
      return bad.withPresence(7);
    });
  },
  proxied(world) {
    const { E, watch, handler, log } = world;
    const target = Object.freeze({ __proto__: null });
    let revoke: unknown;
    const options = {
      proxy: {
        handler: { get: () => undefined },
        target,
        revokerCallback: (r: unknown) => {
          revoke = r;
        },
      },
    };
    const proxy = kit(world).withPresence(
      handler('px', () => 2),
      options,
    );
    watch('proxy', E(proxy)['m']!(1));
    log('revoker', typeof revoke);
    watch(
      'plain proxy',
      E(
        kit(world).withPresence(
          handler('py', () => 3),
          { proxy: { handler: {}, target } },
        ),
      )['m']!(),
    );
  },
  order(world) {
    const { E, handler, log, far } = world;
    const presence = presenceOf(
      world,
      handler('h', () => 'x'),
    );
    const target = far({ m: (n: unknown) => log('local', n) });
    const pending = kit(
      world,
      handler('p', () => 'y'),
    );
    const settled = Promise.resolve(target);
    for (let i = 0; i < 3; i += 1) {
      void E(presence)['m']!(`a${i}`).then(() => log('done a', i));
      void E(target)['m']!(`b${i}`).then(() => log('done b', i));
      void E(pending.promise)['m']!(`c${i}`).then(() => log('done c', i));
      void E(settled)['m']!(`d${i}`);
      void E(presence)['m']!(`e${i}`);
    }
    log('sync end');
  },
  reentrancy(world) {
    const { E, log } = world;
    let depth = 0;
    const handler = {
      applyMethod: (target: unknown, name: unknown, args: unknown[]) => {
        log('begin', name, ...args);
        depth += 1;
        if (depth < 4) {
          void E(target)['nested']!(depth).then(value => log('nested done', value));
          void E(target)['again']!(depth);
        }
        log('end', name, ...args);
        return depth;
      },
    };
    void E(presenceOf(world, handler))['first']!(0).then(value => log('first done', value));
  },
};

const pendings: Record<string, Script> = {
  withHandler(world) {
    const { E, watch, handler, log } = world;
    const { promise } = kit(
      world,
      handler('pending', () => 'early'),
    );
    watch('method', E(promise)['m']!(1));
    watch('call', E(promise)(2));
    watch('get', E.get(promise)['p']);
    void E.sendOnly(promise)['quiet']!(3);
    log('end');
  },
  partialHandlers(world) {
    const { E, watch } = world;
    watch('empty', E(kit(world, {}).promise)['m']!(1));
    watch('empty fn', E(kit(world, { x: () => 1 }).promise)(1));
    watch('get only', E(kit(world, { get: () => (a: unknown) => a }).promise)['m']!(9));
  },
  postponed(world) {
    const { E, watch, far, log } = world;
    const { promise, resolve } = kit(world);
    watch('one', E(promise)['m']!(1));
    watch('two', E(promise)['m']!(2));
    watch('missing', E(promise)['nope']!());
    void Promise.resolve().then(() =>
      resolve(
        far({
          m: (n: unknown) => {
            log('m', n);
            return n;
          },
        }),
      ),
    );
  },
  resolvedInTheTurnOfTheSend(world) {
    const { E, watch, far, handler, log } = world;
    const target = far({
      m: (n: unknown) => {
        log('m', n);
        return n;
      },
    });
    const first = kit(world, handler('first'));
    watch('one', E(first.promise)['m']!(1));
    first.resolve(target);
    watch('two', E(first.promise)['m']!(2));
    const second = kit(world, handler('second'));
    watch('three', E(second.promise)['m']!(3));
    second.withPresence(handler('presence', () => 'p'));
    watch('four', E(second.promise)['m']!(4));
    const third = kit(world, handler('third'));
    watch('five', E(third.promise)['m']!(5));
    third.reject(new Error('rejected'));
    watch('six', E(third.promise)['m']!(6));
    const fourth = kit(world, handler('fourth'));
    const fifth = kit(
      world,
      handler('fifth', () => 'followed'),
    );
    watch('seven', E(fourth.promise)['m']!(7));
    fourth.resolve(fifth.promise);
    watch('eight', E(fourth.promise)['m']!(8));
    watch('nine', E(fifth.promise)['m']!(9));
  },
  forwarding(world) {
    const { E, watch, handler, log } = world;
    const a = kit(world, handler('a'));
    const b = kit(
      world,
      handler('b', () => 'from b'),
    );
    const c = kit(
      world,
      handler('c', () => 'from c'),
    );
    a.resolve(b.promise);
    watch('a to b', E(a.promise)['m']!(1));
    void Promise.resolve()
      .then(() => {
        b.resolve(c.promise);
        watch('a to c', E(a.promise)['m']!(2));
        watch('b to c', E(b.promise)['m']!(3));
      })
      .then(() => {
        const presence = c.withPresence(handler('presence', () => 'end'));
        watch('a to presence', E(a.promise)['m']!(4));
        void a.promise.then(value => log('a is', value === presence));
      });
  },
  cycles(world) {
    const { watch } = world;
    const self = kit(world);
    watch('self', self.promise);
    self.resolve(self.promise);
    const a = kit(world);
    const b = kit(world);
    watch('a', a.promise);
    watch('b', b.promise);
    a.resolve(b.promise);
    b.resolve(a.promise);
  },
  rejection(world) {
    const { E, watch, log } = world;
    const { promise, reject, resolve } = kit(world);
    watch('send', E(promise)['m']!());
    const reason = { code: 1 };
    reject(reason);
    resolve(2);
    log('reason frozen', Object.isFrozen(reason));
    void promise.catch(error => log('same', error === reason));
    watch('after', E(promise)['m']!());
    watch('plain', E(Promise.reject(new Error('plain')))['m']!());
  },
  pipelining(world) {
    const { E, watch, far, log } = world;
    const inner = far({
      b: (n: unknown) => {
        log('b', n);
        return far({ c: () => 'c' });
      },
    });
    const target = far({
      a: () => {
        log('a');
        return inner;
      },
    });
    const first = E(target)['a']!();
    const second = E(first)['b']!(1);
    watch('third', E(second)['c']!());
    watch('missing', E(E(first)['b']!(2))['nope']!());
    watch('of failure', E(E(target)['none']!())['m']!());
  },
  pipeliningToPresence(world) {
    const { E, watch, handler, log, HandledPromise } = world;
    const results: Kit[] = [];
    const pipelined = handler('pipelined', () => 'p');
    const h = {
      applyMethod(_target: unknown, name: unknown) {
        log('send', name);
        const made = kit(world, pipelined);
        results.push(made);
        return made.promise;
      },
    };
    const presence = presenceOf(world, h);
    const first = E(presence)['m']!(1);
    watch('second', E(first)['n']!(2));
    watch('first', first);
    void Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => {
        watch('third', E(first)['o']!(3));
        results[0]!.withPresence(handler('later', () => 'l'));
        watch('fourth', E(first)['q']!(4));
      });
    log(HandledPromise.resolve(first) === first);
  },
  native(world) {
    const { E, watch, far, log } = world;
    let resolve!: (value: unknown) => void;
    const promise = new Promise(r => {
      resolve = r;
    });
    watch('one', E(promise)['m']!(1));
    void E(promise)['m']!(2).then(() => log('done 2'));
    resolve(
      far({
        m: (n: unknown) => {
          log('m', n);
          return n;
        },
      }),
    );
    watch('three', E(promise)['m']!(3));
    log('frozen', Object.isFrozen(promise));
    class Sub extends Promise<unknown> {}
    watch('subclass', E(Sub.resolve(far({ m: () => 's' })))['m']!());
    const own = Object.assign(Promise.resolve(1), {
      then: (f: (v: unknown) => void) => f(far({ m: () => 'own then' })),
    });
    watch('own then', E(own)['m']!());
    watch('resolve own then', E.resolve(own));
  },
  when({ E, watch, far }) {
    watch(
      'when',
      E.when(5, (x: unknown) => [x]),
    );
    watch(
      'when rejected',
      E.when(Promise.reject(new Error('w')), undefined, (e: unknown) => String(e)),
    );
    watch(
      'when presence',
      E.when(far({ a: 1 }), (x: unknown) => Object.keys(x as object)),
    );
  },
  subclass(world) {
    const { HandledPromise, watch, log } = world;
    class Sub extends (HandledPromise as unknown as new (executor: Executor) => Promise<unknown>) {}
    const sub = new Sub(resolve => resolve(4));
    log(
      sub instanceof Sub,
      sub instanceof Promise,
      Object.isFrozen(sub),
      Object.isFrozen(Sub.prototype),
    );
    watch('sub', sub);
  },
};

export const SCRIPTS: readonly (readonly [name: string, script: Script])[] = [
  ...Object.entries(local).map(([name, script]) => [`local: ${name}`, script] as const),
  ...Object.entries(presences).map(([name, script]) => [`presence: ${name}`, script] as const),
  ...Object.entries(pendings).map(([name, script]) => [`pending: ${name}`, script] as const),
];
