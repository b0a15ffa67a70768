/** A worker thread that runs the scenario over the built image and posts its cranks. */
import { parentPort, workerData } from 'node:worker_threads';
import { compileImage, runImage } from '../zygote/image-loader.js';
import { readImage } from '../zygote/read-image.js';
import { runScenario } from './scenario.js';
import { VatHarness } from './vat-harness.js';

const { replays } = workerData as { readonly replays: boolean };
const image = runImage(compileImage(readImage().source, undefined));
const vat = new VatHarness({ connect: host => image.startImage(host) });
parentPort!.postMessage(await runScenario(vat, { replays }));
