import * as v from 'valibot';

const Login = v.object({
  email: v.pipe(v.string(), v.trim(), v.email()),
  password: v.pipe(v.string(), v.minLength(8)),
});

export const use = () => {
  const bad = v.safeParse(Login, { email: 'nobody', password: 'short' });
  return [
    v.parse(Login, { email: ' a@b.cd ', password: '12345678' }),
    [bad.success, v.flatten(bad.issues)],
    v.parse(v.optional(v.number(), 7), undefined),
    v.is(v.tuple([v.string(), v.bigint()]), ['x', 1n]),
    v.parse(v.record(v.string(), v.union([v.number(), v.null_()])), { a: 1, b: null }),
  ];
};
