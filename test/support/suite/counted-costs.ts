/** What files of tests before, in the same process, have cost: 0 in a process of its own. */
export const counted = { cpuSeconds: 0 };
