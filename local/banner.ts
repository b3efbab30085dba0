import type { Cloud } from './cloud.ts';

/** What somebody who has just started it wants to know, and what to type first. */
export function banner({ url, dataDir, engine }: Pick<Cloud, 'url' | 'dataDir' | 'engine'>): string {
  const found =
    engine.host === undefined
      ? `none (${engine.problem}); run \`npm run engine\`, or set DOCKER_HOST. Everything but instances works without.`
      : `${engine.version} (${engine.host})`;
  const user = `{"full_name":"John Doe","email":"john@example.com","password":"strongpassword"}`;
  return [
    '',
    `  Runner Pilot answers at ${url}`,
    `  Reference:     ${url}/docs`,
    `  Data folder:   ${dataDir}`,
    `  Docker engine: ${found}`,
    '',
    '  Begin with a user:',
    `  curl ${url}/auth/register -H 'content-type: application/json' -d '${user}'`,
    '',
  ].join('\n');
}
