export * from './counter.js';
export { increment as renamed } from './counter.js';
export default 'default of names';
