/** Never ends being evaluated. */
for (;;);

// eslint-disable-next-line no-unreachable -- what makes it a vat's entry
export const buildRootObject = () => undefined;
