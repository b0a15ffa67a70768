/**
 * Functions that woven code brings with it, each in the scripts that need it: they call nothing but
 * what every image gives (WOVEN_NAMES), so that vats of older images run them.
 */

export const HELPERS = {
  /** What `yield*` is given: its calls count, and are there if they are there. */
  delegate: '$heirloom_delegate',
  /** The same in an asynchronous generator. */
  delegateAsync: '$heirloom_delegate_async',
  /** Arguments that are spread: so many, since V8 puts them on its stack. */
  spread: '$heirloom_spread',
} as const;

export type Helper = keyof typeof HELPERS;

/** As Function.prototype.apply has it (zygote/counted-natives.ts). */
const SPREAD_MAX = 65_536;

interface Calls {
  readonly enter: string;
  readonly leave: string;
}

/** `of`: an iterator, or what is no iterator, for the engine to refuse. */
const delegating = ({ enter, leave }: Calls, symbol: string): string => {
  const { delegate } = HELPERS;
  const call = `(m,v)=>{const d=${enter}();try{return m.call(i,v)}finally{${leave}(d)}}`;
  const asked = (name: string): string =>
    `get ${name}(){const m=i.${name};return m===undefined||m===null?m:v=>c(m,v)}`;
  const otherwise = symbol === 'iterator' ? 'x' : `f===undefined||f===null?${delegate}(x):x`;
  return (
    `x=>{if(x===undefined||x===null)return x;const f=x[Symbol.${symbol}];` +
    `if(typeof f!=='function')return ${otherwise};` +
    `const i=f.call(x);if(Object(i)!==i)return x;const n=i.next;const c=${call};` +
    `return{__proto__:null,[Symbol.${symbol}](){return this},next:v=>c(n,v),` +
    `${asked('return')},${asked('throw')}}}`
  );
};

const SPREAD =
  `(x,n)=>{if(x===undefined||x===null||typeof x[Symbol.iterator]!=='function')return x;` +
  `if(!Array.isArray(x)||x[Symbol.iterator]!==[].values)x=[...x];` +
  `if(x.length>${SPREAD_MAX}/n)` +
  `throw RangeError('a call has at most ${SPREAD_MAX} arguments from a list');return x}`;

/** Statements that declare them. */
export const helperText = (used: ReadonlySet<Helper>, calls: Calls): string => {
  const needed = new Set(used);
  if (needed.has('delegateAsync')) needed.add('delegate');
  const text: Readonly<Record<Helper, string>> = {
    delegate: delegating(calls, 'iterator'),
    delegateAsync: delegating(calls, 'asyncIterator'),
    spread: SPREAD,
  };
  return [...needed]
    .sort()
    .map(helper => `const ${HELPERS[helper]}=${text[helper]};`)
    .join('');
};
