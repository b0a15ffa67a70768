import { buildSchema, graphql, parse, print, validate } from 'graphql';

const schema = buildSchema(`
  enum Size { SMALL LARGE }
  type Item { name: String! size: Size price(tax: Float = 1): Float }
  type Query { items(first: Int!): [Item!]! fails: String }
`);
const rootValue = {
  items: ({ first }) =>
    [
      { name: 'a', size: 'SMALL', price: ({ tax }) => 2 * tax },
      { name: 'b', size: 'LARGE' },
    ].slice(0, first),
  fails: async () => {
    throw Error('on purpose');
  },
};

export const use = async () => {
  const source = 'query Q($n: Int!) { items(first: $n) { name size price(tax: 1.5) } fails }';
  const { data, errors } = await graphql({ schema, source, rootValue, variableValues: { n: 2 } });
  return [
    JSON.stringify(data),
    errors.map(({ message, path, locations }) => [message, path, locations[0].column]),
    validate(schema, parse('{ nothing }')).map(it => it.message),
    print(parse('{a(b:[1,2]){c}}')),
  ];
};
