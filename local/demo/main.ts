import { enableCompileCache } from 'node:module';

enableCompileCache();
process.umask(0o077);

const { demo } = await import('./demo.ts');
await demo();
