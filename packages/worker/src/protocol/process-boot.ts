/**
 * How a vat worker in a child process begins: file descriptors, and the one frame that comes before
 * those of to-worker.ts.
 */
import type { Body } from './passables.js';

/** Frames both ways (frame-stream.ts). */
export const FRAMES_FD = 3;
/** Nothing crosses here: it closes when the kernel's process has gone, however it went. */
export const LIFE_FD = 4;

/** The first frame to a child. */
export type ProcessBootTuple = readonly [
  directory: Body,
  readersMax: number,
  imageSource: Body,
  codeCache: Body | null,
  /** Every crank is told of before the next one begins: the vat is suspected (rules.md#h3). */
  isCareful: boolean,
  /** V8 collects before every crank. */
  collectsEveryCrank: boolean,
  /** The parameter of the store; 0: there is none. */
  crankWeightMax: number,
];
