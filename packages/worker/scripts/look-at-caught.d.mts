/** The script with a look in every `catch`; lines stay. Errors: AssertionError. */
export const lookAtCaught: (script: string) => string;
/** Errors: AssertionError where a `catch` does not look. */
export const assertLooks: (script: string) => void;
