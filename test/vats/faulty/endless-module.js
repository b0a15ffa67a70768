/** Never ends being evaluated. */
for (;;);

export const buildRootObject = () => undefined;
