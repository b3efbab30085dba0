import { enableCompileCache } from 'node:module';

enableCompileCache();
process.umask(0o077);

// Only what is imported from here on is compiled from the cache.
const { run } = await import('./run.ts');
await run();
