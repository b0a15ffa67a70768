import {
  addMonths,
  differenceInDays,
  eachDayOfInterval,
  format,
  formatISO,
  intervalToDuration,
  parse,
} from 'date-fns';
import { de } from 'date-fns/locale';

const day = new Date(Date.UTC(2020, 0, 31, 12));

export const use = () => [
  [addMonths(day, 1).toISOString(), differenceInDays(addMonths(day, 3), day)],
  [format(day, "yyyy-MM-dd EEEE 'week' I"), format(day, 'd. MMMM yyyy', { locale: de })],
  formatISO(day),
  parse('29.02.2024', 'dd.MM.yyyy', new Date(0)).toISOString(),
  eachDayOfInterval({ start: day, end: addMonths(day, 1) }).length,
  intervalToDuration({ start: day, end: addMonths(day, 15) }),
];
