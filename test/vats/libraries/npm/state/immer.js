import {
  applyPatches,
  enableMapSet,
  enablePatches,
  original,
  produce,
  produceWithPatches,
} from 'immer';

enableMapSet();
enablePatches();

export const use = () => {
  const before = { list: [1, 2], deep: { x: 1 }, map: new Map([['a', new Set([1])]]) };
  const after = produce(before, draft => {
    draft.list.push(original(draft.list).length);
    draft.map.get('a').add(2);
  });
  const [next, patches, inverse] = produceWithPatches({ a: 1, b: [1, 2] }, draft => {
    draft.b.splice(0, 1);
    delete draft.a;
  });
  return [
    [before.list, after.list, [...after.map.get('a')], before.map.get('a').size],
    [before.deep === after.deep, before.map === after.map, Object.isFrozen(after)],
    [next, patches, applyPatches(next, inverse)],
  ];
};
