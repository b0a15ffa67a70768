/**
 * The vat's thread in a child process: the same frames as any thread's, on a pipe instead of a port
 * (docs/isolation.md). process-guard.ts starts it.
 */
import net from 'node:net';
import { textOf } from '@heirloom/store/utf8';
import { frameHead, FrameSplitter } from '../protocol/frame-stream.js';
import { FRAMES_FD } from '../protocol/process-boot.js';
import { readBoot } from '../protocol/tuples.js';
import { collectGarbage } from './collect-garbage.js';
import { IdleCollection } from './idle-collection.js';
import { after } from './idle-host-powers.js';
import { readyFrame, serveRejections, warm } from './warm.js';

const post = (pipe: net.Socket, frame: Uint8Array): void => {
  pipe.cork();
  pipe.write(frameHead(frame.length));
  pipe.write(frame);
  pipe.uncork();
};

/** Makes the thread what `boot` says; returns where frames go from now on. */
const begin = (pipe: net.Socket, boot: Uint8Array): ((frame: Uint8Array) => void) => {
  const [directory, readersMax, imageSource, codeCache, isCareful, collectsEveryCrank, weightMax] =
    readBoot(boot);
  const { image, reader } = warm({
    directory: textOf(directory),
    readersMax,
    imageSource: textOf(imageSource),
    codeCache: codeCache ?? undefined,
  });
  collectGarbage(); // V8 would begin it amid the vat's first crank: see decision 068
  const idle = new IdleCollection(collectGarbage, after);
  const started = image.startImage({
    reader,
    post: frame => {
      idle.passed(frame);
      post(pipe, frame);
    },
    isCareful,
    collectGarbage,
    collectsEveryCrank,
    crankWeightMax: weightMax,
  });
  serveRejections(started);
  post(pipe, readyFrame());
  return frame => {
    idle.passed(frame);
    started.onMessage(frame);
  };
};

const pipe = new net.Socket({ fd: FRAMES_FD, readable: true, writable: true });
const splitter = new FrameSplitter();
let receive = (boot: Uint8Array): void => {
  receive = begin(pipe, boot);
};
pipe.on('data', (chunk: Buffer) => {
  for (const frame of splitter.push(chunk)) receive(frame);
});
// The kernel has gone: so will the process, by its guard.
pipe.on('error', () => pipe.destroy());
