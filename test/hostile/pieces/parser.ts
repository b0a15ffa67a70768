/** Source that bombs a parser: V8's, SES's, acorn in the image, and acorn in the kernel. */
import type { Kind } from '../piece.js';

/** `tell(f)`: what comes of it, by name alone. */
const TELL = `const tell = thunk => { try { thunk(); return 'ran'; } catch (e) { return e.name;
  } };`;

/** A script as endo bundles them. */
const install = (source: string): string => `
  const source = ${source};
  return () => kernel.installBundle({ moduleFormat: 'endoScript', source });`;

export const PARSER: Kind = {
  title: 'Parser bombs and deep source',
  pieces: [
    {
      name: '60,000 brackets',
      tries: 'a parser that recurses until the stack is full, in evaluated code',
      code: `${TELL} tell(() => new Compartment().evaluate('['.repeat(60000) + ']'.repeat(60000)))`,
      gives: 'SyntaxError',
      isQuick: true,
    },
    {
      name: 'every construct in itself',
      tries: 'the same by other nodes of the grammar',
      code: `${TELL}
        const n = 30_000;
        const nest = (head, core, tail) => head.repeat(n) + core + tail.repeat(n);
        const deep = [
          nest('(', '1', ')'), nest('{', '', '}'), nest('[', '', ']'), nest('f(', '1', ')'),
          nest('a[', '1', ']'), nest('\`\${', '1', '}\`'), nest('x=>', '1', ''), nest('-', '1', ''),
          nest('!', '1', ''), nest('typeof ', '1', ''), nest('1?', '1', ':1'), nest('1?1:', '1',
            ''),
          nest('if(1)', ';', ''), nest('for(;;)', ';', ''), nest('while(0)', ';', ''),
          nest('a:{', '', '}'), nest('({a:', '1', '})'), nest('({get a(){return ', '1', '}})'),
          nest('class A{a=', '1', '}'), nest('(function(){', '', '})'), nest('(async()=>{', '',
            '})'),
          nest('try{', '', '}catch{}'), nest('switch(1){case 1:', '', '}'), nest('new ', 'A', ''),
          nest('a=', '1', ''), nest('a**', '1', ''), nest('({a:', 'a', '}={})'), nest('a?.[', '1',
            ']'),
          nest('await ', '1', ''), nest('class A extends ', 'B', '{}'), nest('\${', '', '}'),
        ];
        deep.map(source => tell(() => (0, eval)(source))).join()`,
      gives: Array(31).fill('SyntaxError').join(),
    },
    {
      name: 'long, not deep',
      tries: 'a sum, a chain of calls, of members and of statements, 20,000 long each',
      code: `${TELL}
        [
          '1' + '+1'.repeat(20_000), 'o' + '.o'.repeat(20_000) + '', ';'.repeat(20_000),
          'f' + '()'.repeat(20_000), '1;'.repeat(20_000), '[' + '1,'.repeat(20_000) + ']',
          'if(0);' + 'else if(0);'.repeat(20_000),
        ].map(source => tell(() => new Function('o', 'f', source)))
          .every(it => it === 'ran' || it === 'SyntaxError')`,
      gives: 'true',
    },
    {
      name: 'the same by Function, eval and compartments',
      tries: 'other ways in, and a rejection instead of a throw',
      code: `
        const source = '('.repeat(60_000) + ')'.repeat(60_000);
        Promise.all([
          Promise.resolve(source).then(eval), Promise.resolve(source).then(Function),
          Promise.resolve().then(() => new Compartment().evaluate(source)),
          Promise.resolve().then(() => (async () => {}).constructor(source)),
          Promise.resolve(source).then(it => new Compartment({ transforms: [() => it],
            __options__: true })
            .evaluate('1')),
        ].map(it => it.then(() => 'ran', e => e.name))).then(it => it.join())`,
      gives: 'SyntaxError,SyntaxError,SyntaxError,TypeError,SyntaxError',
    },
    {
      name: 'from the depth of the stack',
      tries: 'a parser that has less stack than usual: the same error as everywhere',
      code: `${TELL}
        const source = '['.repeat(200) + ']'.repeat(200);
        const at = n => (n > 0 ? at(n - 1) : tell(() => (0, eval)(source)));
        at(0) + at(9_000)`,
      gives: 'ranran',
    },
    {
      name: 'a regular expression of 60,000 groups',
      tries: 'V8’s parser of regular expressions, whose SyntaxError tells of the stack',
      code: `Promise.resolve('('.repeat(60_000) + ')'.repeat(60_000)).then(RegExp)
        .then(() => 'ran', e => 'caught ' + e.name)`,
      gives: 'caught SyntaxError',
      isQuick: true,
    },
    {
      name: 'a regular expression that is too large',
      tries: 'V8’s compiler of regular expressions, whose limits differ',
      code: `Promise.resolve('(?:a{1000}){1000}'.repeat(100)).then(RegExp).then(it => it.test('b'))
        .then(() => 'ran', e => 'caught ' + e.name)`,
      gives: 'ran',
    },
    {
      name: 'a regular expression in deep source',
      tries: 'a literal that V8 looks at when the function is called',
      code: `${TELL} tell(() => (0, eval)('(() => /' + '('.repeat(60_000) + ')'.repeat(60_000) +
        '/)()'))`,
      gives: 'SyntaxError',
    },
    {
      name: 'errors of the parser, changed',
      tries: 'to leave something for others in the objects that acorn’s errors carry',
      code: `
        const caught = () => { try { new Compartment().evaluate('a b'); } catch (e) { return e; } };
        const e = caught();
        const carried = Object.values(Object.getOwnPropertyDescriptors(e)).map(it => it.value)
          .filter(it => typeof it === 'object' && it !== null);
        for (const it of carried) Object.getPrototypeOf(it).stolen = 'from ' + args.length;
        [carried.length, caught().loc === undefined, 'stolen' in ({}),
          e instanceof SyntaxError].join()`,
      gives: '0,true,false,true',
      isQuick: true,
    },
    {
      name: 'errors of the parser in another compartment',
      tries: 'the same object in two compartments',
      code: `
        const from = () => { try { new Compartment().evaluate('let let = 1'); } catch (e) {
          return e; } };
        const [a, b] = [from(), from()];
        [a === b, a.name, Object.keys(a).length,
          Object.getPrototypeOf(a) === SyntaxError.prototype].join()`,
      gives: 'false,SyntaxError,0,true',
    },
    {
      name: 'reserved names',
      tries: 'to reach the counter that woven code has',
      code: `
        const name = '$heir' + 'loom_take';
        const tries = [
          () => globalThis[name](), () => outer[name](), () => (0, eval)(name + '()'),
          () => new Function(name + '()'), () => new Compartment().evaluate(name + '()'),
          () => Reflect.apply(outer[name], undefined, []), () => Reflect.construct(outer[name], []),
          () => (0, eval)('\\\\u0024heirloom_take()'),
        ];
        tries.filter(thunk => { try { thunk(); return true; } catch { return false; } }).length`,
      gives: '0',
    },
    {
      name: 'a ticket that a refused script leaves behind',
      tries: 'to call `take` after a script was woven and then refused',
      code: `
        const name = '$heir' + 'loom_take';
        const refused = ['with ({}) {}', 'let a; let a;', 'imp' + 'ort("x")', '<!-- x', 'f(',
          'return',
          '/(/', 'break', '({a:1}) = 1', 'super()', 'new.target', 'yield => 1', '0777', 'delete x'];
        Promise.all(refused.map(bad => Promise.resolve(bad).then(eval).then(() => 'refused', () => {
          try { outer[name](); return 'taken'; } catch { return 'refused'; } })))
          .then(it => [...new Set(it)].join())`,
      gives: 'refused',
    },
    {
      name: 'source of ten megabytes',
      tries: 'a parser that is given much',
      code: `(0, eval)('/*' + 'x'.repeat(10_000_000) + '*/ 6 * 7')`,
      gives: '42',
    },
    {
      name: 'a bundle of 60,000 brackets',
      tries: 'acorn in the kernel, by installBundle',
      steps: [['host', install(`'(' + '['.repeat(60000) + ']'.repeat(60000) + ')'`)]],
      gives: 'rejected: KernelError BAD_BUNDLE…',
      isQuick: true,
    },
    {
      name: 'a bundle with a deep function that nobody calls',
      tries: 'to pass the kernel, and to fail in the worker',
      steps: [
        ['host', install(
          `'(function(){ return () => {' + '('.repeat(30000) + '1' + ')'.repeat(30000) + '} })'`)],
      ],
      gives: 'rejected: KernelError BAD_BUNDLE…',
    },
    {
      name: 'a bundle with a deep regular expression',
      tries: 'a literal that acorn and V8 parse each in its own way',
      steps: [['host', install(`'(() => /' + '('.repeat(60000) + ')'.repeat(60000) + '/)'`)]],
      gives: 'rejected: KernelError BAD_BUNDLE…',
    },
    {
      name: 'bundles that are none',
      tries: 'shapes that installBundle does not take',
      steps: [
        ['host', `
          const bad = [null, 7, 'x', {}, { moduleFormat: 'x' }, { moduleFormat: 'endoScript' },
            { moduleFormat: 'endoScript', source: 7 }, { moduleFormat: 'endoZipBase64' },
            new Proxy({}, { get() { throw RangeError('Out of memory'); } }),
            { get moduleFormat() { throw Error('Stack overflow'); } },
            { moduleFormat: 'endoScript', source: '(' }];
          const told = [];
          for (const it of bad) {
            try { await settle(() => kernel.installBundle(it)); told.push('installed'); }
            catch (e) { told.push(e.name === 'HostError' ? 'stopped' : 'refused'); }
          }
          return [...new Set(told)].join();`],
      ],
      gives: 'refused',
    },
  ],
};
