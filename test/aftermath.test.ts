import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { wrongsAfter } from './aftermath.ts';
import { leaks, startCloud } from './cloud.ts';
import { describeWithEngine } from './engine.ts';
import { canary } from './journeys/tenant.ts';

describeWithEngine('after a journey', () => {
  test('a credential that was logged is found', async () => {
    await using cloud = await startCloud({ agent: false, sweepSeconds: 0 });

    process.stdout.write(`{"level":"INFO","message":"${canary}"}\n`);

    expect(await wrongsAfter(cloud)).toEqual([expect.stringMatching(/^9: a secret is in the log/)]);
    leaks.length = 0;
  });

  test('a credential that was left in a file is found', async () => {
    await using cloud = await startCloud({ agent: false, sweepSeconds: 0 });
    expect(await wrongsAfter(cloud)).toEqual([]);

    writeFileSync(join(cloud.dataDir, 'agent.log'), `Told to use ${canary}.\n`);

    expect(await wrongsAfter(cloud)).toEqual([expect.stringMatching(/^9: a secret lies in .*agent\.log$/)]);
  });
});
