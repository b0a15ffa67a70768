import { mkdtemp } from 'node:fs/promises';
import { openKernel, bundleVat } from '@heirloom/kernel';
const dir = await mkdtemp('/tmp/lk/');
const k = await openKernel({ directory: dir, blocks: 'host', parameters: { gc: 'consensus' } });
const block = async w => { await k.run(); await k.commit(); return w; };
const bundleId = await block(k.installBundle(await bundleVat('test/vats/leaker.js')));
for (const name of ['alice','bob']) await block(k.createVat({ name, bundleId }));
const [a,b] = ['alice','bob'].map(n => k.vat(n).root);
let t = performance.now();
for (let f = 0; f < 10000; f += 250) await block(Promise.all([k.send(a,'rounds',[b,f,125]).result, k.send(b,'rounds',[a,f,125]).result]));
console.log('rounds', performance.now()-t); t = performance.now();
for (const name of ['alice','bob']) { await block(k.upgradeVat(k.vat(name).vatId, { bundleId })); console.log('upgrade+sweep', name, performance.now()-t, k.stats().waves); t = performance.now(); }
await k.close();
