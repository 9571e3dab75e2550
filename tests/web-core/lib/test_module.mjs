// Runs the tests of one crate, in a thread: says what `main` has given.

import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

Error.stackTraceLimit = 60;
const module = await import(`${workerData}.js`);
const { main } = module.initSync({ module: readFileSync(new URL(`${workerData}_bg.wasm`)) });
parentPort.postMessage(main(0, 0));
