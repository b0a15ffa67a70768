/**
 * Locks a process of a test down as lockdown.ts does a vat's thread. The image has one order of its
 * modules; a bundle of fixtures has another, so each is loaded in its turn here.
 */
await import('../before-ses.js');
await import('ses');
const { installLoading } = await import('../loading.js');
const { enableOverrides } = await import('../overrides.js');
repairIntrinsics({
  errorTaming: 'safe',
  overrideTaming: 'severe',
  reporting: 'none',
  consoleTaming: 'unsafe',
});
enableOverrides();
installLoading();
hardenIntrinsics();

export {};
