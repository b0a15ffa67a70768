import { E, Far } from '@endo/far';

/** Does what a host fears, when it is told, or as it starts (`parameters.does`). */
export const buildRootObject = (_vatPowers, parameters = {}) => {
  let calls = 0;
  let list = null;
  const deeds = {
    nothing: () => 'nothing',
    loop: () => {
      console.log('looping');
      for (;;);
    },
    /** With another hazard: no crank takes long, and there is always one more. */
    pass: other => void E(other).do('pass', root),
    /** In V8's own functions, where nothing ends a thread. */
    sort: () => {
      console.log('looping');
      const array = [];
      array[2 ** 32 - 2] = 1;
      array.sort();
    },
    search: () => {
      console.log('looping');
      Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);
    },
    chatter: () => {
      for (;;) console.log('x'.repeat(1_000));
    },
    /** In small pieces: the heap is full, no single allocation is big. */
    eatHeap: () => {
      for (;;) list = { list, n: calls };
    },
    eatArray: () => {
      const array = [];
      for (;;) array.push(0);
    },
    eatMap: () => {
      const map = new Map();
      for (let i = 0; ; i += 1) map.set(i, i);
    },
    eatString: () => {
      let text = 'x';
      const all = [];
      for (;;) all.push((text = `${text}${text}`.slice(0, 2 ** 28)).split(''));
    },
    /** Needs about `mebibytes` of heap for as long as it lasts, and leaves nothing. */
    need: mebibytes => {
      let all = null;
      for (let i = 0; i < mebibytes * 2 ** 14; i += 1) all = { all, a: i, b: i, c: i };
      return typeof all;
    },
  };
  if (parameters.does !== undefined) deeds[parameters.does]();
  const root = Far('hazard', {
    countCalls: () => (calls += 1),
    do: (deed, argument) => deeds[deed](argument),
  });
  return root;
};
