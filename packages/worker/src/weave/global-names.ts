/**
 * The names that a vat's code finds without declaring them: SES's and ours (docs/environment.md).
 * On newer releases of Node there are some more, which replicas may not have.
 */
export const VAT_GLOBALS: ReadonlySet<string> = new Set([
  ...['AggregateError', 'Array', 'ArrayBuffer', 'BigInt', 'BigInt64Array', 'BigUint64Array'],
  ...['Boolean', 'Compartment', 'DataView', 'Date', 'Error', 'EvalError', 'Float32Array'],
  ...['Float64Array', 'Function', 'HandledPromise', 'Infinity', 'Int16Array', 'Int32Array'],
  ...['Int8Array', 'JSON', 'Map', 'Math', 'NaN', 'Number', 'Object', 'Promise', 'Proxy'],
  ...['RangeError', 'ReferenceError', 'Reflect', 'RegExp', 'Set', 'String', 'Symbol'],
  ...['SyntaxError', 'TextDecoder', 'TextEncoder', 'TypeError', 'URIError', 'URL'],
  ...['Uint16Array', 'Uint32Array', 'Uint8Array', 'Uint8ClampedArray', 'VatData', 'WeakMap'],
  ...['WeakSet', 'assert', 'console', 'decodeURI', 'decodeURIComponent', 'encodeURI'],
  ...['encodeURIComponent', 'escape', 'eval', 'globalThis', 'harden', 'isFinite', 'isNaN'],
  ...['lockdown', 'parseFloat', 'parseInt', 'undefined', 'unescape'],
]);
