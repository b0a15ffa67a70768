import dayjs from 'dayjs';
import duration from 'dayjs/plugin/duration.js';
import utc from 'dayjs/plugin/utc.js';

dayjs.extend(utc);
dayjs.extend(duration);

export const use = () => {
  const day = dayjs.utc('2020-01-31T10:00:00Z');
  return [
    [day.add(1, 'month').toISOString(), day.format('YYYY-MM-DD HH:mm dddd')],
    [day.startOf('week').format(), day.endOf('year').valueOf(), day.isLeapYear?.()],
    [day.diff('2019-01-01', 'day'), day.isBefore(dayjs('2021-01-01'))],
    dayjs.duration({ hours: 25, minutes: 3 }).toISOString(),
    dayjs.utc('nonsense').isValid(),
  ];
};
