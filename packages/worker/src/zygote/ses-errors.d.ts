/** What ses knows of errors and tells its own console alone. */
declare module 'ses/src/error/assert.js' {
  type LogArgs = readonly unknown[];

  export const loggedErrorHandler: {
    /** The parts of a message with nothing redacted, if `assert` has made it. */
    readonly getMessageLogArgs: (error: Error) => LogArgs | undefined;
    /** What `assert.note` has said of it since the last call. */
    readonly takeNoteLogArgsArray: (error: Error) => readonly LogArgs[];
  };
}
