import * as yup from 'yup';

const Person = yup.object({
  name: yup.string().trim().required(),
  age: yup.number().positive().integer().default(1),
  born: yup.date(),
});

export const use = async () => [
  await Person.validate({ name: ' Ada ', age: '36', born: '1815-12-10T00:00:00Z' }),
  await Person.validate({ age: -1 }, { abortEarly: false }).catch(error => error.errors),
  Person.isValidSync({ name: 'x' }),
  Person.cast({ name: 5 }),
  yup.array(yup.mixed().oneOf(['a'])).isValidSync(['b']),
];
