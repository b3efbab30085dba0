import { request } from 'node:http';
import { join } from 'node:path';

/**
 * Hands an enrollment code to the agent, through its door in the run folder. 'later': the agent is not there, or can't
 * reach anybody at the moment; 'done': it has enrolled, or the code is no good (used, voided, expired, node deleted).
 */
export function enrollAtDoor(runFolder: string, url: string, code: string): Promise<'done' | 'later'> {
  return new Promise((resolve) => {
    const call = request({
      socketPath: join(runFolder, 'agent.sock'),
      method: 'POST',
      path: '/enroll',
      headers: { 'content-type': 'application/json' },
      timeout: 30_000,
    });
    call.on('response', (response) => {
      response.resume();
      const status = response.statusCode ?? 500;
      resolve(status < 500 && status !== 429 ? 'done' : 'later');
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve('later'));
    call.end(JSON.stringify({ url, code }));
  });
}
