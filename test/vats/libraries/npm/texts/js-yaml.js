import * as yaml from 'js-yaml';

const TEXT = `
a: [1, 0x1f, 1.5e3, .inf, ~, yes]
b: &anchor
  c: |
    two
    lines
d: *anchor
when: 2001-12-14T21:59:43.10-05:00
? key
: 'it''s'
`;

export const use = () => {
  let message;
  try {
    yaml.load('a: [1');
  } catch (error) {
    message = [error.name, error.reason];
  }
  return [
    yaml.load(TEXT),
    yaml.dump({ x: [1, { y: 'z: 1' }], text: 'two\nlines\n', none: null }),
    message,
  ];
};
