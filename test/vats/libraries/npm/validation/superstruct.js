import { array, assert, coerce, create, defaulted, is, number, object, string } from 'superstruct';

const Item = object({ name: string(), count: defaulted(number(), 1) });

export const use = () => {
  let message;
  try {
    assert({ name: 1, count: 2 }, Item);
  } catch (error) {
    message = [error.message, error.path, error.failures().length];
  }
  return [
    is({ name: 'x', count: 1 }, Item),
    create({ name: 'y' }, Item),
    create(
      '12',
      coerce(number(), string(), text => Number(text)),
    ),
    is([1, '2'], array(number())),
    message,
  ];
};
