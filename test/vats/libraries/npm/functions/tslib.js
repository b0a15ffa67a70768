import * as tslib from 'tslib';

function Base() {}
function Derived() {}
tslib.__extends(Derived, Base);

export const use = async () => {
  const seen = [];
  for await (const it of tslib.__asyncValues([1, Promise.resolve(2)])) seen.push(it);
  const decorated = tslib.__decorate(
    [
      target =>
        class extends target {
          added = true;
        },
    ],
    class {},
  );
  return [
    tslib.__rest({ a: 1, b: 2 }, ['a']),
    tslib.__assign({ y: 0 }, { x: 1 }),
    await tslib.__awaiter(undefined, undefined, undefined, function* () {
      return (yield Promise.resolve(3)) + 1;
    }),
    tslib.__spreadArray([1], [2, 3], true),
    [
      new Derived() instanceof Base,
      new Derived().constructor === Derived,
      new decorated().added,
      seen,
    ],
  ];
};
