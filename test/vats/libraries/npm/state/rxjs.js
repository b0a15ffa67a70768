import {
  BehaviorSubject,
  concatMap,
  filter,
  from,
  lastValueFrom,
  map,
  of,
  reduce,
  Subject,
  take,
  toArray,
} from 'rxjs';

export const use = async () => {
  const seen = [];
  const subject = new Subject();
  const subscription = subject.subscribe({
    next: it => seen.push(it),
    complete: () => seen.push('end'),
  });
  subject.next(1);
  subject.next(2);
  subject.complete();
  const behavior = new BehaviorSubject('first');
  behavior.next('second');
  return [
    await lastValueFrom(
      from([1, 2, 3, 4]).pipe(
        filter(n => n % 2 === 0),
        reduce((a, b) => a + b),
      ),
    ),
    await lastValueFrom(
      from('abc').pipe(
        concatMap(it => of(it, it)),
        take(5),
        toArray(),
      ),
    ),
    await lastValueFrom(
      from([Promise.resolve(3)]).pipe(
        concatMap(it => it),
        map(n => n * 2),
      ),
    ),
    [seen, subscription.closed, behavior.value],
  ];
};
