import Ajv from 'ajv';

export const use = () => {
  const ajv = new Ajv({ allErrors: true, useDefaults: true, coerceTypes: true });
  const validate = ajv.compile({
    type: 'object',
    properties: {
      n: { type: 'integer', minimum: 2 },
      list: { type: 'array', items: { type: 'string', pattern: '^[a-z]+$' }, uniqueItems: true },
      by: { enum: ['post', 'mail'], default: 'mail' },
    },
    required: ['n'],
    additionalProperties: false,
  });
  const data = { n: '3', list: ['a'] };
  const isValid = validate(data);
  const isRefused = !validate({ n: 1, list: ['a', 'a', 'B'], more: true });
  return [isValid, data, isRefused, validate.errors.map(it => [it.keyword, it.instancePath])];
};
