import { z } from 'zod';

const Person = z.object({
  name: z.string().min(2),
  age: z.number().int().optional(),
  tags: z.array(z.enum(['a', 'b'])).default([]),
});
const Shape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('circle'), r: z.number() }),
  z.object({ kind: z.literal('square'), side: z.coerce.number() }),
]);

export const use = async () => [
  Person.parse({ name: 'Ada', age: 36 }),
  Person.safeParse({ name: 'x', age: 1.5, tags: ['c'] }).error.issues.map(it => [it.code, it.path]),
  Shape.parse({ kind: 'square', side: '4' }),
  z
    .string()
    .transform(text => text.length)
    .pipe(z.number().max(3))
    .safeParse('four').success,
  await z
    .string()
    .refine(async text => text === 'yes')
    .safeParseAsync('no')
    .then(it => it.success),
  z.toJSONSchema(z.object({ n: z.number() })),
];
